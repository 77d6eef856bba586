//! The tables that most models have: rows found by id, listed by time and counted, and in the
//! platform's space the directory that tells whose a public id is.

use eventstore::{RecordedEvent, Unreadable};
use kernel::{Aggregate, Fact, Id, Kind, TenantId, Timestamp};

use crate::{Change, Key, row};

/// The rows themselves, by id.
pub const ROWS: &str = "row";
/// The rows by time and id: [`place`].
pub const LISTED: &str = "listed";
/// How many are listed.
pub const COUNT: &str = "count";
/// In the platform's space: the tenant of a public id, in its sixteen bytes.
pub const DIRECTORY: &str = "directory";
/// Bytes of a [`place`].
pub const PLACE: usize = 24;

/// The key of a row.
#[must_use]
pub fn row_key<K: Kind>(tenant: TenantId, id: Id<K>) -> Key {
    Key::new(tenant, ROWS, id.bytes())
}

/// The place of a row in the list of its tenant: eight bytes of time, sixteen of id.
#[must_use]
pub fn place<K: Kind>(at: Timestamp, id: Id<K>) -> Vec<u8> {
    let mut place = Vec::with_capacity(PLACE);
    // Flips the sign, so that bytes sort as moments do.
    place.extend_from_slice(&(at.unix_millis() ^ i64::MIN).to_be_bytes());
    place.extend_from_slice(&id.bytes());
    place
}

/// The id that the row of an index ends with; none when it is too short for one.
#[must_use]
pub fn id_at<K: Kind>(place: &[u8]) -> Option<Id<K>> {
    // An id is its sixteen bytes, in postcard too.
    postcard::from_bytes(place.last_chunk::<16>()?).ok()
}

/// Puts a new row into the list of its tenant and counts it.
#[must_use]
pub fn list<K: Kind>(tenant: TenantId, at: Timestamp, id: Id<K>) -> [Change; 2] {
    let count = Change::Add { key: Key::new(tenant, COUNT, ""), by: 1 };
    [row::mark(Key::new(tenant, LISTED, place(at, id))), count]
}

/// The key of a public id in the directory.
#[must_use]
pub fn directory_key<K: Kind>(id: Id<K>) -> Key {
    Key::new(TenantId::PLATFORM, DIRECTORY, id.bytes())
}

/// Remembers the tenant of a public id.
#[must_use]
pub fn direct<K: Kind>(id: Id<K>, tenant: TenantId) -> Change {
    Change::Put { key: directory_key(id), row: tenant.bytes().to_vec() }
}

/// An id and a fact about its holder.
pub type About<A, K> = (Id<K>, Fact<<A as Aggregate>::Event>);

/// The row that a fact's stream is about, and the fact itself; none for a stream of another form.
///
/// # Errors
/// When the fact cannot be read.
pub fn about<A: Aggregate, K: Kind>(
    stored: &RecordedEvent,
) -> Result<Option<About<A, K>>, Unreadable> {
    match stored.stream.id().parse() {
        Ok(id) if stored.stream.category() == A::CATEGORY => Ok(Some((id, stored.fact()?))),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_sort_as_moments_do_and_end_with_their_id(
            (a, b) in (-1_000_000_i64..1_000_000, -1_000_000_i64..1_000_000), bits: u128,
        ) {
            let id = TenantId::from_uuid(uuid::Uuid::from_u128(bits));
            let at = |millis| place(Timestamp::from_unix_millis(millis), id);
            prop_assert_eq!(at(a).cmp(&at(b)), a.cmp(&b));
            prop_assert_eq!(at(a).len(), PLACE);
            prop_assert_eq!(id_at(&at(a)), Some(id));
        }
    }

    #[test]
    fn the_directory_tells_the_tenant_of_an_id() {
        let (id, tenant) = (TenantId::derived([1; 16]), TenantId::derived([2; 16]));
        let mut rows = crate::Rows::default();
        rows.apply(&direct(id, tenant));
        assert_eq!(rows.read(&directory_key(id)), Some(tenant));
    }

    #[test]
    fn what_is_too_short_ends_with_no_id() {
        assert_eq!(id_at::<kernel::TenantKind>(&[1; 15]), None);
    }
}
