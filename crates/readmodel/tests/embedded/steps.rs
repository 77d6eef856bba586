//! Changes that tell from the rows alone how many steps were applied.

use std::ops::Range;

use kernel::TenantId;
use readmodel::{Change, Direction, Key, ReadModels, Scan, Slot, memory::Memory};

/// What the steps change: rows that are set again and again, some deleted, a sum and a count.
pub fn changes(steps: Range<u64>) -> Vec<Change> {
    let key = |table, id: u64| Key::new(TenantId::PLATFORM, table, id.to_be_bytes());
    let one = |n: u64| {
        let mut member = [0; 16];
        member[..8].copy_from_slice(&(n % 61).to_be_bytes());
        let by = i64::try_from(n).unwrap();
        [
            Change::Put { key: key("rows", n * 7919 % 500), row: n.to_be_bytes().to_vec() },
            Change::Delete { key: key("rows", n % 500) },
            Change::Add { key: key("counts", 0), by },
            Change::Distinct { key: key("counts", 1), member },
        ]
    };
    steps.flat_map(one).collect()
}

/// Every row and counter of these tables, which are in alphabetic order.
pub async fn everything(
    store: &dyn ReadModels,
    slot: Slot,
    tables: &[&'static str],
) -> Vec<(Key, Vec<u8>)> {
    let mut rows = Vec::new();
    for table in tables {
        let (tenant, direction) = (TenantId::PLATFORM, Direction::Forward);
        let (prefix, after, before) = (Vec::new(), None, None);
        let scan = Scan { tenant, table, prefix, after, before, direction, limit: 1000 };
        let found = store.scan(slot, &scan).await.unwrap();
        rows.extend(found.into_iter().map(|(id, row)| (Key::new(tenant, table, id), row)));
    }
    rows
}

/// Panics unless the rows are those of exactly as many steps as the checkpoint says.
pub async fn assert_consistent(store: &dyn ReadModels, slot: Slot) {
    let at = store.checkpoint(slot).await.unwrap();
    let mut memory = Memory::default();
    for change in changes(0..at.0) {
        memory.apply(change);
    }
    let counters = memory.counters.into_iter().map(|(key, n)| (key, n.to_be_bytes().to_vec()));
    let mut expected: Vec<_> = memory.rows.into_iter().chain(counters).collect();
    expected.sort();
    assert_eq!(everything(store, slot, &["counts", "rows"]).await, expected);
}
