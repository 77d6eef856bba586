//! What every Data Integrity proof has, whatever its suite (VC Data Integrity 1.0, 2.1).

use jsonld::{CanonError, JsonLdError};
use serde_json::{Map, Value, json};

use super::cryptosuite::Cryptosuite;
use crate::base58::push_base58;
use crate::did::Purpose;
use crate::key::Algorithm;
use crate::timestamp::{TimestampError, parse_timestamp};

/// How many characters the text of a signature may have; that of P-384 has 132 or so.
const MAX_VALUE: usize = 140;

/// What a proof states besides the signature, and how it is made.
///
/// What is optional is left out when it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofOptions {
    /// The full id of the key: the issuer's id, `#` and the key.
    pub verification_method: String,
    /// When it is signed (`xsd:dateTimeStamp`).
    pub created: String,
    /// The suite.
    pub cryptosuite: Cryptosuite,
    /// What the key signs with; the suites of ECDSA take keys of two curves.
    pub algorithm: Algorithm,
    /// What the signature is for.
    pub purpose: Purpose,
    /// For whom alone it is.
    pub domain: Vec<String>,
    /// The question that it answers.
    pub challenge: Option<String>,
    /// Until when it holds (`xsd:dateTimeStamp`).
    pub expires: Option<String>,
    /// A text that makes it unlike others.
    pub nonce: Option<String>,
    /// Its id, a URI by which a later proof may refer to it.
    pub id: Option<String>,
    /// The ids of proofs in the document that it covers.
    pub previous_proof: Vec<String>,
}

impl Default for ProofOptions {
    /// An `eddsa-rdfc-2022` assertion of nobody, at no time: both must be given.
    fn default() -> Self {
        Self {
            verification_method: String::new(),
            created: String::new(),
            cryptosuite: Cryptosuite::EddsaRdfc2022,
            algorithm: Algorithm::EdDsa,
            purpose: Purpose::Assertion,
            domain: Vec::new(),
            challenge: None,
            expires: None,
            nonce: None,
            id: None,
            previous_proof: Vec::new(),
        }
    }
}

impl ProofOptions {
    /// Makes the options of an `eddsa-rdfc-2022` assertion.
    pub fn new(verification_method: impl Into<String>, created: impl Into<String>) -> Self {
        Self {
            verification_method: verification_method.into(),
            created: created.into(),
            ..Self::default()
        }
    }

    /// Writes the proof, still without context and value.
    pub(super) fn proof(&self) -> Result<Map<String, Value>, ProofError> {
        parse_timestamp(&self.created)?;
        if let Some(expires) = &self.expires {
            parse_timestamp(expires)?;
        }
        let text = |text: &str| Value::String(text.to_owned());
        let one_or_more = |texts: &[String]| match texts {
            [] => None,
            [one] => Some(text(one)),
            more => Some(json!(more)),
        };
        let optional = |member: &Option<String>| member.as_deref().map(text);
        let members = [
            ("type", Some(text("DataIntegrityProof"))),
            ("cryptosuite", Some(text(self.cryptosuite.name()))),
            ("created", Some(text(&self.created))),
            ("verificationMethod", Some(text(&self.verification_method))),
            ("proofPurpose", Some(text(self.purpose.as_str()))),
            ("domain", one_or_more(&self.domain)),
            ("challenge", optional(&self.challenge)),
            ("expires", optional(&self.expires)),
            ("nonce", optional(&self.nonce)),
            ("id", optional(&self.id)),
            ("previousProof", one_or_more(&self.previous_proof)),
        ];
        let present =
            members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Ok(present.collect())
    }
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
    /// A number has more digits than everyone reads.
    #[error(
        "could not canonicalise the document: write the number {0} as text, for it is not exact in every reader"
    )]
    Number(String),
    /// The document is nested too deep.
    #[error("could not canonicalise the document: it is nested too deep")]
    Depth,
    /// A point in time is not written as the standard wants it.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    /// The proof lacks a member or has one of the wrong kind.
    #[error("could not use the proof: its {0} is missing or malformed")]
    Malformed(&'static str),
    /// The proof uses something that is not supported.
    #[error("could not use the proof: {0} is not supported")]
    Unsupported(String),
    /// The document has no proof.
    #[error("could not verify: the document has no proof")]
    NoProof,
    /// There are more proofs than anyone needs.
    #[error("could not verify: the document has more than {0} proofs")]
    TooManyProofs(usize),
    /// The key is not of the kind that the suite uses.
    #[error("could not use the proof: {suite} does not use {algorithm} keys")]
    WrongKey {
        /// The suite.
        suite: &'static str,
        /// What the key signs with.
        algorithm: Algorithm,
    },
    /// The key cannot be had.
    #[error("could not get the key of the proof: {0}")]
    NoKey(String),
    /// The signature was made for something else.
    #[error("the proof is not for {0}")]
    Purpose(&'static str),
    /// The proof was made for others.
    #[error("the proof is not for this domain")]
    Domain,
    /// The proof answers another question.
    #[error("the proof does not answer this challenge")]
    Challenge,
    /// The proof was made under contexts that the document does not begin with.
    #[error("the proof was made under another @context than the document has")]
    Context,
    /// The proof continues a chain that is not there.
    #[error("the proof continues {0:?}, which is not exactly one other proof of the document")]
    PreviousProof(String),
    /// The proof continues one that is itself not valid.
    #[error("the proof continues one that is not valid")]
    BrokenChain,
    /// The signature does not belong to this document and this key.
    #[error("the signature does not match the document")]
    Mismatch,
}

/// A proof whose form was checked.
pub(super) struct Proof<'a> {
    pub(super) members: &'a Map<String, Value>,
    pub(super) suite: Cryptosuite,
    pub(super) signature: Vec<u8>,
}

impl<'a> Proof<'a> {
    pub(super) fn parse(proof: &'a Value) -> Result<Self, ProofError> {
        let members = proof.as_object().ok_or(ProofError::Malformed("proof"))?;
        let suite = Cryptosuite::of(members)?;
        if !members.get("verificationMethod").is_some_and(Value::is_string) {
            return Err(ProofError::Malformed("verificationMethod"));
        }
        for name in ["created", "expires"] {
            if let Some(at) = members.get(name) {
                parse_timestamp(at.as_str().ok_or(ProofError::Malformed(name))?)?;
            }
        }
        let value = members.get("proofValue").and_then(Value::as_str);
        let encoded = value
            .and_then(|value| value.strip_prefix('z'))
            .filter(|encoded| encoded.len() <= MAX_VALUE)
            .ok_or(ProofError::Malformed("proofValue"))?;
        let signature =
            bs58::decode(encoded).into_vec().map_err(|_| ProofError::Malformed("proofValue"))?;
        Ok(Self { members, suite, signature })
    }

    pub(super) fn is_for(&self, purpose: Purpose) -> Result<(), ProofError> {
        match self.members.get("proofPurpose").and_then(Value::as_str) {
            None => Err(ProofError::Malformed("proofPurpose")),
            Some(named) if named == purpose.as_str() => Ok(()),
            Some(_) => Err(ProofError::Purpose(purpose.as_str())),
        }
    }
}

/// The proof configuration of an assertion: the proof without its value, under the document's
/// context.
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

/// Writes a signature as a `proofValue`.
pub(crate) fn value(signature: &[u8]) -> String {
    let Ok(usual) = signature.try_into() else {
        return format!("z{}", bs58::encode(signature).into_string());
    };
    let mut text = String::with_capacity(89);
    text.push('z');
    push_base58(&mut text, usual);
    text
}
