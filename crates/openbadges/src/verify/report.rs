//! The verdict: every check, what it rests on, and what all of them together do not prove.

use serde::{Deserialize, Serialize};

/// What a verification comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Every check that decides found it good.
    Valid,
    /// At least one check that decides found it bad.
    Invalid,
    /// None found it bad, but something could not be found out.
    Undetermined,
}

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckKind {
    /// It is something that can be judged at all.
    Format,
    /// The document has the form that its standard demands.
    Conformance,
    /// The issuer signed exactly this document, or hosts it.
    Proof,
    /// It is valid at this time.
    ValidityPeriod,
    /// Its issuer has neither revoked nor suspended it.
    Status,
    /// It is for the recipient asked about.
    Recipient,
    /// Every credential that is presented holds.
    Credentials,
    /// Its issuer has no newer edition of it. Does not decide.
    Refresh,
    /// The endorsements in it, and the credentials that a record encloses, hold too. Does not
    /// decide.
    Enclosed,
    /// Whom the issuer's identifier stands for. Does not decide.
    IssuerTrust,
}

impl CheckKind {
    /// Tells whether the verdict depends on this check.
    pub fn decides(self) -> bool {
        !matches!(self, Self::Refresh | Self::Enclosed | Self::IssuerTrust)
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is so.
    Valid,
    /// It is not so.
    Invalid,
    /// It could not be found out.
    Undetermined,
}

/// One check, how it came out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was judged.
    pub check: CheckKind,
    /// How it came out.
    pub outcome: Outcome,
    /// Why it did not come out valid, for people; empty when it did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What the outcome rests on: keys, lists, dates, places of faults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Check {
    pub(crate) fn valid(check: CheckKind, evidence: impl Into<String>) -> Self {
        Self {
            check,
            outcome: Outcome::Valid,
            reason: String::new(),
            evidence: vec![evidence.into()],
        }
    }

    pub(crate) fn invalid(check: CheckKind, reason: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Invalid, reason: reason.into(), evidence: Vec::new() }
    }

    pub(crate) fn undetermined(check: CheckKind, reason: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Undetermined, reason: reason.into(), evidence: Vec::new() }
    }

    pub(crate) fn with(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.outcome == Outcome::Valid
    }
}

/// How it was wrapped when it was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Container {
    /// A JSON document.
    Json,
    /// A compact JWS.
    Jwt,
    /// Baked into a PNG.
    Png,
    /// Baked into an SVG.
    Svg,
}

/// By which standard it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standard {
    /// An Open Badges 3.0 credential, under VC Data Model 2.0 or 1.1.
    OpenBadges3,
    /// An Open Badges 3.0 endorsement.
    Endorsement3,
    /// An Open Badges 2.0 assertion.
    OpenBadges2,
    /// An Open Badges 2.1 assertion.
    OpenBadges21,
    /// A Comprehensive Learner Record 2.0.
    Clr2,
    /// A verifiable presentation.
    Presentation,
    /// Any other verifiable credential.
    Credential,
}

impl Standard {
    /// Gives the name that people use.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenBadges3 => "Open Badges 3.0",
            Self::Endorsement3 => "Open Badges 3.0 endorsement",
            Self::OpenBadges2 => "Open Badges 2.0",
            Self::OpenBadges21 => "Open Badges 2.1",
            Self::Clr2 => "Comprehensive Learner Record 2.0",
            Self::Presentation => "Verifiable Presentation",
            Self::Credential => "Verifiable Credential",
        }
    }
}

/// What the thing judged says of itself. Nothing here is proven but by the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// Its identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name of the badge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The badge's description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The URL of the badge's picture; never a data URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The identifier of the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The issuer's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_name: Option<String>,
    /// From when on it is valid, as it is written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Until when, as it is written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

/// Something that was fetched for the verdict, and how fresh it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Its URL.
    pub url: String,
    /// When it was fetched (`xsd:dateTimeStamp`), if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<String>,
    /// Why it could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// How fresh the answer to "is it revoked" is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Freshness {
    /// Since when the list is as it is, by its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Until when the list may be relied upon, by its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// For how many milliseconds it may be kept, by its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
    /// When it was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<String>,
}

/// What a verification found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What it comes to.
    pub verdict: Verdict,
    /// The verdict and its main reason, in one sentence for people.
    pub summary: String,
    /// How it was wrapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// By which standard it was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<Standard>,
    /// What it says of itself.
    pub claims: Claims,
    /// The checks, in the order of Open Badges 3.0, section 9.
    pub checks: Vec<Check>,
    /// What this verdict does not prove.
    pub does_not_prove: Vec<String>,
    /// How fresh the status is, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_freshness: Option<Freshness>,
    /// The reports of the credentials and endorsements in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enclosed: Vec<Report>,
    /// What was fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// When it was judged (`xsd:dateTimeStamp`).
    pub judged_at: String,
}

impl Report {
    /// Tells whether every check that decides found it good.
    pub fn is_valid(&self) -> bool {
        self.verdict == Verdict::Valid
    }

    /// Gives one check, if it was made.
    pub fn check(&self, kind: CheckKind) -> Option<&Check> {
        self.checks.iter().find(|check| check.check == kind)
    }

    /// Gives the outcome of one check; those that were not made are undetermined.
    pub fn outcome(&self, kind: CheckKind) -> Outcome {
        self.check(kind).map_or(Outcome::Undetermined, |check| check.outcome)
    }
}

/// The verdict that follows from checks.
pub(crate) fn verdict(checks: &[Check]) -> Verdict {
    let any = |outcome| checks.iter().any(|c| c.check.decides() && c.outcome == outcome);
    if any(Outcome::Invalid) {
        Verdict::Invalid
    } else if any(Outcome::Undetermined) {
        Verdict::Undetermined
    } else {
        Verdict::Valid
    }
}

/// One sentence for people: the verdict and the first reason for it.
pub(crate) fn summary(verdict: Verdict, checks: &[Check]) -> String {
    let reason = |outcome| {
        let found = checks.iter().find(|c| c.check.decides() && c.outcome == outcome);
        found.map_or("", |check| check.reason.as_str())
    };
    match verdict {
        Verdict::Valid => "valid: every check that decides came out well".to_owned(),
        Verdict::Invalid => format!("invalid: {}", reason(Outcome::Invalid)),
        Verdict::Undetermined => format!("undetermined: {}", reason(Outcome::Undetermined)),
    }
}
