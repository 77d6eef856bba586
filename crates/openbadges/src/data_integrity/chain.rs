//! Several proofs of one document: sets, and chains of proofs that cover earlier ones
//! (VC Data Integrity 1.0, "Verify Proof Sets and Chains").

use jsonld::Processor;
use serde_json::{Map, Value};

use super::cryptosuite::Cryptosuite;
use super::proof::ProofError;
use super::verify::verify_proof;
use crate::did::Purpose;
use crate::key::PublicKey;

/// How many proofs a document may have.
const MAX_PROOFS: usize = 16;

/// What became of one proof of a document.
#[derive(Debug)]
pub struct Proved {
    /// The full id of its key.
    pub verification_method: Option<String>,
    /// Its suite, if that is supported.
    pub cryptosuite: Option<Cryptosuite>,
    /// Whether it holds, along with all proofs that it continues.
    pub outcome: Result<(), ProofError>,
}

/// Verifies every proof of a document; `key` finds the key with a full id, or says why not.
///
/// The answers stand in the order of the proofs.
///
/// # Errors
/// When the document is no object, has no proof, or more than 16.
pub fn verify_proofs(
    processor: &Processor,
    document: &Value,
    purpose: Purpose,
    mut key: impl FnMut(&str) -> Result<PublicKey, String>,
) -> Result<Vec<Proved>, ProofError> {
    let members = document.as_object().ok_or(ProofError::NotAnObject)?;
    let proofs = all(members);
    if proofs.is_empty() {
        return Err(ProofError::NoProof);
    }
    if proofs.len() > MAX_PROOFS {
        return Err(ProofError::TooManyProofs(MAX_PROOFS));
    }
    let mut proved: Vec<Proved> = proofs
        .iter()
        .map(|proof| {
            let id = proof.get("verificationMethod").and_then(Value::as_str);
            let outcome = id
                .ok_or(ProofError::Malformed("verificationMethod"))
                .and_then(|id| key(id).map_err(ProofError::NoKey))
                .and_then(|key| verify_proof(processor, document, proof, &key, purpose));
            Proved {
                verification_method: id.map(str::to_owned),
                cryptosuite: proof.as_object().and_then(|proof| Cryptosuite::of(proof).ok()),
                outcome,
            }
        })
        .collect();
    // One round more than there are proofs could not find anything new.
    for _ in proofs {
        for at in 0..proofs.len() {
            let broken = proved[at].outcome.is_ok()
                && names(&proofs[at]).iter().flatten().any(|name| {
                    let named =
                        |proof: &Value| proof.get("id").and_then(Value::as_str) == Some(name);
                    proofs
                        .iter()
                        .zip(&proved)
                        .any(|(p, judged)| named(p) && judged.outcome.is_err())
                });
            if broken {
                proved[at].outcome = Err(ProofError::BrokenChain);
            }
        }
    }
    Ok(proved)
}

/// All the proofs of a document.
fn all(document: &Map<String, Value>) -> &[Value] {
    match document.get("proof") {
        Some(Value::Array(proofs)) => proofs,
        Some(proof) => std::slice::from_ref(proof),
        None => &[],
    }
}

/// The proofs that a proof continues, as an array in the order of the document; nothing when it
/// continues none.
pub(super) fn previous(
    document: &Map<String, Value>,
    proof: &Map<String, Value>,
) -> Result<Option<Value>, ProofError> {
    let Some(member) = proof.get("previousProof") else { return Ok(None) };
    let names = names_in(member).ok_or(ProofError::Malformed("previousProof"))?;
    let own = proof.get("id").and_then(Value::as_str);
    let all = all(document);
    let id = |proof: &Value| proof.get("id").and_then(Value::as_str).map(str::to_owned);
    for name in &names {
        let found = all.iter().filter(|proof| id(proof).as_deref() == Some(name)).count();
        if found != 1 || own == Some(name) {
            return Err(ProofError::PreviousProof(name.chars().take(128).collect()));
        }
    }
    let matching = all.iter().filter(|proof| id(proof).is_some_and(|id| names.contains(&&*id)));
    Ok(Some(Value::Array(matching.cloned().collect())))
}

fn names(proof: &Value) -> Option<Vec<&str>> {
    names_in(proof.get("previousProof")?)
}

/// One id or several; none at all is malformed.
fn names_in(member: &Value) -> Option<Vec<&str>> {
    match member {
        Value::String(name) => Some(vec![name]),
        Value::Array(names) if (1..=MAX_PROOFS).contains(&names.len()) => {
            names.iter().map(Value::as_str).collect()
        }
        _ => None,
    }
}
