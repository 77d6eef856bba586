//! Documents that were changed after they were signed, by every suite and on both curves.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use jsonld::{Contexts, Processor};
use openbadges::data_integrity::{
    Cryptosuite, ProofError, ProofOptions, Unsigned, prepare, verify_proof,
};
use openbadges::key::Algorithm;
use openbadges::{EddsaRdfc2022, Multikey, PublicKey, Purpose, SecretKey};
use serde_json::{Value, json};

const SUITES: [(Cryptosuite, Algorithm); 6] = [
    (Cryptosuite::EddsaRdfc2022, Algorithm::EdDsa),
    (Cryptosuite::EddsaJcs2022, Algorithm::EdDsa),
    (Cryptosuite::EcdsaRdfc2019, Algorithm::Es256),
    (Cryptosuite::EcdsaRdfc2019, Algorithm::Es384),
    (Cryptosuite::EcdsaJcs2019, Algorithm::Es256),
    (Cryptosuite::EcdsaJcs2019, Algorithm::Es384),
];

fn processor() -> Processor {
    Processor::new(Contexts::bundled())
}

fn key(algorithm: Algorithm) -> SecretKey {
    match algorithm {
        Algorithm::EdDsa => SecretKey::ed25519(&[7; 32]),
        Algorithm::Es256 => SecretKey::p256(&[7; 32]).unwrap(),
        _ => SecretKey::p384(&[7; 48]).unwrap(),
    }
}

fn document() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential"],
        "issuer": "https://a.example",
        "name": "A credential",
        "credentialSubject": {"id": "did:example:earner"}
    })
}

fn options(cryptosuite: Cryptosuite, algorithm: Algorithm) -> ProofOptions {
    ProofOptions {
        cryptosuite,
        algorithm,
        ..ProofOptions::new("https://a.example#key", "2025-01-01T00:00:00Z")
    }
}

fn prepared(document: Value, options: &ProofOptions) -> Result<Unsigned, ProofError> {
    prepare(&processor(), document, options)
}

fn signed(options: &ProofOptions) -> Value {
    let unsigned = prepared(document(), options).unwrap();
    let signature = key(options.algorithm).sign(unsigned.hash_data()).unwrap();
    unsigned.finish(&signature)
}

fn verify(document: &Value, key: &PublicKey, purpose: Purpose) -> Result<(), ProofError> {
    verify_proof(&processor(), document, &document["proof"][0], key, purpose)
}

/// Verifies a good proof of a suite after one change of the signed document.
fn after(
    (suite, algorithm): (Cryptosuite, Algorithm),
    change: impl FnOnce(&mut Value),
) -> Result<(), ProofError> {
    let mut document = signed(&options(suite, algorithm));
    change(&mut document);
    verify(&document, key(algorithm).public_key(), Purpose::Assertion)
}

#[test]
fn every_suite_signs_what_it_verifies_with_everything_that_a_proof_may_state() {
    for (suite, algorithm) in SUITES {
        assert!(after((suite, algorithm), |_| ()).is_ok(), "{suite:?} {algorithm}");
        let options = ProofOptions {
            purpose: Purpose::Authentication,
            domain: vec!["a.example".to_owned(), "b.example".to_owned()],
            challenge: Some("7".to_owned()),
            expires: Some("2030-01-01T00:00:00Z".to_owned()),
            nonce: Some("n".to_owned()),
            id: Some("urn:uuid:2".to_owned()),
            ..options(suite, algorithm)
        };
        let document = signed(&options);
        let key = key(algorithm);
        verify(&document, key.public_key(), Purpose::Authentication).unwrap();
        for member in ["domain", "challenge", "expires", "nonce", "id"] {
            let mut changed = document.clone();
            changed["proof"][0].as_object_mut().unwrap().remove(member).unwrap();
            let verdict = verify(&changed, key.public_key(), Purpose::Authentication);
            assert!(matches!(verdict, Err(ProofError::Mismatch)), "{suite:?} without {member}");
        }
        let verdict = verify(&document, key.public_key(), Purpose::Assertion);
        assert!(matches!(verdict, Err(ProofError::Purpose("assertionMethod"))));
    }
}

#[test]
fn nothing_of_a_document_can_change_unnoticed() {
    for suite in SUITES {
        for change in [
            |document: &mut Value| document["name"] = json!("Another credential"),
            |document: &mut Value| document["description"] = json!("More"),
            |document: &mut Value| document["issuer"] = json!("https://b.example"),
            |document: &mut Value| document["type"] = json!(["VerifiablePresentation"]),
            |document: &mut Value| document["credentialSubject"]["id"] = json!("did:example:b"),
            |document: &mut Value| document["proof"][0]["verificationMethod"] = json!("https://b"),
        ] {
            let verdict = after(suite, change);
            let noticed = matches!(verdict, Err(ProofError::Mismatch | ProofError::JsonLd(_)));
            assert!(noticed, "{suite:?} {verdict:?}");
        }
    }
}

#[test]
fn what_one_suite_signed_does_not_pass_for_the_work_of_another() {
    let suite = SUITES[0];
    for (from, to) in [("eddsa-rdfc-2022", "eddsa-jcs-2022"), ("eddsa-rdfc-2022", "eddsa-2022")] {
        let verdict = after(suite, |document| {
            assert_eq!(document["proof"][0]["cryptosuite"], from);
            document["proof"][0]["cryptosuite"] = json!(to);
        });
        assert!(matches!(verdict, Err(ProofError::Mismatch)), "{to}: {verdict:?}");
    }
}

#[test]
fn a_key_of_another_kind_is_no_key_for_the_suite() {
    for (suite, algorithm) in SUITES {
        let document = signed(&options(suite, algorithm));
        for other in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384] {
            let verdict = verify(&document, key(other).public_key(), Purpose::Assertion);
            match verdict {
                Ok(()) => assert_eq!(other, algorithm),
                // The two curves of one suite: the signature has another length.
                Err(ProofError::WrongKey { .. } | ProofError::Malformed("proofValue")) => {
                    assert_ne!(other, algorithm);
                }
                Err(error) => panic!("{suite:?} {other}: {error}"),
            }
        }
        let refused = prepared(self::document(), &options(suite, Algorithm::Rs256));
        assert!(matches!(refused, Err(ProofError::WrongKey { .. })));
    }
    let another = SecretKey::ed25519(&[8; 32]);
    let document = signed(&options(Cryptosuite::EddsaJcs2022, Algorithm::EdDsa));
    let verdict = verify(&document, another.public_key(), Purpose::Assertion);
    assert!(matches!(verdict, Err(ProofError::Mismatch)));
}

#[test]
fn a_jcs_proof_covers_the_first_contexts_of_the_document_and_no_others() {
    for suite in [SUITES[1], SUITES[4]] {
        let more = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
        let first = "https://www.w3.org/ns/credentials/v2";
        let with = |contexts: Value| after(suite, |document| document["@context"] = contexts);
        assert!(with(json!([first, more])).is_ok());
        assert!(with(json!(first)).is_ok());
        for contexts in [json!([more, first]), json!([]), json!([more]), json!(null)] {
            assert!(matches!(with(contexts), Err(ProofError::Context)));
        }
        let bare = after(suite, |document| {
            document.as_object_mut().unwrap().remove("@context");
        });
        assert!(matches!(bare, Err(ProofError::Context)));
        let unsaid = after(suite, |document| {
            document["proof"][0].as_object_mut().unwrap().remove("@context");
        });
        assert!(matches!(unsaid, Err(ProofError::Mismatch)));
    }
}

#[test]
fn a_jcs_document_needs_no_context_and_its_numbers_must_be_exact() {
    let options = options(Cryptosuite::EddsaJcs2022, Algorithm::EdDsa);
    let plain = json!({"name": "no json-ld", "count": 3.5});
    let unsigned = prepared(plain, &options).unwrap();
    let key = key(Algorithm::EdDsa);
    let document = unsigned.clone().finish(&key.sign(unsigned.hash_data()).unwrap());
    verify(&document, key.public_key(), Purpose::Assertion).unwrap();
    let inexact = prepared(json!({"count": 9_007_199_254_740_993_u64}), &options);
    assert!(matches!(inexact, Err(ProofError::Number(_))));
}

#[test]
fn the_suite_of_the_house_refuses_the_proofs_of_others() {
    let suite = EddsaRdfc2022::new(processor().into());
    let document = signed(&options(Cryptosuite::EddsaJcs2022, Algorithm::EdDsa));
    let key: Multikey = key(Algorithm::EdDsa).public_key().multikey().unwrap();
    let verdict = suite.verify(&document, &document["proof"][0], &key);
    assert!(matches!(verdict, Err(ProofError::Unsupported(_))));
    let options = options(Cryptosuite::EddsaRdfc2022, Algorithm::EdDsa);
    assert!(matches!(suite.prepare(document, &options), Err(ProofError::AlreadySigned)));
}
