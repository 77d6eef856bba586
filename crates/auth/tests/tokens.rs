//! What a token must be: every way in which one can be wrong is refused, here by name.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use auth::{
    AuthError, Claims, Grant, Kind, Permission, Principal, Revocations, Role, Scope, SignInClaims,
    Tokens, UploadClaims, Verifier,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use kernel::{OrganizationId, TenantId, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

const ISSUER: &str = "https://badges.example.org";
const SEED: [u8; 32] = [7; 32];

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn principal() -> Principal {
    Principal {
        subject: "member_00000000000000000000000001".to_owned(),
        kind: Kind::Member,
        organization: Some(OrganizationId::derived([1; 16])),
        tenant: TenantId::derived([2; 16]),
        grants: vec![
            Grant { role: Role::Awarder, scope: Scope::Tenant },
            Grant { role: Role::Designer, scope: Scope::Issuer("issuer_1".to_owned()) },
        ],
        issued_at: now().plus_millis(-1234),
        expires_at: now().plus_millis(3_600_000),
        token_id: Uuid::from_u128(7),
    }
}

fn tokens() -> Tokens {
    Tokens::from_seed(&SEED, ISSUER).unwrap()
}

fn verifier() -> Verifier {
    tokens().verifier(Arc::new(Revocations::new()))
}

/// A private key in PKCS #8.
fn private(seed: [u8; 32]) -> EncodingKey {
    let start = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    EncodingKey::from_ed_der(&[&start[..], &seed[..]].concat())
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": tokens().jwks()["keys"][0]["kid"]})
}

fn claims() -> Value {
    let token = tokens().access(&principal());
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A token with these parts, rightly signed.
fn signed(header: &Value, claims: &Value) -> String {
    signed_text(&header.to_string(), &claims.to_string(), SEED)
}

fn signed_text(header: &str, claims: &str, seed: [u8; 32]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &private(seed), Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn with(mut value: Value, key: &str, new: Value) -> Value {
    value[key] = new;
    value
}

fn without(mut value: Value, key: &str) -> Value {
    value.as_object_mut().unwrap().remove(key);
    value
}

fn outcome(token: &str) -> Result<Arc<Principal>, AuthError> {
    verifier().access(token, now())
}

#[test]
fn a_good_token_says_what_its_principal_says() {
    let token = tokens().access(&principal());
    assert_eq!(outcome(&token).as_deref(), Ok(&principal()));
    assert_eq!(outcome(&signed(&header(), &claims())).as_deref(), Ok(&principal()));
    let session = tokens().session(&principal());
    assert_eq!(verifier().session(&session, now()).as_deref(), Ok(&principal()));
}

#[test]
fn a_token_with_a_wrong_header_is_refused() {
    use AuthError::{BadSignature, MalformedToken, WrongKind};
    let h = header;
    for (name, header, error) in [
        ("no algorithm", without(h(), "alg"), MalformedToken),
        ("alg none", with(h(), "alg", json!("none")), MalformedToken),
        ("alg None", with(h(), "alg", json!("None")), MalformedToken),
        ("alg nOnE", with(h(), "alg", json!("nOnE")), MalformedToken),
        ("alg HS256", with(h(), "alg", json!("HS256")), MalformedToken),
        ("alg RS256", with(h(), "alg", json!("RS256")), MalformedToken),
        ("alg ES256", with(h(), "alg", json!("ES256")), MalformedToken),
        ("alg is a number", with(h(), "alg", json!(1)), MalformedToken),
        ("no typ", without(h(), "typ"), MalformedToken),
        ("typ JWT", with(h(), "typ", json!("JWT")), WrongKind),
        ("typ of a session", with(h(), "typ", json!("laurel-session+jwt")), WrongKind),
        ("typ in another case", with(h(), "typ", json!("AT+JWT")), WrongKind),
        ("no kid", without(h(), "kid"), MalformedToken),
        ("unknown kid", with(h(), "kid", json!("another")), BadSignature),
        ("empty kid", with(h(), "kid", json!("")), BadSignature),
        ("kid as a path", with(h(), "kid", json!("../../etc/passwd")), BadSignature),
        ("kid as SQL", with(h(), "kid", json!("' OR 1=1 --")), BadSignature),
        ("crit", with(h(), "crit", json!(["exp"])), MalformedToken),
        ("unencoded payload", with(h(), "b64", json!(false)), MalformedToken),
        ("jku", with(h(), "jku", json!("https://evil.example.org/jwks")), MalformedToken),
        ("x5u", with(h(), "x5u", json!("https://evil.example.org/x5u")), MalformedToken),
        ("x5c", with(h(), "x5c", json!(["MIIB"])), MalformedToken),
        ("jwk", with(h(), "jwk", tokens().jwks()["keys"][0].clone()), MalformedToken),
        ("compressed", with(h(), "zip", json!("DEF")), MalformedToken),
        ("nested", with(h(), "cty", json!("JWT")), MalformedToken),
        ("a list", json!([]), MalformedToken),
    ] {
        assert_eq!(outcome(&signed(&header, &claims())), Err(error), "{name}");
    }
}

#[test]
fn a_token_with_wrong_claims_is_refused() {
    use AuthError::{ExpiredToken, MalformedToken, WrongParty, WrongTime};
    let at = |millis: i64| json!(now().plus_millis(millis).unix_seconds());
    let c = claims;
    for (name, claims, error) in [
        ("no issuer", without(c(), "iss"), MalformedToken),
        ("another issuer", with(c(), "iss", json!("https://evil.example.org")), WrongParty),
        ("a longer issuer", with(c(), "iss", json!(format!("{ISSUER}.evil.org"))), WrongParty),
        ("no audience", without(c(), "aud"), MalformedToken),
        ("another audience", with(c(), "aud", json!("https://test.example.org")), WrongParty),
        ("many audiences", with(c(), "aud", json!([ISSUER, "x"])), MalformedToken),
        ("no subject", without(c(), "sub"), MalformedToken),
        ("empty subject", with(c(), "sub", json!("")), MalformedToken),
        ("endless subject", with(c(), "sub", json!("m".repeat(201))), MalformedToken),
        ("no end", without(c(), "exp"), MalformedToken),
        ("expired", with(c(), "exp", at(0)), ExpiredToken),
        ("an end before the beginning", with(c(), "exp", at(-2000)), WrongTime),
        ("an end in text", with(c(), "exp", json!("4102444800")), MalformedToken),
        ("an end beyond time", with(c(), "exp", json!(1e300)), MalformedToken),
        ("a negative end", with(c(), "exp", json!(-1)), MalformedToken),
        ("too long a life", with(c(), "exp", at(25 * 3_600_000)), WrongTime),
        ("no nbf", without(c(), "nbf"), MalformedToken),
        ("not yet good", with(c(), "nbf", at(31_000)), WrongTime),
        ("no iat", without(c(), "iat"), MalformedToken),
        ("issued in the future", with(c(), "iat", at(31_000)), WrongTime),
        ("no id", without(c(), "jti"), MalformedToken),
        ("no tenant", without(c(), "tenant"), MalformedToken),
        ("a tenant of another form", with(c(), "tenant", json!("org_1")), MalformedToken),
        ("no kind", without(c(), "kind"), MalformedToken),
        ("an unknown kind", with(c(), "kind", json!("root")), MalformedToken),
        (
            "an unknown role",
            with(c(), "grants", json!([{"role": "god", "scope": "tenant"}])),
            MalformedToken,
        ),
        ("a list", json!([]), MalformedToken),
    ] {
        assert_eq!(outcome(&signed(&header(), &claims)), Err(error), "{name}");
    }
    let doubled = c().to_string().replacen('{', "{\"sub\":\"operator\",", 1);
    let doubled = signed_text(&header().to_string(), &doubled, SEED);
    assert_eq!(outcome(&doubled), Err(MalformedToken), "a claim twice");
    let doubled = header().to_string().replacen('{', "{\"alg\":\"none\",", 1);
    let doubled = signed_text(&doubled, &c().to_string(), SEED);
    assert_eq!(outcome(&doubled), Err(MalformedToken), "a header member twice");
}

#[test]
fn clocks_may_be_half_a_minute_apart() {
    let at = |millis: i64| json!(now().plus_millis(millis).unix_seconds());
    let early = with(with(claims(), "nbf", at(29_000)), "iat", at(29_000));
    assert!(outcome(&signed(&header(), &early)).is_ok());
}

#[test]
fn a_token_that_was_altered_or_signed_by_another_is_refused() {
    use AuthError::{BadSignature, MalformedToken, MissingToken};
    let good = tokens().access(&principal());
    let parts: Vec<&str> = good.split('.').collect();
    let raised = with(claims(), "grants", json!([{"role": "owner", "scope": "organization"}]));
    let raised = URL_SAFE_NO_PAD.encode(raised.to_string());
    let public = URL_SAFE_NO_PAD.decode(tokens().jwks()["keys"][0]["x"].as_str().unwrap()).unwrap();
    let confused = {
        let header = URL_SAFE_NO_PAD.encode(with(header(), "alg", json!("HS256")).to_string());
        let message = format!("{header}.{}", parts[1]);
        let key = EncodingKey::from_secret(&public);
        let mac = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{mac}")
    };
    for (name, token, error) in [
        ("nothing", String::new(), MissingToken),
        ("a word", "token".to_owned(), MalformedToken),
        ("two parts", format!("{}.{}", parts[0], parts[1]), MalformedToken),
        ("four parts", format!("{good}.x"), MalformedToken),
        ("five parts, as encrypted", format!("{good}.x.y"), MalformedToken),
        ("no signature", format!("{}.{}.", parts[0], parts[1]), MalformedToken),
        ("half a signature", good[..good.len() - 40].to_owned(), BadSignature),
        ("trailing bytes", format!("{good}AAAA"), BadSignature),
        ("a space before", format!(" {good}"), MalformedToken),
        ("a line end after", format!("{good}\n"), BadSignature),
        ("padding", format!("{good}=="), BadSignature),
        ("more rights", format!("{}.{raised}.{}", parts[0], parts[2]), BadSignature),
        ("the public key as a secret", confused, MalformedToken),
        (
            "another key",
            signed_text(&header().to_string(), &claims().to_string(), [8; 32]),
            BadSignature,
        ),
        (
            "a signature of zeros",
            format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
            BadSignature,
        ),
        ("too long", format!("{}.{}", "A".repeat(8 * 1024), good), MalformedToken),
        ("far too long", "A".repeat(100_000), MalformedToken),
        ("no JSON", signed_text("x", "y", SEED), MalformedToken),
    ] {
        assert_eq!(outcome(&token), Err(error), "{name}");
    }
}

#[test]
fn a_token_is_good_for_its_own_use_only() {
    let (tokens, verifier) = (tokens(), verifier());
    let access = tokens.access(&principal());
    let session = tokens.session(&principal());
    let sign_in = SignInClaims {
        kind: Kind::Member,
        organization: None,
        tenant: TenantId::PLATFORM,
        return_to: None,
    };
    let times = (now(), now().plus_millis(60_000));
    let link = tokens.issue("member_1", &sign_in, times, Uuid::nil());
    let wrong = Some(AuthError::WrongKind);
    assert_eq!(verifier.access(&session, now()).err(), wrong);
    assert_eq!(verifier.access(&link, now()).err(), wrong);
    assert_eq!(verifier.session(&access, now()).err(), wrong);
    assert_eq!(verifier.verify::<UploadClaims>(&link, now()).err(), wrong);
    assert_eq!(verifier.verify::<SignInClaims>(&access, now()).err(), wrong);
    let read = verifier.verify::<SignInClaims>(&link, now()).unwrap();
    assert_eq!((read.subject.as_str(), read.claims), ("member_1", sign_in));
    // Once verified, it is remembered; and still no other kind.
    assert!(verifier.access(&access, now()).is_ok());
    assert_eq!(verifier.session(&access, now()).err(), wrong);
}

#[test]
fn a_remembered_token_expires_and_is_revoked_all_the_same() {
    let revocations = Arc::new(Revocations::new());
    let verifier = tokens().verifier(Arc::clone(&revocations));
    let token = tokens().access(&principal());
    assert!(verifier.access(&token, now()).is_ok());
    let late = principal().expires_at;
    assert!(verifier.access(&token, late.plus_millis(-1)).is_ok());
    assert_eq!(verifier.access(&token, late).err(), Some(AuthError::ExpiredToken));
    assert!(verifier.access(&token, now()).is_ok());
    revocations.refuse(&principal().subject, principal().issued_at);
    assert!(verifier.access(&token, now()).is_ok(), "issued at that very moment");
    revocations.refuse(&principal().subject, now());
    assert_eq!(verifier.access(&token, now()).err(), Some(AuthError::RevokedToken));
    let newer = Principal { issued_at: now(), ..principal() };
    assert!(verifier.access(&tokens().access(&newer), now()).is_ok());
}

#[test]
fn no_token_outlives_its_kind() {
    let principal = Principal { expires_at: now().plus_millis(i64::MAX / 2), ..principal() };
    let read = outcome(&tokens().access(&principal)).unwrap();
    let life = read.expires_at.unix_millis() - read.issued_at.unix_millis();
    assert_eq!(life, auth::AccessClaims::LONGEST * 1000);
}

#[test]
fn a_role_of_the_system_acts_in_one_tenant_for_five_minutes() {
    let token = tokens().service("awarding", TenantId::derived([2; 16]), now());
    let service = outcome(&token).unwrap();
    assert_eq!(service.kind, Kind::Service);
    assert_eq!(service.actor().as_str(), "system:awarding");
    assert!(service.require(Permission::AwardBadges).is_ok());
    assert!(service.require(Permission::ManageOrganization).is_err());
    let late = now().plus_millis(5 * 60_000);
    assert_eq!(verifier().access(&token, late), Err(AuthError::ExpiredToken));
}

#[test]
fn the_published_key_verifies_and_tells_nothing_private() {
    let jwks = tokens().jwks();
    let text = jwks.to_string();
    assert!(!text.contains("\"d\"") && !text.contains(&URL_SAFE_NO_PAD.encode(SEED)));
    let verifier = Verifier::of_jwks(&jwks, ISSUER, Arc::default());
    assert!(verifier.access(&tokens().access(&principal()), now()).is_ok());
}

proptest! {
    #[test]
    fn no_text_panics_or_passes(text in "\\PC{0,200}", a in 0..2_000_usize, bit in 0..7_u8) {
        prop_assert!(outcome(&text).is_err());
        let mut bytes = tokens().access(&principal()).into_bytes();
        let place = a % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(altered) = String::from_utf8(bytes) {
            prop_assert!(outcome(&altered).is_err(), "{}", altered);
        }
    }
}
