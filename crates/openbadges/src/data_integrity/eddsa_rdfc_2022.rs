//! The `eddsa-rdfc-2022` suite: Ed25519 over RDFC-1.0 (the `EdDSA` cryptosuites of Data Integrity, 3.2).

use std::sync::Arc;

use jsonld::{Budget, Processor, canonicalize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::proof::{self, ProofError, ProofOptions};
use crate::key::{Algorithm, BadSignature, Multikey, PublicKey};
use crate::timestamp::parse_timestamp;

/// The name of the suite in proofs.
pub(crate) const NAME: &str = "eddsa-rdfc-2022";

/// Signs and verifies JSON-LD documents with `eddsa-rdfc-2022`.
#[derive(Clone, Debug)]
pub struct EddsaRdfc2022 {
    processor: Arc<Processor>,
}

/// A document that waits for its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    document: Map<String, Value>,
    proof: Map<String, Value>,
    hash_data: [u8; 64],
}

impl Unsigned {
    /// Gives the bytes to sign: the hash of the proof configuration, then that of the document.
    pub fn hash_data(&self) -> &[u8; 64] {
        &self.hash_data
    }

    /// Adds the proof with the Ed25519 signature of [`Unsigned::hash_data`].
    pub fn finish(mut self, signature: &[u8; 64]) -> Value {
        self.proof.insert("proofValue".to_owned(), Value::String(proof::value(signature)));
        let proofs = Value::Array(vec![Value::Object(self.proof)]);
        self.document.insert("proof".to_owned(), proofs);
        Value::Object(self.document)
    }
}

impl EddsaRdfc2022 {
    /// Makes the suite over a JSON-LD processor, which may be shared.
    pub fn new(processor: Arc<Processor>) -> Self {
        Self { processor }
    }

    /// Prepares a document for signing.
    ///
    /// # Errors
    /// When the document is no object, has a proof, or is not JSON-LD without loss.
    pub fn prepare(&self, document: Value, options: &ProofOptions) -> Result<Unsigned, ProofError> {
        let Value::Object(document) = document else { return Err(ProofError::NotAnObject) };
        if document.contains_key("proof") {
            return Err(ProofError::AlreadySigned);
        }
        parse_timestamp(&options.created)?;
        let context = document.get("@context").ok_or(ProofError::Malformed("@context"))?;
        let config = proof::config(context, NAME, options);
        let proof_hash = Sha256::digest(self.canonical(&config)?);
        let document = Value::Object(document);
        let hash_data = join(proof_hash.into(), self.document_hash(&document)?);
        match (document, config) {
            (Value::Object(document), Value::Object(mut proof)) => {
                proof.remove("@context");
                Ok(Unsigned { document, proof, hash_data })
            }
            _ => Err(ProofError::NotAnObject),
        }
    }

    /// Verifies one proof of a document with the key that its verification method names.
    ///
    /// The document is taken as it is; its member `proof` does not count. Whether the key is the
    /// issuer's is not judged here.
    ///
    /// # Errors
    /// When the proof is malformed, of another suite or purpose, or does not match.
    pub fn verify(
        &self,
        document: &Value,
        proof: &Value,
        key: &Multikey,
    ) -> Result<(), ProofError> {
        let Value::Object(document) = document else { return Err(ProofError::NotAnObject) };
        let (config, signature) = proof::split(document, proof)?;
        let member = |name| config.get(name).and_then(Value::as_str);
        if member("type") != Some("DataIntegrityProof") || member("cryptosuite") != Some(NAME) {
            return Err(ProofError::Unsupported("a suite other than eddsa-rdfc-2022".to_owned()));
        }
        if member("proofPurpose") != Some("assertionMethod") {
            return Err(ProofError::Malformed("proofPurpose"));
        }
        if let Some(created) = config.get("created") {
            parse_timestamp(created.as_str().ok_or(ProofError::Malformed("created"))?)?;
        }
        let mut unsecured = document.clone();
        unsecured.remove("proof");
        let proof_hash = Sha256::digest(self.canonical(&config)?);
        let hash_data = join(proof_hash.into(), self.document_hash(&Value::Object(unsecured))?);
        PublicKey::from(*key)
            .verify(Algorithm::EdDsa, &hash_data, &signature)
            .map_err(|BadSignature| ProofError::Mismatch)
    }

    /// Gives the canonical N-Quads of a document.
    ///
    /// # Errors
    /// When it is not JSON-LD without loss, or was made to be expensive.
    pub fn canonical(&self, document: &Value) -> Result<String, ProofError> {
        Ok(canonicalize(&self.processor.to_quads(document)?, Budget::default())?)
    }

    /// Whether both read documents by the same contexts.
    pub(crate) fn shares_processor_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.processor, &other.processor)
    }

    pub(crate) fn document_hash(&self, unsecured: &Value) -> Result<[u8; 32], ProofError> {
        Ok(Sha256::digest(self.canonical(unsecured)?).into())
    }
}

/// Joins the two hashes in the order of the suite: the proof's first.
pub(crate) fn join(proof: [u8; 32], document: [u8; 32]) -> [u8; 64] {
    let mut joined = [0; 64];
    joined[..32].copy_from_slice(&proof);
    joined[32..].copy_from_slice(&document);
    joined
}
