//! Credentials as text with holes: what one badge's awards share, written once.
//!
//! The text of a template is the JSON of the signed credential. Where awards differ stands the
//! name of a hole between two U+FDD0, a code point that Unicode reserves for such use and that no
//! template text may contain otherwise. Filling is splicing, so that a template's text and a
//! [`Fill`] give the same bytes for ever.

mod canonical;
mod compile;
mod compiled;
mod fill;
mod hole;
mod slot;
mod statement;

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::compiled::Compiled;
pub use self::fill::Fill;
use self::hole::{Hole, MARK, json_text};
use crate::data_integrity::{self, EddsaRdfc2022, NAME, ProofError, ProofOptions, join};
use crate::lint::Fixed;
use crate::status::StatusListEntry;
use crate::timestamp::{TimestampError, parse_timestamp};
use crate::v3::{
    Achievement, AchievementSubject, Evidence, IdentityObject, OpenBadgeCredential, Profile,
};

/// The suites for templates: both sign what [`CredentialTemplate::prepare`] gives, with Ed25519 the
/// one and with P-256 the other, in 64 bytes.
const SUITES: [&str; 2] = [NAME, "ecdsa-rdfc-2019"];

/// Why a template cannot be made or filled.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The terms contain the code point that marks holes.
    #[error("could not make a template: its text contains u+fdd0; remove this character")]
    Mark,
    /// The standard does not know a type.
    #[error(
        "could not make a template: {0:?} is no type that open badges knows; use ext:… for others"
    )]
    UnknownType(String),
    /// The suite is not one that templates are signed with.
    #[error("could not make a template: {0:?} is not a suite for it; use one of {SUITES:?}")]
    UnknownSuite(String),
    /// The text is not that of a template.
    #[error("could not read the template: its text is malformed")]
    Malformed,
    /// The template has a status list, the award no place in it, or the other way round.
    #[error("could not fill the template: give a status list index exactly when it has a list")]
    StatusListIndex,
    /// A date is malformed.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    /// The filled credential cannot be signed.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// What all the awards of one badge share.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateTerms {
    /// Who issues.
    pub issuer: Profile,
    /// What is earned.
    pub achievement: Achievement,
    /// The full id of the signing key: the issuer's id, `#` and the key.
    pub verification_method: String,
    /// What the recipients' hashed identifiers are: `emailAddress` and other terms.
    pub identity_type: String,
    /// The URL of the status list in which revocations will be found.
    pub status_list: Option<String>,
}

/// A credential with holes, as text.
///
/// It serialises as its text, which is stable, and is addressed by [`CredentialTemplate::digest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CredentialTemplate {
    text: String,
    /// Where text ends and which hole follows; after the last hole comes the rest of the text.
    pieces: Vec<(std::ops::Range<usize>, Hole)>,
    rest: usize,
    context: Value,
    cryptosuite: String,
    verification_method: String,
    has_status: bool,
    status_list: Option<String>,
    /// Made when it is first signed with.
    compiled: OnceLock<Arc<Compiled>>,
    /// Found when it is first linted.
    fixed: OnceLock<Arc<Fixed>>,
}

impl CredentialTemplate {
    /// Writes the template of all awards with the same terms, to be signed with Ed25519.
    ///
    /// # Errors
    /// When the terms contain U+FDD0, or a type that the standard does not know.
    pub fn new(terms: &TemplateTerms) -> Result<Self, TemplateError> {
        Self::for_suite(terms, NAME)
    }

    /// The same for another suite: `eddsa-rdfc-2022` or, with P-256, `ecdsa-rdfc-2019`.
    ///
    /// # Errors
    /// The same, and for other suites.
    pub fn for_suite(terms: &TemplateTerms, cryptosuite: &str) -> Result<Self, TemplateError> {
        if !SUITES.contains(&cryptosuite) {
            return Err(TemplateError::UnknownSuite(cryptosuite.chars().take(64).collect()));
        }
        if let Some(term) = terms.achievement.unknown_term() {
            return Err(TemplateError::UnknownType(term.to_owned()));
        }
        let identity = IdentityObject::new(
            Hole::IdentityHash.marked(),
            terms.identity_type.as_str(),
            Hole::Salt.marked(),
        );
        let achievement = terms.achievement.clone();
        let mut subject = AchievementSubject::new(identity, achievement);
        subject.narrative = Some(Hole::Narrative.marked());
        let mut credential = OpenBadgeCredential::new(
            Hole::CredentialId.marked(),
            terms.issuer.clone(),
            Hole::ValidFrom.marked(),
            subject,
        )
        .with_published_schema();
        credential.name = Some(terms.achievement.name.clone());
        credential.valid_until = Some(Hole::ValidUntil.marked());
        credential.awarded_date = Some(Hole::AwardedDate.marked());
        let mut evidence = Evidence::new();
        evidence.id = Some(Hole::Evidence.marked());
        credential.evidence = vec![evidence];
        credential.credential_status = terms
            .status_list
            .as_deref()
            .map(|list| StatusListEntry::at(list, &Hole::StatusListIndex.marked()).into());
        let mut text = json_text(&credential);
        for (member, hole) in [
            (format!(",\"validUntil\":\"{}\"", Hole::ValidUntil.marked()), Hole::ValidUntil),
            (format!(",\"awardedDate\":\"{}\"", Hole::AwardedDate.marked()), Hole::AwardedDate),
            (format!(",\"narrative\":\"{}\"", Hole::Narrative.marked()), Hole::Narrative),
            (format!(",\"evidence\":{}", json_text(&credential.evidence)), Hole::Evidence),
        ] {
            text = text.replacen(&member, &hole.marked(), 1);
        }
        text.pop();
        text.push_str(",\"proof\":[{\"type\":\"DataIntegrityProof\",\"cryptosuite\":\"");
        text.push_str(cryptosuite);
        text.push_str("\",\"created\":\"");
        text.push_str(&Hole::ProofCreated.marked());
        text.push_str("\",\"verificationMethod\":");
        text.push_str(&json_text(&terms.verification_method));
        text.push_str(",\"proofPurpose\":\"assertionMethod\",\"proofValue\":\"");
        text.push_str(&Hole::ProofValue.marked());
        text.push_str("\"}]}");
        let expected = if terms.status_list.is_some() { 12 } else { 10 };
        if text.matches(MARK).count() != expected * 2 {
            return Err(TemplateError::Mark);
        }
        Self::read(text)
    }

    fn read(text: String) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = 0;
        while let Some(open) = text[rest..].find(MARK).map(|at| rest + at) {
            let name = open + MARK.len_utf8();
            let close = text[name..].find(MARK).ok_or(TemplateError::Malformed)? + name;
            let hole = Hole::named(&text[name..close]).ok_or(TemplateError::Malformed)?;
            pieces.push((rest..open, hole));
            rest = close + MARK.len_utf8();
        }
        let mut template = Self {
            text,
            pieces,
            rest,
            context: Value::Null,
            cryptosuite: String::new(),
            verification_method: String::new(),
            has_status: false,
            status_list: None,
            compiled: OnceLock::new(),
            fixed: OnceLock::new(),
        };
        template.has_status =
            template.pieces.iter().any(|(_, hole)| *hole == Hole::StatusListIndex);
        let sample: Value = serde_json::from_slice(&template.render(&Fill::default(), ""))
            .map_err(|_| TemplateError::Malformed)?;
        template.context = sample.get("@context").cloned().ok_or(TemplateError::Malformed)?;
        let member = |place: &str| match sample.pointer(place).and_then(Value::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => Err(TemplateError::Malformed),
        };
        template.status_list = member("/credentialStatus/statusListCredential").ok();
        template.verification_method = member("/proof/0/verificationMethod")?;
        template.cryptosuite = member("/proof/0/cryptosuite")?;
        if !SUITES.contains(&template.cryptosuite.as_str()) {
            return Err(TemplateError::Malformed);
        }
        Ok(template)
    }

    /// Gives the template's text, which [`CredentialTemplate::try_from`] reads back.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Gives the SHA-256 of the text in hexadecimal: the template's address.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.text))
    }

    /// Gives the name of the suite: `eddsa-rdfc-2022` or `ecdsa-rdfc-2019`.
    pub fn cryptosuite(&self) -> &str {
        &self.cryptosuite
    }

    /// Gives the URL of the status list in which revocations will be found, if there is one.
    pub fn status_list(&self) -> Option<&str> {
        self.status_list.as_deref()
    }

    /// Gives the full id of the key that signs.
    pub fn verification_method(&self) -> &str {
        &self.verification_method
    }

    /// Checks that awards of this template can be signed, whatever fills its holes.
    ///
    /// To be called before a badge is published: it finds a relative URL and the like, with which
    /// no award could be signed.
    ///
    /// # Errors
    /// What is wrong with the terms, and where in the credential it stands.
    pub fn check(&self, suite: &EddsaRdfc2022) -> Result<(), TemplateError> {
        let sample = Fill {
            credential_id: "urn:uuid:00000000-0000-0000-0000-000000000000".to_owned(),
            valid_from: "2000-01-01T00:00:00Z".to_owned(),
            status_list_index: self.has_status.then_some(0),
            proof_created: "2000-01-01T00:00:00Z".to_owned(),
            ..Fill::default()
        };
        self.prepare(suite, &sample).map(|_| ())
    }

    /// Computes the 64 bytes to sign for one award: the same whichever of the suites signs them.
    ///
    /// # Errors
    /// When a date is malformed, the status list index missing or superfluous, or the filled
    /// credential not JSON-LD without loss.
    pub fn prepare(&self, suite: &EddsaRdfc2022, fill: &Fill) -> Result<[u8; 64], TemplateError> {
        if fill.status_list_index.is_some() != self.has_status {
            return Err(TemplateError::StatusListIndex);
        }
        let dates = [Some(&fill.valid_from), fill.valid_until.as_ref(), fill.awarded_date.as_ref()];
        for date in dates.into_iter().flatten() {
            parse_timestamp(date)?;
        }
        parse_timestamp(&fill.proof_created)?;
        let compiled = self.compiled(suite);
        let form = compiled.and_then(|compiled| compiled.credential.as_ref());
        let document_hash = match form.and_then(|form| form.hash(fill)) {
            Some(hash) => hash,
            None => self.general_hash(suite, fill)?,
        };
        let proof = compiled.and_then(|compiled| compiled.proof.as_ref());
        let proof_hash = match proof {
            Some((before, after)) => Sha256::new()
                .chain_update(before)
                .chain_update(&fill.proof_created)
                .chain_update(after)
                .finalize()
                .into(),
            None => Sha256::digest(self.proof_text(suite, &fill.proof_created)?).into(),
        };
        Ok(join(proof_hash, document_hash))
    }

    /// Writes the credential with the signature of the prepared bytes: what is published.
    ///
    /// A P-256 signature is its `r` and `s`, 32 bytes each.
    pub fn fill(&self, fill: &Fill, signature: &[u8; 64]) -> Vec<u8> {
        self.render(fill, &data_integrity::value(signature))
    }

    /// The filled credential without proof.
    pub(crate) fn unsigned(&self, fill: &Fill) -> Result<Value, TemplateError> {
        unsigned(&self.render(fill, ""))
    }

    /// What the lint keeps of the template.
    pub(crate) fn fixed(&self, find: impl FnOnce(&Self) -> Fixed) -> &Fixed {
        self.fixed.get_or_init(|| Arc::new(find(self)))
    }

    /// The hash of the filled credential's canonical form, found without anything compiled.
    fn general_hash(&self, suite: &EddsaRdfc2022, fill: &Fill) -> Result<[u8; 32], TemplateError> {
        Ok(suite.document_hash(&unsigned(&self.render(fill, ""))?)?)
    }

    /// The canonical form of the proof's configuration.
    fn proof_text(&self, suite: &EddsaRdfc2022, created: &str) -> Result<String, ProofError> {
        let options = ProofOptions::new(self.verification_method.as_str(), created);
        suite.canonical(&data_integrity::config(&self.context, &self.cryptosuite, &options))
    }

    fn render(&self, fill: &Fill, proof_value: &str) -> Vec<u8> {
        self.render_with(|hole, out| hole.write(out, fill, proof_value))
    }

    fn render_with(&self, mut write: impl FnMut(Hole, &mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.text.len() + 1024);
        for (text, hole) in &self.pieces {
            out.extend_from_slice(self.text[text.clone()].as_bytes());
            write(*hole, &mut out);
        }
        out.extend_from_slice(&self.text.as_bytes()[self.rest..]);
        out
    }
}

/// The document without its proof.
fn unsigned(text: &[u8]) -> Result<Value, TemplateError> {
    let mut document: Value = serde_json::from_slice(text).map_err(|_| TemplateError::Malformed)?;
    if let Value::Object(members) = &mut document {
        members.remove("proof");
    }
    Ok(document)
}

impl TryFrom<String> for CredentialTemplate {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        Self::read(text)
    }
}

impl From<CredentialTemplate> for String {
    fn from(template: CredentialTemplate) -> Self {
        template.text
    }
}

impl PartialEq for CredentialTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests;
