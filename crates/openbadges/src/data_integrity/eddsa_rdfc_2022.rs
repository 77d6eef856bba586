//! The suite that badges are issued with: `eddsa-rdfc-2022`, over a processor that is shared.

use std::sync::Arc;

use jsonld::{Budget, Processor, canonicalize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cryptosuite::Cryptosuite;
use super::proof::{ProofError, ProofOptions};
use super::sign::{Unsigned, prepare};
use super::verify::verify_proof;
use crate::did::Purpose;
use crate::key::Multikey;

/// The name of the suite in proofs.
pub(crate) const NAME: &str = "eddsa-rdfc-2022";

/// Signs and verifies JSON-LD documents with `eddsa-rdfc-2022`.
#[derive(Clone, Debug)]
pub struct EddsaRdfc2022 {
    processor: Arc<Processor>,
}

impl EddsaRdfc2022 {
    /// Makes the suite over a JSON-LD processor, which may be shared.
    pub fn new(processor: Arc<Processor>) -> Self {
        Self { processor }
    }

    /// Gives the processor.
    pub fn processor(&self) -> &Arc<Processor> {
        &self.processor
    }

    /// Prepares a document for its only proof.
    ///
    /// # Errors
    /// When the document is no object, has a proof, or is not JSON-LD without loss, or the options
    /// are those of another suite.
    pub fn prepare(&self, document: Value, options: &ProofOptions) -> Result<Unsigned, ProofError> {
        if document.get("proof").is_some() {
            return Err(ProofError::AlreadySigned);
        }
        if options.cryptosuite != Cryptosuite::EddsaRdfc2022 {
            return Err(ProofError::Unsupported("a suite other than eddsa-rdfc-2022".to_owned()));
        }
        prepare(&self.processor, document, options)
    }

    /// Verifies one assertion in a document as [`verify_proof`] does, if it is of this suite.
    ///
    /// # Errors
    /// When the proof is malformed, of another suite or purpose, or does not match.
    pub fn verify(
        &self,
        document: &Value,
        proof: &Value,
        key: &Multikey,
    ) -> Result<(), ProofError> {
        if proof.get("cryptosuite").and_then(Value::as_str) != Some(NAME) {
            return Err(ProofError::Unsupported("a suite other than eddsa-rdfc-2022".to_owned()));
        }
        verify_proof(&self.processor, document, proof, &(*key).into(), Purpose::Assertion)
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
