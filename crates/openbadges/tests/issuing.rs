//! Issuing as a platform does it: lint, prepare, sign elsewhere, publish, verify as a stranger.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "lint/template.rs"]
mod template;

use std::sync::Arc;

use jsonld::{Contexts, Processor};
use openbadges::data_integrity::verify_proof;
use openbadges::lint::{Code, LintContext, ListInUse};
use openbadges::{
    CredentialTemplate, EddsaRdfc2022, Evidence, Fill, Purpose, SecretKey, parse_timestamp,
};
use proptest::prelude::*;
use serde_json::Value;

const ISSUER: &str = "https://school.example/issuers/1";
const LIST: ListInUse<'_> = ListInUse { url: "https://badges.example/status/1", entries: 131_072 };

/// An issuer's key, its template, and another processor, so that nothing is shared with verifying.
struct Issuer {
    key: SecretKey,
    template: CredentialTemplate,
    suite: EddsaRdfc2022,
    stranger: Processor,
}

impl Issuer {
    fn new(key: SecretKey, cryptosuite: &str) -> Self {
        let multikey = key.public_key().multikey().unwrap();
        let terms = template::terms(ISSUER, &format!("{ISSUER}#{multikey}"), LIST.url);
        Self {
            key,
            template: CredentialTemplate::for_suite(&terms, cryptosuite).unwrap(),
            suite: EddsaRdfc2022::new(Arc::new(Processor::new(Contexts::bundled()))),
            stranger: Processor::new(Contexts::bundled()),
        }
    }

    fn both() -> [Self; 2] {
        [
            Self::new(SecretKey::ed25519(&[7; 32]), "eddsa-rdfc-2022"),
            Self::new(SecretKey::p256(&[7; 32]).unwrap(), "ecdsa-rdfc-2019"),
        ]
    }

    fn context(&self) -> LintContext<'_> {
        LintContext {
            issuer: ISSUER,
            verification_method: self.template.verification_method(),
            cryptosuite: self.template.cryptosuite(),
            status_list: Some(LIST),
            origin: None,
            now: parse_timestamp("2025-01-31T12:00:00Z").unwrap(),
        }
    }

    /// The published bytes, or why nothing was signed.
    fn issue(&self, fill: &Fill) -> Result<Vec<u8>, Code> {
        if let Some(finding) = self.template.lint_fill(fill, &self.context()).first() {
            return Err(finding.code);
        }
        let prepared = self.template.prepare(&self.suite, fill).unwrap();
        let signature = self.key.sign(&prepared).unwrap();
        Ok(self.template.fill(fill, signature.as_slice().try_into().unwrap()))
    }

    fn verifies(&self, published: &[u8]) -> bool {
        let credential: Value = serde_json::from_slice(published).unwrap();
        let (proof, key) = (&credential["proof"][0], self.key.public_key());
        verify_proof(&self.stranger, &credential, proof, key, Purpose::Assertion).is_ok()
    }
}

fn fill(number: usize) -> Fill {
    Fill {
        credential_id: format!("https://badges.example/c/{number}"),
        valid_from: "2025-01-31T12:00:00Z".to_owned(),
        identity_hash: template::hash(),
        salt: "0123456789abcdef".to_owned(),
        status_list_index: Some(u32::try_from(number).unwrap()),
        narrative: Some(format!("The story of {number}.")),
        proof_created: "2025-01-31T12:00:00Z".to_owned(),
        ..Fill::default()
    }
}

type Change = fn(&mut Fill);

#[test]
fn of_a_batch_with_one_forbidden_award_all_others_are_issued() {
    const AWARDS: usize = 24;
    let forbid: [(Change, Code); 4] = [
        (|fill| fill.narrative = Some("\u{202e}".to_owned()), Code::TextDirection),
        (|fill| fill.status_list_index = Some(131_072), Code::StatusIndex),
        (|fill| fill.salt.clear(), Code::IdentitySalt),
        (|fill| fill.credential_id = template::ACHIEVEMENT.to_owned(), Code::IdRepeated),
    ];
    for issuer in Issuer::both() {
        assert_eq!(issuer.template.lint(&issuer.context()), []);
        for forbidden in 0..AWARDS {
            let (change, code) = forbid[forbidden % forbid.len()];
            for number in 0..AWARDS {
                let mut fill = fill(number);
                if number == forbidden {
                    change(&mut fill);
                    assert_eq!(issuer.issue(&fill), Err(code));
                } else {
                    assert!(issuer.verifies(&issuer.issue(&fill).unwrap()));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_issued_verifies_with_the_published_key_and_no_other(
        number in 0..131_072usize,
        narrative in prop::option::of(".{0,40}"),
        evidence in prop::collection::vec((".{0,20}", prop::option::of("https://[a-z]{1,3}\\.example/[a-z]{0,3}")), 0..4),
        until in prop::option::of(prop::sample::select(vec!["2026-01-01T00:00:00Z", "2030-06-01T12:00:00+02:00"])),
    ) {
        let evidence = evidence.into_iter().map(|(text, id)| {
            let mut evidence = Evidence::new();
            evidence.narrative = Some(text);
            evidence.id = id;
            evidence
        });
        let fill = Fill {
            narrative,
            evidence: evidence.collect(),
            valid_until: until.map(str::to_owned),
            ..fill(number)
        };
        let [edwards, curve] = Issuer::both();
        for (issuer, other) in [(&edwards, &curve), (&curve, &edwards)] {
            if let Ok(published) = issuer.issue(&fill) {
                prop_assert!(issuer.verifies(&published));
                prop_assert!(!other.verifies(&published));
                let text = String::from_utf8(published).unwrap();
                let other_salt = text.replacen("0123456789abcdef", "0123456789abcdee", 1);
                prop_assert!(!issuer.verifies(other_salt.as_bytes()));
            }
        }
    }
}
