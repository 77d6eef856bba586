//! Proof sets and proof chains.

use openbadges::data_integrity::{ProofError, ProofOptions, prepare, verify_proofs};
use openbadges::{Purpose, did};
use serde_json::{Value, json};

use crate::world::{self, processor, without};

const FOLDER: &str = "vc-di-eddsa/proof-set-chain";

/// Verifies all proofs with the keys in their did:keys.
fn outcomes(document: &Value) -> Vec<Result<(), ProofError>> {
    let key = |id: &str| {
        let found = did::resolve_offline(id).ok_or_else(|| "no such method".to_owned())?;
        found.map(|method| method.key).map_err(|error| error.to_string())
    };
    let proved = verify_proofs(&processor(), document, Purpose::Assertion, key).unwrap();
    proved.into_iter().map(|proof| proof.outcome).collect()
}

/// Adds one more proof with the configuration and key pair of the vectors.
fn signed(document: Value, config: &Value, pair: usize) -> Value {
    let keys = world::json(FOLDER, "multiKeyPairs.json");
    let key = world::key(&keys[format!("keyPair{pair}")]);
    let text = |name: &str| config.get(name).and_then(Value::as_str).map(str::to_owned);
    let options = ProofOptions {
        verification_method: text("verificationMethod").unwrap(),
        created: text("created").unwrap(),
        id: text("id"),
        previous_proof: match &config["previousProof"] {
            Value::Null => vec![],
            Value::String(one) => vec![one.clone()],
            several => serde_json::from_value(several.clone()).unwrap(),
        },
        ..ProofOptions::default()
    };
    let prepared = prepare(&processor(), document, &options).unwrap();
    let signature = key.sign(prepared.hash_data()).unwrap();
    prepared.finish(&signature)
}

#[test]
fn sets_and_chains_are_reproduced_proof_by_proof() {
    if world::folder().is_none() {
        return;
    }
    let mut document = world::json(FOLDER, "unsigned.json");
    for (pair, config, expected) in [
        (1, "proofSetConfig1.json", "signedProofSet1.json"),
        (2, "proofSetConfig2.json", "signedProofSet2.json"),
        (3, "proofChainConfig1.json", "signedProofChain1.json"),
        (4, "proofChainConfig2.json", "signedProofChain2.json"),
    ] {
        document = signed(document, &world::json(FOLDER, config), pair);
        let mut expected = world::json(FOLDER, expected);
        if !expected["proof"].is_array() {
            expected["proof"] = json!([expected["proof"]]);
        }
        assert_eq!(document, expected, "{config}");
        assert!(outcomes(&expected).iter().all(Result::is_ok), "{config}");
    }
}

#[test]
fn each_proof_of_a_chain_needs_those_that_it_continues() {
    if world::folder().is_none() {
        return;
    }
    let chain = world::json(FOLDER, "signedProofChain2.json");
    assert!(outcomes(&chain).iter().all(Result::is_ok));

    // The first proof is spoilt: the third covers it, and the fourth builds on the third.
    let mut spoilt = chain.clone();
    spoilt["proof"][0]["created"] = json!("2024-02-24T23:36:38Z");
    let spoilt = outcomes(&spoilt);
    assert!(matches!(spoilt[0], Err(ProofError::Mismatch)));
    assert!(spoilt[1].is_ok());
    assert!(matches!(spoilt[2], Err(ProofError::Mismatch)));
    assert!(matches!(spoilt[3], Err(ProofError::BrokenChain)), "{:?}", spoilt[3]);

    // The second proof is taken out, and the third misses it.
    let mut shortened = chain.clone();
    shortened["proof"].as_array_mut().unwrap().remove(1);
    let shortened = outcomes(&shortened);
    assert!(shortened[0].is_ok());
    assert!(matches!(shortened[1], Err(ProofError::PreviousProof(_))));
    assert!(matches!(shortened[2], Err(ProofError::BrokenChain)));

    // A proof that is there twice is no one's predecessor.
    let mut doubled = chain.clone();
    let first = doubled["proof"][0].clone();
    doubled["proof"].as_array_mut().unwrap().push(first);
    assert!(matches!(outcomes(&doubled)[2], Err(ProofError::PreviousProof(_))));

    // A proof cannot be its own predecessor, nor of none.
    for previous in [chain["proof"][2]["id"].clone(), json!([]), json!(7), json!([7])] {
        let mut changed = chain.clone();
        changed["proof"][2]["previousProof"] = previous;
        let outcome = outcomes(&changed).remove(2);
        let refused =
            matches!(outcome, Err(ProofError::PreviousProof(_) | ProofError::Malformed(_)));
        assert!(refused, "{outcome:?}");
    }
}

#[test]
fn a_key_that_cannot_be_had_spoils_only_its_proof() {
    if world::folder().is_none() {
        return;
    }
    let set = world::json(FOLDER, "signedProofSet2.json");
    let lost = set["proof"][0]["verificationMethod"].as_str().unwrap();
    let key = |id: &str| match did::resolve_offline(id) {
        Some(Ok(method)) if id != lost => Ok(method.key),
        _ => Err("it is lost".to_owned()),
    };
    let proved = verify_proofs(&processor(), &set, Purpose::Assertion, key).unwrap();
    assert!(matches!(proved[0].outcome, Err(ProofError::NoKey(_))));
    assert!(proved[1].outcome.is_ok());
    assert_eq!(proved[0].verification_method.as_deref(), Some(lost));
}

#[test]
fn a_document_has_a_bearable_number_of_proofs() {
    if world::folder().is_none() {
        return;
    }
    let set = world::json(FOLDER, "signedProofSet2.json");
    let key = |_: &str| Err(String::new());
    let none = without(&set, "proof");
    let none = verify_proofs(&processor(), &none, Purpose::Assertion, key);
    assert!(matches!(none, Err(ProofError::NoProof)));
    let mut many = set.clone();
    many["proof"] = json!(vec![set["proof"][0].clone(); 17]);
    let many = verify_proofs(&processor(), &many, Purpose::Assertion, key);
    assert!(matches!(many, Err(ProofError::TooManyProofs(16))));
}
