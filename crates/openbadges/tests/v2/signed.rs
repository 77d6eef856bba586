//! Signed badges: with each algorithm, and the corpus of those that are not what they say.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openbadges::SecretKey;
use openbadges::v2::Outcome;
use openbadges::v2::{
    Class, CryptographicKey, Examination, Found, Presented, RevocationList, Revoked,
};
use serde_json::{Value, json};

use crate::world::{ASSERTION, BADGE, ISSUER, World, now, reason};

const ID: &str = "urn:uuid:a953081a-4bbd-4927-9653-7219bca00e3b";
const KEY: &str = "https://good.org/k/1";
const LIST: &str = "https://good.org/revoked.json";

fn rsa() -> SecretKey {
    let jwk = serde_json::from_str(include_str!("../sample/rsa.json")).unwrap();
    SecretKey::from_jwk(&jwk).unwrap()
}

fn jws(header: &Value, payload: &Value, key: &SecretKey) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(header), encoded(payload));
    let signature = key.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header(key: &SecretKey) -> Value {
    json!({"alg": key.algorithm().as_str()})
}

/// The world of an issuer with one key, and a signed assertion.
fn world(key: &SecretKey) -> (World, Value) {
    let mut world = World::good();
    let mut assertion = world.get(ASSERTION);
    world.0.remove(ASSERTION);
    assertion["id"] = json!(ID);
    assertion["verification"] = json!({"type": "signed", "creator": KEY});
    let document = CryptographicKey::new(KEY, ISSUER, key.public_key());
    world.put(KEY, &serde_json::to_value(document).unwrap());
    world.change(ISSUER, |issuer| issuer["publicKey"] = json!(KEY));
    (world, assertion)
}

fn examine(world: &World, assertion: &Value, key: &SecretKey) -> Examination {
    world.examine(Presented::Signed(&jws(&header(key), assertion, key)))
}

#[test]
fn a_badge_signed_with_each_kind_of_key_is_valid() {
    for key in [
        rsa(),
        SecretKey::p256(&[7; 32]).unwrap(),
        SecretKey::p384(&[7; 48]).unwrap(),
        SecretKey::ed25519(&[7; 32]),
    ] {
        let (mut world, mut assertion) = world(&key);
        let examination = examine(&world, &assertion, &key);
        assert!(examination.is_valid(), "{examination:#?}");
        // Without a name, each key of the issuer is tried.
        let other = CryptographicKey::new(
            "https://good.org/k/2",
            ISSUER,
            SecretKey::ed25519(&[8; 32]).public_key(),
        );
        world.put("https://good.org/k/2", &serde_json::to_value(other).unwrap());
        world.change(ISSUER, |issuer| issuer["publicKey"] = json!(["https://good.org/k/2", KEY]));
        assertion["verification"] = json!({"type": "SignedBadge"});
        let examination = examine(&world, &assertion, &key);
        assert!(examination.is_valid(), "{examination:#?}");
        // A profile may contain its key.
        world.change(ISSUER, |issuer| issuer["publicKey"] = json!([]));
        let contained = world.get(KEY);
        world.0.remove(KEY);
        world.change(ISSUER, |issuer| issuer["publicKey"] = contained);
        let examination = examine(&world, &assertion, &key);
        assert!(examination.is_valid(), "{examination:#?}");
    }
}

#[test]
fn a_tampered_badge_is_invalid() {
    let key = rsa();
    let (world, assertion) = world(&key);
    let honest = jws(&header(&key), &assertion, &key);
    let mut tampered = assertion.clone();
    tampered["issuedOn"] = json!("2024-01-01T00:00:00Z");
    let parts: Vec<&str> = honest.split('.').collect();
    let payload = URL_SAFE_NO_PAD.encode(tampered.to_string());
    let mut signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    signature[5] ^= 1;
    for forged in [
        format!("{}.{payload}.{}", parts[0], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(signature)),
    ] {
        let examination = world.examine(Presented::Signed(&forged));
        assert_eq!(reason(&examination.proof), "its signature does not match");
        assert!(!examination.is_valid());
    }
    for malformed in ["", "a.b", "a.b.c", &honest[..honest.len() / 2], &format!("{honest}.x")] {
        let examination = world.examine(Presented::Signed(malformed));
        assert!(matches!(examination.conformance, Outcome::Invalid(_)), "{malformed}");
        assert!(!examination.is_valid());
    }
}

#[test]
fn no_header_makes_another_key_or_none_count() {
    let (key, thief) = (rsa(), SecretKey::ed25519(&[9; 32]));
    let (world, assertion) = world(&key);
    let stolen = serde_json::to_value(thief.public_key().to_jwk()).unwrap();
    for header in [
        json!({"alg": "EdDSA", "jwk": stolen}),
        json!({"alg": "EdDSA", "kid": "https://evil.org/k/1"}),
        json!({"alg": "RS256"}),
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({}),
    ] {
        let examination = world.examine(Presented::Signed(&jws(&header, &assertion, &thief)));
        assert!(!examination.is_valid(), "{header}");
        assert_ne!(examination.proof, Outcome::Valid, "{header}");
    }
    let critical = json!({"alg": "RS256", "crit": ["b64"], "b64": false});
    let examination = world.examine(Presented::Signed(&jws(&critical, &assertion, &key)));
    assert!(!examination.is_valid());
}

#[test]
fn a_key_must_be_linked_both_ways() {
    let (key, thief) = (rsa(), SecretKey::ed25519(&[9; 32]));
    let (mut world, mut assertion) = world(&key);
    // The thief's key says that it is the issuer's; the issuer does not.
    let stolen = CryptographicKey::new("https://evil.org/k/1", ISSUER, thief.public_key());
    world.put("https://evil.org/k/1", &serde_json::to_value(stolen).unwrap());
    assertion["verification"]["creator"] = json!("https://evil.org/k/1");
    let examination = examine(&world, &assertion, &thief);
    assert!(reason(&examination.proof).contains("does not list"), "{examination:#?}");
    // Nor does it help to bring along a copy of the issuer that does.
    let mut issuer = world.get(ISSUER);
    issuer["publicKey"] = json!("https://evil.org/k/1");
    let mut badge = world.get(BADGE);
    badge["issuer"] = issuer;
    assertion["badge"] = badge;
    let examination = examine(&world, &assertion, &thief);
    assert!(matches!(examination.proof, Outcome::Invalid(_)), "{examination:#?}");

    // The issuer lists a key that says that it is somebody else's.
    let (mut world, assertion) = self::world(&key);
    world.change(KEY, |key| key["owner"] = json!("https://other.org/i"));
    let examination = examine(&world, &assertion, &key);
    assert!(reason(&examination.proof).contains("does not say"), "{examination:#?}");
    // The issuer lists no key at all.
    world.change(ISSUER, |issuer| issuer["publicKey"] = json!(null));
    assert!(matches!(examine(&world, &assertion, &key).proof, Outcome::Invalid(_)));
}

#[test]
fn a_key_that_cannot_be_had_or_used_leaves_it_open() {
    let key = rsa();
    let (mut world, assertion) = world(&key);
    world.change(KEY, |key| key["publicKeyPem"] = json!("-----BEGIN PUBLIC KEY-----"));
    let examination = examine(&world, &assertion, &key);
    assert!(matches!(examination.proof, Outcome::Undetermined(_)), "{examination:#?}");
    world.0.remove(KEY);
    let examination = examine(&world, &assertion, &key);
    assert!(matches!(examination.proof, Outcome::Undetermined(_)), "{examination:#?}");
    let offline = Examination::of(
        Presented::Signed(&jws(&header(&key), &assertion, &key)),
        &Found::default(),
        None,
        now(),
    );
    assert!(matches!(offline.proof, Outcome::Undetermined(_)), "{offline:#?}");
    assert_eq!(offline.needs[0].class, Class::BadgeClass);
}

#[test]
fn a_self_described_issuer_proves_nothing() {
    let key = rsa();
    let (mut world, mut assertion) = world(&key);
    let mut issuer = world.get(ISSUER);
    issuer["id"] = json!("urn:uuid:00000000-0000-4000-8000-000000000000");
    issuer["publicKey"] = world.get(KEY);
    let mut badge = world.get(BADGE);
    badge["id"] = json!("urn:uuid:00000000-0000-4000-8000-000000000001");
    badge["issuer"] = issuer;
    assertion["badge"] = badge;
    world.0.clear();
    let examination = examine(&world, &assertion, &key);
    assert!(matches!(examination.proof, Outcome::Invalid(_)), "{examination:#?}");
}

#[test]
fn a_revocation_list_revokes() {
    let key = rsa();
    let (mut world, assertion) = world(&key);
    world.change(ISSUER, |issuer| issuer["revocationList"] = json!(LIST));
    let examination = examine(&world, &assertion, &key);
    assert!(matches!(examination.status, Outcome::Undetermined(_)), "{examination:#?}");
    let entry = |id: &str, reason: Option<&str>| Revoked {
        id: id.to_owned(),
        revocation_reason: reason.map(str::to_owned),
    };
    let other = || entry("urn:uuid:00000000-0000-4000-8000-000000000000", None);
    let list = |entries| serde_json::to_value(RevocationList::new(LIST, ISSUER, entries)).unwrap();
    world.put(LIST, &list(vec![other(), other()]));
    assert!(examine(&world, &assertion, &key).is_valid());
    world.put(LIST, &list(vec![other(), entry(ID, Some("in error"))]));
    let revoked = Outcome::Invalid("it was revoked: in error".to_owned());
    assert_eq!(examine(&world, &assertion, &key).status, revoked);
    // The reference validator reads such a list by its letters, and sees nothing.
    world.change(LIST, |list| list["revokedAssertions"] = json!([ID]));
    assert!(matches!(examine(&world, &assertion, &key).status, Outcome::Invalid(_)));
    world.change(LIST, |list| list["revokedAssertions"] = json!({"uid": "7"}));
    let mut with_uid = assertion.clone();
    with_uid["uid"] = json!("7");
    assert!(matches!(examine(&world, &with_uid, &key).status, Outcome::Invalid(_)));
    assert!(examine(&world, &assertion, &key).is_valid());
    // A list that is none does not acquit.
    for none in [json!({"type": "Issuer"}), json!({"@context": []}), json!([])] {
        world.put(LIST, &none);
        let examination = examine(&world, &assertion, &key);
        assert!(matches!(examination.status, Outcome::Undetermined(_)), "{none}");
    }
}

#[test]
fn a_hosted_badge_within_a_signature_is_looked_up_all_the_same() {
    let key = rsa();
    let (world, mut assertion) = world(&key);
    assertion["id"] = json!(ASSERTION);
    assertion["verification"] = json!({"type": "hosted"});
    let examination = examine(&world, &assertion, &key);
    assert!(matches!(examination.proof, Outcome::Undetermined(_)), "{examination:#?}");
    let hosted = World::good();
    assert!(examine(&hosted, &assertion, &key).is_valid());
}
