//! Whether the issuer has revoked or suspended a credential.

use serde_json::Value;

use super::Run;
use super::input::{self, Input};
use super::proof::validity_period;
use super::report::{Check, CheckKind, Freshness, Outcome};
use crate::json;
use crate::status::{self, Entry, Purpose, RevocationList};
use crate::vcdm::has_type;

/// How many bytes a list may have; what it inflates to is bounded where it is decoded.
const MAX_LIST: usize = 4 << 20;
/// How many characters of a reason are told.
const MAX_REASON: usize = 500;
/// How many entries of one credential are looked up.
const MAX_ENTRIES: usize = 8;

/// What was found out about one entry.
struct Answer {
    /// Why it does not stand any more, if so.
    taken_back: Option<String>,
    evidence: String,
    freshness: Option<Freshness>,
}

impl Run<'_> {
    /// Judges every status entry of a credential; none means that it cannot be taken back.
    pub(super) fn status(&self, document: &Value) -> (Check, Option<Freshness>) {
        const KIND: CheckKind = CheckKind::Status;
        let entries = match document.get("credentialStatus") {
            None => return (Check::valid(KIND, "its issuer gave it no status to look up"), None),
            Some(Value::Array(entries)) => entries.as_slice(),
            Some(entry) => std::slice::from_ref(entry),
        };
        if entries.len() > MAX_ENTRIES {
            let reason = format!("it has more than {MAX_ENTRIES} status entries");
            return (Check::invalid(KIND, reason), None);
        }
        let mut check =
            Check { check: KIND, outcome: Outcome::Valid, reason: String::new(), evidence: vec![] };
        let mut freshness = None;
        for entry in entries {
            let worse = match self.entry(document, entry) {
                Ok(answer) => {
                    freshness = freshness.or(answer.freshness);
                    check.evidence.push(answer.evidence);
                    answer.taken_back.map(|reason| (Outcome::Invalid, reason))
                }
                Err((outcome, reason)) => Some((outcome, reason)),
            };
            if let Some((outcome, reason)) = worse
                && check.outcome != Outcome::Invalid
            {
                (check.outcome, check.reason) = (outcome, reason);
            }
        }
        (check, freshness)
    }

    fn entry(&self, document: &Value, entry: &Value) -> Result<Answer, (Outcome, String)> {
        if has_type(entry, "BitstringStatusListEntry") {
            self.bitstring(document, entry)
        } else if has_type(entry, "1EdTechRevocationList") {
            self.revocation_list(document, entry)
        } else {
            Err(unknown("its kind of status entry is not supported here"))
        }
    }

    fn bitstring(&self, document: &Value, entry: &Value) -> Result<Answer, (Outcome, String)> {
        let entry = Entry::of(entry).map_err(|e| (Outcome::Invalid, e.to_string()))?;
        let url = entry.list.as_str();
        let fetched = self.documents.get(url).map_err(|error| {
            unknown(&format!("its status list, at {url}, cannot be had: {error}"))
        })?;
        if fetched.body.len() > MAX_LIST {
            return Err(unknown("its status list is too large"));
        }
        let (list, proof) = self.list_credential(&fetched.body).map_err(|why| unknown(&why))?;
        status::check_issuer(document, &list).map_err(|error| unknown(&error.to_string()))?;
        if !proof.is_valid() {
            let why = format!("the proof of its status list does not hold: {}", proof.reason);
            return Err(unknown(&why));
        }
        let period = validity_period(&list, self.now);
        if !period.is_valid() {
            return Err(unknown(&format!(
                "its status list is not to be relied upon: {}",
                period.reason
            )));
        }
        let found =
            status::check_list(&entry, &list).map_err(|error| unknown(&error.to_string()))?;
        let text = |member: &str| list.get(member).and_then(Value::as_str).map(str::to_owned);
        let freshness = Freshness {
            valid_from: text("validFrom"),
            valid_until: text("validUntil"),
            ttl: found.ttl.and_then(|ttl| u64::try_from(ttl.as_millis()).ok()),
            fetched_at: fetched.fetched_at.clone(),
        };
        let place = format!("entry {} of {url} ({})", entry.index, entry.purpose);
        let taken_back = match entry.purpose {
            Purpose::Revocation if found.set => Some("its issuer has revoked it".to_owned()),
            Purpose::Suspension if found.set => {
                Some("its issuer has suspended it for now".to_owned())
            }
            _ => None,
        };
        let evidence = match (&found.message, found.set) {
            (Some(message), _) => format!("{place} says: {message}"),
            (None, true) => format!("{place} is set"),
            (None, false) => format!("{place} is not set"),
        };
        Ok(Answer { taken_back, evidence, freshness: Some(freshness) })
    }

    /// A list as a credential with its proof, in it or around it.
    fn list_credential(&self, bytes: &[u8]) -> Result<(Value, Check), String> {
        let text = bytes.trim_ascii();
        let input = if text.first() == Some(&b'{') {
            Input::Json(json::parse(text, MAX_LIST).map_err(|error| error.to_string())?)
        } else {
            input::read(text)?.0
        };
        self.secured(input)
    }

    /// The list of 1EdTech, which has no proof: the address vouches for it.
    fn revocation_list(
        &self,
        document: &Value,
        entry: &Value,
    ) -> Result<Answer, (Outcome, String)> {
        let url = entry.get("id").and_then(Value::as_str);
        let url = url.ok_or((Outcome::Invalid, "its status entry names no list".to_owned()))?;
        let fetched = self.documents.get(url).map_err(|error| {
            unknown(&format!("its revocation list, at {url}, cannot be had: {error}"))
        })?;
        let list = json::parse(&fetched.body, MAX_LIST).map_err(|e| unknown(&e.to_string()))?;
        let all = RevocationList::read(&list).map_err(|error| unknown(&error.to_string()))?;
        let id = document.get("id").and_then(Value::as_str).unwrap_or_default();
        let freshness =
            Freshness { fetched_at: fetched.fetched_at.clone(), ..Freshness::default() };
        let evidence = format!("{url} was looked through for {id}");
        let revocation = RevocationList::revocation(&all, id);
        let taken_back = revocation.map(|revoked| match &revoked.revocation_reason {
            Some(reason) => {
                let reason: String = reason.chars().take(MAX_REASON).collect();
                format!("its issuer has revoked it: {reason}")
            }
            None => "its issuer has revoked it".to_owned(),
        });
        Ok(Answer { taken_back, evidence, freshness: Some(freshness) })
    }
}

fn unknown(why: &str) -> (Outcome, String) {
    (Outcome::Undetermined, format!("whether it was revoked is unknown: {why}"))
}
