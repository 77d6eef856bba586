//! What 1EdTech's certification asks of a displayer: to tell a good, an expired and a revoked badge
//! apart, under both versions of the data model, and to show what there is to see of each.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "sample/picture.rs"]
mod picture;

use std::sync::Arc;

use openbadges::baking::{Keyword, bake_png, bake_svg};
use openbadges::data_integrity::prepare;
use openbadges::jsonld::{Contexts, Processor};
use openbadges::verify::{
    CheckKind, Container, Document, Options, Outcome, Report, Standard, Unreachable, Verdict,
    Verifier,
};
use openbadges::{ProofOptions, SecretKey, did_key, parse_timestamp};
use serde_json::json;

const LIST: &str = "https://badges.example/revoked.json";
const GOOD: &str = "https://badges.example/c/good";
const REVOKED: &str = "https://badges.example/c/revoked";

fn processor() -> Arc<Processor> {
    Arc::new(Processor::new(Contexts::bundled()))
}

/// A badge under a version of the data model, signed; its issuer's identifier is its key.
fn badge(version: u8, id: &str, until: &str) -> Vec<u8> {
    let key = SecretKey::ed25519(&[9; 32]);
    let multikey = key.public_key().multikey().unwrap();
    let did = did_key(&multikey);
    let mut credential = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
        ],
        "id": id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Teamwork",
        "issuer": {"id": did, "type": ["Profile"], "name": "Example University"},
        "validFrom": "2024-01-01T00:00:00Z",
        "validUntil": until,
        "credentialSubject": {
            "id": "did:example:ada",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "https://badges.example/b/teamwork",
                "type": ["Achievement"],
                "name": "Teamwork",
                "description": "Works well with others.",
                "criteria": {"narrative": "Nominated by peers."},
            },
        },
        "credentialStatus": {"id": LIST, "type": "1EdTechRevocationList"},
    });
    if version == 1 {
        let members = credential.as_object_mut().unwrap();
        members["@context"][0] = json!("https://www.w3.org/2018/credentials/v1");
        let terms = json!("https://w3id.org/security/data-integrity/v2");
        members["@context"].as_array_mut().unwrap().push(terms);
        for (old, new) in [("validFrom", "issuanceDate"), ("validUntil", "expirationDate")] {
            let date = members.remove(old).unwrap();
            members.insert(new.to_owned(), date);
        }
    }
    let options = ProofOptions::new(format!("{did}#{multikey}"), "2024-01-01T00:00:00Z");
    let unsigned = prepare(&processor(), credential, &options).unwrap();
    let signature = key.sign(unsigned.hash_data()).unwrap();
    serde_json::to_vec(&unsigned.finish(&signature)).unwrap()
}

/// The web of the issuer: its list of what was revoked.
fn web(url: &str) -> Result<Document, Unreachable> {
    let list = json!({
        "id": LIST,
        "issuer": "did:example:any",
        "revokedCredential": [{"id": REVOKED, "revoked": true, "revocationReason": "By mistake"}],
    });
    match url {
        LIST => Ok(Document::new(serde_json::to_vec(&list).unwrap())),
        _ => Err(Unreachable::Failed("not found".to_owned())),
    }
}

fn judged(handed: &[u8]) -> Report {
    let now = parse_timestamp("2026-01-01T00:00:00Z").unwrap();
    Verifier::new(processor()).verify_with(handed, web, &Options::default(), now)
}

#[test]
fn a_good_an_expired_and_a_revoked_badge_are_told_apart_under_both_data_models() {
    let (later, earlier) = ("2030-01-01T00:00:00Z", "2025-01-01T00:00:00Z");
    for version in [2, 1] {
        for (id, until, verdict, wrong) in [
            (GOOD, later, Verdict::Valid, None),
            (GOOD, earlier, Verdict::Invalid, Some(CheckKind::ValidityPeriod)),
            (REVOKED, later, Verdict::Invalid, Some(CheckKind::Status)),
        ] {
            let report = judged(&badge(version, id, until));
            assert_eq!(report.verdict, verdict, "{version}: {report:#?}");
            assert_eq!(report.standard, Some(Standard::OpenBadges3));
            let bad = |kind| report.outcome(kind) == Outcome::Invalid;
            let decides = report.checks.iter().filter(|check| check.check.decides());
            let found: Vec<CheckKind> =
                decides.map(|check| check.check).filter(|kind| bad(*kind)).collect();
            assert_eq!(found, Vec::from_iter(wrong), "{version}: {report:#?}");
        }
    }
}

#[test]
fn what_is_to_be_shown_of_a_badge_is_told() {
    for version in [2, 1] {
        let claims = judged(&badge(version, GOOD, "2030-01-01T00:00:00Z")).claims;
        assert_eq!(claims.name.as_deref(), Some("Teamwork"));
        assert_eq!(claims.description.as_deref(), Some("Works well with others."));
        assert_eq!(claims.issuer_name.as_deref(), Some("Example University"));
        assert_eq!(claims.valid_from.as_deref(), Some("2024-01-01T00:00:00Z"));
        assert_eq!(claims.valid_until.as_deref(), Some("2030-01-01T00:00:00Z"));
    }
}

#[test]
fn a_baked_badge_is_judged_as_the_one_in_it() {
    let text = String::from_utf8(badge(2, GOOD, "2030-01-01T00:00:00Z")).unwrap();
    let credentials = [(Keyword::OpenBadgeCredential, text.as_str())];
    let png = bake_png(&picture::png(8), &credentials).unwrap();
    let svg = bake_svg(picture::SVG.as_bytes(), &credentials).unwrap();
    for (baked, container) in [(png, Container::Png), (svg, Container::Svg)] {
        let report = judged(&baked);
        assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
        assert_eq!(report.container, Some(container));
    }
}
