//! What a published list says about one entry: the validate algorithm (Bitstring Status List 1.0,
//! 3.2) but for fetching the list and verifying its proof.

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::read::{has_type, url};
use super::{Entry, Problem, Purpose, StatusList, StatusListError};
use crate::fault::Fault;
use crate::timestamp::parse_timestamp;
use crate::vcdm::issuer_id;

/// What a list says about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What the status is about.
    pub purpose: Purpose,
    /// Whether the value is anything but 0. What that means is up to the purpose: a credential is
    /// no longer good when it is revoked or suspended, but still is when there is a newer one.
    pub set: bool,
    /// The value.
    pub value: u32,
    /// What the value means, where the credential says.
    pub message: Option<String>,
    /// For how long the list may be kept before asking again, where it says.
    pub ttl: Option<Duration>,
    /// From when on the list is valid, where it says.
    pub valid_from: Option<OffsetDateTime>,
    /// Until when the list is valid, where it says.
    pub valid_until: Option<OffsetDateTime>,
}

/// Why a list does not tell the status of an entry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The document is something else.
    #[error("the document is not a BitstringStatusListCredential")]
    NotAList,
    /// A property breaks a rule of the standard.
    #[error("the status list is malformed: {0}")]
    Malformed(Fault),
    /// It is the list of another URL.
    #[error("the list found is not the list named")]
    OtherList,
    /// It was issued by someone else than the credential was.
    #[error("the list was issued by someone else")]
    OtherIssuer,
    /// It has a status of its own, to be found in itself.
    #[error("the list's own status is to be found in the same list")]
    Circular,
    /// It has a status of its own; lists are not followed from one to the next.
    #[error("the list has a status of its own: only lists without can be relied upon")]
    HasStatus,
    /// It serves other purposes.
    #[error("the list has another purpose")]
    OtherPurpose,
    /// It says that its entries have another number of bits.
    #[error("the entries of the list have another size")]
    OtherSize,
    /// Its bits cannot be used.
    #[error(transparent)]
    Bits(#[from] StatusListError),
}

impl ListError {
    /// Gives the type of problem that it is.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Bits(StatusListError::TooShort) => Problem::StatusListLength,
            Self::Bits(StatusListError::OutOfRange(_)) => Problem::Range,
            Self::Bits(StatusListError::TooLong)
            | Self::OtherList
            | Self::OtherIssuer
            | Self::Circular
            | Self::HasStatus
            | Self::OtherPurpose
            | Self::OtherSize => Problem::StatusVerification,
            Self::NotAList | Self::Malformed(_) | Self::Bits(_) => Problem::MalformedValue,
        }
    }

    fn malformed(pointer: &str, message: &str) -> Self {
        Self::Malformed(Fault::new(pointer, message))
    }
}

/// Makes sure that a list was issued by the issuer of the credential.
///
/// The standard lets others publish the list, for those who know why they trust them. Nothing in a
/// credential says who may, so here only the issuer may.
///
/// # Errors
/// When the issuers differ, or one of the documents has none.
pub fn check_issuer(credential: &Value, list_credential: &Value) -> Result<(), ListError> {
    match (issuer_id(credential), issuer_id(list_credential)) {
        (Some(one), Some(other)) if one == other => Ok(()),
        _ => Err(ListError::OtherIssuer),
    }
}

/// Looks an entry up in a list. The proof and the issuer of the list are the business of the
/// caller, and so is whether the list is valid at the time.
///
/// # Errors
/// When the list is malformed or cannot be the one that the entry means.
pub fn check_list(entry: &Entry, list_credential: &Value) -> Result<Found, ListError> {
    let list = list_credential.as_object().ok_or(ListError::NotAList)?;
    if !has_type(list, "BitstringStatusListCredential") {
        return Err(ListError::NotAList);
    }
    if list.get("id").is_some_and(|id| *id != *entry.list) {
        return Err(ListError::OtherList);
    }
    if let Some(status) = list.get("credentialStatus") {
        return Err(if refers_to(status, &entry.list) {
            ListError::Circular
        } else {
            ListError::HasStatus
        });
    }
    let valid_from = moment(list, "validFrom", "issuanceDate")?;
    let valid_until = moment(list, "validUntil", "expirationDate")?;
    let subject = subject(list)?;
    if !purposes(subject)?.contains(&entry.purpose.as_str()) {
        return Err(ListError::OtherPurpose);
    }
    // No term of today's standard, but of its drafts, and then it has to agree.
    if subject.get("statusSize").is_some_and(|size| *size != entry.size.bits()) {
        return Err(ListError::OtherSize);
    }
    let ttl = match subject.get("ttl").map(Value::as_u64) {
        None => None,
        Some(Some(milliseconds)) => Some(Duration::from_millis(milliseconds)),
        Some(None) => {
            let pointer = "/credentialSubject/ttl";
            return Err(ListError::malformed(pointer, "it must be a number of milliseconds"));
        }
    };
    let encoded = subject.get("encodedList").and_then(Value::as_str).ok_or_else(|| {
        ListError::malformed("/credentialSubject/encodedList", "it must be a text")
    })?;
    let value = StatusList::decode_sized(encoded, entry.size)?.value(entry.index)?;
    Ok(Found {
        purpose: entry.purpose.clone(),
        set: value != 0,
        value: value.into(),
        message: entry.message(value).map(str::to_owned),
        ttl,
        valid_from,
        valid_until,
    })
}

fn refers_to(status: &Value, list: &str) -> bool {
    let all = status.as_array().map_or(std::slice::from_ref(status), Vec::as_slice);
    all.iter().any(|one| one.get("statusListCredential").and_then(url) == Some(list))
}

/// A point in time under its name of VCDM 2.0, or under that of 1.1.
fn moment(
    list: &Map<String, Value>,
    name: &str,
    old_name: &str,
) -> Result<Option<OffsetDateTime>, ListError> {
    let named = [name, old_name].into_iter().find_map(|name| Some((name, list.get(name)?)));
    let Some((name, value)) = named else { return Ok(None) };
    let at = value.as_str().and_then(|text| parse_timestamp(text).ok());
    at.map(Some)
        .ok_or_else(|| ListError::malformed(&format!("/{name}"), "it must be a date and time"))
}

fn subject(list: &Map<String, Value>) -> Result<&Map<String, Value>, ListError> {
    let subject = match list.get("credentialSubject") {
        Some(Value::Array(all)) if all.len() == 1 => all.first(),
        one => one,
    };
    let subject = subject.and_then(Value::as_object);
    subject.filter(|subject| has_type(subject, "BitstringStatusList")).ok_or_else(|| {
        ListError::malformed("/credentialSubject", "it must be one BitstringStatusList")
    })
}

fn purposes(subject: &Map<String, Value>) -> Result<Vec<&str>, ListError> {
    let all = match subject.get("statusPurpose") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
    texts.filter(|texts| !texts.is_empty()).ok_or_else(|| {
        ListError::malformed("/credentialSubject/statusPurpose", "it must be one text or several")
    })
}
