//! The examination of a whole badge.

use serde_json::Value;
use time::OffsetDateTime;

use super::address::WebAddress;
use super::found::{Found, MAX_BYTES, Need};
use super::identity::{self, Recipient};
use super::judgement::{asks_for, first, listed, revoked, revoked_for, tell, validity_period};
use super::lookup::{Lookup, Trouble};
use super::outcome::Outcome;
use super::rules::Class;
use super::scope::{OutOfScope, has_policy, in_scope};
use super::version::Version;
use super::{signed, term};
use crate::jose::Jws;

/// What someone handed over.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// The address of a hosted assertion or endorsement.
    Address(&'a str),
    /// The document itself; if it is hosted, all that counts of it is its id.
    Document(&'a Value),
    /// A signed one, as compact JWS.
    Signed(&'a str),
}

/// What an examination came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Examination {
    /// The edition of the standard, where it is known.
    pub version: Option<Version>,
    /// Whether assertion, badge class and issuer are as the standard wants them.
    pub conformance: Outcome,
    /// Whether it is the issuer's: hosted where the issuer answers for it, or signed.
    pub proof: Outcome,
    /// Whether it is valid at this time.
    pub validity_period: Outcome,
    /// Whether it was not revoked.
    pub status: Outcome,
    /// Whether it is for whom it was said to be, if that was said.
    pub recipient: Option<Outcome>,
    /// What must be fetched to know more.
    pub needs: Vec<Need>,
    /// What people should know, though it decides nothing.
    pub notes: Vec<String>,
    /// The assertion or endorsement that was judged.
    pub assertion: Option<Value>,
    /// Its badge class.
    pub badge: Option<Value>,
    /// Its issuer.
    pub issuer: Option<Value>,
}

impl Examination {
    /// Examines a badge at the time `now`, with what was found so far.
    ///
    /// Whatever it is, this is an examination: where something is missing, its outcomes are
    /// undetermined and its needs say what to fetch. There are at most a dozen needs in all.
    pub fn of(
        presented: Presented<'_>,
        found: &Found,
        recipient: Option<Recipient<'_>>,
        now: OffsetDateTime,
    ) -> Self {
        let mut lookup = Lookup::new(found);
        let mut examination = match presented {
            Presented::Address(address) => Self::hosted(address, None, &mut lookup, now),
            Presented::Document(document) => Self::document(document, &mut lookup, now),
            Presented::Signed(text) => Self::signed(text, &mut lookup, now),
        };
        examination.recipient = recipient.map(|recipient| examination.is_for(&recipient));
        examination.needs = lookup.needs;
        examination
    }

    /// Tells whether nothing was found wrong and nothing left open.
    pub fn is_valid(&self) -> bool {
        let recipient = self.recipient.iter();
        [&self.conformance, &self.proof, &self.validity_period, &self.status]
            .into_iter()
            .chain(recipient)
            .all(|outcome| *outcome == Outcome::Valid)
    }

    fn blank(reason: &str) -> Self {
        let open = || Outcome::Undetermined(reason.to_owned());
        Self {
            version: None,
            conformance: open(),
            proof: open(),
            validity_period: open(),
            status: open(),
            recipient: None,
            needs: Vec::new(),
            notes: Vec::new(),
            assertion: None,
            badge: None,
            issuer: None,
        }
    }

    /// The edition must be one that is judged here.
    fn refused(document: &Value) -> Option<Self> {
        match Version::of(document) {
            Some(version) if version.is_judged() => None,
            Some(version) => {
                let version_is_old =
                    format!("open badges {} is too old to be verified", version.as_str());
                let mut old = Self::blank(&version_is_old);
                old.version = Some(version);
                old.assertion = Some(document.clone());
                Some(old)
            }
            None => {
                let mut foreign = Self::blank("it is no open badge before 3.0");
                foreign.conformance =
                    Outcome::Invalid("it is not in the context of open badges 2.0".to_owned());
                Some(foreign)
            }
        }
    }

    fn document(document: &Value, lookup: &mut Lookup<'_>, now: OffsetDateTime) -> Self {
        if let Some(refused) = Self::refused(document) {
            return refused;
        }
        if asks_for(document, "SignedBadge") {
            let mut examination = Self::blank("a signed badge is verified by its jws: give that");
            examination.judge(document, lookup, now);
            return examination;
        }
        match term::text(document, "id") {
            Some(id) if WebAddress::parse(id).is_some() => {
                Self::hosted(id, Some(document), lookup, now)
            }
            _ => {
                let mut examination = Self::blank("it cannot be looked up");
                examination.judge(document, lookup, now);
                let reason = OutOfScope::NotOnTheWeb.to_string();
                examination.proof = Outcome::Invalid(reason);
                examination
            }
        }
    }

    /// Only what is found at the address counts; `copy` is what was handed over.
    fn hosted(
        address: &str,
        copy: Option<&Value>,
        lookup: &mut Lookup<'_>,
        now: OffsetDateTime,
    ) -> Self {
        let mut looked_up = lookup.at(Class::Assertion, address);
        if let Ok(document) = &looked_up
            && let Some(id) = term::text(document, "id")
            && id != address
        {
            // It lives elsewhere; there it must say the same of itself.
            let id = id.to_owned();
            looked_up = lookup.document(Class::Assertion, &id);
        }
        match looked_up {
            Ok(document) => {
                if let Some(refused) = Self::refused(&document) {
                    return refused;
                }
                let mut examination = Self::blank("it was not looked up");
                if copy.is_some_and(|copy| *copy != document) {
                    let note = "what was handed over differs from what is published, and only the \
                                latter was judged";
                    examination.notes.push(note.to_owned());
                }
                let troubles = examination.judge(&document, lookup, now);
                examination.status = revoked(&document);
                examination.proof = if asks_for(&document, "HostedBadge") {
                    examination.hosted_proof(&document, &troubles)
                } else {
                    Outcome::Undetermined(
                        "it does not ask to be verified at its address".to_owned(),
                    )
                };
                examination
            }
            Err(Trouble::Gone(body)) => {
                let mut examination = Self::blank("it was revoked");
                let body = body.unwrap_or_default();
                examination.version = Version::of(&body);
                examination.status = Outcome::Invalid(revoked_for(&body));
                examination.assertion = copy.cloned();
                examination
            }
            Err(trouble) => {
                let outcome = trouble.outcome();
                let mut examination = Self::blank("it could not be looked up");
                if let Some(copy) = copy {
                    // What a copy links to is not worth fetching.
                    examination.judge(copy, &mut lookup.idle(), now);
                    examination
                        .notes
                        .push("only the copy that was handed over was judged".to_owned());
                }
                examination.status = match &outcome {
                    Outcome::Invalid(_) => {
                        Outcome::Undetermined("it could not be looked up".to_owned())
                    }
                    outcome => outcome.clone(),
                };
                examination.proof = outcome;
                examination
            }
        }
    }

    fn signed(text: &str, lookup: &mut Lookup<'_>, now: OffsetDateTime) -> Self {
        let read = Jws::parse(text).map_err(|error| error.to_string()).and_then(|jws| {
            let payload = crate::json::parse(jws.payload(), MAX_BYTES);
            payload.map(|payload| (jws, payload)).map_err(|error| error.to_string())
        });
        let (jws, document) = match read {
            Ok(read) => read,
            Err(reason) => {
                let mut examination = Self::blank("it cannot be read");
                examination.conformance = Outcome::Invalid(reason);
                return examination;
            }
        };
        if let Some(refused) = Self::refused(&document) {
            return refused;
        }
        if asks_for(&document, "HostedBadge") {
            return Self::document(&document, lookup, now);
        }
        let mut examination = Self::blank("it was not examined");
        let troubles = examination.judge(&document, lookup, now);
        if let Some(issuer) = &examination.issuer {
            examination.proof = signed::check(&jws, &document, issuer, lookup);
            examination.status = listed(&document, issuer, lookup);
        } else {
            examination.proof = first(&troubles);
            examination.status = Outcome::Undetermined("its issuer is not known".to_owned());
        }
        if let revoked @ Outcome::Invalid(_) = revoked(&document) {
            examination.status = revoked;
        }
        examination
    }

    /// Judges all but proof and status, and says what of badge class and issuer is not to be had.
    fn judge(
        &mut self,
        document: &Value,
        lookup: &mut Lookup<'_>,
        now: OffsetDateTime,
    ) -> Vec<Trouble> {
        self.version = Version::of(document);
        let is_endorsement =
            document.as_object().is_some_and(|o| term::types(o).any(|name| name == "Endorsement"));
        let class = if is_endorsement { Class::Endorsement } else { Class::Assertion };
        let mut told = tell(class, document);
        let mut troubles = Vec::new();
        let mut keep = |class: Class, looked_up: Result<Value, Trouble>| match looked_up {
            Ok(found) => {
                told.extend(tell(class, &found));
                Some(found)
            }
            Err(trouble) => {
                troubles.push(trouble);
                None
            }
        };
        let is_stub =
            document.get("revoked") == Some(&Value::Bool(true)) && document.get("badge").is_none();
        if is_endorsement {
            self.issuer = keep(Class::Issuer, lookup.follow(document, "issuer", Class::Issuer));
        } else if !is_stub {
            self.badge =
                keep(Class::BadgeClass, lookup.follow(document, "badge", Class::BadgeClass));
            if let Some(badge) = &self.badge {
                self.issuer = keep(Class::Issuer, lookup.follow(badge, "issuer", Class::Issuer));
            }
        }
        self.conformance = match told.is_empty() {
            true if troubles.is_empty() => Outcome::Valid,
            true => first(&troubles),
            false => Outcome::Invalid(told.join("; ")),
        };
        self.validity_period = validity_period(document, now);
        self.assertion = Some(document.clone());
        troubles
    }

    fn hosted_proof(&self, document: &Value, troubles: &[Trouble]) -> Outcome {
        let Some(issuer) = &self.issuer else { return first(troubles) };
        let id = term::text(document, "id").unwrap_or_default();
        if let Err(reason) = in_scope(id, issuer) {
            return Outcome::Invalid(reason.to_string());
        }
        let badge = self.badge.as_ref().and_then(|badge| term::text(badge, "id"));
        let badge = badge.and_then(WebAddress::parse);
        let home = term::text(issuer, "id").and_then(WebAddress::parse);
        let apart = badge.zip(home).is_some_and(|(badge, home)| !badge.has_origin_of(&home));
        if apart && !has_policy(issuer) {
            return Outcome::Invalid(
                "its badge class is not at the origin of its issuer".to_owned(),
            );
        }
        Outcome::Valid
    }

    fn is_for(&self, recipient: &Recipient<'_>) -> Outcome {
        let Some(identity) = self.assertion.as_ref().and_then(identity::of) else {
            return Outcome::Undetermined("it does not say for whom it is".to_owned());
        };
        match identity.matches(recipient) {
            Ok(true) => Outcome::Valid,
            Ok(false) => Outcome::Invalid(format!("it is not for this {}", recipient.kind)),
            Err(error) => Outcome::Undetermined(error.to_string()),
        }
    }
}
