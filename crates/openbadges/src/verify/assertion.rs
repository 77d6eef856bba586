//! Judging badges of Open Badges 2.0 and 2.1: the examination of `v2`, as checks.

use serde_json::Value;

use super::credential::{self, Judged, text};
use super::documents::Unreachable;
use super::input::{Input, MAX_CREDENTIAL};
use super::report::{Check, CheckKind, Claims, Standard};
use super::{Run, trust};
use crate::jose::Jws;
use crate::json;
use crate::v2::{Examination, Fetched, Found, Outcome, Presented, Recipient, Version};

impl Run<'_> {
    /// Judges what was handed over if it is a badge of before 3.0; nothing when it is none.
    pub(super) fn assertion(&self, input: &Input) -> Option<Judged> {
        let presented = match input {
            Input::Json(document) => {
                of_before_3(document).then_some(Presented::Document(document))?
            }
            Input::Jws(text) => {
                let jws = Jws::parse(text).ok()?;
                let payload = json::parse(jws.payload(), MAX_CREDENTIAL).ok()?;
                of_before_3(&payload).then_some(Presented::Signed(text))?
            }
            Input::Url(_) => return None,
        };
        Some(self.examined(presented))
    }

    fn examined(&self, presented: Presented<'_>) -> Judged {
        let recipient = self
            .options
            .recipient
            .as_deref()
            .map(|address| Recipient { kind: "email", identifier: address });
        let mut found = Found::default();
        loop {
            let examination = Examination::of(presented, &found, recipient, self.now);
            let mut news = false;
            for need in &examination.needs {
                if found.get(&need.url).is_none()
                    && let Some(fetched) = self.fetched(&need.url)
                {
                    found.insert(need.url.clone(), fetched);
                    news = true;
                }
            }
            if !news {
                return self.told_of(examination);
            }
        }
    }

    fn fetched(&self, url: &str) -> Option<Fetched> {
        Some(match self.documents.known(url)? {
            Ok(document) => Fetched::Body(document.body.clone()),
            Err(Unreachable::Gone(said)) => Fetched::Gone(said.clone()),
            Err(Unreachable::Failed(why)) => Fetched::Failed(why.clone()),
        })
    }

    fn told_of(&self, examination: Examination) -> Judged {
        let standard = match examination.version {
            Some(Version::V2_1) => Standard::OpenBadges21,
            _ => Standard::OpenBadges2,
        };
        let claims = claims(&examination);
        let Examination { conformance, proof, validity_period, status, recipient, notes, .. } =
            examination;
        let proven = proof == Outcome::Valid;
        let mut checks = vec![
            check(CheckKind::Conformance, conformance, "it has the form of open badges 2"),
            check(CheckKind::Proof, proof, "its issuer answers for it"),
            check(CheckKind::ValidityPeriod, validity_period, "it is valid at this time"),
            check(CheckKind::Status, status, "its issuer does not say that it was revoked"),
        ];
        if let Some(recipient) = recipient {
            let evidence = "it is for the recipient asked about";
            checks.push(check(CheckKind::Recipient, recipient, evidence));
        }
        if let Some(first) = checks.first_mut() {
            first.evidence.extend(notes);
        }
        checks.push(trust::check(claims.issuer.as_deref(), &self.options.trusted, proven));
        let does_not_prove = self.limits(true, &checks);
        Judged { claims, does_not_prove, ..Judged::of(Some(standard), checks) }
    }
}

/// Tells whether a document is a badge of before 3.0 and no verifiable credential.
fn of_before_3(document: &Value) -> bool {
    credential::standard(document).is_none() && Version::of(document).is_some()
}

fn check(kind: CheckKind, outcome: Outcome, evidence: &str) -> Check {
    match outcome {
        Outcome::Valid => Check::valid(kind, evidence),
        Outcome::Invalid(reason) => Check::invalid(kind, reason),
        Outcome::Undetermined(reason) => Check::undetermined(kind, reason),
    }
}

fn claims(examination: &Examination) -> Claims {
    let at = |node: &Option<Value>, member: &str| text(node.as_ref()?.get(member)?);
    let Examination { assertion, badge, issuer, .. } = examination;
    let image = badge.as_ref().and_then(|badge| badge.get("image"));
    let image = image.and_then(|image| text(image.get("id").unwrap_or(image)));
    Claims {
        id: at(assertion, "id"),
        name: at(badge, "name"),
        description: at(badge, "description"),
        image: image.filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        issuer: at(issuer, "id"),
        issuer_name: at(issuer, "name"),
        valid_from: at(assertion, "issuedOn"),
        valid_until: at(assertion, "expires"),
    }
}
