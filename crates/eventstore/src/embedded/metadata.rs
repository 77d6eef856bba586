use serde_json::Value;

/// What the metadata of a stream says about which of its records can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    /// `$tb`: records before this revision cannot be read.
    pub truncate_before: Option<u64>,
    /// `$maxCount`: only so many of the newest can be read.
    pub max_count: Option<u64>,
    /// `$maxAge`: only those can be read that are at most so many seconds old.
    pub max_age: Option<u64>,
}

impl Metadata {
    /// Takes what it knows; what is no such metadata says nothing.
    pub fn of(data: &[u8]) -> Self {
        let Ok(Value::Object(members)) = serde_json::from_slice(data) else {
            return Self::default();
        };
        let number = |name| members.get(name).and_then(Value::as_u64);
        Self {
            truncate_before: number("$tb"),
            max_count: number("$maxCount"),
            max_age: number("$maxAge"),
        }
    }

    /// The same metadata with another `$tb`.
    pub fn truncating(data: &[u8], before: u64) -> Vec<u8> {
        let mut members = match serde_json::from_slice(data) {
            Ok(Value::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        members.insert("$tb".into(), before.into());
        Value::Object(members).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_says_what_it_says_and_junk_says_nothing() {
        let all = br#"{"$tb":3,"$maxCount":2,"$maxAge":60,"owner":"x"}"#;
        let known = Metadata { truncate_before: Some(3), max_count: Some(2), max_age: Some(60) };
        assert_eq!(Metadata::of(all), known);
        for junk in [&b"[]"[..], b"", b"\xff", br#"{"$tb":-1,"$maxCount":"2","$maxAge":null}"#] {
            assert_eq!(Metadata::of(junk), Metadata::default());
        }
    }

    #[test]
    fn another_truncation_leaves_the_rest() {
        let changed = Metadata::truncating(br#"{"$tb":3,"owner":"x"}"#, 7);
        assert_eq!(changed, br#"{"$tb":7,"owner":"x"}"#);
        assert_eq!(Metadata::truncating(b"", 7), br#"{"$tb":7}"#);
    }
}
