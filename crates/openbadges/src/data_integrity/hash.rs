//! From documents to the bytes that are signed: transformation and hashing of every suite.

use jsonld::{Budget, Dataset, HashAlgorithm, Processor, canonicalize_with};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha384};

use super::cryptosuite::{Cryptosuite, Form, Hash};
use super::jcs::write_object;
use super::proof::ProofError;

/// Computes the bytes to sign: the hash of the proof's configuration, then that of the document.
///
/// The member `proof` of the document does not count; `previous`, an array of the proofs that this
/// one continues, stands in its place. The member `proofValue` of the proof does not count either.
pub(super) fn hash_data(
    processor: &Processor,
    (suite, hash): (Cryptosuite, Hash),
    document: &Value,
    proof: &Map<String, Value>,
    previous: Option<&Value>,
) -> Result<Vec<u8>, ProofError> {
    let members = document.as_object().ok_or(ProofError::NotAnObject)?;
    match suite.form() {
        Form::Rdfc => {
            let config = dataset_of_proof(processor, members, proof)?;
            let document = match previous {
                None => processor.to_quads_without("proof", document)?,
                Some(previous) => {
                    let mut document = members.clone();
                    document.insert("proof".to_owned(), previous.clone());
                    processor.to_quads(&Value::Object(document))?
                }
            };
            let mut hash_data = hash.of(canonical(&config, hash)?.as_bytes());
            hash_data.extend_from_slice(&hash.of(canonical(&document, hash)?.as_bytes()));
            Ok(hash_data)
        }
        Form::Jcs => {
            let mut text = Vec::with_capacity(4096);
            write_object(&mut text, proof, &[("proofValue", None)])?;
            let mut hash_data = hash.of(&text);
            text.clear();
            let context = proof.get("@context").or_else(|| members.get("@context"));
            write_object(&mut text, members, &[("proof", previous), ("@context", context)])?;
            hash_data.extend_from_slice(&hash.of(&text));
            Ok(hash_data)
        }
    }
}

/// A proof is read under the contexts of its document, whatever it says of them itself.
fn dataset_of_proof(
    processor: &Processor,
    document: &Map<String, Value>,
    proof: &Map<String, Value>,
) -> Result<Dataset, ProofError> {
    let context = document.get("@context").ok_or(ProofError::Malformed("@context"))?;
    let mut config = proof.clone();
    config.insert("@context".to_owned(), context.clone());
    Ok(processor.to_quads_without("proofValue", &Value::Object(config))?)
}

/// RDFC-1.0 hashes inside, with the hash of the suite.
fn canonical(dataset: &Dataset, hash: Hash) -> Result<String, ProofError> {
    let algorithm = match hash {
        Hash::Sha256 => HashAlgorithm::Sha256,
        Hash::Sha384 => HashAlgorithm::Sha384,
    };
    Ok(canonicalize_with(dataset, algorithm, Budget::default())?.nquads)
}

impl Hash {
    fn of(self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(text).to_vec(),
            Self::Sha384 => Sha384::digest(text).to_vec(),
        }
    }
}
