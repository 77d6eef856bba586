//! Whether an assertion was signed with a key of its issuer.

use serde_json::Value;

use super::address::WebAddress;
use super::lookup::{Lookup, Trouble};
use super::outcome::Outcome;
use super::pem::from_pem;
use super::rules::Class;
use super::term;
use crate::jose::Jws;

/// How many keys of an issuer are tried.
const MAX_KEYS: usize = 8;

/// Judges the signature of an assertion whose issuer's profile was found at its own address.
///
/// The key must be linked both ways: from the profile, and back by its `owner`. A key that the
/// assertion names must be among those of the profile; one that it brings along counts for nothing.
pub(super) fn check(
    jws: &Jws,
    assertion: &Value,
    issuer: &Value,
    lookup: &mut Lookup<'_>,
) -> Outcome {
    let Some(issuer_id) = term::text(issuer, "id").filter(|id| WebAddress::parse(id).is_some())
    else {
        let reason = "its issuer's id is not a web address, so that nobody knows its keys";
        return Outcome::Invalid(reason.to_owned());
    };
    let keys = issuer.as_object().and_then(|issuer| term::get(issuer, "publicKey"));
    let keys = keys.map_or(&[][..], term::each);
    let creator = assertion
        .as_object()
        .and_then(|assertion| term::get(assertion, "verification"))
        .and_then(|verification| term::each(verification).first()?.as_object())
        .and_then(|verification| term::get(verification, "creator"))
        .map(term::link);
    let candidates: Vec<&Value> = match creator {
        None => keys.iter().take(MAX_KEYS).collect(),
        Some(creator) => {
            keys.iter().filter(|key| creator.is_some() && term::link(key) == creator).collect()
        }
    };
    if candidates.is_empty() {
        let reason = "its issuer's profile does not list the key that it is signed with";
        return Outcome::Invalid(reason.to_owned());
    }
    let mut outcome = Outcome::Invalid("its signature does not match".to_owned());
    for link in candidates {
        match key(link, issuer_id, lookup) {
            Ok(pem) => match from_pem(&pem) {
                Ok(key) if jws.verify(&key).is_ok() => return Outcome::Valid,
                Ok(_) => {}
                Err(error) => outcome = Outcome::Undetermined(error.to_string()),
            },
            Err(Trouble::Wrong(reason)) if !matches!(outcome, Outcome::Undetermined(_)) => {
                outcome = Outcome::Invalid(reason);
            }
            Err(Trouble::Wrong(_)) => {}
            Err(trouble) => outcome = trouble.outcome(),
        }
    }
    outcome
}

/// The PEM of a key that the profile links to or, better, contains.
fn key(link: &Value, issuer_id: &str, lookup: &mut Lookup<'_>) -> Result<String, Trouble> {
    let wrong = |reason: &str| Err(Trouble::Wrong(reason.to_owned()));
    let contained = term::text(link, "publicKeyPem").is_some();
    let document = if contained {
        link.clone()
    } else {
        let Some(id) = term::link(link) else { return wrong("a key of its issuer has no id") };
        lookup.document(Class::CryptographicKey, id)?
    };
    match term::text(&document, "owner") {
        Some(owner) if owner == issuer_id => {}
        None if contained => {}
        _ => return wrong("the key that it is signed with does not say that it is its issuer's"),
    }
    match term::text(&document, "publicKeyPem") {
        Some(pem) => Ok(pem.to_owned()),
        None => wrong("the document of the key that it is signed with contains no key"),
    }
}
