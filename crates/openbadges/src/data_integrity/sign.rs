//! Adding a proof: prepare, sign elsewhere, finish.

use jsonld::Processor;
use serde_json::{Map, Value};

use super::chain::previous;
use super::cryptosuite::{Cryptosuite, Form};
use super::hash::hash_data;
use super::proof::{self, ProofError, ProofOptions};

/// A document that waits for its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    document: Value,
    proof: Map<String, Value>,
    hash_data: Vec<u8>,
}

/// Prepares a document for one more proof.
///
/// Proofs that it has already stay, and with the new one are a set; those that the options name as
/// previous ones are covered by the new one, a chain.
///
/// # Errors
/// When the document is no object, cannot be canonicalised without loss, the key does not belong
/// to the suite, the suite is only verified, or a previous proof is not there.
pub fn prepare(
    processor: &Processor,
    document: Value,
    options: &ProofOptions,
) -> Result<Unsigned, ProofError> {
    let suite = options.cryptosuite;
    if matches!(suite, Cryptosuite::Eddsa2022 | Cryptosuite::Ed25519Signature2020) {
        return Err(ProofError::Unsupported(format!("signing by {}", suite.name())));
    }
    let hash = suite.hash(options.algorithm)?;
    let members = document.as_object().ok_or(ProofError::NotAnObject)?;
    let mut proof = options.proof()?;
    if let (Form::Jcs, Some(context)) = (suite.form(), members.get("@context")) {
        proof.insert("@context".to_owned(), context.clone());
    }
    let previous = previous(members, &proof)?;
    let hash_data = hash_data(processor, (suite, hash), &document, &proof, previous.as_ref())?;
    Ok(Unsigned { document, proof, hash_data })
}

impl Unsigned {
    /// Gives the bytes to sign: the hash of the proof's configuration, then that of the document.
    pub fn hash_data(&self) -> &[u8] {
        &self.hash_data
    }

    /// Adds the proof with the signature of [`Unsigned::hash_data`], in the form of
    /// [`SecretKey::sign`](crate::SecretKey::sign).
    pub fn finish(mut self, signature: &[u8]) -> Value {
        self.proof.insert("proofValue".to_owned(), Value::String(proof::value(signature)));
        let Value::Object(members) = &mut self.document else { return self.document };
        let mut proofs = match members.remove("proof") {
            None => Vec::with_capacity(1),
            Some(Value::Array(proofs)) => proofs,
            Some(one) => vec![one],
        };
        proofs.push(Value::Object(self.proof));
        members.insert("proof".to_owned(), Value::Array(proofs));
        self.document
    }
}
