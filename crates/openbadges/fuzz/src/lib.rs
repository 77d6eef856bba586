//! What strangers' bytes go through, one function for each kind of bytes.
//!
//! A fuzz target calls one of them; the test `fuzz_corpus` calls them with what fuzzing has found.
//! To add one: a function here, a file in `fuzz_targets/`, its entry in `Cargo.toml`, seeds in
//! `corpus/` and a test. None may panic, whatever the bytes. Where a law holds, it is asserted.

use std::sync::{Arc, LazyLock};

use jsonld::{Budget, Contexts, Processor, canonicalize, parse_nquads};
use openbadges::baking::{self, BakedCredential, Content, Keyword, bake_png, bake_svg};
use openbadges::data_integrity::{canonical_json, verify_proofs};
use openbadges::did::{document_url, key_set_url, resolve_did_jwk, resolve_offline};
use openbadges::jose::{Jws, credential_in_jwt, key_in_document, valid_at};
use openbadges::status::{self, Entry, RevocationList, StatusSize};
use openbadges::verify::{Document, Options, Unreachable, Verifier};
use openbadges::{
    Multikey, PublicKey, Purpose, SecretKey, StatusList, VerificationMethod, did_web_to_url, json,
    parse_timestamp, resolve_did_key, v2, vcdm,
};
use serde_json::Value;

const MOST: usize = 1 << 20;

static PROCESSOR: LazyLock<Arc<Processor>> =
    LazyLock::new(|| Arc::new(Processor::new(Contexts::bundled())));

/// The whole verdict, in a world where what was handed over is also at every other address.
fn judge(bytes: &[u8]) {
    let found = |url: &str| match url.len() % 2 {
        0 => Ok(Document::new(bytes)),
        _ => Err(Unreachable::Gone(Vec::new())),
    };
    let now = parse_timestamp("2026-06-01T00:00:00Z").expect("it is a timestamp");
    let verifier = Verifier::new(PROCESSOR.clone());
    let report = verifier.verify_with(bytes, found, &Options::default(), now);
    serde_json::to_string(&report).expect("a report is json");
}

/// The key of an identifier that is its own document.
fn offline(id: &str) -> Result<PublicKey, String> {
    match resolve_offline(id) {
        Some(Ok(method)) => Ok(method.key),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("it is not offline".to_owned()),
    }
}

/// A credential or presentation of any version, as JSON.
///
/// # Panics
/// When a canonical text is not its own canonical text.
pub fn credential_json(bytes: &[u8]) {
    judge(bytes);
    let Ok(document) = json::parse(bytes, MOST) else { return };
    let _ = vcdm::credential_faults(&document);
    let _ = vcdm::presentation_faults(&document);
    let _ = vcdm::issuing_faults(&document);
    let _ = v2::faults(&document);
    let _ = canonical_json(&document);
    for purpose in [Purpose::Assertion, Purpose::Authentication] {
        let _ = verify_proofs(&PROCESSOR, &document, purpose, offline);
    }
    let Ok(dataset) = PROCESSOR.to_quads_without("proof", &document) else { return };
    let Ok(text) = canonicalize(&dataset, Budget::default()) else { return };
    let (again, _) = parse_nquads(&text).expect("canonical n-quads are n-quads");
    if let Ok(again) = canonicalize(&again, Budget::default()) {
        assert_eq!(again, text, "canonical text changes when it is canonicalised");
    }
}

/// A DID document or controlled identifier document, or the identifier alone.
pub fn did_document(bytes: &[u8]) {
    if let Ok(id) = str::from_utf8(bytes) {
        let _ = did_web_to_url(id);
        let _ = document_url(id);
        let _ = key_set_url(id);
        let _ = resolve_did_jwk(id);
        let _ = resolve_offline(id);
    }
    let Ok(document) = json::parse(bytes, MOST) else { return };
    let methods = document.get("verificationMethod").and_then(Value::as_array);
    let ids = methods.into_iter().flatten().filter_map(|method| method.get("id")?.as_str());
    for id in ids.take(4) {
        let _ = VerificationMethod::from_document(bytes, id, Purpose::Assertion);
        let _ = VerificationMethod::from_document(bytes, id, Purpose::Authentication);
        let _ = key_in_document(bytes, Some(id));
    }
}

/// A token in the compact form of JWS.
pub fn jwt(bytes: &[u8]) {
    judge(bytes);
    let Ok(jws) = str::from_utf8(bytes).map(Jws::parse) else { return };
    let Ok(jws) = jws else { return };
    let now = parse_timestamp("2026-01-01T00:00:00Z").expect("it is a timestamp");
    let _ = valid_at(&jws, now);
    if let Some(key) = jws.embedded_key().cloned().or(jws.key_id().and_then(|id| offline(id).ok()))
    {
        let _ = jws.verify(&key);
    }
    if let Ok(document) = credential_in_jwt(&jws) {
        let _ = vcdm::credential_faults(&document);
        let _ = PROCESSOR.to_quads(&document);
    }
}

/// A public or secret key as Multikey text.
///
/// # Panics
/// When a key is written in another way than it was read.
pub fn multikey(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let _ = SecretKey::from_multikey(text);
    let _ = resolve_did_key(&format!("did:key:{text}"));
    if let Ok(key) = text.parse::<Multikey>() {
        assert_eq!(key.to_string(), text, "a key has two texts");
    }
}

/// A PNG picture.
///
/// # Panics
/// When what was baked into a picture is not what comes out of it.
pub fn png(bytes: &[u8]) {
    picture(bytes, bake_png);
}

/// An SVG picture.
///
/// # Panics
/// When what was baked into a picture is not what comes out of it.
pub fn svg(bytes: &[u8]) {
    picture(bytes, bake_svg);
}

fn picture<E>(bytes: &[u8], bake: impl Fn(&[u8], &[(Keyword, &str)]) -> Result<Vec<u8>, E>) {
    judge(bytes);
    let credential = r#"{"@context":["<&>]]>"]}"#;
    if let Ok(baked) = bake(bytes, &[(Keyword::OpenBadgeCredential, credential)]) {
        let found = baking::extract(&baked).expect("what was just baked can be read");
        let ours = |found: &&BakedCredential| found.keyword == Keyword::OpenBadgeCredential;
        let content = found.credentials.iter().find(ours).map(|found| &found.content);
        let Some(Content::Json(text)) = content else { panic!("{content:?} came out") };
        // Not the same text: some signs are written as escapes in SVG.
        assert_eq!(json::parse(text.as_bytes(), MOST), json::parse(credential.as_bytes(), MOST));
    }
}

/// A status list: its encoded bits, or `{"entry": …, "list": …}`.
pub fn status_list(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = StatusList::decode(text);
        if let Some(size) = StatusSize::new(2) {
            let _ = StatusList::decode_sized(text, size);
        }
    }
    let Ok(document) = json::parse(bytes, MOST) else { return };
    let _ = status::entry_faults(&document["entry"]);
    let _ = RevocationList::read(&document["list"]);
    if let Ok(entry) = Entry::of(&document["entry"]) {
        let _ = status::check_list(&entry, &document["list"]);
    }
}
