//! The single questions that an examination asks.

use serde_json::Value;
use time::OffsetDateTime;

use super::faults::class_faults;
use super::lookup::{Lookup, Trouble, noun};
use super::moment::moment;
use super::outcome::Outcome;
use super::rules::Class;
use super::{revocation_list, term};

/// Whether the document asks to be verified in that way.
pub(super) fn asks_for(document: &Value, kind: &str) -> bool {
    let verification =
        document.as_object().and_then(|document| term::get(document, "verification"));
    verification
        .and_then(|verification| term::each(verification).first()?.as_object())
        .is_some_and(|verification| term::types(verification).any(|name| name == kind))
}

/// What a document does against the standard, with the name of the document.
pub(super) fn tell(class: Class, document: &Value) -> Vec<String> {
    let tell = |fault| format!("{} {fault}", noun(class));
    class_faults(class, document).into_iter().map(tell).collect()
}

/// What the first of some troubles comes to.
pub(super) fn first(troubles: &[Trouble]) -> Outcome {
    troubles.first().map_or_else(
        || Outcome::Undetermined("its issuer is not known".to_owned()),
        |trouble| trouble.clone().outcome(),
    )
}

/// Whether an assertion is valid at a time.
pub(super) fn validity_period(document: &Value, now: OffsetDateTime) -> Outcome {
    let at = |name| term::text(document, name).and_then(moment);
    let says = |name| document.get(name).is_some_and(|value| !value.is_null());
    let Some(issued) = at("issuedOn") else {
        return Outcome::Undetermined("it does not say when it was issued".to_owned());
    };
    if now < issued {
        return Outcome::Invalid("it is not issued yet".to_owned());
    }
    match at("expires") {
        Some(expires) if expires < now => Outcome::Invalid("it has expired".to_owned()),
        None if says("expires") => {
            Outcome::Undetermined("it does not say readably when it expires".to_owned())
        }
        _ => Outcome::Valid,
    }
}

/// Whether an assertion says of itself that it was revoked.
pub(super) fn revoked(document: &Value) -> Outcome {
    match document.get("revoked") {
        Some(Value::Bool(true)) => Outcome::Invalid(revoked_for(document)),
        None | Some(Value::Bool(false) | Value::Null) => Outcome::Valid,
        Some(_) => {
            Outcome::Undetermined("it does not say readably whether it was revoked".to_owned())
        }
    }
}

/// Why something was revoked, in the issuer's words.
pub(crate) fn revoked_for(document: &Value) -> String {
    match term::text(document, "revocationReason").filter(|reason| !reason.is_empty()) {
        Some(reason) => {
            let reason: String = reason.chars().take(500).collect();
            format!("it was revoked: {reason}")
        }
        None => "it was revoked".to_owned(),
    }
}

/// Whether a signed assertion is in its issuer's revocation list.
pub(super) fn listed(document: &Value, issuer: &Value, lookup: &mut Lookup<'_>) -> Outcome {
    let list = issuer.as_object().and_then(|issuer| term::get(issuer, "revocationList"));
    let Some(list) = list else { return Outcome::Valid };
    let Some(url) = term::link(list) else {
        return Outcome::Undetermined("its issuer's revocation list has no address".to_owned());
    };
    // A list that cannot be read leaves it open whether the assertion is in it.
    let open = |reason| Outcome::Undetermined(reason);
    let list = match lookup.at(Class::RevocationList, url) {
        Ok(list) => list,
        Err(Trouble::Wrong(reason)) => return open(reason),
        Err(Trouble::Gone(_)) => return open("its issuer's revocation list is gone".to_owned()),
        Err(trouble) => return trouble.outcome(),
    };
    let id = term::text(document, "id").unwrap_or_default();
    if let Some(entry) = revocation_list::find(&list, id, term::text(document, "uid")) {
        return Outcome::Invalid(revoked_for(entry));
    }
    match tell(Class::RevocationList, &list).into_iter().next() {
        None => Outcome::Valid,
        Some(fault) => open(fault),
    }
}
