//! The lint of templates: what awards share is judged once, each award's own part with each.

use super::{
    Code, Finding, Findings, LintContext, check, context, date, id, identity, status, text,
};
use crate::fault::Fault;
use crate::template::{CredentialTemplate, Fill};
use crate::timestamp::timestamp;
use crate::v3;

/// What an award's own part must not repeat.
#[derive(Debug)]
pub(crate) struct Fixed {
    ids: Vec<String>,
}

impl CredentialTemplate {
    /// Tells every reason not to sign any award of this template, whatever fills its holes.
    pub fn lint(&self, context: &LintContext<'_>) -> Vec<Finding> {
        let now = timestamp(context.now);
        let sample = Fill {
            credential_id: "urn:uuid:00000000-0000-4000-8000-000000000000".to_owned(),
            valid_from: now.clone(),
            identity_hash: format!("sha256${}", "0".repeat(64)),
            salt: "0".repeat(32),
            status_list_index: context.status_list.map(|_| 0),
            proof_created: now,
            ..Fill::default()
        };
        match self.unsigned(&sample) {
            Ok(credential) => check(&credential, context),
            Err(error) => {
                let mut findings = Findings::default();
                findings.add(Code::DataModel, "", error.to_string());
                findings.0
            }
        }
    }

    /// Tells every reason not to sign this award of a template of which [`Self::lint`] found none:
    /// the same as [`check`] tells of the whole credential.
    pub fn lint_fill(&self, fill: &Fill, context: &LintContext<'_>) -> Vec<Finding> {
        let mut findings = Findings::default();
        let now = context.now;
        date::valid_from(&mut findings, "/validFrom", &fill.valid_from, now);
        if fill.proof_created != fill.valid_from {
            date::valid_from(&mut findings, "/proof/created", &fill.proof_created, now);
        }
        if let Some(until) = &fill.valid_until {
            date::valid_until(&mut findings, until, now);
        }
        if let Some(awarded) = &fill.awarded_date {
            date::awarded_date(&mut findings, awarded, now);
        }
        let place = "/credentialSubject/identifier/0";
        identity::check(&mut findings, place, &fill.identity_hash, &fill.salt);
        if let (Some(list), Some(index)) = (context.status_list, fill.status_list_index) {
            status::index(&mut findings, index.into(), list);
        }
        let fixed = &self.fixed(Fixed::of).ids;
        id::vouched_for(&mut findings, "/id", &fill.credential_id, context.origin);
        id::once(&mut findings, "/id", &fill.credential_id, fixed);
        if let Some(narrative) = &fill.narrative {
            text::narrative(&mut findings, narrative);
        }
        if !fill.evidence.is_empty() {
            evidence(&mut findings, fill, fixed);
        }
        if let Some(until) = &fill.valid_until
            && date::ends_early(&fill.valid_from, until)
        {
            findings.data_model(vec![Fault::new("/validUntil", "must not be before validFrom")]);
        }
        findings.0
    }
}

impl Fixed {
    fn of(template: &CredentialTemplate) -> Self {
        let sample = template.unsigned(&Fill::default());
        Self { ids: sample.map(|sample| id::of_template(&sample)).unwrap_or_default() }
    }
}

/// Evidence is judged as it stands in the credential.
fn evidence(findings: &mut Findings, fill: &Fill, fixed: &[String]) {
    let Ok(all) = serde_json::to_value(&fill.evidence) else { return };
    context::check_within(findings, &all, "/evidence");
    let mut known = fixed.to_vec();
    known.push(fill.credential_id.clone());
    id::check_evidence(findings, &all, &mut known);
    text::check_within(findings, &all, "/evidence");
    findings.data_model(v3::evidence_faults(&all, "/evidence"));
}
