//! Keys that issuers publish for their tokens.

use openbadges::SecretKey;
use openbadges::jose::{JoseError, jwk_in_document, key_in_document};
use openbadges::key::KeyError;
use serde_json::{Value, json};

use crate::world::rsa;

fn jwk(key: &SecretKey, kid: Option<&str>) -> Value {
    let mut jwk = serde_json::to_value(key.public_key().to_jwk()).unwrap();
    if let Some(kid) = kid {
        jwk["kid"] = json!(kid);
    }
    jwk
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

#[test]
fn a_key_is_found_by_its_name_or_its_thumbprint() {
    let (one, other) = (SecretKey::ed25519(&[1; 32]), rsa());
    let set = bytes(&json!({"keys": [jwk(&one, Some("a")), jwk(&other, None)]}));
    assert_eq!(key_in_document(&set, Some("a")).unwrap(), *one.public_key());
    let thumbprint = other.public_key().to_jwk().thumbprint();
    assert_eq!(key_in_document(&set, Some(&thumbprint)).unwrap(), *other.public_key());
    let uri = format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{thumbprint}");
    assert_eq!(key_in_document(&set, Some(&uri)).unwrap(), *other.public_key());
    assert_eq!(key_in_document(&set, Some("b")), Err(JoseError::NotPublished));
    assert_eq!(key_in_document(&set, None), Err(JoseError::NotPublished));
}

#[test]
fn the_only_key_and_a_lone_key_need_no_name() {
    let key = SecretKey::ed25519(&[1; 32]);
    let set = bytes(&json!({"keys": [jwk(&key, Some("a"))]}));
    assert_eq!(key_in_document(&set, None).unwrap(), *key.public_key());
    let lone = bytes(&jwk(&key, Some("a")));
    for name in [None, Some("a"), Some("https://a.example/keys/1")] {
        assert_eq!(key_in_document(&lone, name).unwrap(), *key.public_key());
    }
}

#[test]
fn a_shared_set_tells_whose_a_key_is() {
    let mut jwk = jwk(&rsa(), Some("a"));
    jwk["iss"] = json!("https://host.example/issuers/1");
    let found = jwk_in_document(&bytes(&json!({"keys": [jwk]})), Some("a")).unwrap();
    assert_eq!(found.issuer.as_deref(), Some("https://host.example/issuers/1"));
}

#[test]
fn sets_that_leave_a_choice_are_refused() {
    let (one, other) = (SecretKey::ed25519(&[1; 32]), SecretKey::ed25519(&[2; 32]));
    let same = bytes(&json!({"keys": [jwk(&one, Some("a")), jwk(&other, Some("a"))]}));
    assert_eq!(key_in_document(&same, Some("a")), Err(JoseError::NotPublished));
    let many = bytes(&json!({"keys": vec![jwk(&one, Some("a")); 10_000]}));
    let refused = key_in_document(&many, Some("a"));
    assert!(matches!(refused, Err(JoseError::Keys(_) | JoseError::TooManyKeys(_))), "{refused:?}");
    let many = bytes(&json!({"keys": vec![json!({}); 10_000]}));
    assert_eq!(key_in_document(&many, Some("a")), Err(JoseError::TooManyKeys(256)));
    let mut secret = jwk(&one, Some("a"));
    secret["d"] = json!("AA");
    let secret = bytes(&json!({"keys": [secret]}));
    let refused = JoseError::PublishedKey(KeyError::Secret);
    assert_eq!(key_in_document(&secret, Some("a")), Err(refused));
    for text in ["", "[]x", "{\"keys\":[],\"keys\":[]}"] {
        assert!(matches!(key_in_document(text.as_bytes(), None), Err(JoseError::Keys(_))));
    }
    for text in ["[]", "{}", "{\"keys\":7}", "{\"keys\":[]}"] {
        assert_eq!(key_in_document(text.as_bytes(), None), Err(JoseError::NotPublished), "{text}");
    }
}
