//! What of a group is in the log: its checkpoint, what it has parked, and that it exists.

use kernel::Revision;
use serde_json::{Value, json};

use super::{
    group::Message,
    settings::{Kept, LOG},
};
use crate::{
    Deletion, Embedded, StoreError,
    raw::{
        Batch, Content, Direction, LINK, METADATA, NewRecord, Refused, Standing, StreamName,
        Stretch,
    },
    server::convert::fresh_id,
};

/// Where it is kept which groups there are: the newest record lists them all.
const GROUPS: &str = "$persistentSubscriptionConfig";
/// How the names of all streams begin in which groups keep something.
pub(super) const KEEPING: &str = "$persistentsubscription-";

fn record(kind: &str, data: Vec<u8>, metadata: Vec<u8>) -> NewRecord {
    let content = if kind == LINK { Content::Binary } else { Content::Json };
    NewRecord { id: fresh_id(), kind: kind.into(), content, data, metadata }
}

async fn write(store: &Embedded, stream: StreamName, record: NewRecord) -> Result<(), Refused> {
    store.write(Batch::one(stream, Standing::Any, vec![record])).await.map(drop)
}

async fn newest(store: &Embedded, stream: &StreamName) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(match store.stretch(stream, None, Direction::Backwards, 1).await? {
        Stretch::Of { mut records, .. } => records.pop().map(|record| record.data.clone()),
        Stretch::NotFound | Stretch::Tombstoned => None,
    })
}

/// All groups that are kept.
pub(super) async fn groups(store: &Embedded) -> Result<Vec<Kept>, StoreError> {
    let Some(data) = newest(store, &StreamName::new(GROUPS)).await? else { return Ok(Vec::new()) };
    let broken = |error: serde_json::Error| StoreError::Unavailable(error.into());
    serde_json::from_slice(&data).map_err(broken)
}

pub(super) async fn keep_groups(store: &Embedded, groups: &[Kept]) -> Result<(), Refused> {
    let broken = |error: serde_json::Error| Refused::Unavailable(error.into());
    let data = serde_json::to_vec(groups).map_err(broken)?;
    write(store, StreamName::new(GROUPS), record("$PersistentConfig", data, Vec::new())).await
}

/// What one group keeps.
#[derive(Clone)]
pub(super) struct Keeping {
    of_log: bool,
    checkpoint: StreamName,
    parked: StreamName,
}

impl Keeping {
    pub fn of(source: &str, group: &str) -> Self {
        let name = |what| StreamName::new(&format!("{KEEPING}{source}::{group}-{what}"));
        let of_log = source == LOG;
        Self { of_log, checkpoint: name("checkpoint"), parked: name("parked") }
    }

    /// The place of the source from which it reads on.
    pub async fn next(&self, store: &Embedded) -> Result<Option<u64>, StoreError> {
        let Some(data) = newest(store, &self.checkpoint).await? else { return Ok(None) };
        let said: Value = serde_json::from_slice(&data).unwrap_or_default();
        let place = match &said {
            Value::String(revision) => revision.parse().ok(),
            said => said.get("commitPosition").and_then(Value::as_u64),
        };
        Ok(place.map(|place: u64| place.saturating_add(1)))
    }

    /// Everything before that place is done with.
    pub async fn keep_next(&self, store: &Embedded, next: u64) -> Result<(), Refused> {
        let Some(done) = next.checked_sub(1) else { return Ok(()) };
        let said = if self.of_log {
            json!({ "commitPosition": done, "preparePosition": done })
        } else {
            json!(done.to_string())
        };
        let data = said.to_string().into_bytes();
        let checkpoint = record("$SubscriptionCheckpoint", data, Vec::new());
        write(store, self.checkpoint.clone(), checkpoint).await
    }

    /// Parks a message: a link to it says why.
    pub async fn park(
        &self,
        store: &Embedded,
        message: &Message,
        why: &str,
    ) -> Result<(), Refused> {
        // What was parked before is linked to, not its link.
        let from_parked = message.link.as_ref().is_some_and(|link| link.stream == self.parked);
        let target = match &message.link {
            Some(link) if !from_parked => link,
            _ => &message.event,
        };
        let data = format!("{}@{}", target.revision, target.stream).into_bytes();
        let metadata = json!({ "reason": why, "retryCount": message.retries }).to_string();
        let link = record(LINK, data, metadata.into_bytes());
        write(store, self.parked.clone(), link).await
    }

    /// What is parked, from that revision on: links and where to read on.
    pub async fn parked(&self, store: &Embedded, from: Revision) -> Result<Stretch, StoreError> {
        store.stretch(&self.parked, Some(from), Direction::Forwards, 500).await
    }

    /// What was parked before that revision is done with.
    pub async fn forget_parked(&self, store: &Embedded, before: Revision) -> Result<(), Refused> {
        let Some(metadata) = self.parked.metadata() else { return Ok(()) };
        let said = json!({ "$tb": before }).to_string().into_bytes();
        write(store, metadata, record(METADATA, said, Vec::new())).await
    }

    /// Forgets everything.
    pub async fn forget(&self, store: &Embedded) {
        for stream in [&self.checkpoint, &self.parked] {
            match store.erase(stream, Standing::Any, Deletion::Soft).await {
                Ok(_) | Err(Refused::Conflict { .. }) => {}
                Err(error) => tracing::warn!(%error, %stream, "it could not be deleted"),
            }
        }
    }
}
