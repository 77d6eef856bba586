//! The official vectors of W3C and 1EdTech for `eddsa-rdfc-2022`, read from beside the checkout.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use jsonld::{Contexts, Processor};
use openbadges::{EddsaRdfc2022, Multikey, ProofError, ProofOptions};
use serde_json::{Value, json};

/// The contexts that the vectors use; the examples context is but a vocabulary.
fn suite() -> EddsaRdfc2022 {
    let examples = json!({"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}});
    let contexts =
        Contexts::bundled().with("https://www.w3.org/ns/credentials/examples/v2", examples);
    EddsaRdfc2022::new(Arc::new(Processor::new(contexts)))
}

fn vectors() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("not run: {} is not beside the checkout", folder.display());
    None
}

fn without(document: &Value, member: &str) -> Value {
    let mut document = document.clone();
    document.as_object_mut().unwrap().remove(member);
    document
}

fn seed_of(multibase: &str) -> SigningKey {
    let bytes = bs58::decode(&multibase[1..]).into_vec().unwrap();
    assert_eq!(bytes[..2], [0x80, 0x26]);
    SigningKey::from_bytes(bytes[2..34].try_into().unwrap())
}

#[test]
fn the_w3c_vector_is_reproduced_step_by_step() {
    let Some(folder) = vectors() else { return };
    let text = |name: &str| {
        std::fs::read_to_string(folder.join("vc-di-eddsa").join(name)).unwrap().trim().to_owned()
    };
    let read = |name: &str| serde_json::from_str::<Value>(&text(name)).unwrap();
    let suite = suite();

    let keys = read("keyPair.json");
    let key = seed_of(keys["privateKeyMultibase"].as_str().unwrap());
    let public = Multikey::ed25519(key.verifying_key().to_bytes());
    assert_eq!(keys["publicKeyMultibase"], public.to_string());

    let unsigned = read("unsigned.json");
    let canonical = suite.canonical(&unsigned).unwrap();
    assert_eq!(canonical.trim(), text("eddsa-rdfc-2022/canonDocDataInt.txt"));
    let config = read("eddsa-rdfc-2022/proofConfigDataInt.json");
    let canonical = suite.canonical(&config).unwrap();
    assert_eq!(canonical.trim(), text("eddsa-rdfc-2022/proofCanonDataInt.txt"));

    let options = ProofOptions {
        verification_method: config["verificationMethod"].as_str().unwrap().to_owned(),
        created: config["created"].as_str().unwrap().to_owned(),
    };
    let prepared = suite.prepare(unsigned, &options).unwrap();
    assert_eq!(hex::encode(prepared.hash_data()), text("eddsa-rdfc-2022/combinedHashDataInt.txt"));
    let signature = key.sign(prepared.hash_data()).to_bytes();
    assert_eq!(hex::encode(signature), text("eddsa-rdfc-2022/sigHexDataInt.txt"));

    let expected = read("eddsa-rdfc-2022/signedDataInt.json");
    let signed = prepared.finish(&signature);
    assert_eq!(signed["proof"][0], expected["proof"]);
    assert_eq!(without(&signed, "proof"), without(&expected, "proof"));
    suite.verify(&expected, &expected["proof"], &public).unwrap();
}

#[test]
fn the_1edtech_vector_is_reproduced() {
    let Some(folder) = vectors() else { return };
    let text = |name: &str| {
        std::fs::read_to_string(folder.join("1edtech-obv3-impl/obv3p0").join(name)).unwrap()
    };
    let document = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
        ],
        "id": "http://example.com/credentials/3527",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {
            "id": "https://example.edu/issuers/565049",
            "type": ["Profile"],
            "url": "https://www.imsglobal.org",
            "name": "Example Corp"
        },
        "validFrom": "2010-01-01T00:00:00Z",
        "name": "Teamwork Badge",
        "credentialSubject": {
            "id": "did:example:ebfeb1f712ebc6f1c276e12ec21",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "https://example.com/achievements/21st-century-skills/teamwork",
                "type": ["Achievement"],
                "criteria": {
                    "narrative": "Team members are nominated for this badge by their peers and recognized upon review by Example Corp management."
                },
                "description": "This badge recognizes the development of the capacity to collaborate within a group environment.",
                "name": "Teamwork"
            }
        }
    });
    let suite = suite();
    let canonical = suite.canonical(&document).unwrap();
    assert_eq!(canonical.trim(), text("document-canon.txt").trim());

    let key: [u8; 32] =
        hex::decode("6241a409e6707bb640a0140a8a32bc3d193c33a661747284d6adfa4ed4180be4")
            .unwrap()
            .try_into()
            .unwrap();
    let key = SigningKey::from_bytes(&key);
    let options = ProofOptions {
        verification_method:
            "https://example.edu/issuers/565049#z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi"
                .to_owned(),
        created: "2010-01-01T19:23:24Z".to_owned(),
    };
    let prepared = suite.prepare(document, &options).unwrap();
    assert_eq!(
        hex::encode(prepared.hash_data()),
        "d34009cea0dbc1ca941e09dc01c8c9d3e3ce3c5b853f67ee44698dcea10f5d19\
         87f65a76d40146205e3b3e06cb0fbd153f97f9ce70372390f52566bb7f9e0773"
    );
    let signature = key.sign(prepared.hash_data()).to_bytes();
    let signed = prepared.finish(&signature);
    assert_eq!(
        signed["proof"][0]["proofValue"],
        "z5x9aCBYovW3CQCbKdNyhEm7ffYSw1YpEdPywQJoNbzDD2gkzQDKJ1sYKJaWvqZtkMtSbz35HcbgXVEDYHxCzgkCr"
    );
    let public = Multikey::ed25519(key.verifying_key().to_bytes());
    suite.verify(&signed, &signed["proof"][0], &public).unwrap();
    let mut tampered = signed.clone();
    tampered["name"] = json!("Teamwork badge");
    assert!(matches!(
        suite.verify(&tampered, &signed["proof"][0], &public),
        Err(ProofError::Mismatch)
    ));
}
