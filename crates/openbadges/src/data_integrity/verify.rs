//! Checking one proof.

use jsonld::Processor;
use serde_json::{Map, Value};

use super::chain::previous;
use super::cryptosuite::Form;
use super::hash::hash_data;
use super::proof::{Proof, ProofError};
use crate::did::Purpose;
use crate::key::{BadSignature, PublicKey};

/// Verifies one proof of a document with the key that its verification method names.
///
/// `proof` is an element of the document's `proof`, or that itself. Whether the key is the
/// issuer's, whether the proof has expired, and whether the proofs that it continues are valid is
/// not judged here; for the last see [`verify_proofs`](super::verify_proofs). A JCS proof may have
/// been made under the first few of the document's contexts; then the others are not signed.
///
/// # Errors
/// When the proof is malformed, of another purpose or an unsupported suite, continues proofs that
/// are not there, or does not match.
pub fn verify_proof(
    processor: &Processor,
    document: &Value,
    proof: &Value,
    key: &PublicKey,
    purpose: Purpose,
) -> Result<(), ProofError> {
    let members = document.as_object().ok_or(ProofError::NotAnObject)?;
    let proof = Proof::parse(proof)?;
    proof.is_for(purpose)?;
    let hash = proof.suite.hash(key.algorithm())?;
    if proof.signature.len() != hash.signature_length() {
        return Err(ProofError::Malformed("proofValue"));
    }
    if proof.suite.form() == Form::Jcs {
        begins_with_contexts(members, proof.members)?;
    }
    let previous = previous(members, proof.members)?;
    let suite = (proof.suite, hash);
    let hash_data = hash_data(processor, suite, document, proof.members, previous.as_ref())?;
    key.verify(key.algorithm(), &hash_data, &proof.signature)
        .map_err(|BadSignature| ProofError::Mismatch)
}

/// The contexts of a JCS proof must be the first ones of the document.
fn begins_with_contexts(
    document: &Map<String, Value>,
    proof: &Map<String, Value>,
) -> Result<(), ProofError> {
    let Some(signed) = proof.get("@context") else { return Ok(()) };
    let all = document.get("@context").ok_or(ProofError::Context)?;
    if list(all).starts_with(list(signed)) { Ok(()) } else { Err(ProofError::Context) }
}

fn list(contexts: &Value) -> &[Value] {
    match contexts {
        Value::Array(contexts) => contexts,
        one => std::slice::from_ref(one),
    }
}
