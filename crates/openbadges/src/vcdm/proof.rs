//! The form of embedded proofs (VC Data Integrity, 2.1), whatever their suite.

use serde_json::Value;

use super::context::check_type;
use super::faults::{Faults, Place};
use super::object;
use super::{has_type, period, url};

/// How many proofs a document may have.
const MOST: usize = 16;

/// Checks each proof of a document, where there are any.
pub(super) fn check(faults: &mut Faults, place: &Place, document: &Value) {
    let proofs = object::each(faults, place, document, "proof");
    if proofs.len() > MOST {
        faults.add(&place.member("proof"), format!("must be at most {MOST} proofs"));
    }
    let ids: Vec<&str> = proofs.iter().filter_map(|(_, proof)| proof.get("id")?.as_str()).collect();
    for (place, proof) in proofs.iter().take(MOST) {
        check_one(faults, place, proof, &ids);
    }
}

fn check_one(faults: &mut Faults, place: &Place, proof: &Value, ids: &[&str]) {
    check_type(faults, place, proof, None);
    url::check_id(faults, place, proof);
    period::check(faults, place, proof, "created");
    period::check(faults, place, proof, "expires");
    let text = |member: &str| proof.get(member).and_then(Value::as_str);
    if text("proofPurpose").is_none_or(str::is_empty) {
        faults.add(place, "must state its proofPurpose, as a text");
    }
    if has_type(proof, "DataIntegrityProof") && text("cryptosuite").is_none_or(str::is_empty) {
        faults.add(place, "must name its cryptosuite");
    }
    let method = proof.get("verificationMethod");
    match method {
        // Old suites embed the method itself.
        Some(Value::Object(method)) if method.contains_key("id") => {}
        Some(method) => url::check(faults, &place.member("verificationMethod"), method),
        None => faults.add(place, "must name its verificationMethod"),
    }
    if has_type(proof, "DataIntegrityProof")
        && !proof.get("proofValue").is_some_and(Value::is_string)
    {
        faults.add(place, "must have a proofValue, which is a text");
    }
    for member in ["challenge", "nonce"] {
        if proof.get(member).is_some_and(|value| !value.is_string()) {
            faults.add(&place.member(member), "must be a text");
        }
    }
    if proof.get("domain").is_some_and(|domain| !is_texts(domain)) {
        faults.add(&place.member("domain"), "must be a text, or a list of texts");
    }
    previous(faults, &place.member("previousProof"), proof.get("previousProof"), ids);
}

/// Every proof that a chain refers to is there.
fn previous(faults: &mut Faults, place: &Place, previous: Option<&Value>, ids: &[&str]) {
    let Some(previous) = previous else { return };
    if !is_texts(previous) {
        return faults.add(place, "must be the id of a proof, or a list of them");
    }
    let named = previous.as_array().map_or(std::slice::from_ref(previous), Vec::as_slice);
    if !named.iter().all(|id| id.as_str().is_some_and(|id| ids.contains(&id))) {
        faults.add(place, "must be the id of another proof of this document");
    }
}

fn is_texts(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(all) => !all.is_empty() && all.iter().all(Value::is_string),
        _ => false,
    }
}
