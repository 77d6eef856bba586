//! Rows: compact bytes, found by id, listed by time.

use eventstore::{RecordedEvent, Unreadable};
use kernel::{Aggregate, Fact, Id, Kind, TenantId, Timestamp};
use readmodel::{Change, Key, ReadModelError, Rows, View};
use runtime::{Context, call, status};
use serde::{Serialize, de::DeserializeOwned};
use tonic::Status;

/// The table of the rows themselves.
pub(crate) const ROWS: &str = "row";
/// The table that lists rows by time and id.
pub(crate) const LISTED: &str = "listed";
/// The table of counters.
pub(crate) const COUNT: &str = "count";
/// In the platform's space: the tenant of a public id.
pub(crate) const DIRECTORY: &str = "directory";

/// The key of a row.
pub(crate) fn row_key<K: Kind>(tenant: TenantId, id: Id<K>) -> Key {
    Key::new(tenant, ROWS, id.bytes())
}

/// The place of a row in the list of its tenant: time, then id.
pub(crate) fn place<K: Kind>(at: Timestamp, id: Id<K>) -> Vec<u8> {
    let mut place = Vec::with_capacity(24);
    // Flips the sign, so that bytes sort as moments do.
    place.extend_from_slice(&(at.unix_millis() ^ i64::MIN).to_be_bytes());
    place.extend_from_slice(&id.bytes());
    place
}

/// The row as it stands just before the fact.
pub(crate) fn before<R: DeserializeOwned>(rows: &Rows, key: &Key) -> Option<R> {
    rows.get(key).and_then(|row| postcard::from_bytes(row).ok())
}

/// Sets a row.
pub(crate) fn put<R: Serialize>(key: Key, row: &R) -> Change {
    let row = postcard::to_stdvec(row).expect("rows are plain data, which postcard can write");
    Change::Put { key, row }
}

/// An id and a fact about its holder.
type About<A, K> = (Id<K>, Fact<<A as Aggregate>::Event>);

/// The row that a fact's stream is about, and the fact itself; none for a stream of another form.
pub(crate) fn about<A: Aggregate, K: Kind>(
    stored: &RecordedEvent,
) -> Result<Option<About<A, K>>, Unreadable> {
    match stored.stream.id().parse() {
        Ok(id) if stored.stream.category() == A::CATEGORY => Ok(Some((id, stored.fact()?))),
        _ => Ok(None),
    }
}

/// The row of that key, if there is one.
pub(crate) async fn get<R: DeserializeOwned>(view: &View, key: &Key) -> Result<Option<R>, Status> {
    let row = view.get(key).await.map_err(status::of_read_model)?;
    row.map(|row| read(view, &row)).transpose()
}

/// A row from its bytes.
pub(crate) fn read<R: DeserializeOwned>(view: &View, row: &[u8]) -> Result<R, Status> {
    let unreadable = ReadModelError::Unreadable(view.model().name);
    postcard::from_bytes(row).map_err(|_| status::of_read_model(unreadable))
}

/// The tenant of a public id.
pub(crate) async fn tenant_of<K: Kind>(
    context: &Context,
    view: &View,
    id: Id<K>,
) -> Result<Option<TenantId>, Status> {
    let key = Key::new(TenantId::PLATFORM, DIRECTORY, id.bytes());
    if let Some(tenant) = get(view, &key).await? {
        return Ok(Some(tenant));
    }
    // It may have been made a moment ago.
    call::caught_up(context, view).await?;
    get(view, &key).await
}

/// Remembers the tenant of a public id.
pub(crate) fn direct<K: Kind>(id: Id<K>, tenant: TenantId) -> Change {
    put(Key::new(TenantId::PLATFORM, DIRECTORY, id.bytes()), &tenant)
}
