//! `laurel jose`: credentials and presentations in tokens, from file to file.
//!
//! Other software drives this command to compare implementations of VC-JOSE-COSE. Whatever
//! happens, the outcome is in the output file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use openbadges::jose::{Jws, UnsignedJws, credential_in_jwt};
use openbadges::{Fault, PublicKey, SecretKey, json, vcdm};
use serde::Serialize;
use serde_json::Value;

/// How many bytes a file may have.
const MAX_BYTES: usize = 1 << 20;

/// What to do with a document and a key.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Puts a credential or presentation, as JSON, into a signed token.
    Issue(Files),
    /// Verifies the token in a file and the document in it.
    Verify(Files),
}

/// From which files into which.
#[derive(Args, Debug)]
pub struct Files {
    /// The document to sign, or the token to verify.
    #[arg(long)]
    input: PathBuf,
    /// A `JsonWebKey` verification method: `id`, `controller`, `publicKeyJwk`, and `secretKeyJwk`
    /// for signing (P-256, P-384, P-521 or Ed25519).
    #[arg(long)]
    key: PathBuf,
    /// `credential_jose` or `presentation_jose`; for others the result is `indeterminate`.
    #[arg(long)]
    feature: String,
    /// Where to write {"result": "success|failure|indeterminate|error", "data": "…"}: the token
    /// that was signed, the document that was verified, or what is wrong.
    #[arg(long)]
    output: PathBuf,
    /// What to disclose selectively, which no supported feature does.
    #[arg(long, hide = true)]
    sd: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Report {
    result: Outcome,
    data: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Success,
    Failure,
    Indeterminate,
    Error,
}

/// What a token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Credential,
    Presentation,
}

/// Runs the command.
///
/// # Errors
/// When the output cannot be written; everything else is written there.
pub fn run(command: &Command) -> anyhow::Result<()> {
    let (files, does): (_, fn(&Files, Content) -> anyhow::Result<String>) = match command {
        Command::Issue(files) => (files, issue),
        Command::Verify(files) => (files, verify),
    };
    let report = match files.feature.as_str() {
        "credential_jose" => report(does(files, Content::Credential)),
        "presentation_jose" => report(does(files, Content::Presentation)),
        other => Report {
            result: Outcome::Indeterminate,
            data: format!("the feature {other:?} is not supported"),
        },
    };
    let text = serde_json::to_vec(&report)?;
    std::fs::write(&files.output, text)
        .with_context(|| format!("could not write {}", files.output.display()))
}

/// A file that cannot be read is an error, everything else a failure.
fn report(done: anyhow::Result<String>) -> Report {
    match done {
        Ok(data) => Report { result: Outcome::Success, data },
        Err(error) => {
            let unreadable = error.chain().any(<dyn std::error::Error>::is::<std::io::Error>);
            let result = if unreadable { Outcome::Error } else { Outcome::Failure };
            Report { result, data: format!("{error:#}") }
        }
    }
}

fn issue(files: &Files, content: Content) -> anyhow::Result<String> {
    let method = json::parse(&read(&files.key)?, MAX_BYTES)?;
    let key = SecretKey::from_jwk(&method["secretKeyJwk"])?;
    let public = PublicKey::from_jwk(&method["publicKeyJwk"])?;
    anyhow::ensure!(public == *key.public_key(), "the secret key is not that of the public key");
    let document = json::parse(&read(&files.input)?, MAX_BYTES)?;
    judge(&document, content, &method)?;
    let id = text(&method, "id").context("the key has no id")?;
    let unsigned = match content {
        Content::Credential => UnsignedJws::credential(&document, key.algorithm(), id)?,
        Content::Presentation => UnsignedJws::presentation(&document, key.algorithm(), id)?,
    };
    Ok(unsigned.sign(&key)?)
}

fn verify(files: &Files, content: Content) -> anyhow::Result<String> {
    let method = json::parse(&read(&files.key)?, MAX_BYTES)?;
    let key = PublicKey::from_jwk(&method["publicKeyJwk"])?;
    let token = String::from_utf8(read(&files.input)?)?;
    let jws = Jws::parse(&token)?;
    jws.verify(&key)?;
    let document = credential_in_jwt(&jws)?;
    judge(&document, content, &method)?;
    Ok(serde_json::to_string(&document)?)
}

/// Judges a document that is signed by the controller of a key.
fn judge(document: &Value, content: Content, method: &Value) -> anyhow::Result<()> {
    let (faults, known, speaker) = match content {
        Content::Credential => {
            (vcdm::credential_faults(document), CREDENTIAL, vcdm::issuer_id(document))
        }
        Content::Presentation => {
            (vcdm::presentation_faults(document), PRESENTATION, vcdm::holder_id(document))
        }
    };
    let faults: Vec<String> = faults.iter().map(Fault::to_string).collect();
    anyhow::ensure!(faults.is_empty(), "{}", faults.join("; "));
    if let Some(member) = document
        .as_object()
        .and_then(|members| members.keys().find(|member| !known.contains(&member.as_str())))
    {
        anyhow::bail!("the member {member:?} is unknown to the data model");
    }
    anyhow::ensure!(
        speaker.is_none() || speaker == text(method, "controller"),
        "the document is spoken by someone other than the controller of the key"
    );
    Ok(())
}

/// What VC Data Model 2.0 defines of a credential. A token is signed over names alone: what no
/// context defines would mean whatever its reader likes.
const CREDENTIAL: &[&str] = &[
    "@context",
    "id",
    "type",
    "name",
    "description",
    "issuer",
    "validFrom",
    "validUntil",
    "credentialSubject",
    "credentialStatus",
    "credentialSchema",
    "relatedResource",
    "refreshService",
    "termsOfUse",
    "evidence",
    "confidenceMethod",
    "renderMethod",
    "proof",
];

const PRESENTATION: &[&str] =
    &["@context", "id", "type", "holder", "verifiableCredential", "termsOfUse", "proof"];

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("could not read {}", path.display()))?;
    anyhow::ensure!(bytes.len() <= MAX_BYTES, "{} is larger than 1 MiB", path.display());
    Ok(bytes)
}
