//! A verifiable credential (VCDM 2.0, 4.2–4.12, 5.3–5.6 and 5.10).

use serde_json::Value;

use super::context::{self, Version};
use super::faults::{Faults, Place};
use super::object::{self, Id};
use super::{envelope, language, period, proof, related_resource, status, url, v1};

/// Members that hold objects with a type, and an id where they like.
const TYPED: [&str; 5] =
    ["refreshService", "termsOfUse", "evidence", "confidenceMethod", "renderMethod"];

/// Checks a credential of either version, or an enveloped one.
pub(super) fn check(faults: &mut Faults, place: &Place, credential: &Value) {
    if !credential.is_object() {
        return faults.add(place, "must be an object");
    }
    if envelope::is_enveloped(credential) {
        return envelope::check(faults, place, credential);
    }
    context::check(faults, place, credential);
    context::check_type(faults, place, credential, Some("VerifiableCredential"));
    url::check_id(faults, place, credential);
    issuer(faults, place, credential);
    subjects(faults, place, credential);
    proof::check(faults, place, credential);
    if Version::of(credential) == Some(Version::V1) {
        return v1::check(faults, place, credential);
    }
    language::check_names(faults, place, credential);
    period::check_order(faults, place, credential, ("validFrom", "validUntil"));
    status::check(faults, place, credential);
    object::check(faults, place, credential, "credentialSchema", Id::Required);
    for member in TYPED {
        object::check(faults, place, credential, member, Id::Optional);
    }
    related_resource::check(faults, place, credential);
}

/// A URL, or an object with one that may have a name and a description.
fn issuer(faults: &mut Faults, place: &Place, credential: &Value) {
    let Some(issuer) = credential.get("issuer") else {
        return faults.add(place, "must have an issuer");
    };
    let place = place.member("issuer");
    if issuer.is_object() {
        url::require_id(faults, &place, issuer);
        language::check_names(faults, &place, issuer);
    } else {
        url::check(faults, &place, issuer);
    }
}

/// One or more objects, each with at least one claim.
fn subjects(faults: &mut Faults, place: &Place, credential: &Value) {
    if credential.get("credentialSubject").is_none() {
        return faults.add(place, "must have a credentialSubject");
    }
    for (place, subject) in object::each(faults, place, credential, "credentialSubject") {
        if subject.as_object().is_some_and(serde_json::Map::is_empty) {
            faults.add(&place, "must make at least one claim");
        }
        url::check_id(faults, &place, subject);
    }
}
