//! Keys, and tokens that say whatever a test wants them to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openbadges::SecretKey;
use openbadges::jose::Jws;
use serde_json::{Value, json};

/// One key of each kind.
pub fn keys() -> [SecretKey; 5] {
    let mut number = [7; 66];
    number[0] = 0;
    [
        SecretKey::ed25519(&[7; 32]),
        SecretKey::p256(&[7; 32]).unwrap(),
        SecretKey::p384(&[7; 48]).unwrap(),
        SecretKey::p521(&number).unwrap(),
        rsa(),
    ]
}

pub fn rsa() -> SecretKey {
    let jwk = serde_json::from_str(include_str!("../sample/rsa.json")).unwrap();
    SecretKey::from_jwk(&jwk).unwrap()
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Signs whatever header and payload.
pub fn raw(header: &str, payload: &str, key: &SecretKey) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", encode(signature))
}

/// Signs a payload under a header with the right algorithm and some more members, or others.
pub fn token(key: &SecretKey, more: &Value, payload: &Value) -> String {
    let mut header = json!({"alg": key.algorithm().as_str()});
    for (name, value) in more.as_object().unwrap() {
        header[name] = value.clone();
    }
    raw(&header.to_string(), &payload.to_string(), key)
}

/// Reads and verifies a token.
pub fn verified(token: &str, key: &SecretKey) -> Jws {
    let jws = Jws::parse(token).unwrap();
    jws.verify(key.public_key()).unwrap();
    jws
}
