//! `did:jwk`: the identifier is a JSON Web Key in base64url.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::DidError;
use crate::json;
use crate::key::{Jwk, PublicKey};

/// How many characters the encoded key may have; an RSA key of 8192 bits has about 1900.
const MAX_TEXT: usize = 4096;

/// Makes the `did:jwk` of a key. Others may write the same key in other ways.
pub fn did_jwk(key: &PublicKey) -> String {
    // A public key always becomes JSON: its members are texts.
    let json = serde_json::to_vec(&key.to_jwk()).unwrap_or_default();
    format!("did:jwk:{}", URL_SAFE_NO_PAD.encode(json))
}

/// Reads the key out of a `did:jwk`, without fragment or with the only one that there is, `#0`.
///
/// # Errors
/// When the text is no `did:jwk`, or its key cannot be used for signatures.
pub fn resolve_did_jwk(id: &str) -> Result<PublicKey, DidError> {
    let encoded = id.strip_prefix("did:jwk:").ok_or(DidError::NotDidJwk)?;
    let encoded = match encoded.split_once('#') {
        None => encoded,
        Some((encoded, "0")) => encoded,
        Some(_) => return Err(DidError::NotDidJwk),
    };
    if encoded.len() > MAX_TEXT {
        return Err(DidError::NotDidJwk);
    }
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| DidError::NotDidJwk)?;
    Ok(Jwk::parse(&json::parse(&bytes, MAX_TEXT)?)?.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyError, SecretKey};

    #[test]
    fn a_did_jwk_yields_its_key() {
        for key in [SecretKey::ed25519(&[7; 32]), SecretKey::p256(&[7; 32]).unwrap()] {
            let key = key.public_key();
            let did = did_jwk(key);
            assert_eq!(resolve_did_jwk(&did).unwrap(), *key);
            assert_eq!(resolve_did_jwk(&format!("{did}#0")).unwrap(), *key);
            assert_eq!(resolve_did_jwk(&format!("{did}#1")), Err(DidError::NotDidJwk));
            assert_eq!(resolve_did_jwk(&format!("{did}=")), Err(DidError::NotDidJwk));
        }
    }

    #[test]
    fn secrets_and_other_texts_are_refused() {
        let did = |json: &str| format!("did:jwk:{}", URL_SAFE_NO_PAD.encode(json));
        let secret = did(r#"{"kty":"OKP","crv":"Ed25519","x":"","d":""}"#);
        assert_eq!(resolve_did_jwk(&secret), Err(KeyError::Secret.into()));
        let twice = did(r#"{"kty":"OKP","kty":"EC"}"#);
        assert!(matches!(resolve_did_jwk(&twice), Err(DidError::Json(_))));
        let long = format!("did:jwk:{}", "A".repeat(100_000));
        assert_eq!(resolve_did_jwk(&long), Err(DidError::NotDidJwk));
        assert!(resolve_did_jwk("did:jwk:").is_err());
    }
}
