//! Keys, as text and as arithmetic: Ed25519, the NIST curves and RSA.
//!
//! What is read from outside is checked once, where it is read: a [`PublicKey`] that came from a
//! [`Multikey`] or a [`Jwk`] is a point on its curve (or a modulus of a bearable size), in its one
//! canonical form. What a key signs is told by an [`Algorithm`]; each key has exactly one.

mod algorithm;
mod curve;
mod jwk;
mod multikey;
mod secret;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use jwk::Jwk;
pub use multikey::Multikey;
pub use secret::SecretKey;

/// A public key.
///
/// Points of the NIST curves are in the compressed form of SEC 1; the numbers of an RSA key are
/// big-endian without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// A point of edwards25519 (RFC 8032).
    Ed25519([u8; 32]),
    /// A point of P-256.
    P256([u8; 33]),
    /// A point of P-384.
    P384([u8; 49]),
    /// A point of P-521.
    P521([u8; 67]),
    /// An RSA key of 2048 to 8192 bits.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The public exponent.
        e: Vec<u8>,
    },
}

/// The signature does not belong to this message, key and algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match")]
pub struct BadSignature;

/// Why something is no key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not base58btc multibase.
    #[error("could not read the key: it must be base58btc multibase, which begins with z")]
    NotMultibase,
    /// The text is longer than any key.
    #[error("could not read the key: it is longer than any key that is supported")]
    TooLong,
    /// It is a key of another kind.
    #[error("could not use the key: {0} is not supported")]
    Unsupported(String),
    /// It does not have the length of keys of its kind.
    #[error("could not use the key: it does not have the length of its kind")]
    Length,
    /// It is no point of its curve.
    #[error("could not use the key: it is not a point of its curve")]
    NotOnCurve,
    /// Anyone can make signatures that such a key accepts.
    #[error("could not use the key: it is a point of small order")]
    SmallOrder,
    /// The same point has another, shorter writing.
    #[error("could not use the key: it is not written in its canonical form")]
    NotCanonical,
    /// The RSA modulus or exponent is too small, too large or even.
    #[error("could not use the key: an rsa key must have 2048 to 8192 bits and odd numbers")]
    Rsa,
    /// A member of the JWK is missing or not as RFC 7518 wants it.
    #[error("could not read the jwk: its member {0} is missing or malformed")]
    Member(&'static str),
    /// A secret stands where only public keys belong.
    #[error("could not use the jwk: it contains a secret; treat that key as disclosed")]
    Secret,
    /// The public and the secret part are not of the same key.
    #[error("could not use the secret key: its public part belongs to another one")]
    Pair,
    /// The key could not sign.
    #[error("could not sign with this key")]
    Signing,
}

impl PublicKey {
    /// Tells which algorithm this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::P256(_) => Algorithm::Es256,
            Self::P384(_) => Algorithm::Es384,
            Self::P521(_) => Algorithm::Es512,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// Verifies the signature of a message.
    ///
    /// Signatures have the form of JOSE: 64 bytes for Ed25519, r and s side by side for ECDSA.
    /// Ed25519 is verified strictly: no key or commitment of small order passes.
    ///
    /// # Errors
    /// When the signature does not match, or the algorithm is not that of the key.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        if algorithm != self.algorithm() {
            return Err(BadSignature);
        }
        let ecdsa = |scheme: &'static dyn VerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(scheme, point)
                .verify(message, signature)
                .map_err(|_| BadSignature)
        };
        match self {
            Self::Ed25519(key) => {
                let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
                let key = VerifyingKey::from_bytes(key).map_err(|_| BadSignature)?;
                key.verify_strict(message, &signature).map_err(|_| BadSignature)
            }
            Self::P256(point) => ecdsa(&ECDSA_P256_SHA256_FIXED, point),
            Self::P384(point) => ecdsa(&ECDSA_P384_SHA384_FIXED, point),
            Self::P521(point) => ecdsa(&ECDSA_P521_SHA512_FIXED, point),
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .map_err(|_| BadSignature),
        }
    }

    /// Gives the key as Multikey, which P-521 and RSA keys do not have here.
    pub fn multikey(&self) -> Option<Multikey> {
        match self {
            Self::Ed25519(key) => Some(Multikey::Ed25519(*key)),
            Self::P256(point) => Some(Multikey::P256(*point)),
            Self::P384(point) => Some(Multikey::P384(*point)),
            Self::P521(_) | Self::Rsa { .. } => None,
        }
    }

    /// Gives the key as a JSON Web Key without further members.
    pub fn to_jwk(&self) -> Jwk {
        Jwk::new(self.clone())
    }

    /// Reads a key out of a JSON Web Key (RFC 7517).
    ///
    /// # Errors
    /// When the JWK is malformed, of another kind, or contains a secret.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        Ok(Jwk::parse(jwk)?.key)
    }
}

impl From<Multikey> for PublicKey {
    fn from(key: Multikey) -> Self {
        match key {
            Multikey::Ed25519(key) => Self::Ed25519(key),
            Multikey::P256(point) => Self::P256(point),
            Multikey::P384(point) => Self::P384(point),
        }
    }
}
