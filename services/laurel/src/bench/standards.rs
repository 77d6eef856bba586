//! What the standards cost by themselves: one thread, in memory, beside the raw signature.

use std::{hint::black_box, sync::Arc, time::Instant};

use anyhow::{Context, ensure};
use openbadges::{
    Achievement, Alignment, CredentialTemplate, Criteria, EddsaRdfc2022, Fill, Image, Profile,
    TemplateTerms,
    baking::{self, Keyword},
    data_integrity::{self, Cryptosuite, ProofOptions},
    did::{self, Purpose},
    identity_hash,
    jose::{self, Jws, UnsignedJws},
    json,
    jsonld::{Contexts, Processor},
    key::{Algorithm, PublicKey, SecretKey},
};
use serde_json::{Value, json};

use super::{Load, Meter, Processes, Scenario, limits::micros};

/// Operations timed together: one alone is too short for the clock.
const BATCH: usize = 50;

/// Runs one of the scenarios that need no store.
///
/// # Errors
/// When the sample cannot be signed or does not verify.
pub fn run(scenario: Scenario, count: usize) -> anyhow::Result<Load> {
    let bench = Sample::new()?;
    match scenario {
        Scenario::IssueTemplate => {
            let suite = EddsaRdfc2022::new(bench.processor.clone());
            let template = CredentialTemplate::new(&terms())?;
            let fills: Vec<Fill> = (0..BATCH).map(fill).collect();
            time(count, |n| {
                let fill = &fills[n % BATCH];
                let payload = template.prepare(&suite, fill)?;
                let signature = bench.key.sign(&payload)?;
                let signature = signature.as_slice().try_into()?;
                Ok(template.fill(fill, signature).len())
            })
        }
        Scenario::IssueGeneral => time(count, |_| {
            let document = bench.document.clone();
            Ok(bench.sign(Cryptosuite::EddsaRdfc2022, document)?.len())
        }),
        Scenario::VerifyRdfc => bench.verify(Cryptosuite::EddsaRdfc2022, count),
        Scenario::VerifyJcs => bench.verify(Cryptosuite::EddsaJcs2022, count),
        Scenario::VerifyJwt => {
            let token = {
                let unsigned =
                    UnsignedJws::open_badge(&bench.document, Algorithm::EdDsa, &bench.method)?;
                unsigned.sign(&bench.key)?
            };
            time(count, |_| {
                let jws = Jws::parse(black_box(&token))?;
                jws.verify(&bench.public)?;
                Ok(jose::credential_in_jwt(&jws)?.to_string().len())
            })
        }
        _ => {
            let picture = picture(100 << 10);
            let credential = bench.sign(Cryptosuite::EddsaRdfc2022, bench.document.clone())?;
            let credential = String::from_utf8(credential)?;
            time(count, |_| {
                let baked =
                    baking::bake_png(&picture, &[(Keyword::OpenBadgeCredential, &credential)])?;
                let found = baking::extract(black_box(&baked))?;
                ensure!(found.credentials.len() == 1, "what was baked is not there");
                Ok(baked.len())
            })
        }
    }
}

/// A realistic badge, and the key of its issuer.
struct Sample {
    processor: Arc<Processor>,
    document: Value,
    key: SecretKey,
    public: PublicKey,
    method: String,
}

const SIGNED_AT: &str = "2026-01-31T12:00:00Z";

impl Sample {
    fn new() -> anyhow::Result<Self> {
        let key = SecretKey::ed25519(&[7; 32]);
        let public = key.public_key().clone();
        let multikey = public.multikey().context("an ed25519 key is a multikey")?;
        let did = did::did_key(&multikey);
        let method = format!("{did}#{multikey}");
        let document = badge(&did);
        let processor = Arc::new(Processor::new(Contexts::bundled()));
        Ok(Self { processor, document, key, public, method })
    }

    fn sign(&self, cryptosuite: Cryptosuite, document: Value) -> anyhow::Result<Vec<u8>> {
        let options = ProofOptions {
            cryptosuite,
            algorithm: Algorithm::EdDsa,
            ..ProofOptions::new(self.method.as_str(), SIGNED_AT)
        };
        let unsigned = data_integrity::prepare(&self.processor, document, &options)?;
        let signature = self.key.sign(unsigned.hash_data())?;
        Ok(serde_json::to_vec(&unsigned.finish(&signature))?)
    }

    /// From the bytes of a credential to the answer that its proof holds.
    fn verify(&self, cryptosuite: Cryptosuite, count: usize) -> anyhow::Result<Load> {
        let signed = self.sign(cryptosuite, self.document.clone())?;
        time(count, |_| {
            let document = json::parse(black_box(&signed), 1 << 20)?;
            let (processor, proof) = (&self.processor, &document["proof"][0]);
            data_integrity::verify_proof(
                processor,
                &document,
                proof,
                &self.public,
                Purpose::Assertion,
            )?;
            Ok(signed.len())
        })
    }
}

/// Does it so often and says what one time costs.
fn time(
    count: usize,
    mut operation: impl FnMut(usize) -> anyhow::Result<usize>,
) -> anyhow::Result<Load> {
    // What is made once is made beforehand.
    for n in 0..BATCH {
        black_box(operation(n)?);
    }
    let meter = Meter::start(Processes::this())?;
    let mut times = Vec::with_capacity(count / BATCH + 1);
    let mut done = 0;
    while done < count {
        let start = Instant::now();
        for n in 0..BATCH {
            black_box(operation(n)?);
        }
        done += BATCH;
        #[expect(clippy::cast_precision_loss, reason = "a batch is fifty")]
        times.push(micros(start.elapsed()) / BATCH as f64);
    }
    meter.read_for(done, times)
}

fn achievement() -> Achievement {
    let criteria = Criteria {
        id: Some("https://badges.bench.example/b/welding".to_owned()),
        narrative: Some("Weld *three* joints and pass the written exam.".to_owned()),
        ..Criteria::default()
    };
    let mut achievement = Achievement::new(
        "https://badges.bench.example/b/welding/v/1",
        "Welding, level 1",
        "Can weld the joints that matter.",
        criteria,
    );
    achievement.image = Some(Image::new("https://badges.bench.example/b/welding/v/1/artwork.png"));
    achievement.achievement_type = Some("Badge".to_owned());
    achievement.tag = vec!["welding".to_owned(), "metal".to_owned()];
    achievement.alignment =
        vec![Alignment::new("Welding", "https://frameworks.bench.example/welding/1")];
    achievement
}

/// The terms that a template is made of.
fn terms() -> TemplateTerms {
    let issuer = "did:web:badges.bench.example:i:acme";
    let mut profile = Profile::new(issuer, "Acme Academy");
    profile.url = Some("https://acme.bench.example/".to_owned());
    TemplateTerms {
        issuer: profile,
        achievement: achievement(),
        verification_method: format!("{issuer}#key-1"),
        identity_type: "emailAddress".to_owned(),
        status_list: Some("https://badges.bench.example/status/1".to_owned()),
    }
}

fn fill(n: usize) -> Fill {
    let salt = format!("{n:032x}");
    Fill {
        credential_id: format!("https://badges.bench.example/c/award_{n:026}"),
        valid_from: SIGNED_AT.to_owned(),
        awarded_date: Some(SIGNED_AT.to_owned()),
        identity_hash: identity_hash(&format!("learner.{n}@bench.example"), &salt),
        salt,
        status_list_index: u32::try_from(n).ok(),
        proof_created: SIGNED_AT.to_owned(),
        ..Fill::default()
    }
}

/// A badge with a result, an alignment, a hashed recipient, a status and a schema: 2.2 KB, about 60
/// statements.
fn badge(issuer: &str) -> Value {
    let list = "https://badges.bench.example/status/1";
    let mut achievement = json!(achievement());
    achievement["resultDescription"] = json!([{
        "id": "urn:uuid:6d3f3c0e-6f0f-4d3c-9a0b-0d2c5b8e7a11", "type": ["ResultDescription"],
        "name": "Exam", "resultType": "Percent", "valueMin": "0", "valueMax": "100",
    }]);
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
        ],
        "id": "https://badges.bench.example/c/award_1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Welding, level 1",
        "issuer": {
            "id": issuer, "type": ["Profile"], "name": "Acme Academy",
            "url": "https://acme.bench.example/",
        },
        "validFrom": SIGNED_AT,
        "validUntil": "2036-01-31T12:00:00Z",
        "awardedDate": SIGNED_AT,
        "credentialSubject": {
            "id": "urn:uuid:0e4ff7a4-6f0e-4a57-8dc4-3fb1c9ad5a01",
            "type": ["AchievementSubject"],
            "identifier": [{
                "type": "IdentityObject", "hashed": true, "identityType": "emailAddress",
                "identityHash": identity_hash("ada@bench.example", "c2FsdA"), "salt": "c2FsdA",
            }],
            "achievement": achievement,
            "result": [{
                "type": ["Result"], "value": "93",
                "resultDescription": "urn:uuid:6d3f3c0e-6f0f-4d3c-9a0b-0d2c5b8e7a11",
            }],
        },
        "evidence": [{
            "id": "https://portfolio.bench.example/ada/joint", "type": ["Evidence"],
            "name": "Her first joint", "narrative": "It holds.",
        }],
        "credentialStatus": {
            "id": format!("{list}#94567"), "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation", "statusListIndex": "94567",
            "statusListCredential": list,
        },
        "credentialSchema": [{
            "id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
            "type": "1EdTechJsonSchemaValidator2019",
        }],
    })
}

/// The frame of a PNG of about so many bytes; baking never looks at its pixels.
fn picture(bytes: usize) -> Vec<u8> {
    let mut header = Vec::from([0, 0, 1, 0, 0, 0, 1, 0]);
    header.extend_from_slice(&[8, 6, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &vec![0x5a; bytes]);
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    png.extend_from_slice(&length.to_be_bytes());
    let start = png.len();
    png.extend_from_slice(&kind);
    png.extend_from_slice(data);
    let check = crc32fast::hash(&png[start..]);
    png.extend_from_slice(&check.to_be_bytes());
}
