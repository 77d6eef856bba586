//! Each suite, step by step: canonical texts, hashes, signatures.

use jsonld::{Budget, HashAlgorithm, canonicalize_with};
use openbadges::data_integrity::{
    Cryptosuite, ProofError, ProofOptions, canonical_json, prepare, verify_proof,
};
use openbadges::key::{Algorithm, SecretKey};
use openbadges::{Purpose, did};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384};

use crate::world::{self, processor, text, without};

/// Where the steps of one vector are.
struct Vector {
    folder: &'static str,
    /// The part of the files' names that tells them from those of other suites.
    suffix: &'static str,
    key: SecretKey,
    suite: Cryptosuite,
}

impl Vector {
    fn text(&self, step: &str) -> String {
        text(self.folder, &format!("{step}{}.txt", self.suffix)).trim().to_owned()
    }

    fn json(&self, step: &str) -> Value {
        world::json(self.folder, &format!("{step}{}.json", self.suffix))
    }

    fn canonical(&self, document: &Value) -> String {
        if matches!(self.suite, Cryptosuite::EddsaJcs2022 | Cryptosuite::EcdsaJcs2019) {
            return String::from_utf8(canonical_json(document).unwrap()).unwrap();
        }
        let hash = match self.key.algorithm() {
            Algorithm::Es384 => HashAlgorithm::Sha384,
            _ => HashAlgorithm::Sha256,
        };
        let dataset = processor().to_quads(document).unwrap();
        canonicalize_with(&dataset, hash, Budget::default()).unwrap().nquads
    }

    fn hash(&self, text: &str) -> String {
        match self.key.algorithm() {
            Algorithm::Es384 => hex::encode(Sha384::digest(text)),
            _ => hex::encode(Sha256::digest(text)),
        }
    }

    /// Checks what is the same for issuing and for verifying; gives the signed document.
    fn is_verified(&self) -> Value {
        let signed = self.json("signed");
        let document = self.canonical(&without(&signed, "proof"));
        let config = self.canonical(&self.json("proofConfig"));
        assert_eq!(document.trim_end(), self.text("canonDoc"));
        assert_eq!(config.trim_end(), self.text("proofCanon"));
        assert_eq!(self.hash(&document), self.text("docHash"));
        assert_eq!(self.hash(&config), self.text("proofHash"));
        let verify = |document: &Value| {
            let proof = &document["proof"];
            let key = self.key.public_key();
            verify_proof(&processor(), document, proof, key, Purpose::Assertion)
        };
        verify(&signed).unwrap();
        let mut tampered = signed.clone();
        tampered["name"] = json!("Another name");
        assert!(matches!(verify(&tampered), Err(ProofError::Mismatch)));
        let mut tampered = signed.clone();
        tampered["proof"]["created"] = json!("2023-02-24T23:36:39Z");
        assert!(matches!(verify(&tampered), Err(ProofError::Mismatch)));
        let method = signed["proof"]["verificationMethod"].as_str().unwrap();
        let method = did::resolve_offline(method).unwrap().unwrap();
        assert_eq!(method.key, *self.key.public_key());
        signed
    }

    /// Checks that the vector is what we would have issued, to the last byte of the signature.
    fn is_reproduced(&self) {
        let signed = self.is_verified();
        let member = |name: &str| signed["proof"][name].as_str().unwrap().to_owned();
        let options = ProofOptions {
            verification_method: member("verificationMethod"),
            created: member("created"),
            cryptosuite: self.suite,
            algorithm: self.key.algorithm(),
            ..ProofOptions::default()
        };
        let unsigned = without(&signed, "proof");
        let prepared = prepare(&processor(), unsigned.clone(), &options).unwrap();
        assert_eq!(hex::encode(prepared.hash_data()), self.text("combinedHash"));
        let signature = self.key.sign(prepared.hash_data()).unwrap();
        assert_eq!(hex::encode(&signature), self.text("sigHex"));
        let ours = prepared.finish(&signature);
        assert_eq!(ours["proof"][0]["proofValue"], self.text("sigBTC58"));
        assert_eq!(ours["proof"][0], signed["proof"]);
        assert_eq!(without(&ours, "proof"), unsigned);
    }
}

fn ed25519() -> SecretKey {
    world::key(&world::json("vc-di-eddsa", "keyPair.json"))
}

fn p256() -> SecretKey {
    world::key(&world::json("vc-di-ecdsa", "p256KeyPair.json"))
}

fn p384() -> SecretKey {
    world::key(&world::json("vc-di-ecdsa", "p384KeyPair.json"))
}

fn eddsa(folder: &'static str, suffix: &'static str, suite: Cryptosuite) -> Vector {
    Vector { folder, suffix, key: ed25519(), suite }
}

#[test]
fn eddsa_rdfc_2022_is_reproduced() {
    if world::folder().is_none() {
        return;
    }
    for folder in ["vc-di-eddsa/eddsa-rdfc-2022", "vc-di-eddsa/eddsa-rdfc-2022/employ"] {
        eddsa(folder, "DataInt", Cryptosuite::EddsaRdfc2022).is_reproduced();
    }
}

#[test]
fn eddsa_jcs_2022_is_reproduced() {
    if world::folder().is_none() {
        return;
    }
    eddsa("vc-di-eddsa/eddsa-jcs-2022", "JCS", Cryptosuite::EddsaJcs2022).is_reproduced();
}

#[test]
fn ed25519_signature_2020_is_verified_and_not_issued() {
    if world::folder().is_none() {
        return;
    }
    let folder = "vc-di-eddsa/Ed25519Signature2020";
    let signed = eddsa(folder, "EdSig", Cryptosuite::Ed25519Signature2020).is_verified();
    let options =
        ProofOptions { cryptosuite: Cryptosuite::Ed25519Signature2020, ..ProofOptions::default() };
    let refused = prepare(&processor(), without(&signed, "proof"), &options);
    assert!(matches!(refused, Err(ProofError::Unsupported(_))));
}

#[test]
fn ecdsa_rdfc_2019_is_reproduced_on_both_curves() {
    if world::folder().is_none() {
        return;
    }
    let suite = Cryptosuite::EcdsaRdfc2019;
    for folder in ["vc-di-ecdsa/ecdsa-rdfc-2019-p256", "vc-di-ecdsa/ecdsa-rdfc-2019-p256/employ"] {
        Vector { folder, suffix: "ECDSAP256", key: p256(), suite }.is_reproduced();
    }
    for folder in ["vc-di-ecdsa/ecdsa-rdfc-2019-p384", "vc-di-ecdsa/ecdsa-rdfc-2019-p384/employ"] {
        Vector { folder, suffix: "ECDSAP384", key: p384(), suite }.is_reproduced();
    }
}

#[test]
fn ecdsa_jcs_2019_is_reproduced_on_both_curves() {
    if world::folder().is_none() {
        return;
    }
    let suite = Cryptosuite::EcdsaJcs2019;
    let folder = "vc-di-ecdsa/ecdsa-jcs-2019-p256";
    Vector { folder, suffix: "JCSECDSAP256", key: p256(), suite }.is_reproduced();
    let folder = "vc-di-ecdsa/ecdsa-jcs-2019-p384";
    Vector { folder, suffix: "JCSECDSAP384", key: p384(), suite }.is_reproduced();
}
