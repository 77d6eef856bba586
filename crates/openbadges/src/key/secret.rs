//! Secret keys, which sign and never leave but as signatures.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use ed25519_dalek::Signer;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::curve::Curve;
use super::multikey::decode;
use super::{Algorithm, KeyError, PublicKey, jwk};

/// The multicodec prefixes of secret keys.
const ED25519: [u8; 2] = [0x80, 0x26];
const P256: [u8; 2] = [0x86, 0x26];
const P384: [u8; 2] = [0x87, 0x26];

/// A secret key. It is wiped from memory when it is dropped.
///
/// Its signatures are deterministic: the same key and message give the same bytes for ever
/// (RFC 8032 for Ed25519, RFC 6979 for ECDSA, PKCS #1 v1.5 for RSA).
pub struct SecretKey {
    public: PublicKey,
    secret: Secret,
}

enum Secret {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Rsa(RsaKeyPair),
}

impl SecretKey {
    /// Makes an Ed25519 key of its seed.
    pub fn ed25519(seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = PublicKey::Ed25519(key.verifying_key().to_bytes());
        Self { public, secret: Secret::Ed25519(key) }
    }

    /// Makes a P-256 key of its number, big-endian.
    ///
    /// # Errors
    /// When the number is zero or not below the order of the curve.
    pub fn p256(number: &[u8; 32]) -> Result<Self, KeyError> {
        let key = p256::ecdsa::SigningKey::from_slice(number).map_err(|_| KeyError::NotOnCurve)?;
        let public = Curve::P256.key(key.verifying_key().to_sec1_point(true).as_bytes())?;
        Ok(Self { public, secret: Secret::P256(key) })
    }

    /// Makes a P-384 key of its number, big-endian.
    ///
    /// # Errors
    /// When the number is zero or not below the order of the curve.
    pub fn p384(number: &[u8; 48]) -> Result<Self, KeyError> {
        let key = p384::ecdsa::SigningKey::from_slice(number).map_err(|_| KeyError::NotOnCurve)?;
        let public = Curve::P384.key(key.verifying_key().to_sec1_point(true).as_bytes())?;
        Ok(Self { public, secret: Secret::P384(key) })
    }

    /// Makes a P-521 key of its number, big-endian.
    ///
    /// # Errors
    /// When the number is zero or not below the order of the curve.
    pub fn p521(number: &[u8; 66]) -> Result<Self, KeyError> {
        let key = p521::ecdsa::SigningKey::from_slice(number).map_err(|_| KeyError::NotOnCurve)?;
        let public = Curve::P521.key(key.verifying_key().to_sec1_point(true).as_bytes())?;
        Ok(Self { public, secret: Secret::P521(key) })
    }

    /// Reads an RSA key out of its PKCS #8 form (DER).
    ///
    /// # Errors
    /// When it is malformed, inconsistent, or of another size than 2048 to 8192 bits.
    pub fn rsa_from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        Self::rsa(RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError::Rsa)?)
    }

    fn rsa(pair: RsaKeyPair) -> Result<Self, KeyError> {
        let numbers = pair.public_key();
        let n = numbers.modulus().big_endian_without_leading_zero().to_vec();
        let e = numbers.exponent().big_endian_without_leading_zero().to_vec();
        Ok(Self { public: jwk::rsa(n, e)?, secret: Secret::Rsa(pair) })
    }

    /// Reads a key out of a JSON Web Key that has its secret members.
    ///
    /// # Errors
    /// When it is malformed, of another kind, or its public members are of another key.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let members = jwk.as_object().ok_or(KeyError::Member("kty"))?;
        let public = jwk::public_part(members)?;
        let key = if let PublicKey::Rsa { n, e } = &public {
            rsa_pair(members, PublicKeyComponents { n, e }).and_then(Self::rsa)?
        } else {
            let number = Zeroizing::new(jwk::bytes(members, "d")?);
            Self::from_number(public.algorithm(), &number)?
        };
        if key.public != public {
            return Err(KeyError::Pair);
        }
        Ok(key)
    }

    /// Reads a secret key in Multikey form (Controlled Identifiers 1.0, 2.2.2): `z3u2…` and others.
    ///
    /// # Errors
    /// When it is malformed or of another kind than Ed25519, P-256 and P-384.
    pub fn from_multikey(text: &str) -> Result<Self, KeyError> {
        let (prefix, number) = decode(text)?;
        let number = Zeroizing::new(number);
        let algorithm = match prefix {
            ED25519 => Algorithm::EdDsa,
            P256 => Algorithm::Es256,
            P384 => Algorithm::Es384,
            _ => return Err(KeyError::Unsupported("a secret key of this kind".to_owned())),
        };
        Self::from_number(algorithm, &number)
    }

    fn from_number(algorithm: Algorithm, number: &[u8]) -> Result<Self, KeyError> {
        let length = |_| KeyError::Length;
        match algorithm {
            Algorithm::EdDsa => Ok(Self::ed25519(number.try_into().map_err(length)?)),
            Algorithm::Es256 => Self::p256(number.try_into().map_err(length)?),
            Algorithm::Es384 => Self::p384(number.try_into().map_err(length)?),
            Algorithm::Es512 => Self::p521(number.try_into().map_err(length)?),
            Algorithm::Rs256 => Err(KeyError::Member("d")),
        }
    }

    /// Gives the public part.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Tells with which algorithm the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// Signs a message, in the form that [`PublicKey::verify`] takes.
    ///
    /// # Errors
    /// When the arithmetic fails, which no message is known to bring about.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError::Signing;
        Ok(match &self.secret {
            Secret::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_bytes().to_vec()
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_bytes().to_vec()
            }
            Secret::P521(key) => {
                let signature: p521::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_bytes().to_vec()
            }
            Secret::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                // This padding takes no randomness; the argument is there for others that do.
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| KeyError::Signing)?;
                signature
            }
        })
    }
}

fn rsa_pair(
    members: &Map<String, Value>,
    public_key: PublicKeyComponents<&Vec<u8>>,
) -> Result<RsaKeyPair, KeyError> {
    let number = |name| jwk::bytes(members, name).map(Zeroizing::new);
    RsaKeyPair::from_components(&KeyPairComponents {
        public_key,
        d: number("d")?,
        p: number("p")?,
        q: number("q")?,
        dP: number("dp")?,
        dQ: number("dq")?,
        qInv: number("qi")?,
    })
    .map_err(|_| KeyError::Pair)
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::key::BadSignature;

    fn keys() -> Vec<SecretKey> {
        let rsa = serde_json::from_str(include_str!("../../tests/sample/rsa.json")).unwrap();
        let mut p521 = [7; 66];
        p521[0] = 0;
        vec![
            SecretKey::ed25519(&[7; 32]),
            SecretKey::p256(&[7; 32]).unwrap(),
            SecretKey::p384(&[7; 48]).unwrap(),
            SecretKey::p521(&p521).unwrap(),
            SecretKey::from_jwk(&rsa).unwrap(),
        ]
    }

    #[test]
    fn every_key_verifies_what_it_signed_and_nothing_else() {
        let keys = keys();
        for key in &keys {
            let signature = key.sign(b"a badge").unwrap();
            assert_eq!(key.sign(b"a badge").unwrap(), signature, "{key:?} signs deterministically");
            let public = key.public_key();
            assert_eq!(public.verify(key.algorithm(), b"a badge", &signature), Ok(()));
            assert_eq!(public.verify(key.algorithm(), b"A badge", &signature), Err(BadSignature));
            for length in [0, signature.len() - 1] {
                let cut = &signature[..length];
                assert_eq!(public.verify(key.algorithm(), b"a badge", cut), Err(BadSignature));
            }
            for bit in 0..signature.len() * 8 {
                let mut forged = signature.clone();
                forged[bit / 8] ^= 1 << (bit % 8);
                let verdict = public.verify(key.algorithm(), b"a badge", &forged);
                assert_eq!(verdict, Err(BadSignature), "{public:?} {bit}");
            }
            for other in keys.iter().filter(|other| other.algorithm() != key.algorithm()) {
                let verdict = public.verify(other.algorithm(), b"a badge", &signature);
                assert_eq!(verdict, Err(BadSignature));
                let verdict = other.public_key().verify(key.algorithm(), b"a badge", &signature);
                assert_eq!(verdict, Err(BadSignature));
            }
        }
    }

    #[test]
    fn public_parts_survive_being_written_and_read() {
        for key in keys() {
            let public = key.public_key();
            let jwk = serde_json::to_value(public.to_jwk()).unwrap();
            assert_eq!(PublicKey::from_jwk(&jwk).unwrap(), *public);
            if let Some(multikey) = public.multikey() {
                assert_eq!(multikey.to_string().parse(), Ok(multikey));
            }
        }
    }

    #[test]
    fn ecdsa_is_that_of_rfc_6979() {
        // A.2.5: P-256, SHA-256, "sample".
        let number = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
        let key = SecretKey::p256(&hex::decode(number).unwrap().try_into().unwrap()).unwrap();
        let expected = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
                        F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
        assert_eq!(hex::encode_upper(key.sign(b"sample").unwrap()), expected);
    }

    #[test]
    fn a_jwk_must_have_both_parts_of_one_key() {
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
        });
        assert!(SecretKey::from_jwk(&jwk).is_ok());
        let with = |name: &str, value: Value| {
            let mut jwk = jwk.clone();
            jwk[name] = value;
            SecretKey::from_jwk(&jwk).unwrap_err()
        };
        assert_eq!(with("d", json!("n".repeat(42) + "A")), KeyError::Pair);
        assert_eq!(with("d", json!("AA")), KeyError::Length);
        assert_eq!(with("d", Value::Null), KeyError::Member("d"));
        let mut rsa: Value =
            serde_json::from_str(include_str!("../../tests/sample/rsa.json")).unwrap();
        rsa["d"] = rsa["n"].clone();
        assert_eq!(SecretKey::from_jwk(&rsa).unwrap_err(), KeyError::Pair);
    }

    #[test]
    fn a_secret_does_not_show() {
        let shown = format!("{:?}", SecretKey::ed25519(&[0xab; 32]));
        assert!(!shown.contains("171, 171"), "{shown}");
    }
}
