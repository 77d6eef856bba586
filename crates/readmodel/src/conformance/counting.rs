use super::{SLOT, TENANT, apply, key, scanning};
use crate::{Change, Key, ReadModels};

fn counter(id: &str) -> Key {
    Key::new(TENANT, "counts", id)
}

fn add(id: &str, by: i64) -> Change {
    Change::Add { key: counter(id), by }
}

fn distinct(id: &str, member: u8) -> Change {
    Change::Distinct { key: counter(id), member: [member; 16] }
}

/// A counter is the sum of what was added, over batches and within one, below zero, too.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn counters_add_up(store: &dyn ReadModels) {
    assert_eq!(store.count(SLOT, &counter("a")).await.unwrap(), 0);
    apply(store, SLOT, &[add("a", 2), add("b", 1), add("a", 3)]).await;
    apply(store, SLOT, &[add("b", -5), add("a", 10)]).await;
    assert_eq!(store.count(SLOT, &counter("a")).await.unwrap(), 15);
    assert_eq!(store.count(SLOT, &counter("b")).await.unwrap(), -4);
    assert_eq!(store.count(SLOT, &counter("c")).await.unwrap(), 0);
    assert_eq!(store.count(SLOT, &key("a")).await.unwrap(), 0, "of another table");
}

/// A member counts once in each counter, within a batch and over batches.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn a_member_counts_once(store: &dyn ReadModels) {
    apply(store, SLOT, &[distinct("a", 1), distinct("a", 2), distinct("a", 1), distinct("b", 1)])
        .await;
    assert_eq!(store.count(SLOT, &counter("a")).await.unwrap(), 2);
    apply(store, SLOT, &[distinct("a", 2), distinct("a", 3), distinct("b", 1)]).await;
    assert_eq!(store.count(SLOT, &counter("a")).await.unwrap(), 3);
    assert_eq!(store.count(SLOT, &counter("b")).await.unwrap(), 1);
    // An id and a member must not run together: `a` + 0x62… is no member of `ab`.
    let mut member = [0; 16];
    member[0] = b'b';
    let of_a = Change::Distinct { key: counter("a"), member };
    apply(store, SLOT, &[of_a, Change::Distinct { key: counter("ab"), member: [0; 16] }]).await;
    assert_eq!(store.count(SLOT, &counter("a")).await.unwrap(), 4);
    assert_eq!(store.count(SLOT, &counter("ab")).await.unwrap(), 1);
}

/// A counter reads and scans as a row of eight bytes; members are no rows.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn counters_are_rows(store: &dyn ReadModels) {
    apply(store, SLOT, &[add("a", -2), distinct("b", 1), distinct("b", 2)]).await;
    let rows = store.scan(SLOT, &scanning::walk(TENANT, "counts")).await.unwrap();
    let expected = [("a", -2_i64), ("b", 2)]
        .map(|(id, count)| (id.as_bytes().to_vec(), count.to_be_bytes().to_vec()));
    assert_eq!(rows, expected);
    let row = store.get(SLOT, &counter("a")).await.unwrap();
    assert_eq!(row, Some((-2_i64).to_be_bytes().to_vec()));
}
