//! Whether the issuer has a newer edition: `1EdTechCredentialRefresh`.

use serde_json::Value;

use super::Run;
use super::input::{self, MAX_CREDENTIAL};
use super::report::{Check, CheckKind};
use crate::v3::{is_newer_edition, is_same_credential};
use crate::vcdm::has_type;

const KIND: CheckKind = CheckKind::Refresh;

impl Run<'_> {
    /// Asks the refresh service once. A newer edition that its issuer signed takes the place of
    /// what was handed over; whatever goes wrong, that is judged as it is.
    pub(super) fn refreshed(&self, document: Value, proof: Check) -> (Value, Check, Option<Check>) {
        let service = match document.get("refreshService") {
            Some(Value::Array(all)) => all.first(),
            one => one,
        };
        let Some(service) = service.filter(|one| has_type(one, "1EdTechCredentialRefresh")) else {
            return (document, proof, None);
        };
        if !proof.is_valid() || self.depth > 0 || !self.options.refresh {
            return (document, proof, None);
        }
        match self.newer(&document, service) {
            Ok(Some((newer, by))) => {
                let told = "its issuer has a newer edition, which was judged in its place";
                let check = Check::invalid(KIND, told).with(date(&newer).unwrap_or_default());
                (newer, by, Some(check))
            }
            Ok(None) => (document, proof, Some(Check::valid(KIND, "it is the newest edition"))),
            Err(why) => {
                let told = format!("whether there is a newer edition is unknown: {why}");
                (document, proof, Some(Check::undetermined(KIND, told)))
            }
        }
    }

    fn newer(&self, document: &Value, service: &Value) -> Result<Option<(Value, Check)>, String> {
        let url = service.get("id").and_then(Value::as_str).ok_or("the service has no address")?;
        let fetched = self.documents.get(url).map_err(|error| error.to_string())?;
        if fetched.body.len() > MAX_CREDENTIAL {
            return Err("its answer is too large".to_owned());
        }
        let (input, _) = input::read(&fetched.body)?;
        let (newer, proof) = self.secured(input)?;
        if !is_same_credential(&newer, document) {
            return Err("its answer is another credential".to_owned());
        }
        if !proof.is_valid() {
            return Err(format!("the proof of its answer does not hold: {}", proof.reason));
        }
        Ok(is_newer_edition(&newer, document).then_some((newer, proof)))
    }
}

/// From when on it is valid, as it is written there.
fn date(document: &Value) -> Option<String> {
    let date = document.get("validFrom").or_else(|| document.get("issuanceDate"))?;
    date.as_str().map(str::to_owned)
}
