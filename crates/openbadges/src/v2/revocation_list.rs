//! The list of the signed assertions that an issuer revoked.

use serde::Serialize;
use serde_json::Value;

use super::term;
use super::version::CONTEXT;

/// An Open Badges 2.0 `RevocationList`, to be published.
///
/// Entries are written as objects, and the caller keeps them at two or more: a list of one entry
/// is misread by the reference validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevocationList {
    #[serde(rename = "@context")]
    context: &'static str,
    /// The address at which it is published.
    pub id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The issuer's id.
    pub issuer: String,
    /// The entries.
    pub revoked_assertions: Vec<Revoked>,
}

impl RevocationList {
    /// Makes a list.
    pub fn new(
        id: impl Into<String>,
        issuer: impl Into<String>,
        revoked_assertions: Vec<Revoked>,
    ) -> Self {
        let (id, issuer) = (id.into(), issuer.into());
        Self { context: CONTEXT, id, kind: "RevocationList", issuer, revoked_assertions }
    }
}

/// An assertion that was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Revoked {
    /// The assertion's id.
    pub id: String,
    /// Why it was revoked, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_reason: Option<String>,
}

/// The entry that revokes an assertion, found by its id or, as before 1.1, its uid.
pub(super) fn find<'a>(list: &'a Value, id: &str, uid: Option<&str>) -> Option<&'a Value> {
    let entries = term::get(list.as_object()?, "revokedAssertions")?;
    term::each(entries).iter().find(|entry| {
        if entry.get("revoked") == Some(&Value::Bool(false)) {
            return false;
        }
        let listed_uid = entry.get("uid").and_then(Value::as_str);
        term::link(entry) == Some(id) || (listed_uid.is_some() && listed_uid == uid)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_assertion_is_found_by_its_id_or_uid_in_every_form_of_the_list() {
        let list = json!({"revokedAssertions": [
            "urn:uuid:1", {"id": "urn:uuid:2"}, {"uid": "3"}, {"id": "urn:uuid:4", "revoked": false}
        ]});
        for (id, uid, revoked) in [
            ("urn:uuid:1", None, true),
            ("urn:uuid:2", None, true),
            ("urn:uuid:3", Some("3"), true),
            ("urn:uuid:3", None, false),
            ("urn:uuid:4", None, false),
            ("urn:uuid:5", Some("4"), false),
        ] {
            assert_eq!(find(&list, id, uid).is_some(), revoked, "{id}");
        }
        let one = json!({"revokedAssertions": "urn:uuid:1"});
        assert!(find(&one, "urn:uuid:1", None).is_some());
        assert!(find(&json!({"revokedAssertions": [null, 7, []]}), "x", None).is_none());
    }
}
