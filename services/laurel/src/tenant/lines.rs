//! The lines of an export.

use std::io::{self, Read};

use kernel::{Base64, Revision, TenantId};
use keyvault::{Moved, Owner};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use eventstore::{InvalidStream, NewEvent, RecordedEvent, StreamId};

/// A fact. Its texts are the stored bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FactLine {
    pub(super) stream: String,
    pub(super) revision: Revision,
    pub(super) id: Uuid,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) metadata: String,
    pub(super) data: String,
}

impl FactLine {
    /// The line of a stored fact.
    ///
    /// # Errors
    /// When its bytes are no text, which no fact of ours is.
    pub(super) fn of(fact: &RecordedEvent) -> Result<Self, String> {
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).map_err(|_| "it is no text".to_owned())
        };
        Ok(Self {
            stream: fact.stream.as_str().to_owned(),
            revision: fact.revision,
            id: fact.id,
            kind: fact.kind.to_string(),
            metadata: text(&fact.metadata)?,
            data: text(&fact.data)?,
        })
    }

    pub(super) fn stream(&self) -> Result<StreamId, InvalidStream> {
        self.stream.parse()
    }

    pub(super) fn event(self) -> NewEvent {
        let (data, metadata) = (self.data.into_bytes(), self.metadata.into_bytes());
        NewEvent { id: self.id, kind: self.kind, data, metadata }
    }
}

/// A key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "key", rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum KeyLine {
    /// Under the transport key.
    Tenant { tenant: TenantId, wrapped: Base64 },
    /// Under the tenant's key; destroyed when nothing is wrapped.
    Owner {
        tenant: TenantId,
        subject: String,
        version: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wrapped: Option<Base64>,
    },
    /// Under the tenant's key.
    Secret { tenant: TenantId, name: String, wrapped: Base64 },
    /// Under the transport key.
    Lookup { purpose: String, wrapped: Base64 },
}

impl From<Moved> for KeyLine {
    fn from(moved: Moved) -> Self {
        match moved {
            Moved::Tenant { tenant, wrapped } => Self::Tenant { tenant, wrapped: Base64(wrapped) },
            Moved::Owner { owner: Owner { tenant, subject }, version, wrapped } => {
                Self::Owner { tenant, subject, version, wrapped: wrapped.map(Base64) }
            }
            Moved::Secret { tenant, name, wrapped } => {
                Self::Secret { tenant, name, wrapped: Base64(wrapped) }
            }
            Moved::Lookup { purpose, wrapped } => {
                Self::Lookup { purpose, wrapped: Base64(wrapped) }
            }
        }
    }
}

impl From<KeyLine> for Moved {
    fn from(line: KeyLine) -> Self {
        match line {
            KeyLine::Tenant { tenant, wrapped } => Self::Tenant { tenant, wrapped: wrapped.0 },
            KeyLine::Owner { tenant, subject, version, wrapped } => {
                let wrapped = wrapped.map(|wrapped| wrapped.0);
                Self::Owner { owner: Owner { tenant, subject }, version, wrapped }
            }
            KeyLine::Secret { tenant, name, wrapped } => {
                Self::Secret { tenant, name, wrapped: wrapped.0 }
            }
            KeyLine::Lookup { purpose, wrapped } => Self::Lookup { purpose, wrapped: wrapped.0 },
        }
    }
}

/// What stands before a picture.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PictureLine {
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

/// The most bytes of a picture that this software keeps.
const LARGEST: u64 = 16 * 1024 * 1024;

impl PictureLine {
    /// Reads the picture that follows.
    pub(super) fn picture(&self, from: &mut impl Read) -> io::Result<Vec<u8>> {
        if self.bytes > LARGEST {
            return Err(io::Error::other("a picture in the export is too large"));
        }
        let mut bytes = Vec::new();
        from.take(self.bytes).read_to_end(&mut bytes)?;
        if runtime::Digest::of(&bytes).to_string() != self.sha256 {
            return Err(io::Error::other("a picture in the export is not the one that it says"));
        }
        Ok(bytes)
    }
}
