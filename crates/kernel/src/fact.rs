use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{TenantId, Timestamp};

/// A place in the log. Later facts have greater positions, across all streams, and zero is before
/// everything. Some logs count facts, others tell places in a file: only the order means anything.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Before the first fact.
    pub const START: Position = Position(0);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a fact within its stream, from zero.
pub type Revision = u64;

/// Identifies one command, however often it is sent. Event ids derive from it, so that a repeat is
/// recognised by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(Uuid);

impl CommandId {
    /// The command with this id.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The command that follows from these parts: the same parts always make the same id. Parts are
    /// length-prefixed, so that no two lists of parts run together.
    #[must_use]
    pub fn derived(parts: &[&[u8]]) -> Self {
        use sha2::Digest;
        let mut digest = sha2::Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.finalize()[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The 128 bits.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The id of the n-th fact that this command causes in one stream.
    #[must_use]
    pub fn event_id(self, stream: &str, n: usize) -> Uuid {
        let parts: [&[u8]; 3] = [self.0.as_bytes(), stream.as_bytes(), &(n as u64).to_be_bytes()];
        Self::derived(&parts).0
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CommandId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// Who caused a fact: a typed id in its text form (`member_…`, `client_…`, `earner_…`), or
/// `system:name` for a policy of ours. Never an address or a name of a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(String);

impl Actor {
    /// The holder of a typed id.
    #[must_use]
    pub fn of(id: impl fmt::Display) -> Self {
        Self(id.to_string())
    }

    /// One of our own policies or tools.
    #[must_use]
    pub fn system(name: &str) -> Self {
        Self(format!("system:{name}"))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What surrounds a fact: kept as its metadata, beside the payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// Whose fact it is.
    pub tenant: TenantId,
    /// Who caused it.
    pub actor: Actor,
    /// The command that caused it.
    pub command: CommandId,
    /// A digest of what was asked, to tell a repeat from another request under the same key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Uuid>,
    /// The first cause in a chain of commands and facts; the command itself when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Uuid>,
    /// The fact that a policy reacted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// W3C trace context of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// When it was decided.
    pub at: Timestamp,
}

/// An event in its place: whose it is, what it happened to, when, and where it stands in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact<E> {
    /// The id of the aggregate instance, as in the stream's name after the tenant.
    pub id: String,
    /// Where it stands in the log.
    pub position: Position,
    /// Where it stands in its stream.
    pub revision: Revision,
    /// Who, when, why.
    pub envelope: Envelope,
    /// What happened.
    pub event: E,
}
