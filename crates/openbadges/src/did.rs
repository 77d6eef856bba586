//! Who controls a key: decentralised identifiers, and the documents that tell (DID 1.0,
//! Controlled Identifiers 1.0).
//!
//! [`resolve_offline`] answers for identifiers that are their own document (`did:key`, `did:jwk`).
//! For others, fetch the document at [`document_url`] and ask
//! [`VerificationMethod::from_document`]. A [`DidDocument`] is what an issuer serves. To add a
//! method that needs no network: a file like `jwk.rs` and a line in [`resolve_offline`].

mod document;
mod jwk;
mod key;
mod method;
mod web;

pub use document::{DidDocument, PublishedKey};
pub use jwk::{did_jwk, resolve_did_jwk};
pub use key::{did_key, resolve_did_key};
pub use method::VerificationMethod;
pub use web::{did_web_from_url, did_web_to_url, document_url, key_set_url};

use crate::json::JsonError;
use crate::key::KeyError;
use crate::timestamp::TimestampError;

/// What a key may be used for: a verification relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To make claims: credentials.
    Assertion,
    /// To show who one is: presentations.
    Authentication,
}

impl Purpose {
    /// Gives the name that documents and proofs have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assertion => "assertionMethod",
            Self::Authentication => "authentication",
        }
    }
}

/// Why an identifier leads to no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DidError {
    /// The URL has no did:web form.
    #[error("could not make a did:web of {0:?}: give an https url without user, query or fragment")]
    NotHttps(String),
    /// The text is no did:web.
    #[error("could not read {0:?} as did:web")]
    NotDidWeb(String),
    /// The text is no did:key.
    #[error("could not read the did:key")]
    NotDidKey,
    /// The text is no did:jwk.
    #[error("could not read the did:jwk")]
    NotDidJwk,
    /// The key is of a kind that is not supported, or malformed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The document cannot be read.
    #[error("could not read the document of the key: {0}")]
    Json(#[from] JsonError),
    /// The document is that of another identifier.
    #[error("the key {0} is described by the document of someone else")]
    OtherDocument(String),
    /// The document names more keys than anyone has.
    #[error("the document of the key {0} names more than {MAX_KEYS} keys")]
    TooManyKeys(String),
    /// The document does not list the key for this purpose.
    #[error("the key {id} is not listed for {purpose} by its controller")]
    NotListed {
        /// The key.
        id: String,
        /// What it was to be used for.
        purpose: &'static str,
    },
    /// The document does not say which key has the id, or says it more than once.
    #[error("the key {0} is not described exactly once by its controller's document")]
    NotDescribed(String),
    /// The document says that someone else controls the key.
    #[error("the key {0} is not controlled by the one whose document describes it")]
    OtherController(String),
    /// The key is described in a way that is not supported.
    #[error(
        "the key {0} is of a type other than multikey, jsonwebkey and ed25519verificationkey2020"
    )]
    UnknownType(String),
    /// The key ends at no date and time.
    #[error("the key has an end that cannot be read: {0}")]
    End(String),
}

/// How many keys a document or a set may name.
pub(crate) const MAX_KEYS: usize = 256;

/// How many bytes a document or a set may have.
pub(crate) const MAX_BYTES: usize = 256 << 10;

impl From<TimestampError> for DidError {
    fn from(error: TimestampError) -> Self {
        Self::End(error.to_string())
    }
}

/// Finds the key of an identifier that is its own document: `did:key` or `did:jwk`, with or
/// without fragment. Other identifiers give nothing: their documents must be asked.
pub fn resolve_offline(id: &str) -> Option<Result<VerificationMethod, DidError>> {
    let key = if id.starts_with("did:key:") {
        resolve_did_key(id).map(|key| (key.into(), key.to_string()))
    } else if id.starts_with("did:jwk:") {
        resolve_did_jwk(id).map(|key| (key, "0".to_owned()))
    } else {
        return None;
    };
    let controller = owner(id);
    Some(key.map(|(key, fragment)| VerificationMethod {
        id: format!("{controller}#{fragment}"),
        controller: controller.to_owned(),
        key,
        expires: None,
        revoked: None,
    }))
}

/// The part of an id before its fragment: whose document it is in.
fn owner(id: &str) -> &str {
    id.split_once('#').map_or(id, |(owner, _)| owner)
}

/// As much of a text as belongs into a message.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}
