//! Whether a credential can be trusted: the verification of Open Badges 3.0, section 9.

mod conformance;
mod status;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::data_integrity::{EddsaRdfc2022, ProofError, verify_proof};
use crate::did::{Purpose, VerificationMethod, resolve_offline};
use crate::timestamp::parse_timestamp;

/// How many bytes a credential may have.
const MAX_BYTES: usize = 1 << 20;

/// What a verification needs from outside, fetched before or fetched now.
pub trait Resolver {
    /// Finds the key with this full id, if its controller lets it sign credentials.
    ///
    /// # Errors
    /// When it cannot be had.
    fn verification_method(&self, id: &str) -> Result<VerificationMethod, Unresolved>;

    /// Gets the bytes of the status list credential at this URL.
    ///
    /// # Errors
    /// When they cannot be had.
    fn status_list(&self, url: &str) -> Result<Vec<u8>, Unresolved>;
}

/// Why something that a verification needs cannot be had, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unresolved(pub String);

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckKind {
    /// The document has the form of an Open Badge credential.
    Conformance,
    /// The issuer signed exactly this document.
    Proof,
    /// The credential is valid at this time.
    ValidityPeriod,
    /// The issuer has not revoked it.
    Status,
}

/// How a check came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "outcome", content = "reason")]
pub enum Outcome {
    /// It is so.
    Valid,
    /// It is not so, and why.
    Invalid(String),
    /// It could not be found out, and why.
    Undetermined(String),
}

/// One check and how it came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was judged.
    pub check: CheckKind,
    /// How it came out.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All the checks of one credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The checks, in the order in which the standard makes them.
    pub checks: Vec<Check>,
}

impl Report {
    /// Tells whether every check found the credential valid.
    pub fn is_valid(&self) -> bool {
        self.checks.iter().all(|check| check.outcome == Outcome::Valid)
    }

    /// Gives the outcome of one check; those that were not made are undetermined.
    pub fn outcome(&self, kind: CheckKind) -> Outcome {
        self.checks.iter().find(|check| check.check == kind).map_or_else(
            || Outcome::Undetermined("not checked".to_owned()),
            |check| check.outcome.clone(),
        )
    }
}

/// What must be fetched to verify a credential, for callers who fetch before they verify.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Full ids of keys.
    pub verification_methods: Vec<String>,
    /// URLs of status lists; these have needs of their own.
    pub status_lists: Vec<String>,
}

impl Needs {
    /// Reads out of a credential what its verification will ask a [`Resolver`] for.
    pub fn of(credential: &[u8]) -> Self {
        let Ok(document) = parse(credential, MAX_BYTES) else { return Self::default() };
        let verification_methods = proofs(&document)
            .iter()
            .filter_map(|proof| proof.get("verificationMethod")?.as_str())
            .filter(|id| resolve_offline(id).is_none())
            .map(str::to_owned)
            .collect();
        let status_lists = status::entry(&document)
            .and_then(|entry| entry.get("statusListCredential")?.as_str())
            .map(str::to_owned)
            .into_iter()
            .collect();
        Self { verification_methods, status_lists }
    }
}

/// Verifies credentials. It keeps nothing between two of them but compiled contexts.
#[derive(Clone, Debug)]
pub struct Verifier {
    suite: EddsaRdfc2022,
}

impl Verifier {
    /// Makes a verifier over a suite.
    pub fn new(suite: EddsaRdfc2022) -> Self {
        Self { suite }
    }

    /// Judges a credential at the time `now`. Whatever the bytes are, the answer is a report.
    pub fn verify(
        &self,
        credential: &[u8],
        resolver: &dyn Resolver,
        now: OffsetDateTime,
    ) -> Report {
        let document = match parse(credential, MAX_BYTES) {
            Ok(document) => document,
            Err(reason) => {
                let outcome = Outcome::Invalid(reason);
                return Report { checks: vec![Check { check: CheckKind::Conformance, outcome }] };
            }
        };
        let checks = vec![
            Check { check: CheckKind::Conformance, outcome: conformance::check(&document) },
            Check { check: CheckKind::Proof, outcome: self.proof(&document, resolver, now) },
            Check { check: CheckKind::ValidityPeriod, outcome: validity_period(&document, now) },
            Check {
                check: CheckKind::Status,
                outcome: status::check(self, &document, resolver, now),
            },
        ];
        Report { checks }
    }

    /// Any one good proof suffices; without one, the last failure is told.
    fn proof(&self, document: &Value, resolver: &dyn Resolver, now: OffsetDateTime) -> Outcome {
        let mut outcome = Outcome::Invalid("it has no proof".to_owned());
        for proof in proofs(document).iter().take(8) {
            outcome = match expiry(proof, now) {
                Outcome::Valid => self.one_proof(document, proof, resolver),
                expired => expired,
            };
            if outcome == Outcome::Valid {
                break;
            }
        }
        outcome
    }

    fn one_proof(&self, document: &Value, proof: &Value, resolver: &dyn Resolver) -> Outcome {
        let Some(id) = proof.get("verificationMethod").and_then(Value::as_str) else {
            return Outcome::Invalid("its proof names no verification method".to_owned());
        };
        let method = match resolve_offline(id) {
            Some(Ok(method)) => method,
            Some(Err(error)) => return Outcome::Undetermined(error.to_string()),
            None => match resolver.verification_method(id) {
                Ok(method) => method,
                Err(error) => return Outcome::Undetermined(error.to_string()),
            },
        };
        let processor = self.suite.processor();
        match verify_proof(processor, document, proof, &method.key, Purpose::Assertion) {
            Ok(()) => {}
            Err(error @ ProofError::Unsupported(_)) => {
                return Outcome::Undetermined(error.to_string());
            }
            Err(error) => return Outcome::Invalid(error.to_string()),
        }
        if issuer(document) == Some(method.controller.as_str()) {
            Outcome::Valid
        } else {
            Outcome::Invalid("it was signed with a key that its issuer does not control".to_owned())
        }
    }
}

fn parse(bytes: &[u8], max_bytes: usize) -> Result<Value, String> {
    if bytes.len() > max_bytes {
        return Err(format!("it is larger than {} MiB", max_bytes >> 20));
    }
    match serde_json::from_slice(bytes) {
        Ok(document @ Value::Object(_)) => Ok(document),
        Ok(_) => Err("it is not a json object".to_owned()),
        Err(_) => Err("it is not json".to_owned()),
    }
}

fn proofs(document: &Value) -> &[Value] {
    match document.get("proof") {
        Some(Value::Array(proofs)) => proofs,
        Some(proof) => std::slice::from_ref(proof),
        None => &[],
    }
}

fn issuer(document: &Value) -> Option<&str> {
    let issuer = document.get("issuer")?;
    issuer.as_str().or_else(|| issuer.get("id")?.as_str())
}

/// A proof may say until when it holds.
fn expiry(proof: &Value, now: OffsetDateTime) -> Outcome {
    match proof.get("expires").map(|expires| expires.as_str().map(parse_timestamp)) {
        None => Outcome::Valid,
        Some(Some(Ok(expires))) if now <= expires => Outcome::Valid,
        Some(Some(Ok(_))) => Outcome::Invalid("its proof has expired".to_owned()),
        Some(_) => Outcome::Invalid("its proof expires at no date and time".to_owned()),
    }
}

fn validity_period(document: &Value, now: OffsetDateTime) -> Outcome {
    let moment = |member: &str| match document.get(member) {
        None => Ok(None),
        Some(value) => match value.as_str().map(parse_timestamp) {
            Some(Ok(at)) => Ok(Some(at)),
            _ => Err(Outcome::Invalid(format!("its {member} is not a date and time"))),
        },
    };
    let (from, until) = match (moment("validFrom"), moment("validUntil")) {
        (Ok(from), Ok(until)) => (from, until),
        (Err(outcome), _) | (_, Err(outcome)) => return outcome,
    };
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        Outcome::Invalid("its validity ends before it begins".to_owned())
    } else if from.is_some_and(|from| now < from) {
        Outcome::Invalid("it is not valid yet".to_owned())
    } else if until.is_some_and(|until| now > until) {
        Outcome::Invalid("it has expired".to_owned())
    } else {
        Outcome::Valid
    }
}
