//! Where the status of a credential is to be found, as it says itself.

use serde_json::{Map, Value};

use super::{Problem, Purpose, StatusSize};
use crate::fault::Fault;

/// How long a URL or an index may be, in bytes.
const MAX_TEXT: usize = 2048;
/// How many places may be named to read about messages.
const MAX_REFERENCES: usize = 64;

/// A `BitstringStatusListEntry` of anyone's making, found to be well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the status is about.
    pub purpose: Purpose,
    /// The URL of the list.
    pub list: String,
    /// The number of the entry; numbers beyond 64 bits, in no list that fits into a computer, are
    /// [`u64::MAX`].
    pub index: u64,
    /// How many bits it has.
    pub size: StatusSize,
    /// What its values mean, from 0 on; may be empty.
    pub messages: Vec<String>,
    /// Where people can read about its messages.
    pub references: Vec<String>,
}

/// What is wrong with a status entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// It is of another type.
    #[error("the status entry is not a BitstringStatusListEntry")]
    NotAnEntry,
    /// Its `id` is no URL.
    #[error("the id of the status entry is not a url")]
    Id,
    /// Its `id` is the URL of the list.
    #[error("the id of the status entry is the url of the list: it must be another")]
    IdIsList,
    /// Its `statusPurpose` is no text.
    #[error("the statusPurpose of the status entry is not a text")]
    Purpose,
    /// Its `statusListIndex` is no number in base 10.
    #[error("the statusListIndex is not a whole number in base 10, from 0 on")]
    Index,
    /// Its `statusListCredential` is no URL.
    #[error("the statusListCredential is not a url")]
    List,
    /// Its `statusSize` is no number greater than zero.
    #[error("the statusSize is not a whole number greater than zero")]
    Size,
    /// Its `statusSize` is beyond what this software reads.
    #[error("status entries of {0} bits cannot be read: at most 8 are supported")]
    SizeUnsupported(u64),
    /// Its `statusMessage` is missing though there is more than one bit.
    #[error("the statusMessage is missing: entries of more than one bit must have it")]
    NoMessages,
    /// Its `statusMessage` does not tell for each value once what it means.
    #[error("the statusMessage does not hold one status and message for each of the values")]
    Messages,
    /// Its `statusReference` is neither a URL nor several.
    #[error("the statusReference is neither a url nor an array of urls")]
    Reference,
}

impl EntryError {
    /// Gives the type of problem that it is.
    pub fn problem(&self) -> Problem {
        match self {
            Self::SizeUnsupported(_) => Problem::StatusVerification,
            _ => Problem::MalformedValue,
        }
    }

    /// Gives the JSON pointer of the property that is wrong, within the entry.
    pub fn pointer(&self) -> &'static str {
        match self {
            Self::NotAnEntry => "/type",
            Self::Id | Self::IdIsList => "/id",
            Self::Purpose => "/statusPurpose",
            Self::Index => "/statusListIndex",
            Self::List => "/statusListCredential",
            Self::Size | Self::SizeUnsupported(_) => "/statusSize",
            Self::NoMessages | Self::Messages => "/statusMessage",
            Self::Reference => "/statusReference",
        }
    }
}

impl Entry {
    /// Reads a member of `credentialStatus`.
    ///
    /// The index must be text by the standard (2.1). A JSON number is read as well: the samples of
    /// 1EdTech's validator have one, so badges made after them do, and it says the same. See
    /// [`entry_faults`] for who has to be strict.
    ///
    /// # Errors
    /// When it breaks a rule of the standard, or is beyond what this software reads.
    pub fn of(entry: &Value) -> Result<Self, EntryError> {
        let entry = entry.as_object().ok_or(EntryError::NotAnEntry)?;
        if !has_type(entry, "BitstringStatusListEntry") {
            return Err(EntryError::NotAnEntry);
        }
        let list = entry.get("statusListCredential").and_then(url).ok_or(EntryError::List)?;
        if let Some(id) = entry.get("id") {
            let id = url(id).ok_or(EntryError::Id)?;
            if id == list {
                return Err(EntryError::IdIsList);
            }
        }
        let purpose = entry.get("statusPurpose").and_then(Value::as_str);
        let purpose = purpose.filter(|text| !text.is_empty() && text.len() <= MAX_TEXT);
        let size = size(entry)?;
        Ok(Self {
            purpose: purpose.ok_or(EntryError::Purpose)?.into(),
            list: list.to_owned(),
            index: entry.get("statusListIndex").and_then(index).ok_or(EntryError::Index)?,
            size,
            messages: messages(entry, size)?,
            references: references(entry)?,
        })
    }

    /// Gives the message that stands for a value, where the entry says or the standard does.
    pub fn message(&self, value: u8) -> Option<&str> {
        let said = self.messages.get(usize::from(value)).map(String::as_str);
        said.or(match (&self.purpose, value) {
            (Purpose::Message, 0) => Some("unset"),
            (Purpose::Message, 1) => Some("set"),
            _ => None,
        })
    }
}

/// Finds what is wrong with an entry, to the letter of the standard.
pub fn entry_faults(entry: &Value) -> Vec<Fault> {
    match Entry::of(entry) {
        Err(error) => vec![Fault::new(error.pointer(), error.to_string())],
        Ok(_) if entry.get("statusListIndex").is_some_and(Value::is_number) => {
            let message = "the statusListIndex is a number: it must be a text of digits";
            vec![Fault::new("/statusListIndex", message)]
        }
        Ok(_) => Vec::new(),
    }
}

/// `type` is a text or an array of texts.
pub(super) fn has_type(node: &Map<String, Value>, wanted: &str) -> bool {
    match node.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one == wanted),
        one => one.is_some_and(|one| one == wanted),
    }
}

/// An absolute URL: a scheme, then something without white space.
pub(super) fn url(value: &Value) -> Option<&str> {
    let text = value.as_str().filter(|text| text.len() <= MAX_TEXT)?;
    let (scheme, rest) = text.split_once(':')?;
    let scheme_is_good = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let rest_is_good =
        !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
    (scheme_is_good && rest_is_good).then_some(text)
}

/// Digits without sign or leading zeros; what is well-formed but immense is the greatest number.
fn index(value: &Value) -> Option<u64> {
    let Some(text) = value.as_str() else { return value.as_u64() };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && text.len() <= MAX_TEXT && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().unwrap_or(u64::MAX))
}

fn size(entry: &Map<String, Value>) -> Result<StatusSize, EntryError> {
    let Some(size) = entry.get("statusSize") else { return Ok(StatusSize::ONE) };
    let bits = size.as_u64().filter(|bits| *bits > 0).ok_or(EntryError::Size)?;
    StatusSize::new(bits).ok_or(EntryError::SizeUnsupported(bits))
}

/// The messages in the order of their values. Each value must be there once.
fn messages(entry: &Map<String, Value>, size: StatusSize) -> Result<Vec<String>, EntryError> {
    let Some(all) = entry.get("statusMessage") else {
        return if size == StatusSize::ONE { Ok(Vec::new()) } else { Err(EntryError::NoMessages) };
    };
    let all = all.as_array().filter(|all| all.len() == size.values());
    let mut messages = vec![None; size.values()];
    for one in all.ok_or(EntryError::Messages)? {
        let text = |member: &str| one.get(member)?.as_str();
        let value = text("status").and_then(|status| status.strip_prefix("0x"));
        let value = value.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let value = value.and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let slot = value.and_then(|value| messages.get_mut(value)).ok_or(EntryError::Messages)?;
        let message = text("message").ok_or(EntryError::Messages)?;
        if slot.replace(message.to_owned()).is_some() {
            return Err(EntryError::Messages);
        }
    }
    Ok(messages.into_iter().flatten().collect())
}

fn references(entry: &Map<String, Value>) -> Result<Vec<String>, EntryError> {
    let all = match entry.get("statusReference") {
        None => return Ok(Vec::new()),
        Some(Value::Array(all)) if all.len() <= MAX_REFERENCES => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let urls = all.iter().map(|one| url(one).map(str::to_owned)).collect::<Option<_>>();
    urls.ok_or(EntryError::Reference)
}
