//! Endorsements in a credential, and the credentials that a learner record holds.

use serde_json::Value;

use super::Run;
use super::input::{self, Input};
use super::report::{Check, CheckKind, Report, Verdict};
use crate::vcdm::has_type;

/// How many enclosed credentials are judged.
const MAX_ENCLOSED: usize = 16;
/// How deep credentials in credentials are judged.
pub(super) const MAX_DEPTH: usize = 2;

impl Run<'_> {
    /// Judges what is enclosed in a document, wherever it stands.
    pub(super) fn enclosed(&self, document: &Value) -> Vec<Report> {
        if self.depth >= MAX_DEPTH {
            return Vec::new();
        }
        let mut found = Vec::new();
        collect(document, &mut found, 0);
        let record = has_type(document, "ClrCredential");
        if record && let Some(subject) = document.get("credentialSubject") {
            take(subject.get("verifiableCredential"), &mut found);
        }
        let inner = Self { depth: self.depth + 1, ..*self };
        found.truncate(MAX_ENCLOSED);
        found.into_iter().map(|input| inner.report(input)).collect()
    }
}

/// Says how what is enclosed came out, all in all; nothing when nothing is.
pub(super) fn check(enclosed: &[Report]) -> Option<Check> {
    const KIND: CheckKind = CheckKind::Enclosed;
    let worst = enclosed
        .iter()
        .find(|report| report.verdict == Verdict::Invalid)
        .or_else(|| enclosed.iter().find(|report| report.verdict == Verdict::Undetermined))
        .or_else(|| enclosed.first())?;
    let told = format!("of {} credentials in it, one is {}", enclosed.len(), worst.summary);
    Some(match worst.verdict {
        Verdict::Valid => {
            Check::valid(KIND, format!("all {} credentials in it are valid", enclosed.len()))
        }
        Verdict::Invalid => Check::invalid(KIND, told),
        Verdict::Undetermined => Check::undetermined(KIND, told),
    })
}

/// Finds every `endorsement` and `endorsementJwt`, not descending into those found.
fn collect(node: &Value, found: &mut Vec<Input>, depth: usize) {
    if depth > 32 || found.len() >= MAX_ENCLOSED {
        return;
    }
    match node {
        Value::Array(all) => all.iter().for_each(|one| collect(one, found, depth + 1)),
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "endorsement" | "endorsementJwt" => take(Some(value), found),
                    "proof" | "@context" | "verifiableCredential" => {}
                    _ => collect(value, found, depth + 1),
                }
            }
        }
        _ => {}
    }
}

fn take(value: Option<&Value>, found: &mut Vec<Input>) {
    let all = match value {
        None => return,
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    for one in all {
        match one {
            Value::Object(_) => found.push(Input::Json(one.clone())),
            Value::String(text) => {
                if let Ok((input @ Input::Jws(_), _)) = input::read(text.as_bytes()) {
                    found.push(input);
                }
            }
            _ => {}
        }
    }
}
