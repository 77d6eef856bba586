//! Data Integrity proofs that are not as the Recommendations want them, each with its own refusal.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Arc;

use jsonld::{Contexts, Processor};
use openbadges::data_integrity::{
    Cryptosuite, ProofError, ProofOptions, check_answers, prepare, verify_proof, verify_proofs,
};
use openbadges::key::{PublicKey, SecretKey};
use openbadges::{EddsaRdfc2022, Purpose, did_key};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SUITES: [Cryptosuite; 4] = [
    Cryptosuite::EddsaRdfc2022,
    Cryptosuite::EddsaJcs2022,
    Cryptosuite::EcdsaRdfc2019,
    Cryptosuite::EcdsaJcs2019,
];

fn processor() -> Processor {
    Processor::new(Contexts::bundled())
}

/// A key that a suite signs with.
fn key(suite: Cryptosuite) -> SecretKey {
    match suite {
        Cryptosuite::EddsaRdfc2022 | Cryptosuite::EddsaJcs2022 => SecretKey::ed25519(&[1; 32]),
        Cryptosuite::EcdsaRdfc2019 => SecretKey::p256(&[2; 32]).unwrap(),
        _ => SecretKey::p384(&[3; 48]).unwrap(),
    }
}

fn options(suite: Cryptosuite, key: &SecretKey) -> ProofOptions {
    let multikey = key.public_key().multikey().unwrap();
    ProofOptions {
        verification_method: format!("{}#{multikey}", did_key(&multikey)),
        created: "2025-01-01T00:00:00Z".to_owned(),
        cryptosuite: suite,
        algorithm: key.algorithm(),
        domain: vec!["a.example".to_owned(), "b.example".to_owned()],
        challenge: Some("7".to_owned()),
        ..ProofOptions::default()
    }
}

fn credential() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "credentialSubject": {"id": "did:example:subject"},
    })
}

fn signed(suite: Cryptosuite) -> (Value, PublicKey) {
    let key = key(suite);
    let unsigned = prepare(&processor(), credential(), &options(suite, &key)).unwrap();
    let signature = key.sign(unsigned.hash_data()).unwrap();
    (unsigned.finish(&signature), key.public_key().clone())
}

fn verify(document: &Value, key: &PublicKey) -> Result<(), ProofError> {
    verify_proof(&processor(), document, &document["proof"][0], key, Purpose::Assertion)
}

#[test]
fn a_proof_is_refused_for_each_of_its_faults() {
    for suite in SUITES {
        let (document, key) = signed(suite);
        verify(&document, &key).unwrap();
        let value = document["proof"][0]["proofValue"].as_str().unwrap();
        let signature = bs58::decode(&value[1..]).into_vec().unwrap();
        let hexadecimal = format!("f{}", hex::encode(&signature));
        let short = format!("z{}", bs58::encode(&signature[1..]).into_string());
        let long = format!("z{}", bs58::encode([&signature[..], &[0]].concat()).into_string());
        for (member, wrong) in [
            ("type", json!(null)),
            ("cryptosuite", json!(null)),
            ("cryptosuite", json!(["eddsa-rdfc-2022"])),
            ("verificationMethod", json!(null)),
            ("verificationMethod", json!({"id": "did:example:issuer#1"})),
            ("proofPurpose", json!(null)),
            ("proofPurpose", json!(["assertionMethod"])),
            ("created", json!("2025-01-01")),
            ("created", json!(2025)),
            ("expires", json!("never")),
            ("proofValue", json!(null)),
            ("proofValue", json!(&value[1..])),
            ("proofValue", json!("z0OIl")),
            ("proofValue", json!(hexadecimal)),
            ("proofValue", json!(short)),
            ("proofValue", json!(long)),
            ("previousProof", json!({})),
        ] {
            let mut changed = document.clone();
            let proof = changed["proof"][0].as_object_mut().unwrap();
            match wrong {
                Value::Null => drop(proof.remove(member)),
                ref wrong => drop(proof.insert(member.to_owned(), wrong.clone())),
            }
            let refusal = verify(&changed, &key).unwrap_err();
            let fits = match &refusal {
                ProofError::Malformed(what) => *what == member,
                ProofError::Timestamp(_) => matches!(member, "created" | "expires"),
                _ => false,
            };
            assert!(fits, "{suite:?} {member} {wrong}: {refusal}");
        }
        for (member, other) in [("type", "Proof"), ("cryptosuite", "ecdsa-sd-2023")] {
            let mut changed = document.clone();
            changed["proof"][0][member] = json!(other);
            let refusal = verify(&changed, &key).unwrap_err();
            assert!(matches!(refusal, ProofError::Unsupported(_)), "{suite:?} {other}: {refusal}");
        }
    }
}

#[test]
fn a_proof_for_another_purpose_or_with_another_kind_of_key_is_refused() {
    for suite in SUITES {
        let (document, key) = signed(suite);
        let proof = &document["proof"][0];
        let purpose = Purpose::Authentication;
        let refusal = verify_proof(&processor(), &document, proof, &key, purpose).unwrap_err();
        assert!(matches!(refusal, ProofError::Purpose("authentication")), "{refusal}");
        let other = match suite {
            Cryptosuite::EddsaRdfc2022 | Cryptosuite::EddsaJcs2022 => Cryptosuite::EcdsaJcs2019,
            _ => Cryptosuite::EddsaJcs2022,
        };
        let other = self::key(other).public_key().clone();
        let refusal = verify(&document, &other).unwrap_err();
        assert!(matches!(refusal, ProofError::WrongKey { .. }), "{suite:?}: {refusal}");
    }
}

/// `eddsa-2022` is `eddsa-rdfc-2022` under its former name, which is signed along.
#[test]
fn eddsa_2022_is_verified_and_not_issued() {
    let suite = EddsaRdfc2022::new(Arc::new(processor()));
    let key = key(Cryptosuite::EddsaRdfc2022);
    let multikey = key.public_key().multikey().unwrap();
    let mut document = credential();
    let mut proof = json!({
        "@context": document["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-2022",
        "created": "2023-01-01T00:00:00Z",
        "verificationMethod": format!("{}#{multikey}", did_key(&multikey)),
        "proofPurpose": "assertionMethod",
    });
    let hash = |document: &Value| Sha256::digest(suite.canonical(document).unwrap());
    let signature = key.sign(&[hash(&proof), hash(&document)].concat()).unwrap();
    let members = proof.as_object_mut().unwrap();
    members.remove("@context");
    let value = format!("z{}", bs58::encode(signature).into_string());
    members.insert("proofValue".to_owned(), json!(value));
    document["proof"] = json!([proof]);
    verify(&document, key.public_key()).unwrap();
    document["proof"][0]["cryptosuite"] = json!("eddsa-rdfc-2022");
    assert!(matches!(verify(&document, key.public_key()), Err(ProofError::Mismatch)));
    let refused = prepare(&processor(), credential(), &options(Cryptosuite::Eddsa2022, &key));
    assert!(matches!(refused, Err(ProofError::Unsupported(_))));
}

#[test]
fn what_is_no_document_with_a_proof_is_refused() {
    let nobody = |_: &str| Err("nobody has keys".to_owned());
    for document in [json!(null), json!("x"), json!([]), json!({}), json!({"proof": []})] {
        let proved = verify_proofs(&processor(), &document, Purpose::Assertion, nobody);
        let refused = matches!(proved, Err(ProofError::NotAnObject | ProofError::NoProof));
        assert!(refused, "{document}");
    }
    for proof in [json!(null), json!("z1"), json!(7)] {
        let document = json!({"@context": [], "proof": proof});
        let proved = verify_proofs(&processor(), &document, Purpose::Assertion, nobody).unwrap();
        assert!(proved[0].outcome.is_err(), "{document}");
    }
}

#[test]
fn nothing_is_signed_with_options_that_no_proof_can_have() {
    for suite in SUITES {
        let key = key(suite);
        let refused = |change: &dyn Fn(&mut ProofOptions)| {
            let mut options = options(suite, &key);
            change(&mut options);
            prepare(&processor(), credential(), &options).unwrap_err()
        };
        let error = refused(&|options| options.created = "yesterday".to_owned());
        assert!(matches!(error, ProofError::Timestamp(_)), "{error}");
        let error = refused(&|options| options.expires = Some("2026".to_owned()));
        assert!(matches!(error, ProofError::Timestamp(_)), "{error}");
        let error = refused(&|options| options.previous_proof = vec!["urn:x".to_owned()]);
        assert!(matches!(error, ProofError::PreviousProof(_)), "{error}");
        let error = refused(&|options| {
            let rsa = openbadges::key::Algorithm::Rs256;
            options.algorithm = rsa;
        });
        assert!(matches!(error, ProofError::WrongKey { .. }), "{error}");
    }
}

#[test]
fn what_was_asked_for_is_in_the_proof_and_answers_it() {
    for suite in SUITES {
        let (document, _) = signed(suite);
        let proof = &document["proof"][0];
        assert_eq!(proof["type"], "DataIntegrityProof");
        assert_eq!(proof["proofPurpose"], "assertionMethod");
        assert!(proof["verificationMethod"].is_string());
        assert_eq!(proof["domain"], json!(["a.example", "b.example"]));
        check_answers(proof, Some("a.example"), Some("7")).unwrap();
        assert!(matches!(check_answers(proof, Some("c.example"), None), Err(ProofError::Domain)));
        assert!(matches!(check_answers(proof, None, Some("8")), Err(ProofError::Challenge)));
    }
}
