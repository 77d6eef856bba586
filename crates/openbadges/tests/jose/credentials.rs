//! Credentials and presentations in tokens, in the three forms that are about.

use openbadges::SecretKey;
use openbadges::jose::{JoseError, Jws, UnsignedJws, credential_in_jwt, valid_at};
use serde_json::{Value, json};

use crate::world::{keys, token, verified};

const V1: &str = "https://www.w3.org/2018/credentials/v1";
const V2: &str = "https://www.w3.org/ns/credentials/v2";

fn key() -> SecretKey {
    SecretKey::ed25519(&[7; 32])
}

fn badge() -> Value {
    json!({
        "@context": [V2, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "https://a.example", "type": ["Profile"]},
        "validFrom": "2025-01-01T00:00:00Z",
        "validUntil": "2030-01-01T01:00:00+01:00",
        "credentialSubject": {"id": "did:example:earner", "type": ["AchievementSubject"]}
    })
}

fn presentation() -> Value {
    json!({
        "@context": [V2],
        "id": "urn:uuid:2",
        "type": "VerifiablePresentation",
        "holder": "did:example:earner"
    })
}

/// A badge as the data model 1.1 had it.
fn old_badge() -> Value {
    json!({
        "@context": [V1],
        "type": ["VerifiableCredential"],
        "credentialSubject": {"type": ["AchievementSubject"]}
    })
}

/// Reads what a token holds that has this header and payload.
fn content(header: &Value, payload: &Value) -> Result<Value, JoseError> {
    credential_in_jwt(&Jws::parse(&token(&key(), header, payload)).unwrap())
}

/// The payload of the Open Badges form, with one claim changed.
fn with_claim(name: &str, value: Value) -> Value {
    let unsigned = UnsignedJws::open_badge(&badge(), key().algorithm(), "k").unwrap();
    let jws = Jws::parse(&unsigned.sign(&key()).unwrap()).unwrap();
    let mut payload: Value = serde_json::from_slice(jws.payload()).unwrap();
    payload[name] = value;
    payload
}

#[test]
fn a_badge_goes_into_a_token_of_its_form_and_comes_out_as_it_was() {
    for key in keys() {
        let kid = "https://a.example/keys/1";
        let unsigned = UnsignedJws::open_badge(&badge(), key.algorithm(), kid).unwrap();
        let jws = verified(&unsigned.sign(&key).unwrap(), &key);
        let algorithm = key.algorithm().as_str();
        let header = json!({"alg": algorithm, "kid": kid, "typ": "JWT"});
        assert_eq!(Value::Object(jws.header().clone()), header);
        let payload: Value = serde_json::from_slice(jws.payload()).unwrap();
        assert_eq!(payload["iss"], "https://a.example");
        assert_eq!(payload["jti"], "urn:uuid:1");
        assert_eq!(payload["sub"], "did:example:earner");
        assert_eq!(payload["nbf"], 1_735_689_600);
        assert_eq!(payload["exp"], 1_893_456_000);
        assert_eq!(credential_in_jwt(&jws).unwrap(), badge());
    }
}

#[test]
fn a_badge_without_what_becomes_claims_is_not_put_into_a_token() {
    for (member, missing) in [
        ("id", "id"),
        ("issuer", "issuer"),
        ("validFrom", "validFrom"),
        ("credentialSubject", "credentialSubject.id"),
    ] {
        let mut badge = badge();
        badge.as_object_mut().unwrap().remove(member);
        let refused = UnsignedJws::open_badge(&badge, key().algorithm(), "k");
        assert_eq!(refused, Err(JoseError::Missing(missing)));
    }
    let mut badge = badge();
    badge["validFrom"] = json!("soon");
    let refused = UnsignedJws::open_badge(&badge, key().algorithm(), "k");
    assert!(matches!(refused, Err(JoseError::Timestamp(_))));
    let other = UnsignedJws::credential(&badge, openbadges::key::Algorithm::Es256, "k").unwrap();
    assert!(matches!(other.sign(&key()), Err(JoseError::WrongKey { .. })));
}

#[test]
fn credentials_and_presentations_are_enveloped_as_they_are() {
    for key in keys() {
        let unsigned = UnsignedJws::credential(&badge(), key.algorithm(), "k").unwrap();
        let jws = verified(&unsigned.sign(&key).unwrap(), &key);
        assert_eq!((&jws.header()["typ"], &jws.header()["cty"]), (&json!("vc+jwt"), &json!("vc")));
        assert_eq!(serde_json::from_slice::<Value>(jws.payload()).unwrap(), badge());
        assert_eq!(credential_in_jwt(&jws).unwrap(), badge());
        let unsigned = UnsignedJws::presentation(&presentation(), key.algorithm(), "k").unwrap();
        let jws = verified(&unsigned.sign(&key).unwrap(), &key);
        assert_eq!((&jws.header()["typ"], &jws.header()["cty"]), (&json!("vp+jwt"), &json!("vp")));
        assert_eq!(credential_in_jwt(&jws).unwrap(), presentation());
    }
    let with_claim = json!({"vc": {}});
    let refused = UnsignedJws::credential(&with_claim, key().algorithm(), "k");
    assert_eq!(refused, Err(JoseError::Placement));
}

#[test]
fn claims_that_contradict_the_badge_are_refused() {
    for (claim, value) in [
        ("iss", json!("https://b.example")),
        ("iss", json!(["https://a.example"])),
        ("jti", json!("urn:uuid:2")),
        ("sub", json!("did:example:other")),
        ("sub", json!(null)),
        ("nbf", json!(1_735_689_601)),
        ("nbf", json!("2025-01-01T00:00:00Z")),
        ("nbf", json!(1e300)),
        ("exp", json!(1_893_456_001)),
        ("exp", json!(-1_000_000_000_000_i64)),
    ] {
        let refused = content(&json!({"typ": "JWT"}), &with_claim(claim, value.clone()));
        assert_eq!(refused, Err(JoseError::Claim(claim)), "{claim} {value}");
    }
    let fraction = with_claim("nbf", json!(1_735_689_600.5));
    assert!(content(&json!({}), &fraction).is_ok());
    // Claims about what the badge does not say are about something else.
    for (member, claim) in [("validUntil", "exp"), ("id", "jti"), ("credentialSubject", "sub")] {
        let mut payload = with_claim("iat", json!(0));
        payload.as_object_mut().unwrap().remove(member);
        assert_eq!(content(&json!({}), &payload), Err(JoseError::Claim(claim)));
    }
    let header = json!({"iss": "https://b.example"});
    assert_eq!(content(&header, &badge()), Err(JoseError::Claim("iss")));
}

#[test]
fn the_period_of_an_enveloped_credential_is_its_own() {
    let mut payload = with_claim("nbf", json!(2_000_000_000));
    payload["exp"] = json!(2_000_000_100);
    let jws = Jws::parse(&token(&key(), &json!({"typ": "vc+jwt"}), &payload)).unwrap();
    assert_eq!(credential_in_jwt(&jws).unwrap(), badge());
    let at = |seconds| time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    assert_eq!(valid_at(&jws, at(1_999_999_999)), Err(JoseError::NotYet));
    assert_eq!(valid_at(&jws, at(2_000_000_000)), Ok(()));
    assert_eq!(valid_at(&jws, at(2_000_000_100)), Err(JoseError::Expired));
}

#[test]
fn a_token_holds_what_its_type_says() {
    for (typ, payload) in [("vp+jwt", badge()), ("vc+jwt", presentation())] {
        assert_eq!(content(&json!({"typ": typ}), &payload), Err(JoseError::OtherContent));
    }
    for typ in ["JWT", "jwt", "application/vc+jwt", "VC+JWT", "vc+ld+json+jwt", "vc-ld+jwt"] {
        assert_eq!(content(&json!({"typ": typ}), &badge()).unwrap(), badge(), "{typ}");
    }
    for typ in ["at+jwt", "bad+typ", "kb+jwt", "", "secevent+jwt", "vc+sd-jwt"] {
        assert_eq!(content(&json!({"typ": typ}), &badge()), Err(JoseError::Type("typ")));
    }
    assert_eq!(content(&json!({"typ": 1}), &badge()), Err(JoseError::HeaderMember("typ")));
    for (typ, cty) in [("vc+jwt", "vp"), ("vp+jwt", "vc"), ("vc+jwt", "bad+cty"), ("JWT", "JWT")] {
        let header = json!({"typ": typ, "cty": cty});
        assert_eq!(content(&header, &badge()), Err(JoseError::Type("cty")), "{typ} {cty}");
    }
    for payload in [json!([]), json!({}), json!({"type": "Profile"}), json!({"@context": V2})] {
        assert_eq!(content(&json!({}), &payload), Err(JoseError::OtherContent), "{payload}");
    }
    let mut both = badge();
    both["type"] = json!(["VerifiableCredential", "VerifiablePresentation"]);
    assert_eq!(content(&json!({}), &both), Err(JoseError::OtherContent));
}

#[test]
fn claims_complete_a_credential_of_the_data_model_1_1() {
    let payload = json!({
        "iss": "https://a.example",
        "jti": "urn:uuid:1",
        "sub": "did:example:earner",
        "nbf": 1_735_689_600,
        "exp": 1_893_456_000,
        "vc": old_badge()
    });
    let credential = content(&json!({"typ": "JWT"}), &payload).unwrap();
    assert_eq!(credential["issuer"], "https://a.example");
    assert_eq!(credential["id"], "urn:uuid:1");
    assert_eq!(credential["credentialSubject"]["id"], "did:example:earner");
    assert_eq!(credential["issuanceDate"], "2025-01-01T00:00:00Z");
    assert_eq!(credential["expirationDate"], "2030-01-01T00:00:00Z");

    let mut named = payload.clone();
    named["vc"]["issuer"] = json!({"name": "A"});
    let credential = content(&json!({}), &named).unwrap();
    assert_eq!(credential["issuer"], json!({"name": "A", "id": "https://a.example"}));

    for (claim, member, value) in [
        ("iss", "issuer", json!("https://b.example")),
        ("iss", "issuer", json!({"id": "https://b.example"})),
        ("jti", "id", json!("urn:uuid:2")),
        ("sub", "credentialSubject", json!({"id": "did:example:other"})),
        ("nbf", "issuanceDate", json!("2025-01-02T00:00:00Z")),
        ("exp", "expirationDate", json!("2025-01-02T00:00:00Z")),
    ] {
        let mut payload = payload.clone();
        payload["vc"][member] = value;
        assert_eq!(content(&json!({}), &payload), Err(JoseError::Claim(claim)), "{member}");
    }
    let presentation = json!({
        "iss": "did:example:earner",
        "vp": {"@context": [V1], "type": "VerifiablePresentation"}
    });
    assert_eq!(content(&json!({}), &presentation).unwrap()["holder"], "did:example:earner");
}

#[test]
fn the_place_of_the_credential_is_that_of_its_version() {
    let mut new_in_claim = old_badge();
    new_in_claim["@context"] = json!([V2]);
    let mut beside = badge();
    beside["vc"] = badge();
    let mut words = badge();
    words["vc"] = json!("oops");
    let presentation = json!({"@context": [V1], "type": "VerifiablePresentation"});
    for payload in [
        json!({"vc": new_in_claim}),
        beside,
        words,
        old_badge(),
        json!({"vc": old_badge(), "vp": presentation}),
        json!({"vc": old_badge(), "@context": V1}),
        json!({"vc": []}),
    ] {
        assert_eq!(content(&json!({}), &payload), Err(JoseError::Placement), "{payload}");
    }
    let typed = json!({"typ": "vc+jwt"});
    assert_eq!(content(&typed, &json!({"vc": old_badge()})), Err(JoseError::Placement));
}

#[test]
fn the_key_of_rfc_8037_signs_as_in_rfc_8037() {
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    });
    let key = SecretKey::from_jwk(&jwk).unwrap();
    let token = crate::world::raw(r#"{"alg":"EdDSA"}"#, "Example of Ed25519 signing", &key);
    assert_eq!(
        token,
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
         hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}
