//! The protocol's values and ours.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use tonic::Status;
use uuid::Uuid;

use super::{
    proto::{Empty, StreamIdentifier, Uuid as WireId, uuid::Structured, uuid::Value},
    status,
};
use crate::{
    Embedded, StoreError,
    embedded::clock,
    raw::{Content, Direction, LINK, NewRecord, Query, Record, StreamName, Stretch},
};

pub(super) const NOTHING: Empty = Empty {};
/// How the names of the streams of users begin.
pub(super) const USER: &str = "$user-";

/// The name of a stream.
///
/// # Errors
/// Invalid argument: there is none, or it is no text.
pub(super) fn stream(identifier: Option<StreamIdentifier>) -> Result<StreamName, Status> {
    let name = identifier.map(|identifier| identifier.stream_name).unwrap_or_default();
    let name = String::from_utf8(name);
    let name = name.map_err(|_| Status::invalid_argument("the stream name must be UTF-8"))?;
    named(&name)
}

/// The stream of that name.
///
/// # Errors
/// Invalid argument: it is empty.
pub(super) fn named(name: &str) -> Result<StreamName, Status> {
    if name.is_empty() {
        return Err(Status::invalid_argument("the stream name must not be empty"));
    }
    Ok(StreamName::new(name))
}

pub(super) fn identifier(stream: &StreamName) -> StreamIdentifier {
    StreamIdentifier { stream_name: stream.as_str().into() }
}

/// An id.
///
/// # Errors
/// Invalid argument: it is missing or not one.
pub(super) fn id(id: Option<&WireId>) -> Result<Uuid, Status> {
    let id = match id.and_then(|id| id.value.as_ref()) {
        Some(Value::Structured(Structured { most_significant_bits, least_significant_bits })) => {
            let most = most_significant_bits.cast_unsigned();
            Some(Uuid::from_u64_pair(most, least_significant_bits.cast_unsigned()))
        }
        Some(Value::String(text)) => text.parse().ok(),
        None => None,
    };
    id.ok_or_else(|| Status::invalid_argument("the id must be a UUID"))
}

pub(super) fn wire_id(id: Uuid) -> WireId {
    let (most, least) = id.as_u64_pair();
    let structured = Structured {
        most_significant_bits: most.cast_signed(),
        least_significant_bits: least.cast_signed(),
    };
    WireId { value: Some(Value::Structured(structured)) }
}

/// A record as it is proposed, if it may be written.
///
/// # Errors
/// Invalid argument: something is missing, or it is too large.
pub(super) fn proposed(
    id: Option<&WireId>,
    mut said: HashMap<String, String>,
    metadata: Vec<u8>,
    data: Vec<u8>,
    largest: usize,
) -> Result<NewRecord, Status> {
    let id = self::id(id)?;
    if id.is_nil() {
        return Err(Status::invalid_argument("the id of an event must not be nil"));
    }
    let kind = said.remove("type").ok_or_else(|| status::missing_property("type"))?;
    let content = said.remove("content-type");
    let content = content.ok_or_else(|| status::missing_property("content-type"))?;
    let content = if content == "application/json" { Content::Json } else { Content::Binary };
    let size = data.len() + metadata.len() + kind.len();
    if size > largest {
        return Err(status::event_too_large(id, size, largest));
    }
    Ok(NewRecord { id, kind, content, data, metadata })
}

/// What is expected of a stream, of any of the protocol's messages that say it.
macro_rules! standing {
    ($options:path, $expected:expr, $any:ident, $none:ident, $exists:ident, $revision:ident) => {{
        use $options as Wire;
        match $expected {
            Some(Wire::$revision(revision)) => Ok($crate::raw::Standing::Revision(revision)),
            Some(Wire::$none(_)) => Ok($crate::raw::Standing::NoStream),
            Some(Wire::$exists(_)) => Ok($crate::raw::Standing::Exists),
            Some(Wire::$any(_)) => Ok($crate::raw::Standing::Any),
            None => Err(tonic::Status::invalid_argument(
                "it must be said where the stream is expected to stand",
            )),
        }
    }};
}
pub(super) use standing;

/// The record that a link leads to, if the record is a link and it is there. None leads to what is
/// kept of users.
pub(super) async fn linked(
    store: &Embedded,
    record: &Record,
) -> Result<Option<Arc<Record>>, StoreError> {
    let target = target(store, record).await?;
    Ok(target.filter(|target| !target.stream.as_str().starts_with(USER)))
}

async fn target(store: &Embedded, record: &Record) -> Result<Option<Arc<Record>>, StoreError> {
    let target = std::str::from_utf8(&record.data).ok().and_then(|text| text.split_once('@'));
    let Some((revision, stream)) = target else { return Ok(None) };
    let Ok(revision) = revision.parse() else { return Ok(None) };
    if stream == "$all" {
        return at(store, revision).await;
    }
    let name = StreamName::new(stream);
    let found = store.stretch(&name, Some(revision), Direction::Forwards, 1).await?;
    Ok(match found {
        Stretch::Of { mut records, .. } => {
            records.pop().filter(|record| record.revision == revision)
        }
        Stretch::NotFound | Stretch::Tombstoned => None,
    })
}

/// The record at a position of the log.
async fn at(store: &Embedded, position: u64) -> Result<Option<Arc<Record>>, StoreError> {
    let before = kernel::Position(position.saturating_sub(1));
    let mut page = store.log_page(Query::after(before, 1)).await?;
    Ok(page.records.pop().filter(|record| record.position.0 == position))
}

pub(super) fn is_link(record: &Record) -> bool {
    &*record.kind == LINK
}

/// An id that this process has not given yet.
pub(super) fn fresh_id() -> Uuid {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    let given = GIVEN.fetch_add(1, Ordering::Relaxed);
    uuid::Builder::from_custom_bytes(Uuid::from_u64_pair(clock::now(), given).into_bytes())
        .into_uuid()
}

/// The time of the store's clock.
pub(super) fn wire_now() -> prost_types::Timestamp {
    (UNIX_EPOCH + Duration::from_millis(clock::now())).into()
}
