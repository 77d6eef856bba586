//! Whether the issuer has revoked a credential (Bitstring Status List 1.0, 3.2).

use serde_json::Value;
use time::OffsetDateTime;

use super::conformance::has_type;
use super::{Outcome, Resolver, Verifier, issuer, parse, validity_period};
use crate::status::StatusList;

/// How many bytes a list may have; what it inflates to is bounded where it is decoded.
const MAX_BYTES: usize = 16 << 20;

/// The one status entry for which Open Badges has room.
pub(super) fn entry(document: &Value) -> Option<&Value> {
    match document.get("credentialStatus")? {
        Value::Array(entries) if entries.len() == 1 => entries.first(),
        entry => Some(entry),
    }
}

/// A credential without status entry cannot be revoked and is fine.
pub(super) fn check(
    verifier: &Verifier,
    document: &Value,
    resolver: &dyn Resolver,
    now: OffsetDateTime,
) -> Outcome {
    let Some(entry) = entry(document) else { return Outcome::Valid };
    match is_set(verifier, document, entry, resolver, now) {
        Ok(false) => Outcome::Valid,
        Ok(true) => match entry.get("statusPurpose").and_then(Value::as_str) {
            Some("suspension") => Outcome::Invalid("its issuer has suspended it".to_owned()),
            _ => Outcome::Invalid("its issuer has revoked it".to_owned()),
        },
        Err(outcome) => outcome,
    }
}

fn is_set(
    verifier: &Verifier,
    document: &Value,
    entry: &Value,
    resolver: &dyn Resolver,
    now: OffsetDateTime,
) -> Result<bool, Outcome> {
    let unknown = |why: &str| Outcome::Undetermined(format!("its status is unknown: {why}"));
    if !has_type(entry, "BitstringStatusListEntry") {
        return Err(unknown("this kind of status entry is not supported"));
    }
    let text = |node: &Value, member: &str| node.get(member)?.as_str().map(str::to_owned);
    let purpose = text(entry, "statusPurpose").unwrap_or_default();
    if purpose != "revocation" && purpose != "suspension" {
        return Err(unknown("this status purpose is not supported"));
    }
    if entry.get("statusSize").is_some_and(|size| size != 1) {
        return Err(unknown("entries of more than one bit are not supported"));
    }
    let index = text(entry, "statusListIndex")
        .and_then(|index| index.parse::<u64>().ok())
        .ok_or_else(|| Outcome::Invalid("its statusListIndex is not a number".to_owned()))?;
    let url = text(entry, "statusListCredential")
        .ok_or_else(|| Outcome::Invalid("its status entry names no list".to_owned()))?;

    let bytes = resolver.status_list(&url).map_err(|error| unknown(&error.to_string()))?;
    let list = parse(&bytes, MAX_BYTES)
        .map_err(|why| unknown(&format!("the list cannot be read: {why}")))?;
    if !has_type(&list, "BitstringStatusListCredential") {
        return Err(unknown("the list is not a BitstringStatusListCredential"));
    }
    if list.get("id").is_some_and(|id| id != url.as_str()) {
        return Err(unknown("the list found is not the list named"));
    }
    if issuer(&list) != issuer(document) {
        return Err(unknown("the list was issued by someone else"));
    }
    if let Outcome::Invalid(why) | Outcome::Undetermined(why) = verifier.proof(&list, resolver, now)
    {
        return Err(unknown(&format!("the list's proof does not hold: {why}")));
    }
    if validity_period(&list, now) != Outcome::Valid {
        return Err(unknown("the list is not valid at this time"));
    }
    let subject = list.get("credentialSubject").unwrap_or(&Value::Null);
    let same_purpose = match subject.get("statusPurpose") {
        Some(Value::Array(all)) => all.iter().any(|one| one == purpose.as_str()),
        one => one.is_some_and(|one| one == purpose.as_str()),
    };
    if !same_purpose {
        return Err(unknown("the list has another purpose"));
    }
    let encoded = text(subject, "encodedList").unwrap_or_default();
    StatusList::decode(&encoded)
        .and_then(|list| list.get(index))
        .map_err(|error| unknown(&error.to_string()))
}
