//! How rows are named in a slot's keyspace:
//!
//! ```text
//! 0 'c'                          the checkpoint: eight bytes, most significant first
//! 0 't' name                     the number of a table: one byte, from 1 to 127
//! table tenant id                a row or a counter
//! table+128 tenant id member     a member that a counter has counted
//! ```

use std::ops::Bound;

use crate::{Key, Scan};

/// The number of a table within its slot.
pub(super) type Table = u8;

/// From where to where.
pub(super) type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// Where the checkpoint is.
pub(super) const CHECKPOINT: &[u8] = &[0, b'c'];
/// What the names of tables start with.
pub(super) const TABLES: &[u8] = &[0, b't'];
/// The highest number of a table.
pub(super) const LAST_TABLE: Table = 127;
const MEMBERS: u8 = 128;

/// Where the number of a table is.
pub(super) fn table(name: &str) -> Vec<u8> {
    [TABLES, name.as_bytes()].concat()
}

/// Writes where a row is.
pub(super) fn write_row(into: &mut Vec<u8>, table: Table, key: &Key) {
    into.push(table);
    into.extend_from_slice(&key.tenant.bytes());
    into.extend_from_slice(&key.id);
}

/// Where a row is.
pub(super) fn row(table: Table, key: &Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(17 + key.id.len());
    write_row(&mut bytes, table, key);
    bytes
}

/// Writes where a counted member is.
pub(super) fn write_member(into: &mut Vec<u8>, table: Table, key: &Key, member: &[u8; 16]) {
    write_row(into, table | MEMBERS, key);
    into.extend_from_slice(member);
}

/// The id of a row, from where it is.
pub(super) fn id(row: &[u8]) -> &[u8] {
    row.get(17..).unwrap_or_default()
}

/// From where to where a walk goes; none when nothing can lie between.
pub(super) fn range(table: Table, scan: &Scan) -> Option<KeyRange> {
    let start = [&[table][..], &scan.tenant.bytes()].concat();
    scan.stretch(&start).map(|(low, high)| (low, Bound::Excluded(high)))
}
