//! Sign-in by external `OpenID` providers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use auth::{
    AuthError, ExternalError, ExternalIssuer, ExternalIssuers, JwksSource, JwksUnavailable, Tokens,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use kernel::Timestamp;
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.org";
const CLIENT: &str = "laurel";

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn at(millis: i64) -> Value {
    json!(now().plus_millis(millis).unix_seconds())
}

/// A provider whose answers a test decides.
#[derive(Default)]
struct Provider {
    answer: Mutex<Option<Vec<u8>>>,
    asked: AtomicUsize,
}

impl Provider {
    fn publishes(&self, keys: &Value) {
        *self.answer.lock().unwrap() = Some(keys.to_string().into_bytes());
    }

    fn is_down(&self) {
        *self.answer.lock().unwrap() = None;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl JwksSource for Provider {
    async fn jwks(&self, _: &ExternalIssuer) -> Result<Vec<u8>, JwksUnavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answer.lock().unwrap().clone().ok_or_else(|| JwksUnavailable("down".into()))
    }
}

fn keys(seed: u8, kid: &str) -> Value {
    let mut set = Tokens::from_seed(&[seed; 32], ISSUER).unwrap().jwks();
    set["keys"][0]["kid"] = json!(kid);
    set
}

fn header(kid: &str) -> Value {
    json!({"alg": "EdDSA", "typ": "JWT", "kid": kid})
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "u1", "exp": at(600_000), "iat": at(0),
        "nonce": "n1", "email": "Ada@Example.org", "email_verified": true, "name": "Ada",
    })
}

fn signed(header: &Value, claims: &Value, seed: u8) -> String {
    let start = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let key = EncodingKey::from_ed_der(&[&start[..], &[seed; 32]].concat());
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn set_up() -> (Arc<Provider>, ExternalIssuers) {
    let provider = Arc::new(Provider::default());
    provider.publishes(&keys(1, "k1"));
    let issuer = ExternalIssuer { issuer: ISSUER.into(), audience: CLIENT.into(), jwks_url: None };
    let issuers = ExternalIssuers::new(vec![issuer], Arc::clone(&provider) as _);
    (provider, issuers)
}

async fn refusal(header: &Value, claims: &Value) -> Option<AuthError> {
    let (_, issuers) = set_up();
    match issuers.verify(ISSUER, &signed(header, claims, 1), Some("n1"), now()).await {
        Ok(_) => None,
        Err(ExternalError::Token(error)) => Some(error),
        Err(error) => panic!("{error}"),
    }
}

fn with(mut value: Value, key: &str, new: Value) -> Value {
    value[key] = new;
    value
}

#[tokio::test]
async fn a_good_id_token_tells_who_signs_in() {
    let (_, issuers) = set_up();
    let token = signed(&header("k1"), &claims(), 1);
    let who = issuers.verify(ISSUER, &token, Some("n1"), now()).await.unwrap();
    assert_eq!((who.issuer.as_str(), who.subject.as_str()), (ISSUER, "u1"));
    assert_eq!(who.verified_email, Some("ada@example.org".parse().unwrap()));
    assert_eq!(who.name.as_deref(), Some("Ada"));
    for unverified in [json!(false), Value::Null] {
        let token = signed(&header("k1"), &with(claims(), "email_verified", unverified), 1);
        let who = issuers.verify(ISSUER, &token, Some("n1"), now()).await.unwrap();
        assert_eq!(who.verified_email, None);
    }
}

#[tokio::test]
async fn a_wrong_id_token_is_refused() {
    use AuthError::{BadSignature, ExpiredToken, MalformedToken, WrongParty, WrongTime};
    let (h, c) = (|| header("k1"), claims);
    for (name, header, claims, error) in [
        ("alg none", with(h(), "alg", json!("none")), c(), MalformedToken),
        ("alg HS256", with(h(), "alg", json!("HS256")), c(), MalformedToken),
        ("another algorithm than the key's", with(h(), "alg", json!("ES256")), c(), BadSignature),
        ("an access token", with(h(), "typ", json!("at+jwt")), c(), MalformedToken),
        ("crit", with(h(), "crit", json!(["b64"])), c(), MalformedToken),
        ("unknown key", with(h(), "kid", json!("k2")), c(), BadSignature),
        ("another issuer", h(), with(c(), "iss", json!("https://id.example.org/")), WrongParty),
        ("another audience", h(), with(c(), "aud", json!("other")), WrongParty),
        ("no audience", h(), with(c(), "aud", json!([])), WrongParty),
        ("many audiences, no party", h(), with(c(), "aud", json!([CLIENT, "other"])), WrongParty),
        ("another party", h(), with(c(), "azp", json!("other")), WrongParty),
        ("another nonce", h(), with(c(), "nonce", json!("n2")), WrongParty),
        ("no nonce", h(), with(c(), "nonce", Value::Null), WrongParty),
        ("no subject", h(), with(c(), "sub", json!("")), MalformedToken),
        ("expired", h(), with(c(), "exp", at(-60_000)), ExpiredToken),
        ("no end", h(), with(c(), "exp", Value::Null), MalformedToken),
        ("from the future", h(), with(c(), "iat", at(61_000)), WrongTime),
        ("not yet good", h(), with(c(), "nbf", at(61_000)), WrongTime),
    ] {
        assert_eq!(refusal(&header, &claims).await, Some(error), "{name}");
    }
    let party = with(with(c(), "aud", json!([CLIENT, "other"])), "azp", json!(CLIENT));
    assert_eq!(refusal(&h(), &party).await, None);
}

#[tokio::test]
async fn a_provider_that_nobody_configured_is_not_asked() {
    let (provider, issuers) = set_up();
    let token = signed(&header("k1"), &claims(), 1);
    let outcome = issuers.verify("https://evil.example.org", &token, None, now()).await;
    assert!(matches!(outcome, Err(ExternalError::UnknownIssuer)));
    assert_eq!(provider.asked(), 0);
}

#[tokio::test]
async fn a_storm_of_unknown_keys_asks_the_provider_once_in_half_a_minute() {
    let (provider, issuers) = set_up();
    for n in 0..1_000 {
        let token = signed(&header(&format!("x{n}")), &claims(), 1);
        assert!(issuers.verify(ISSUER, &token, Some("n1"), now().plus_millis(n)).await.is_err());
    }
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_old_one_outlives_a_short_failure() {
    let (provider, issuers) = set_up();
    let sign_in = async |kid: &str, seed: u8, later: i64| {
        let now = now().plus_millis(later);
        let times = with(claims(), "exp", json!(now.plus_millis(60_000).unix_seconds()));
        let token = signed(&header(kid), &times, seed);
        issuers.verify(ISSUER, &token, Some("n1"), now).await
    };
    assert!(sign_in("k1", 1, 0).await.is_ok());
    provider.publishes(&keys(2, "k2"));
    assert!(sign_in("k2", 2, 31_000).await.is_ok());
    provider.is_down();
    assert!(sign_in("k2", 2, 30 * 60_000).await.is_ok(), "older keys are used");
    let late = sign_in("k2", 2, 62 * 60_000).await;
    assert!(matches!(late, Err(ExternalError::Keys(_))), "but not for more than an hour");
    *provider.answer.lock().unwrap() = Some(b"<html>".to_vec());
    let late = sign_in("k2", 2, 63 * 60_000).await;
    assert!(matches!(late, Err(ExternalError::Keys(_))), "and no page is a key set");
}

#[tokio::test]
async fn secrets_and_weak_keys_of_a_set_are_left_out() {
    let (provider, issuers) = set_up();
    let secret = URL_SAFE_NO_PAD.encode([1; 32]);
    let weak = URL_SAFE_NO_PAD.encode([255; 128]);
    provider.publishes(&json!({"keys": [
        {"kty": "oct", "kid": "k1", "k": secret, "alg": "HS256"},
        {"kty": "RSA", "kid": "k1", "n": weak, "e": "AQAB"},
        {"kty": "OKP", "kid": "k1", "crv": "Ed25519", "x": "AA", "use": "enc"},
        "nonsense",
    ]}));
    let token = signed(&header("k1"), &claims(), 1);
    let outcome = issuers.verify(ISSUER, &token, Some("n1"), now()).await;
    assert!(matches!(outcome, Err(ExternalError::Token(AuthError::BadSignature))));
}

#[tokio::test]
async fn rsa_and_p256_keys_verify_by_their_own_algorithm_only() {
    let der = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    // Made for this test; they open nothing.
    let rsa = EncodingKey::from_rsa_der(&der(include_str!("keys/rsa2048.b64")));
    let p256 = EncodingKey::from_ec_der(&der(include_str!("keys/p256.b64")));
    for (key, algorithm, others) in [
        (rsa, Algorithm::RS256, &[Algorithm::RS384, Algorithm::PS256][..]),
        (p256, Algorithm::ES256, &[]),
    ] {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
        jwk["kid"] = json!("k1");
        let other_use = with(jwk.clone(), "alg", json!("RS512"));
        let token = |algorithm: Algorithm| {
            let header = Header { kid: Some("k1".into()), ..Header::new(algorithm) };
            jsonwebtoken::encode(&header, &claims(), &key).unwrap()
        };
        let verify = async |jwk: &Value, algorithm| {
            let (provider, issuers) = set_up();
            provider.publishes(&json!({"keys": [jwk]}));
            issuers.verify(ISSUER, &token(algorithm), Some("n1"), now()).await
        };
        assert!(verify(&jwk, algorithm).await.is_ok(), "{algorithm:?}");
        assert!(verify(&other_use, algorithm).await.is_err(), "{algorithm:?} key for another use");
        for other in others {
            assert!(verify(&jwk, *other).await.is_err(), "{other:?}");
        }
    }
}
