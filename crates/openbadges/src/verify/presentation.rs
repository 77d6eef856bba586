//! Judging a verifiable presentation: who presents, and every credential presented.

use serde_json::Value;

use super::Run;
use super::credential::Judged;
use super::input::{self, Input};
use super::proof::proofs;
use super::report::{Check, CheckKind, Claims, Outcome, Report, Standard, Verdict};
use crate::data_integrity::check_answers;
use crate::vcdm;

/// How many credentials of one presentation are judged.
const MAX_CREDENTIALS: usize = 32;

impl Run<'_> {
    /// Judges a presentation whose proof was judged already.
    pub(super) fn presentation(&self, document: &Value, proof: Check) -> Judged {
        let faults = vcdm::presentation_faults(document);
        let conformance = match faults.first() {
            None => Check::valid(CheckKind::Conformance, "it has the form of a presentation"),
            Some(fault) => Check::invalid(CheckKind::Conformance, fault.to_string()),
        };
        let mut does_not_prove = Vec::new();
        let mut checks = vec![conformance];
        let unsigned = proofs(document).is_empty() && proof.outcome == Outcome::Invalid;
        if unsigned && self.options.challenge.is_none() && self.options.domain.is_none() {
            does_not_prove.push("who presents it: the presentation is not signed".to_owned());
        } else {
            checks.push(self.bound(document, proof));
        }
        let enclosed = self.presented(document);
        checks.push(if enclosed.len() > MAX_CREDENTIALS {
            let reason = format!("more than {MAX_CREDENTIALS} credentials are presented at once");
            Check::invalid(CheckKind::Credentials, reason)
        } else {
            all_hold(&enclosed)
        });
        let claims = Claims {
            id: document.get("id").and_then(Value::as_str).map(str::to_owned),
            issuer: vcdm::holder_id(document).map(str::to_owned),
            ..Claims::default()
        };
        let standard = Some(Standard::Presentation);
        Judged { claims, does_not_prove, enclosed, ..Judged::of(standard, checks) }
    }

    /// Whether the proof answers the challenge that the verifier set, for its domain.
    fn bound(&self, document: &Value, proof: Check) -> Check {
        let (challenge, domain) =
            (self.options.challenge.as_deref(), self.options.domain.as_deref());
        for (member, domain, challenge) in
            [("challenge", None, challenge), ("domain", domain, None)]
        {
            let mut proofs = proofs(document).iter();
            let asked = domain.is_some() || challenge.is_some();
            if asked && !proofs.any(|proof| check_answers(proof, domain, challenge).is_ok()) {
                let reason = format!("its proof is not for the {member} that was asked for");
                return Check::invalid(CheckKind::Proof, reason);
            }
        }
        proof
    }

    fn presented(&self, document: &Value) -> Vec<Report> {
        let all = match document.get("verifiableCredential") {
            None => return Vec::new(),
            Some(Value::Array(all)) => all.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let inner = Self { depth: self.depth + 1, ..*self };
        all.iter()
            .take(MAX_CREDENTIALS + 1)
            .map(|one| match one {
                Value::String(text) => match input::read(text.as_bytes()) {
                    Ok((input @ Input::Jws(_), _)) => inner.report(input),
                    _ => inner.report(Input::Json(Value::Null)),
                },
                one => inner.report(Input::Json(one.clone())),
            })
            .collect()
    }
}

fn all_hold(enclosed: &[Report]) -> Check {
    const KIND: CheckKind = CheckKind::Credentials;
    let with = |verdict| enclosed.iter().position(|report| report.verdict == verdict);
    if let Some(at) = with(Verdict::Invalid) {
        Check::invalid(KIND, format!("credential {} in it is {}", at + 1, enclosed[at].summary))
    } else if let Some(at) = with(Verdict::Undetermined) {
        Check::undetermined(
            KIND,
            format!("credential {} in it is {}", at + 1, enclosed[at].summary),
        )
    } else {
        Check::valid(KIND, format!("all {} credentials in it are valid", enclosed.len()))
    }
}
