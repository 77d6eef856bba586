//! From the name of a key to the key, and whether it was good when it signed.

use time::OffsetDateTime;

use super::Run;
use crate::did::{self, Purpose, VerificationMethod};
use crate::key::PublicKey;
use crate::timestamp::timestamp;

/// How many bytes a document with keys may have.
pub(super) const MAX_KEYS: usize = 256 << 10;

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Objection {
    /// It does not hold.
    Wrong(String),
    /// Whether it holds could not be found out.
    Unknown(String),
}

impl Run<'_> {
    /// Finds the key of a full id such as `did:web:a.example#key-1`, where its controller says.
    pub(super) fn method(
        &self,
        id: &str,
        purpose: Purpose,
    ) -> Result<VerificationMethod, Objection> {
        if id.len() > 2048 {
            return Err(Objection::Wrong("the name of its key is too long".to_owned()));
        }
        if let Some(found) = did::resolve_offline(id) {
            return found.map_err(|error| Objection::Wrong(error.to_string()));
        }
        let url = did::document_url(id).ok_or_else(|| {
            let method = id.split(':').take(2).collect::<Vec<_>>().join(":");
            Objection::Unknown(format!("identifiers such as {method} cannot be looked up"))
        })?;
        let document = self.documents.get(&url).map_err(|error| {
            Objection::Unknown(format!("the keys of its issuer, at {url}, cannot be had: {error}"))
        })?;
        if document.body.len() > MAX_KEYS {
            return Err(Objection::Wrong("the document with its key is too large".to_owned()));
        }
        VerificationMethod::from_document(&document.body, id, purpose)
            .map_err(|error| Objection::Wrong(error.to_string()))
    }

    /// Finds a key of the same name that stands in the name itself: it shows that the document is
    /// unchanged, though not that the issuer has this key.
    pub(super) fn key_in_name(id: &str) -> Option<PublicKey> {
        let fragment = id.split_once('#')?.1;
        fragment.parse::<crate::Multikey>().ok().map(PublicKey::from)
    }
}

/// Judges whether a key was good when it signed; `signed` is what the signer says.
pub(super) fn was_good(
    method: &VerificationMethod,
    signed: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<(), Objection> {
    for (end, what) in [(method.revoked, "revoked"), (method.expires, "retired")] {
        let Some(end) = end.filter(|end| *end <= now) else { continue };
        let when = timestamp(end);
        match signed {
            Some(signed) if signed < end => {}
            Some(_) => {
                return Err(Objection::Wrong(format!(
                    "it was signed after its key was {what} on {when}"
                )));
            }
            None => {
                return Err(Objection::Wrong(format!(
                    "its key was {what} on {when}, and it does not say when it was signed"
                )));
            }
        }
    }
    Ok(())
}
