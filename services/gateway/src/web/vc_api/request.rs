//! What callers of the VC-API send.

use axum::{body::Bytes, extract::rejection::BytesRejection, http::StatusCode};
use openbadges::json;
use serde_json::{Map, Value};

use super::{LARGEST, answer::Detail};
use crate::web::problem::Problem;

/// A request, read.
pub(super) struct Body {
    members: Map<String, Value>,
    options: Map<String, Value>,
}

/// A revocation to be stated, or its absence.
pub(super) struct Revocation {
    pub(super) credential_id: String,
    pub(super) revoked: bool,
}

impl Body {
    /// Reads the body: one JSON object in which no member stands twice.
    pub(super) fn read(body: Result<Bytes, BytesRejection>) -> Result<Self, Detail> {
        let bytes = body.map_err(|rejection| {
            let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
            let detail = if too_large {
                "a credential has at most 1 MiB"
            } else {
                "the request ended early: send it again"
            };
            Detail::of(Problem::new(rejection.status(), "PARSING_ERROR", detail))
        })?;
        match json::parse(&bytes, LARGEST) {
            Ok(Value::Object(mut members)) => {
                let options = match members.remove("options") {
                    None | Some(Value::Null) => Map::new(),
                    Some(Value::Object(options)) => options,
                    Some(_) => return Err(Detail::malformed("/options", "must be an object")),
                };
                Ok(Self { members, options })
            }
            Ok(_) => Err(Detail::unreadable("", "a request is an object")),
            Err(error) => Err(Detail::unreadable("", &error.to_string())),
        }
    }

    /// The document that the request is about.
    pub(super) fn object(&self, member: &str) -> Result<&Value, Detail> {
        match self.members.get(member) {
            Some(document @ Value::Object(_)) => Ok(document),
            _ => Err(Detail::unreadable(&format!("/{member}"), "must be an object")),
        }
    }

    /// The suite to sign by; empty for that of the issuer's key.
    pub(super) fn cryptosuite(&self) -> Result<String, Detail> {
        Ok(self.text("cryptosuite")?.unwrap_or_default())
    }

    /// Whether the credential is to state a status, if the caller said so: a switch, or what kind
    /// of status it wants.
    pub(super) fn with_status(&self) -> Result<Option<bool>, Detail> {
        match self.options.get("credentialStatus") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(wanted)) => Ok(Some(*wanted)),
            Some(wanted) => {
                is_revocation(wanted, "/options/credentialStatus")?;
                Ok(Some(true))
            }
        }
    }

    /// The checks that alone are to decide, if the caller names them.
    pub(super) fn checks(&self) -> Result<Option<Vec<String>>, Detail> {
        let malformed = || Detail::malformed("/options/checks", "must be a list of texts");
        match self.options.get("checks") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(all)) if all.len() <= 16 => {
                let texts = all.iter().map(|one| one.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map(Some).ok_or_else(malformed)
            }
            Some(_) => Err(malformed()),
        }
    }

    /// An option that is a text.
    pub(super) fn text(&self, option: &str) -> Result<Option<String>, Detail> {
        match self.options.get(option) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Detail::malformed(&format!("/options/{option}"), "must be a text")),
        }
    }

    /// The status to be set: `credentialId`, and `credentialStatus` with a `status` of 0 or 1;
    /// without one, it is set.
    pub(super) fn revocation(&self) -> Result<Revocation, Detail> {
        let id = self.members.get("credentialId").and_then(Value::as_str);
        let id = id.ok_or_else(|| Detail::malformed("/credentialId", "must be a text"))?;
        let entries = match self.members.get("credentialStatus") {
            Some(Value::Array(all)) => all.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => &[],
        };
        let [entry] = entries else {
            return Err(Detail::malformed("/credentialStatus", "must be one status"));
        };
        is_revocation(entry, "/credentialStatus")?;
        let revoked = match entry.get("status") {
            None => true,
            Some(Value::Bool(set)) => *set,
            Some(Value::String(text)) if text == "1" => true,
            Some(Value::String(text)) if text == "0" => false,
            Some(Value::Number(number)) if number.as_u64() == Some(1) => true,
            Some(Value::Number(number)) if number.as_u64() == Some(0) => false,
            Some(_) => {
                return Err(Detail::malformed("/credentialStatus/status", "must be 0 or 1"));
            }
        };
        Ok(Revocation { credential_id: id.to_owned(), revoked })
    }
}

/// The one kind of status that is kept here.
fn is_revocation(status: &Value, pointer: &str) -> Result<(), Detail> {
    let kind = status.get("type").and_then(Value::as_str);
    let purpose = status.get("statusPurpose");
    if kind != Some("BitstringStatusListEntry") {
        return Err(Detail::malformed(pointer, "must be of type BitstringStatusListEntry"));
    }
    if purpose.is_some_and(|purpose| purpose != "revocation") {
        return Err(Detail::malformed(pointer, "must have the purpose revocation"));
    }
    Ok(())
}
