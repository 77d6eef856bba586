//! Verdicts: whether a badge, of whatever issuer, can be trusted, and what that does not prove.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use base64::{Engine, engine::general_purpose::STANDARD};
use openbadges::verify as judged;

use crate::{cost, failure::Failure, verification::Verification};

/// Most characters of a picture in base64: 8 MiB of bytes.
const LONGEST: usize = (8 << 20) / 3 * 4 + 4;

/// What is to be verified: exactly one of `content` and `file`.
#[derive(InputObject)]
pub struct VerifyInput {
    /// The credential as JSON or JWT, or its https address.
    pub content: Option<String>,
    /// A file in base64: a PNG or SVG with a badge baked in, or the same as `content`.
    pub file: Option<String>,
    /// The e-mail address or other identifier of the person it should be for.
    pub recipient: Option<String>,
}

/// How a verification or a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum VerificationOutcome {
    /// It does not.
    Invalid,
    /// It could not be found out.
    Undetermined,
    /// It holds.
    Valid,
}

/// What a check is about.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum VerificationCheckKind {
    /// The document has the form that its standard demands.
    Conformance,
    /// Every credential that is presented holds.
    Credentials,
    /// Endorsements and credentials in it hold too. Does not decide.
    Enclosed,
    /// It is something that can be judged at all.
    Format,
    /// Whom the issuer's identifier stands for. Does not decide.
    IssuerTrust,
    /// The issuer signed exactly this document, or hosts it.
    Proof,
    /// It is for the recipient asked about.
    Recipient,
    /// Its issuer has no newer edition of it. Does not decide.
    Refresh,
    /// Its issuer has neither revoked nor suspended it.
    Status,
    /// It is valid at this time.
    ValidityPeriod,
}

/// One check, how it came out, and why.
#[derive(SimpleObject)]
pub struct VerificationCheck {
    /// What it is about.
    pub kind: VerificationCheckKind,
    /// How it came out.
    pub outcome: VerificationOutcome,
    /// Whether the verdict depends on it.
    pub decides: bool,
    /// Why it did not come out valid, for people.
    pub reason: Option<String>,
    /// What the outcome rests on.
    pub evidence: Vec<String>,
}

/// Something that was fetched for the verdict.
#[derive(SimpleObject)]
pub struct VerificationSource {
    /// Its URL.
    pub url: String,
    /// When it was fetched, if it was.
    pub fetched_at: Option<String>,
    /// Why it could not be had.
    pub failure: Option<String>,
}

/// The verdict on something enclosed.
#[derive(SimpleObject)]
pub struct EnclosedVerification {
    /// What it comes to.
    pub outcome: VerificationOutcome,
    /// The verdict and its main reason.
    pub summary: String,
    /// Its name.
    pub name: Option<String>,
    /// The identifier of its issuer.
    pub issuer: Option<String>,
}

/// What was found out. What the badge says of itself is proven by nothing but the checks.
#[derive(SimpleObject)]
pub struct BadgeVerification {
    /// What it comes to.
    pub outcome: VerificationOutcome,
    /// The verdict and its main reason, for people.
    pub summary: String,
    /// The standard by which it was judged, such as Open Badges 3.0.
    pub standard: Option<String>,
    /// Its identifier.
    pub credential_id: Option<String>,
    /// The name of the badge.
    pub name: Option<String>,
    /// The badge's description.
    pub description: Option<String>,
    /// The identifier of the issuer.
    pub issuer: Option<String>,
    /// The issuer's name.
    pub issuer_name: Option<String>,
    /// From when on it is valid, as written there.
    pub valid_from: Option<String>,
    /// Until when, as written there.
    pub valid_until: Option<String>,
    /// The checks, in the order in which the standard makes them.
    #[graphql(directive = cost::cost::apply(0))]
    pub checks: Vec<VerificationCheck>,
    /// What this verdict does not prove.
    pub does_not_prove: Vec<String>,
    /// When the answer about its status was fetched.
    pub status_fetched_at: Option<String>,
    /// Endorsements and credentials in it.
    #[graphql(directive = cost::cost::apply(0))]
    pub enclosed: Vec<EnclosedVerification>,
    /// What was fetched.
    #[graphql(directive = cost::cost::apply(0))]
    pub sources: Vec<VerificationSource>,
    /// When it was judged.
    pub judged_at: String,
}

/// Verdicts.
#[derive(Default, Clone)]
pub struct VerificationQuery;

/// Verdicts.
#[Object]
impl VerificationQuery {
    /// Judges a badge or verifiable credential, whoever issued it. Needs no token.
    #[graphql(directive = cost::cost::apply(200))]
    async fn verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be verified.")] input: VerifyInput,
    ) -> Option<Result<BadgeVerification, Failure>> {
        Some(verify(ctx.data_unchecked::<Arc<Verification>>(), input).await)
    }
}

async fn verify(
    verification: &Verification,
    input: VerifyInput,
) -> Result<BadgeVerification, Failure> {
    let handed = match (input.content, input.file) {
        (Some(content), None) => content.into_bytes(),
        (None, Some(file)) if file.len() <= LONGEST => {
            STANDARD.decode(file).map_err(|_| Failure::argument("the file is not base64"))?
        }
        (None, Some(_)) => return Err(Failure::argument("a file has at most 8 MiB")),
        _ => return Err(Failure::argument("give exactly one of content and file")),
    };
    let recipient = input.recipient.filter(|recipient| !recipient.trim().is_empty());
    if recipient.as_ref().is_some_and(|recipient| recipient.len() > 320) {
        return Err(Failure::argument("a recipient has at most 320 bytes"));
    }
    let options = judged::Options { recipient, ..judged::Options::default() };
    let report = verification.judge(&handed, options).await.map_err(|_| Failure::busy())?;
    Ok(report.into())
}

impl From<judged::Report> for BadgeVerification {
    fn from(report: judged::Report) -> Self {
        let judged::Report { claims, .. } = report;
        let standard = report.standard.map(|standard| standard.name().to_owned());
        Self {
            outcome: report.verdict.into(),
            summary: report.summary,
            standard,
            credential_id: claims.id,
            name: claims.name,
            description: claims.description,
            issuer: claims.issuer,
            issuer_name: claims.issuer_name,
            valid_from: claims.valid_from,
            valid_until: claims.valid_until,
            checks: report.checks.into_iter().map(Into::into).collect(),
            does_not_prove: report.does_not_prove,
            status_fetched_at: report.status_freshness.and_then(|fresh| fresh.fetched_at),
            enclosed: report.enclosed.into_iter().map(Into::into).collect(),
            sources: report.sources.into_iter().map(Into::into).collect(),
            judged_at: report.judged_at,
        }
    }
}

impl From<judged::Report> for EnclosedVerification {
    fn from(report: judged::Report) -> Self {
        Self {
            outcome: report.verdict.into(),
            summary: report.summary,
            name: report.claims.name,
            issuer: report.claims.issuer,
        }
    }
}

impl From<judged::Check> for VerificationCheck {
    fn from(check: judged::Check) -> Self {
        Self {
            kind: check.check.into(),
            outcome: check.outcome.into(),
            decides: check.check.decides(),
            reason: Some(check.reason).filter(|reason| !reason.is_empty()),
            evidence: check.evidence,
        }
    }
}

impl From<judged::Source> for VerificationSource {
    fn from(source: judged::Source) -> Self {
        Self { url: source.url, fetched_at: source.fetched_at, failure: source.failure }
    }
}

impl From<judged::Verdict> for VerificationOutcome {
    fn from(verdict: judged::Verdict) -> Self {
        match verdict {
            judged::Verdict::Valid => Self::Valid,
            judged::Verdict::Invalid => Self::Invalid,
            judged::Verdict::Undetermined => Self::Undetermined,
        }
    }
}

impl From<judged::Outcome> for VerificationOutcome {
    fn from(outcome: judged::Outcome) -> Self {
        match outcome {
            judged::Outcome::Valid => Self::Valid,
            judged::Outcome::Invalid => Self::Invalid,
            judged::Outcome::Undetermined => Self::Undetermined,
        }
    }
}

impl From<judged::CheckKind> for VerificationCheckKind {
    fn from(kind: judged::CheckKind) -> Self {
        match kind {
            judged::CheckKind::Format => Self::Format,
            judged::CheckKind::Conformance => Self::Conformance,
            judged::CheckKind::Proof => Self::Proof,
            judged::CheckKind::ValidityPeriod => Self::ValidityPeriod,
            judged::CheckKind::Status => Self::Status,
            judged::CheckKind::Recipient => Self::Recipient,
            judged::CheckKind::Credentials => Self::Credentials,
            judged::CheckKind::Refresh => Self::Refresh,
            judged::CheckKind::Enclosed => Self::Enclosed,
            judged::CheckKind::IssuerTrust => Self::IssuerTrust,
        }
    }
}
