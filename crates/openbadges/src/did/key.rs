//! `did:key`: the identifier is the key.

use super::DidError;
use crate::key::Multikey;

/// Makes the `did:key` of a key.
pub fn did_key(key: &Multikey) -> String {
    format!("did:key:{key}")
}

/// Reads the key out of a `did:key`, with or without fragment.
///
/// # Errors
/// When the text is no `did:key`, its fragment names another key, or the key is of another kind
/// than Ed25519, P-256 and P-384.
pub fn resolve_did_key(id: &str) -> Result<Multikey, DidError> {
    let (did, fragment) = id.split_once('#').map_or((id, None), |(did, f)| (did, Some(f)));
    let text = did.strip_prefix("did:key:").ok_or(DidError::NotDidKey)?;
    if fragment.is_some_and(|fragment| fragment != text) {
        return Err(DidError::NotDidKey);
    }
    Ok(text.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyError, SecretKey};

    #[test]
    fn a_did_key_yields_its_key_and_no_other() {
        for key in [
            SecretKey::ed25519(&[7; 32]),
            SecretKey::p256(&[7; 32]).unwrap(),
            SecretKey::p384(&[7; 48]).unwrap(),
        ] {
            let key = key.public_key().multikey().unwrap();
            let did = did_key(&key);
            assert_eq!(resolve_did_key(&did).unwrap(), key);
            assert_eq!(resolve_did_key(&format!("{did}#{key}")).unwrap(), key);
            assert_eq!(resolve_did_key(&format!("{did}#z6Mkother")), Err(DidError::NotDidKey));
            assert_eq!(resolve_did_key(&format!("{did}#")), Err(DidError::NotDidKey));
        }
        assert_eq!(resolve_did_key("did:web:a.example"), Err(DidError::NotDidKey));
        let long = format!("did:key:z{}", "2".repeat(100_000));
        assert_eq!(resolve_did_key(&long), Err(KeyError::TooLong.into()));
    }
}
