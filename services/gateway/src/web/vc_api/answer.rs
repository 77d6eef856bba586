//! What callers of the VC-API get: verdicts, and problems with the types of VC Data Model 2.0.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use openbadges::{
    data_integrity::check_answers,
    verify::{Check, CheckKind, Outcome, Report},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::web::problem::Problem;

const DATA_MODEL: &str = "https://www.w3.org/TR/vc-data-model#";
const SECURITY: &str = "https://w3id.org/security#";
const STATUS_LIST: &str = "https://www.w3.org/ns/credentials/status-list#";

/// What a verification was asked to look at.
pub(super) struct Asked {
    /// Whether it is a presentation.
    pub(super) presentation: bool,
    /// The checks that alone are to decide.
    pub(super) checks: Option<Vec<String>>,
    /// The challenge that must be answered.
    pub(super) challenge: Option<String>,
    /// For whom the proof must be.
    pub(super) domain: Option<String>,
}

/// A problem with the type that its code stands for.
pub(super) struct Detail {
    problem: Problem,
    kind: String,
}

/// A problem as part of a verdict.
#[derive(Serialize)]
struct Told {
    r#type: String,
    title: &'static str,
    detail: String,
}

impl Detail {
    /// A problem of a role, or one found here.
    pub(super) fn of(problem: Problem) -> Self {
        let kind = match problem.code.as_str() {
            "PARSING_ERROR" | "MALFORMED_VALUE_ERROR" | "RANGE_ERROR" => DATA_MODEL,
            "DATA_LOSS_DETECTION_ERROR" | "PROOF_GENERATION_ERROR" => SECURITY,
            _ => return Self { problem, kind: "about:blank".to_owned() },
        };
        let kind = format!("{kind}{}", problem.code);
        Self { problem, kind }
    }

    /// The request, or the document in it, is not what it should be at all.
    pub(super) fn unreadable(pointer: &str, detail: &str) -> Self {
        Self::wrong("PARSING_ERROR", pointer, detail)
    }

    /// A value in the request is wrong.
    pub(super) fn malformed(pointer: &str, detail: &str) -> Self {
        Self::wrong("MALFORMED_VALUE_ERROR", pointer, detail)
    }

    fn wrong(code: &str, pointer: &str, detail: &str) -> Self {
        let mut problem = Problem::new(StatusCode::BAD_REQUEST, code, detail);
        pointer.clone_into(&mut problem.path);
        Self::of(problem)
    }

    /// As `application/problem+json`, with more members.
    pub(super) fn json(&self, more: &Value) -> Response {
        let Problem { status, code, detail, path } = &self.problem;
        let mut document = json!({
            "type": self.kind,
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": detail,
            "code": code,
        });
        if !path.is_empty() {
            document["pointer"] = json!(path);
        }
        if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
            document.extend(more.clone());
        }
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (*status, Json(document)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

/// The answer of a verifier: 200 when it is verified, a problem otherwise.
pub(super) fn answer(report: &Report, document: &Value, asked: &Asked) -> Response {
    let (mut made, mut errors, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for check in report.checks.iter().filter(|check| check.check.decides()) {
        let wanted = asked.wants(check.check);
        if wanted {
            made.push(name(check.check));
        }
        match check.outcome {
            Outcome::Valid => {}
            Outcome::Invalid if wanted => errors.push(told(check)),
            Outcome::Undetermined if wanted && asked.insists(check.check) => {
                errors.push(told(check));
            }
            Outcome::Invalid | Outcome::Undetermined => warnings.push(told(check)),
        }
    }
    if !asked.presentation && !asked.is_answered(document) {
        errors.push(Told {
            r#type: format!("{DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR"),
            title: "CRYPTOGRAPHIC_SECURITY_ERROR",
            detail: "no proof of it is for the domain and challenge that were asked for".to_owned(),
        });
    }
    let verdict = json!({
        "verified": errors.is_empty(),
        "checks": made,
        "warnings": warnings,
        "errors": errors,
    });
    let Some(first) = errors.into_iter().next() else { return Json(verdict).into_response() };
    let problem = Problem::new(StatusCode::BAD_REQUEST, first.title, first.detail);
    Detail { problem, kind: first.r#type }.json(&verdict)
}

impl Asked {
    /// Whether the verdict depends on a check. Form and proof always count.
    fn wants(&self, check: CheckKind) -> bool {
        match check {
            CheckKind::ValidityPeriod | CheckKind::Status => match &self.checks {
                None => true,
                Some(named) => named.iter().any(|named| named == name(check)),
            },
            _ => true,
        }
    }

    /// Whether not to know is as bad as to know that it is wrong. A status list that cannot be had
    /// is told as a warning, unless the caller named the check.
    fn insists(&self, check: CheckKind) -> bool {
        check != CheckKind::Status || self.checks.is_some()
    }

    /// Whether a proof of a credential answers what was asked, if anything was.
    fn is_answered(&self, document: &Value) -> bool {
        let proofs = match document.get("proof") {
            Some(Value::Array(proofs)) => proofs.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let (domain, challenge) = (self.domain.as_deref(), self.challenge.as_deref());
        (domain.is_none() && challenge.is_none())
            || proofs.iter().any(|proof| check_answers(proof, domain, challenge).is_ok())
    }
}

fn name(check: CheckKind) -> &'static str {
    match check {
        CheckKind::Format => "format",
        CheckKind::Conformance => "conformance",
        CheckKind::Proof => "proof",
        CheckKind::ValidityPeriod => "validityPeriod",
        CheckKind::Status => "credentialStatus",
        CheckKind::Recipient => "recipient",
        CheckKind::Credentials => "credentials",
        CheckKind::Refresh => "refresh",
        CheckKind::Enclosed => "enclosed",
        CheckKind::IssuerTrust => "issuerTrust",
    }
}

fn told(check: &Check) -> Told {
    let (vocabulary, title) = match check.check {
        CheckKind::Format => (DATA_MODEL, "PARSING_ERROR"),
        CheckKind::Conformance => (DATA_MODEL, "MALFORMED_VALUE_ERROR"),
        CheckKind::ValidityPeriod => (DATA_MODEL, "RANGE_ERROR"),
        CheckKind::Status => (STATUS_LIST, "STATUS_VERIFICATION_ERROR"),
        _ => (DATA_MODEL, "CRYPTOGRAPHIC_SECURITY_ERROR"),
    };
    Told { r#type: format!("{vocabulary}{title}"), title, detail: check.reason.clone() }
}
