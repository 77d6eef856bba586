//! JSON as signatures need it: one meaning for everybody who reads it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why bytes are no JSON that may be relied upon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// There are too many bytes.
    #[error("it is larger than {0} KiB")]
    TooLarge(usize),
    /// It is no JSON, nested too deep, or an object names a member twice.
    #[error("it is not json that has one meaning: {0}")]
    Malformed(String),
}

/// Reads a JSON text of at most `most` bytes.
///
/// An object that names a member twice is refused: readers differ on which one counts, so that a
/// signature would say one thing to its checker and another to the reader (RFC 8259, 4). Nesting
/// is bounded at 128 levels.
///
/// # Errors
/// When it is too large, malformed, or ambiguous.
pub fn parse(bytes: &[u8], most: usize) -> Result<Value, JsonError> {
    if bytes.len() > most {
        return Err(JsonError::TooLarge(most >> 10));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice::<Unambiguous>(bytes).map(|read| read.0).map_err(|error| {
        // What stands in the text may be personal: only the place and kind of the trouble is told.
        let mut message = error.to_string();
        if error.is_data() && !message.starts_with(REPEATED) {
            message = format!("line {} column {}", error.line(), error.column());
        }
        JsonError::Malformed(message)
    })
}

const REPEATED: &str = "a member stands twice in one object";

/// A value in which no object names a member twice.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Unambiguous(value) = members.next_value()?;
            if all.insert(name, value).is_some() {
                return Err(A::Error::custom(REPEATED));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_serde_json_reads() {
        for text in [
            r#"{"a":[1,-2,3.5,1e300,null,true,"x\u00e9"],"b":{"c":{}}}"#,
            "[]",
            "\"text\"",
            "18446744073709551615",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(parse(text.as_bytes(), 1024).unwrap(), expected);
        }
        assert_eq!(parse(b"\xef\xbb\xbf{}", 16).unwrap(), Value::Object(Map::new()));
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_wherever_it_stands() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"c":2,"\u0061":3}}]"#] {
            let error = parse(text.as_bytes(), 1024).unwrap_err();
            assert!(error.to_string().contains(REPEATED), "{error}");
        }
    }

    #[test]
    fn what_is_too_large_too_deep_or_no_json_is_refused() {
        assert_eq!(parse(&[b' '; 2049], 2048), Err(JsonError::TooLarge(2)));
        let deep = "[".repeat(100_000);
        for text in ["", "{", "nul", "{}x", "\u{0}", deep.as_str()] {
            assert!(matches!(parse(text.as_bytes(), 1 << 20), Err(JsonError::Malformed(_))));
        }
        assert!(matches!(parse(b"\"\xe9\"", 16), Err(JsonError::Malformed(_))), "no utf-8");
    }
}
