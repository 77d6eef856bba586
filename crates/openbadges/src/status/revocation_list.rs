//! The revocation list of 1EdTech: the ids of what was revoked, as plain JSON.
//!
//! The specification (VCRL 1.0) is open to members only; this is what the validator of 1EdTech
//! reads. The list bears no signature, so it is worth what the connection is worth that brought
//! it, and it tells the ids of all that was revoked: Laurel reads it and can write it, but issues
//! with bitstring lists.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Problem;
use super::read::{has_type, url};

/// The type of a `credentialStatus` that names a revocation list. It needs the extensions context.
pub const REVOCATION_LIST: &str = "1EdTechRevocationList";
/// How many credentials a list may name.
const MAX_CREDENTIALS: usize = 1_000_000;

/// What a credential says when it is revoked through such a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationListStatus {
    /// The URL of the list.
    pub id: String,
    #[serde(rename = "type")]
    kind: String,
}

impl RevocationListStatus {
    /// Makes the status that names a list.
    pub fn new(list_url: impl Into<String>) -> Self {
        Self { id: list_url.into(), kind: REVOCATION_LIST.to_owned() }
    }

    /// Reads a member of `credentialStatus`.
    ///
    /// # Errors
    /// When it is of another type, or names no list.
    pub fn of(status: &Value) -> Result<Self, RevocationListError> {
        let status = status.as_object().filter(|status| has_type(status, REVOCATION_LIST));
        let list = status.ok_or(RevocationListError::OtherType)?.get("id").and_then(url);
        list.map(Self::new).ok_or(RevocationListError::NoUrl)
    }
}

/// Why a revocation list tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevocationListError {
    /// The status is of another type.
    #[error("the status is not a 1EdTechRevocationList")]
    OtherType,
    /// The status names no list.
    #[error("the id of the 1EdTechRevocationList is not a url")]
    NoUrl,
    /// The document is not such a list.
    #[error("the revocation list has no array revokedCredential")]
    NotAList,
    /// One of its members is malformed, so that what it means to revoke stays unknown.
    #[error("member {0} of the revocation list is malformed: it needs an id, and true or false")]
    Member(usize),
    /// The list is longer than this software reads.
    #[error("the revocation list has more than 1000000 members")]
    TooLong,
}

impl RevocationListError {
    /// Gives the type of problem that it is.
    pub fn problem(&self) -> Problem {
        match self {
            Self::TooLong => Problem::StatusVerification,
            _ => Problem::MalformedValue,
        }
    }
}

/// One credential of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokedCredential {
    /// The id of the credential.
    pub id: String,
    /// Whether it is revoked; it is where nothing is said.
    #[serde(default = "yes")]
    pub revoked: bool,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_reason: Option<String>,
}

fn yes() -> bool {
    true
}

/// The list: what a GET of its URL answers, as `application/json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevocationList {
    /// The URL of the list.
    pub id: String,
    /// The id of the issuer of the credentials.
    pub issuer: String,
    /// The credentials.
    pub revoked_credential: Vec<RevokedCredential>,
}

impl RevocationList {
    /// Reads who was revoked out of a list of anyone's making.
    ///
    /// # Errors
    /// When the document is not a list, or a member of it cannot be understood: then nothing in it
    /// says that the others are fine.
    pub fn read(list: &Value) -> Result<Vec<RevokedCredential>, RevocationListError> {
        let list: Option<&Map<String, Value>> = list.as_object();
        let all = match list.and_then(|list| list.get("revokedCredential")) {
            Some(Value::Array(all)) => all.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => return Err(RevocationListError::NotAList),
        };
        if all.len() > MAX_CREDENTIALS {
            return Err(RevocationListError::TooLong);
        }
        let member = |(number, one)| {
            RevokedCredential::deserialize(one).map_err(|_| RevocationListError::Member(number))
        };
        all.iter().enumerate().map(member).collect()
    }

    /// Finds the member of a list that revokes a credential.
    ///
    /// Ids are compared as Open Badges 3.0 does (9.4): trimmed, with percent escapes undone.
    pub fn revocation<'a>(
        revoked: &'a [RevokedCredential],
        credential_id: &str,
    ) -> Option<&'a RevokedCredential> {
        let wanted = plain(credential_id);
        revoked.iter().find(|one| one.revoked && plain(&one.id) == wanted)
    }
}

/// An id without the differences that do not matter.
fn plain(id: &str) -> Vec<u8> {
    let bytes = id.trim().as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let byte = escaped.and_then(|digits| hex::decode(digits).ok()?.first().copied());
        plain.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn revoked(list: &Value, id: &str) -> Result<bool, RevocationListError> {
        let all = RevocationList::read(list)?;
        Ok(RevocationList::revocation(&all, id).is_some())
    }

    #[test]
    fn a_credential_is_revoked_when_the_list_names_it_and_does_not_say_otherwise() {
        let list = json!({"revokedCredential": [
            {"id": "urn:uuid:1"},
            {"id": "urn:uuid:2", "revoked": true, "revocationReason": "issued by mistake"},
            {"id": "urn:uuid:3", "revoked": false},
            {"id": " https://a.example/c/a%20b "},
        ]});
        for (id, answer) in [("1", true), ("2", true), ("3", false), ("4", false)] {
            assert_eq!(revoked(&list, &format!("urn:uuid:{id}")), Ok(answer), "{id}");
        }
        assert_eq!(revoked(&list, "https://a.example/c/a b"), Ok(true));
        assert_eq!(revoked(&list, "https://a.example/c/a%2"), Ok(false));
    }

    #[test]
    fn a_written_list_reads_back() {
        let list = RevocationList {
            id: "https://a.example/revocations".to_owned(),
            issuer: "did:web:a.example".to_owned(),
            revoked_credential: vec![RevokedCredential {
                id: "urn:uuid:1".to_owned(),
                revoked: true,
                revocation_reason: None,
            }],
        };
        let written = serde_json::to_value(&list).unwrap();
        assert_eq!(written["revokedCredential"], json!([{"id": "urn:uuid:1", "revoked": true}]));
        assert_eq!(RevocationList::read(&written).unwrap(), list.revoked_credential);
    }

    #[test]
    fn what_is_no_list_revokes_nothing_and_clears_nobody() {
        let read = |list| RevocationList::read(&list);
        for other in [json!({}), json!([]), json!({"error": "not found"}), json!("x")] {
            assert_eq!(read(other.clone()), Err(RevocationListError::NotAList), "{other}");
        }
        for member in [json!({}), json!({"id": 1}), json!({"id": "a", "revoked": "no"}), json!("a")]
        {
            let list = json!({"revokedCredential": [{"id": "b"}, member]});
            assert_eq!(read(list.clone()), Err(RevocationListError::Member(1)), "{list}");
        }
    }

    #[test]
    fn a_status_names_its_list() {
        let status = json!({"id": "https://a.example/r", "type": "1EdTechRevocationList"});
        let read = RevocationListStatus::of(&status).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), status);
        let of = |status| RevocationListStatus::of(&status).unwrap_err();
        assert_eq!(of(json!({"id": "https://a.example/r"})), RevocationListError::OtherType);
        assert_eq!(of(json!({"type": [REVOCATION_LIST], "id": "r"})), RevocationListError::NoUrl);
    }
}
