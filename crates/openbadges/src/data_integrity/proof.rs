//! What every Data Integrity proof has, whatever its suite (VC Data Integrity 1.0, 2.1).

use jsonld::{CanonError, JsonLdError};
use serde_json::{Map, Value, json};

use crate::base58::push_base58;
use crate::timestamp::TimestampError;

/// What a proof states besides the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofOptions {
    /// The full id of the key: the issuer's id, `#` and the key.
    pub verification_method: String,
    /// When it is signed (`xsd:dateTimeStamp`).
    pub created: String,
}

/// Why a document cannot be signed or a proof not be checked.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The document is no JSON object.
    #[error("could not sign or verify: the document must be a json object")]
    NotAnObject,
    /// The document is signed already.
    #[error("could not sign: the document has a proof already; remove it first")]
    AlreadySigned,
    /// The document or the proof is not JSON-LD that can be signed safely.
    #[error("could not read the document as json-ld: {0}")]
    JsonLd(#[from] JsonLdError),
    /// The document was made to be expensive.
    #[error("could not canonicalise the document: {0}")]
    Canonicalization(#[from] CanonError),
    /// A point in time is not written as the standard wants it.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    /// The proof lacks a member or has one of the wrong kind.
    #[error("could not use the proof: its {0} is missing or malformed")]
    Malformed(&'static str),
    /// The proof uses something that is not supported.
    #[error("could not use the proof: {0} is not supported")]
    Unsupported(String),
    /// The signature does not belong to this document and this key.
    #[error("the signature does not match the document")]
    Mismatch,
}

/// The proof configuration: the proof without its value, under the document's context.
pub(crate) fn config(context: &Value, cryptosuite: &str, options: &ProofOptions) -> Value {
    json!({
        "@context": context,
        "type": "DataIntegrityProof",
        "cryptosuite": cryptosuite,
        "created": options.created,
        "verificationMethod": options.verification_method,
        "proofPurpose": "assertionMethod",
    })
}

/// Turns the proof of a document into its configuration and its decoded value.
pub(crate) fn split(
    document: &Map<String, Value>,
    proof: &Value,
) -> Result<(Value, [u8; 64]), ProofError> {
    let mut config = proof.as_object().ok_or(ProofError::Malformed("proof"))?.clone();
    let value = config.remove("proofValue");
    let value = value.as_ref().and_then(Value::as_str);
    let encoded = value
        .and_then(|value| value.strip_prefix('z'))
        .filter(|rest| rest.len() <= 90)
        .ok_or(ProofError::Malformed("proofValue"))?;
    let mut signature = [0; 64];
    let length = bs58::decode(encoded)
        .onto(&mut signature)
        .map_err(|_| ProofError::Malformed("proofValue"))?;
    if length != signature.len() {
        return Err(ProofError::Malformed("proofValue"));
    }
    if config.contains_key("previousProof") {
        return Err(ProofError::Unsupported("a chain of proofs".to_owned()));
    }
    let context = document.get("@context").ok_or(ProofError::Malformed("@context"))?;
    config.insert("@context".to_owned(), context.clone());
    Ok((Value::Object(config), signature))
}

/// Writes a signature as a `proofValue`.
pub(crate) fn value(signature: &[u8; 64]) -> String {
    let mut text = String::with_capacity(89);
    text.push('z');
    push_base58(&mut text, signature);
    text
}
