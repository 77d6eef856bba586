//! Whether the issuer signed exactly this document: proofs in it, or a JWT around it.

use serde_json::Value;
use time::OffsetDateTime;

use super::Run;
use super::keys::{Objection, was_good};
use super::report::{Check, CheckKind, Outcome};
use crate::data_integrity::{self, ProofError};
use crate::did::Purpose;
use crate::timestamp::parse_timestamp;

/// How many proofs of one document are looked at.
const MAX_PROOFS: usize = 8;

/// The proofs of a document, one or many.
pub(super) fn proofs(document: &Value) -> &[Value] {
    match document.get("proof") {
        Some(Value::Array(proofs)) => proofs,
        Some(proof) => std::slice::from_ref(proof),
        None => &[],
    }
}

/// A proof that holds.
struct Held<'a> {
    proof: &'a Value,
    evidence: String,
    /// Why it says nothing about the issuer, where somebody else signed.
    foreign: Option<String>,
}

/// Tells whether a proof continues another one.
fn continues(proof: &Value, earlier: &Value) -> bool {
    let Some(id) = earlier.get("id").and_then(Value::as_str) else { return false };
    match proof.get("previousProof") {
        Some(Value::Array(named)) => named.iter().any(|one| one == id),
        one => one.is_some_and(|one| one == id),
    }
}

impl Run<'_> {
    /// Judges the proofs in a document.
    ///
    /// One proof by `controller`, if anybody in particular must have signed, must hold, and none
    /// may be wrong. Proofs of others are told, and those of kinds that are not known here passed
    /// over, when another holds; one that continues an unknown one is as unknown.
    pub(super) fn embedded_proof(
        &self,
        document: &Value,
        controller: Option<&str>,
        by: Purpose,
    ) -> Check {
        const KIND: CheckKind = CheckKind::Proof;
        let proofs = proofs(document);
        if proofs.is_empty() {
            return Check::invalid(KIND, "nobody signed it: it has no proof");
        }
        if proofs.len() > MAX_PROOFS {
            return Check::invalid(KIND, format!("it has more than {MAX_PROOFS} proofs"));
        }
        let (mut held, mut unknown) = (Vec::new(), Vec::new());
        for proof in proofs {
            match self.one_proof(document, proof, controller, by) {
                Ok(found) => held.push(found),
                Err(Objection::Wrong(reason)) => return Check::invalid(KIND, reason),
                Err(Objection::Unknown(reason)) => unknown.push((proof, reason)),
            }
        }
        let is_open = |held: &Held<'_>, unknown: &[(&Value, String)]| {
            unknown.iter().any(|(earlier, _)| continues(held.proof, earlier))
        };
        while let Some(at) = held.iter().position(|one| is_open(one, &unknown)) {
            let reason = "its proof continues one that cannot be judged here".to_owned();
            unknown.push((held.remove(at).proof, reason));
        }
        let reason_of_others = held.iter().find_map(|one| one.foreign.clone());
        let by_the_issuer = held.iter().any(|one| one.foreign.is_none());
        let (outcome, reason) = match (by_the_issuer, unknown.into_iter().next()) {
            (true, _) => (Outcome::Valid, String::new()),
            (false, Some((_, reason))) => (Outcome::Undetermined, reason),
            (false, None) => (Outcome::Invalid, reason_of_others.unwrap_or_default()),
        };
        let evidence = held.into_iter().map(|one| one.evidence).collect();
        Check { check: KIND, outcome, reason, evidence }
    }

    fn one_proof<'a>(
        &self,
        document: &Value,
        proof: &'a Value,
        controller: Option<&str>,
        by: Purpose,
    ) -> Result<Held<'a>, Objection> {
        let wrong = |reason: &str| Objection::Wrong(reason.to_owned());
        let text = |member: &str| proof.get(member).and_then(Value::as_str);
        let id = text("verificationMethod").ok_or_else(|| wrong("its proof names no key"))?;
        let moment = |member: &str| match proof.get(member) {
            None => Ok(None),
            Some(value) => match value.as_str().map(parse_timestamp) {
                Some(Ok(at)) => Ok(Some(at)),
                _ => {
                    Err(Objection::Wrong(format!("the {member} of its proof is no date and time")))
                }
            },
        };
        let (created, expires) = (moment("created")?, moment("expires")?);
        if expires.is_some_and(|expires| expires < self.now) {
            return Err(wrong("its proof has expired"));
        }
        let method = match self.method(id, by) {
            Ok(method) => method,
            Err(Objection::Unknown(reason)) => {
                return Err(self.unchanged_at_least(document, proof, id, by, reason));
            }
            Err(objection) => return Err(objection),
        };
        data_integrity::verify_proof(&self.verifier.processor, document, proof, &method.key, by)
            .map_err(objection)?;
        let foreign = controller.filter(|controller| *controller != method.controller).map(|_| {
            let other = &method.controller;
            format!("it was signed with a key of {other}, which does not speak for its issuer")
        });
        was_good(&method, created, self.now)?;
        let suite = text("cryptosuite").or_else(|| text("type")).unwrap_or_default();
        let when = created.map(|_| text("created").unwrap_or_default());
        let when = when.map_or_else(String::new, |when| format!(" on {when}"));
        let evidence = format!("signed with {suite} by {id}{when}");
        Ok(Held { proof, evidence, foreign })
    }

    /// The issuer's keys cannot be had: the key that stands in its own name can still show that
    /// the document was changed.
    fn unchanged_at_least(
        &self,
        document: &Value,
        proof: &Value,
        id: &str,
        by: Purpose,
        reason: String,
    ) -> Objection {
        let Some(key) = Self::key_in_name(id) else { return Objection::Unknown(reason) };
        match data_integrity::verify_proof(&self.verifier.processor, document, proof, &key, by) {
            Ok(()) => Objection::Unknown(format!(
                "{reason}; it is unchanged since it was signed with the key in {id}"
            )),
            Err(error) => match objection(error) {
                Objection::Unknown(_) => Objection::Unknown(reason),
                wrong @ Objection::Wrong(_) => wrong,
            },
        }
    }
}

fn objection(error: ProofError) -> Objection {
    match error {
        ProofError::Unsupported(what) => {
            Objection::Unknown(format!("its proof uses {what}, which is not supported here"))
        }
        other => Objection::Wrong(other.to_string()),
    }
}

/// Judges when a document is valid: `validFrom` and `validUntil`, or their names in VC 1.1.
pub(super) fn validity_period(document: &Value, now: OffsetDateTime) -> Check {
    const KIND: CheckKind = CheckKind::ValidityPeriod;
    let moment = |names: [&str; 2]| {
        let found = names.into_iter().find_map(|name| Some((name, document.get(name)?)));
        match found {
            None => Ok(None),
            Some((name, value)) => match value.as_str().map(|text| (text, parse_timestamp(text))) {
                Some((text, Ok(at))) => Ok(Some((at, text))),
                _ => Err(Check::invalid(KIND, format!("its {name} is no date and time"))),
            },
        }
    };
    let from = moment(["validFrom", "issuanceDate"]);
    let (from, until) = match (from, moment(["validUntil", "expirationDate"])) {
        (Ok(from), Ok(until)) => (from, until),
        (Err(check), _) | (_, Err(check)) => return check,
    };
    let between = match (from, until) {
        (Some((_, from)), Some((_, until))) => format!("from {from} until {until}"),
        (Some((_, from)), None) => format!("since {from}, without end"),
        (None, Some((_, until))) => format!("until {until}"),
        (None, None) => "it names no dates, so it is valid at any time".to_owned(),
    };
    let (from, until) = (from.map(|(at, _)| at), until.map(|(at, _)| at));
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        Check::invalid(KIND, "its validity ends before it begins").with(between)
    } else if from.is_some_and(|from| now < from) {
        Check::invalid(KIND, "it is not valid yet").with(between)
    } else if until.is_some_and(|until| now > until) {
        Check::invalid(KIND, "it has expired").with(between)
    } else {
        Check::valid(KIND, between)
    }
}
