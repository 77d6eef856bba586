//! Why a token is refused.

use crate::json::JsonError;
use crate::key::{Algorithm, KeyError, UnknownAlgorithm};
use crate::timestamp::TimestampError;

/// Why a token cannot be read, believed or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// It is larger than any credential.
    #[error("could not read the token: it is larger than 1 MiB")]
    TooLarge,
    /// It does not have three parts.
    #[error("could not read the token: it must have three parts with dots between them")]
    Parts,
    /// A part is not written in base64url.
    #[error("could not read the token: its {0} is not in base64url without padding")]
    NotBase64(&'static str),
    /// The payload is somewhere else.
    #[error("could not read the token: its payload is detached")]
    Detached,
    /// Nobody signed it.
    #[error("could not read the token: its signature is empty")]
    EmptySignature,
    /// The header is no JSON object of unique members.
    #[error("could not read the header of the token: {0}")]
    Header(JsonError),
    /// A member of the header is missing or of the wrong kind.
    #[error("could not read the header of the token: its member {0} is missing or malformed")]
    HeaderMember(&'static str),
    /// It says of itself that it is not signed.
    #[error("the token is not signed: its algorithm is none")]
    Unsecured,
    /// Its algorithm would take a public key for a shared secret.
    #[error("the token uses a shared secret, which no credential can be signed with")]
    SharedSecret,
    /// Its algorithm is another.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// It must not be understood without an extension that is not supported.
    #[error("the token has critical extensions, and none are supported")]
    Critical,
    /// Its payload is not encoded.
    #[error("the token says how its payload is encoded (b64), which is not supported")]
    Unencoded,
    /// It is encrypted or compressed.
    #[error("the token is encrypted or compressed ({0}), which is not supported")]
    Encrypted(&'static str),
    /// It brings its own key, or the address of one.
    #[error("the token tells where to find a key ({0}), which nobody should believe")]
    ForeignKey(&'static str),
    /// Its header has a key that cannot be used.
    #[error("the key in the header of the token cannot be used: {0}")]
    EmbeddedKey(KeyError),
    /// Its header has a key of another algorithm.
    #[error("the key in the header of the token is not for {0}")]
    EmbeddedAlgorithm(Algorithm),
    /// The name of its key is no name but something else.
    #[error("the token names its key in a way that no key is named")]
    KeyId,
    /// The key is not of the kind that the algorithm uses.
    #[error("the token is signed with {token}, but the key is for {key}")]
    WrongKey {
        /// The algorithm in the header.
        token: Algorithm,
        /// The algorithm of the key.
        key: Algorithm,
    },
    /// The signature does not have the one form that JOSE gives it.
    #[error("the signature of the token does not have the {0} bytes of its algorithm")]
    SignatureLength(usize),
    /// The signature is zero, which some would accept from anyone.
    #[error("the signature of the token has a part that is zero")]
    ZeroSignature,
    /// The signature does not belong to the token and the key.
    #[error("the signature does not match the token")]
    Mismatch,
    /// The payload is no JSON object of unique members.
    #[error("could not read the payload of the token: {0}")]
    Payload(JsonError),
    /// The token is of a type that holds no credential.
    #[error("the token has the {0} of something other than a credential or presentation")]
    Type(&'static str),
    /// The payload is of another type than the header says.
    #[error("the token does not hold what its type says")]
    OtherContent,
    /// The members `vc` and `vp` have no place in a token of this type or version.
    #[error("the token has its content in the place of another version of the data model")]
    Placement,
    /// A claim says something else than the document.
    #[error("the claim {0} of the token contradicts the document in it")]
    Claim(&'static str),
    /// It is too early.
    #[error("the token is not valid yet")]
    NotYet,
    /// It is too late.
    #[error("the token has expired")]
    Expired,
    /// A point in time cannot be read.
    #[error("could not write the token: {0}")]
    Timestamp(String),
    /// The document lacks what a token must have.
    #[error("could not write the token: the document has no {0}, which a token must have")]
    Missing(&'static str),
    /// The key cannot sign.
    #[error("could not write the token: {0}")]
    Key(#[from] KeyError),
    /// The document with the keys cannot be read.
    #[error("could not read the keys: {0}")]
    Keys(JsonError),
    /// There are more keys than anyone has.
    #[error("could not read the keys: there are more than {0}")]
    TooManyKeys(usize),
    /// No key has the name, or several have.
    #[error("the key that signed the token is not exactly one of those published")]
    NotPublished,
    /// The published key cannot be used.
    #[error("the published key cannot be used: {0}")]
    PublishedKey(KeyError),
}

impl From<TimestampError> for JoseError {
    fn from(error: TimestampError) -> Self {
        Self::Timestamp(error.to_string())
    }
}
