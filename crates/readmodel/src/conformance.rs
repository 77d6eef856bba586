//! The promises of [`ReadModels`], one function each. An adapter's test calls [`all`] with a
//! function that makes an empty store.
//!
//! Every function panics when the adapter breaks the promise that it is named after.

#![expect(clippy::unwrap_used, reason = "a suite of tests: a failed call fails the test")]

mod counting;
mod fencing;
mod leasing;
mod scanning;

use std::sync::Arc;

use futures_util::future::join_all;
use kernel::{Position, TenantId};

pub use self::{
    counting::{a_member_counts_once, counters_add_up, counters_are_rows},
    fencing::{
        a_stale_apply_changes_nothing, concurrent_appliers_win_one_step_each,
        everything_applies_or_nothing,
    },
    leasing::leases,
    scanning::{a_scan_obeys_its_bounds, pages_add_up_to_the_whole, rows_come_in_byte_order},
};
use crate::{Applied, Change, Key, Model, ModelState, ReadModels, Slot};

/// Checks every promise, each on a fresh store.
///
/// # Panics
/// When the adapter breaks one.
pub async fn all(fresh: impl AsyncFn() -> Arc<dyn ReadModels>) {
    rows_read_back(&*fresh().await).await;
    the_last_change_of_a_row_wins(&*fresh().await).await;
    slots_tenants_and_tables_never_meet(&*fresh().await).await;
    clearing_a_slot_leaves_the_others(&*fresh().await).await;
    states_read_back(&*fresh().await).await;
    a_state_changes_only_from_what_it_was(&*fresh().await).await;
    a_stale_apply_changes_nothing(&*fresh().await).await;
    everything_applies_or_nothing(&*fresh().await).await;
    concurrent_appliers_win_one_step_each(&*fresh().await).await;
    counters_add_up(&*fresh().await).await;
    a_member_counts_once(&*fresh().await).await;
    counters_are_rows(&*fresh().await).await;
    rows_come_in_byte_order(&*fresh().await).await;
    a_scan_obeys_its_bounds(&*fresh().await).await;
    pages_add_up_to_the_whole(&*fresh().await).await;
}

const MODEL: Model = Model { name: "conformance", version: 1 };
const SLOT: Slot = Slot { model: MODEL, generation: 1 };
const TENANT: TenantId = TenantId::PLATFORM;

fn key(id: impl Into<Vec<u8>>) -> Key {
    Key::new(TENANT, "rows", id)
}

fn put(id: impl Into<Vec<u8>>, row: impl Into<Vec<u8>>) -> Change {
    Change::Put { key: key(id), row: row.into() }
}

/// Applies on top of whatever the checkpoint is.
async fn apply(store: &dyn ReadModels, slot: Slot, changes: &[Change]) {
    let at = store.checkpoint(slot).await.unwrap();
    let applied = store.apply(slot, changes, at, Position(at.0 + 1)).await.unwrap();
    assert_eq!(applied, Applied::Done);
}

/// A row reads back as it was put, alone and among many; a deleted or unknown one is absent.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn rows_read_back(store: &dyn ReadModels) {
    let (long, big) = (vec![7; 512], vec![9; 100_000]);
    apply(store, SLOT, &[put("a", "1"), put("b", ""), put("", "0"), put(&long[..], &big[..])])
        .await;
    for (id, row) in [(&b"a"[..], &b"1"[..]), (b"b", b""), (b"", b"0"), (&long, &big)] {
        assert_eq!(store.get(SLOT, &key(id)).await.unwrap().as_deref(), Some(row));
    }
    let many = store.get_many(SLOT, &[key("b"), key("x"), key("a"), key("a")]).await.unwrap();
    let one = Some(b"1".to_vec());
    assert_eq!(many, [Some(Vec::new()), None, one.clone(), one]);
    apply(store, SLOT, &[Change::Delete { key: key("a") }, Change::Delete { key: key("y") }]).await;
    assert_eq!(store.get(SLOT, &key("a")).await.unwrap(), None);
    assert_eq!(store.get(SLOT, &key("")).await.unwrap(), Some(b"0".to_vec()));
}

/// Changes of one batch to one row take effect in their order.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn the_last_change_of_a_row_wins(store: &dyn ReadModels) {
    let delete = |id: &str| Change::Delete { key: key(id) };
    let changes =
        [put("a", "1"), put("b", "1"), put("a", "2"), delete("b"), delete("c"), put("c", "3")];
    apply(store, SLOT, &changes).await;
    let rows = store.get_many(SLOT, &[key("a"), key("b"), key("c")]).await.unwrap();
    assert_eq!(rows, [Some(b"2".to_vec()), None, Some(b"3".to_vec())]);
}

/// The same id in another slot, tenant or table is another row.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn slots_tenants_and_tables_never_meet(store: &dyn ReadModels) {
    let other_tenant = TenantId::derived([255; 16]);
    let slots = [
        SLOT,
        Slot { generation: 2, ..SLOT },
        Slot { model: Model { version: 2, ..MODEL }, ..SLOT },
        Slot { model: Model { name: "conformance-too", version: 1 }, ..SLOT },
    ];
    let places = [(TENANT, "rows"), (TENANT, "row"), (TENANT, "rowss"), (other_tenant, "rows")];
    for (s, slot) in slots.into_iter().enumerate() {
        let place = |(p, (tenant, table))| {
            let key = Key::new(tenant, table, "same");
            Change::Put { key, row: format!("{s}{p}").into_bytes() }
        };
        let changes: Vec<_> = places.into_iter().enumerate().map(place).collect();
        apply(store, slot, &changes).await;
    }
    for (s, slot) in slots.into_iter().enumerate() {
        for (p, (tenant, table)) in places.into_iter().enumerate() {
            let row = format!("{s}{p}").into_bytes();
            let got = store.get(slot, &Key::new(tenant, table, "same")).await.unwrap();
            assert_eq!(got.as_ref(), Some(&row));
            let walk = scanning::walk(tenant, table);
            assert_eq!(store.scan(slot, &walk).await.unwrap(), [(b"same".to_vec(), row)]);
        }
    }
}

/// A cleared slot is as if it had never been, may be filled again, and nothing else is touched.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn clearing_a_slot_leaves_the_others(store: &dyn ReadModels) {
    let other = Slot { generation: 2, ..SLOT };
    let counted = Key::new(TENANT, "counts", "n");
    for slot in [SLOT, other] {
        let member = Change::Distinct { key: counted.clone(), member: [1; 16] };
        apply(store, slot, &[put("a", "1"), member]).await;
    }
    store.clear(SLOT).await.unwrap();
    store.clear(SLOT).await.unwrap();
    assert_eq!(store.checkpoint(SLOT).await.unwrap(), Position::START);
    assert_eq!(store.get(SLOT, &key("a")).await.unwrap(), None);
    assert_eq!(store.count(SLOT, &counted).await.unwrap(), 0);
    assert_eq!(store.get(other, &key("a")).await.unwrap(), Some(b"1".to_vec()));
    assert_eq!(store.checkpoint(other).await.unwrap(), Position(1));
    let member = Change::Distinct { key: counted.clone(), member: [1; 16] };
    apply(store, SLOT, &[put("b", "2"), member]).await;
    assert_eq!(store.get(SLOT, &key("a")).await.unwrap(), None);
    assert_eq!(store.count(SLOT, &counted).await.unwrap(), 1, "members are forgotten, too");
}

/// The state of a model reads back; that of an unknown one is empty.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn states_read_back(store: &dyn ReadModels) {
    assert_eq!(store.state("conformance").await.unwrap(), ModelState::default());
    let states = [
        ModelState { active: None, building: Some((1, 1)) },
        ModelState { active: Some((1, 1)), building: Some((2, 7)) },
        ModelState { active: Some((2, u32::MAX)), building: None },
    ];
    for state in states {
        store.set_state("conformance", state).await.unwrap();
        assert_eq!(store.state("conformance").await.unwrap(), state);
        assert_eq!(store.state("conformance-too").await.unwrap(), ModelState::default());
    }
}

/// Of those who change a state from what it was, one does; the others change nothing.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn a_state_changes_only_from_what_it_was(store: &dyn ReadModels) {
    let state = |generation| ModelState { active: None, building: Some((1, generation)) };
    let change = |from, to| store.change_state("conformance", from, to);
    assert!(change(ModelState::default(), state(1)).await.unwrap());
    assert!(!change(ModelState::default(), state(2)).await.unwrap());
    assert_eq!(store.state("conformance").await.unwrap(), state(1));
    let changed = join_all((2..10).map(|generation| change(state(1), state(generation)))).await;
    let won: Vec<_> = (2..10).zip(changed).filter(|(_, won)| *won.as_ref().unwrap()).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(store.state("conformance").await.unwrap(), state(won[0].0));
}
