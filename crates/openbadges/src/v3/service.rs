//! What a credential refers to beside its subject: status, schema, refresh, terms of use.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::status::StatusListEntry;

/// Something by id and type, whose other members depend on the type: a schema that a credential
/// follows, a service that refreshes it, a status entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its URL.
    pub id: String,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Service {
    /// Makes it of its id and type.
    pub fn new(id: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { id: id.into(), kind: kind.into(), extra: Map::new() }
    }
}

/// The terms under which a credential was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TermsOfUse {
    /// Their URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What kind of terms they are.
    #[serde(rename = "type")]
    pub kind: String,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Where the status of a credential can be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum CredentialStatus {
    /// In a bitstring status list.
    Bitstring(StatusListEntry),
    /// In some other way: `1EdTechRevocationList`, or an entry with unknown members.
    Other(Service),
}

impl From<StatusListEntry> for CredentialStatus {
    fn from(entry: StatusListEntry) -> Self {
        Self::Bitstring(entry)
    }
}

impl<'de> Deserialize<'de> for CredentialStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // An entry of which something would be lost is kept as it is.
        if let Ok(entry) = StatusListEntry::deserialize(&value)
            && serde_json::to_value(&entry).is_ok_and(|written| written == value)
        {
            return Ok(Self::Bitstring(entry));
        }
        Service::deserialize(value).map(Self::Other).map_err(serde::de::Error::custom)
    }
}
