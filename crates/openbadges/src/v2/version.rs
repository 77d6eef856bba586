//! Which edition of the standard a document follows.

use serde_json::Value;

/// The JSON-LD context of Open Badges 2.0.
pub const CONTEXT: &str = "https://w3id.org/openbadges/v2";

/// The contexts that mean Open Badges 2.1, whose data model is that of 2.0.
const CONTEXTS_2_1: [&str; 2] =
    ["https://purl.imsglobal.org/spec/ob/v2p1/ob_v2p1.jsonld", "https://w3id.org/openbadges/v2p1"];

const CONTEXT_1_1: &str = "https://w3id.org/openbadges/v1";

/// An edition of Open Badges before 3.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The first one, whose recipient is a plain text.
    V0_5,
    /// Without JSON-LD.
    V1_0,
    /// The first one in JSON-LD.
    V1_1,
    /// The one of this module.
    V2_0,
    /// The data model of 2.0, with Badge Connect beside it.
    V2_1,
}

impl Version {
    /// Recognises the edition of a document; nothing when it is no Open Badge before 3.0.
    pub fn of(document: &Value) -> Option<Self> {
        let object = document.as_object()?;
        let Some(context) = object.get("@context") else {
            return match object.get("recipient")? {
                Value::String(_) => Some(Self::V0_5),
                Value::Object(_) => Some(Self::V1_0),
                _ => None,
            };
        };
        let names = |known: &[&str]| {
            let entries = super::term::each(context).iter().filter_map(Value::as_str);
            entries.into_iter().any(|entry| known.contains(&entry.trim_end_matches('/')))
        };
        if names(&[CONTEXT]) {
            Some(Self::V2_0)
        } else if names(&CONTEXTS_2_1) {
            Some(Self::V2_1)
        } else {
            names(&[CONTEXT_1_1]).then_some(Self::V1_1)
        }
    }

    /// Tells whether this edition is judged here rather than left undetermined.
    pub fn is_judged(self) -> bool {
        self >= Self::V2_0
    }

    /// Gives the number that people use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0_5 => "0.5",
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V2_0 => "2.0",
            Self::V2_1 => "2.1",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_edition_is_known_by_its_context_or_its_recipient() {
        for (document, version) in [
            (json!({"recipient": "a@example.org", "badge": {}}), Some(Version::V0_5)),
            (json!({"recipient": {"identity": "a@example.org"}}), Some(Version::V1_0)),
            (json!({"@context": "https://w3id.org/openbadges/v1"}), Some(Version::V1_1)),
            (json!({"@context": CONTEXT}), Some(Version::V2_0)),
            (json!({"@context": [CONTEXT, {"x": "https://x.example/"}]}), Some(Version::V2_0)),
            (json!({"@context": CONTEXTS_2_1[0]}), Some(Version::V2_1)),
            (json!({"@context": "https://www.w3.org/ns/credentials/v2"}), None),
            (json!({"name": "nothing"}), None),
            (json!([]), None),
        ] {
            assert_eq!(Version::of(&document), version, "{document}");
        }
    }
}
