//! The vector in the implementation guide of Open Badges 3.0.

use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use openbadges::{EddsaRdfc2022, Multikey, ProofError, ProofOptions};
use serde_json::json;

use crate::world::{folder, processor};

#[test]
fn the_1edtech_vector_is_reproduced() {
    let Some(folder) = folder() else { return };
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
    let suite = EddsaRdfc2022::new(Arc::new(processor()));
    let canonical = suite.canonical(&document).unwrap();
    assert_eq!(canonical.trim(), text("document-canon.txt").trim());

    let key: [u8; 32] =
        hex::decode("6241a409e6707bb640a0140a8a32bc3d193c33a661747284d6adfa4ed4180be4")
            .unwrap()
            .try_into()
            .unwrap();
    let key = SigningKey::from_bytes(&key);
    let options = ProofOptions::new(
        "https://example.edu/issuers/565049#z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi",
        "2010-01-01T19:23:24Z",
    );
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
