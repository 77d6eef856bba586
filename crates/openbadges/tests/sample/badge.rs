//! A realistic badge, its issuer and its verifier, for tests and benchmarks.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use jsonld::{Contexts, Processor};
use openbadges::{
    Achievement, Alignment, CredentialTemplate, Criteria, DidDocument, EddsaRdfc2022, Evidence,
    Fill, Image, Multikey, Profile, ProofOptions, StatusList, StatusListCredential, TemplateTerms,
    identity_hash,
};

pub const ISSUER: &str = "did:web:badges.example:i:acme";
pub const LIST: &str = "https://badges.example/i/acme/status/1";

pub fn suite() -> EddsaRdfc2022 {
    EddsaRdfc2022::new(Arc::new(Processor::new(Contexts::bundled())))
}

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

pub fn multikey() -> Multikey {
    Multikey::ed25519(key().verifying_key().to_bytes())
}

pub fn terms() -> TemplateTerms {
    let mut issuer = Profile::new(ISSUER, "Acme \"Academy\" – Zürich");
    issuer.url = Some("https://acme.example/".to_owned());
    let criteria = Criteria {
        id: Some("https://badges.example/b/welding".to_owned()),
        narrative: Some("Weld *three* joints.\nPass the exam.".to_owned()),
        ..Criteria::default()
    };
    let mut achievement = Achievement::new(
        "https://badges.example/b/welding/1",
        "Welding, level 1",
        "Can weld the joints that matter.",
        criteria,
    );
    let mut image = Image::new("https://badges.example/b/welding/1.png");
    image.caption = Some("A torch".to_owned());
    achievement.image = Some(image);
    achievement.achievement_type = Some("Badge".to_owned());
    achievement.tag = vec!["welding".to_owned(), "metal".to_owned()];
    achievement.alignment = vec![Alignment::new("Welding", "https://frameworks.example/welding/1")];
    TemplateTerms {
        issuer,
        achievement,
        verification_method: DidDocument::verification_method_id(ISSUER, &multikey()),
        identity_type: "emailAddress".to_owned(),
        status_list: Some(LIST.to_owned()),
    }
}

pub fn template() -> CredentialTemplate {
    CredentialTemplate::new(&terms()).unwrap()
}

/// An award without anything optional.
pub fn plain_fill() -> Fill {
    Fill {
        credential_id: "https://badges.example/c/0190b2c4".to_owned(),
        valid_from: "2025-01-31T12:00:00Z".to_owned(),
        identity_hash: identity_hash("ada@example.org", "c2FsdA"),
        salt: "c2FsdA".to_owned(),
        status_list_index: Some(94_567),
        proof_created: "2025-01-31T12:00:01Z".to_owned(),
        ..Fill::default()
    }
}

/// An award with everything optional.
pub fn full_fill() -> Fill {
    let mut evidence = Evidence::new();
    evidence.id = Some("https://portfolio.example/ada/joint".to_owned());
    evidence.name = Some("Her first joint".to_owned());
    evidence.narrative = Some("It \"holds\".\t\\o/ 溶接".to_owned());
    Fill {
        valid_until: Some("2030-01-31T12:00:00Z".to_owned()),
        awarded_date: Some("2025-01-30T12:00:00Z".to_owned()),
        narrative: Some("Ada welded\nfour joints, \u{1f525}.".to_owned()),
        evidence: vec![evidence],
        ..plain_fill()
    }
}

pub fn issue(template: &CredentialTemplate, suite: &EddsaRdfc2022, fill: &Fill) -> Vec<u8> {
    let hash_data = template.prepare(suite, fill).unwrap();
    template.fill(fill, &key().sign(&hash_data).to_bytes())
}

pub fn did_document() -> DidDocument {
    DidDocument::new(ISSUER, vec!["https://badges.example/i/acme".to_owned()], [multikey()])
}

/// The status list with some entries set, signed.
pub fn status_list(suite: &EddsaRdfc2022, revoked: &[u64]) -> Vec<u8> {
    let mut list = StatusList::new(0);
    for index in revoked {
        list.set(*index, true).unwrap();
    }
    let credential = StatusListCredential::revocation(LIST, ISSUER, "2025-01-01T00:00:00Z", &list);
    let options = ProofOptions::new(terms().verification_method, "2025-01-01T00:00:00Z");
    let unsigned = suite.prepare(serde_json::to_value(credential).unwrap(), &options).unwrap();
    let signature = key().sign(unsigned.hash_data()).to_bytes();
    serde_json::to_vec(&unsigned.finish(&signature)).unwrap()
}
