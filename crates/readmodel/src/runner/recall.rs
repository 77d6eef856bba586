//! Rows that were read lately, as long as the model's rows stay as they are.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicU64,
            Ordering::{AcqRel, Acquire},
        },
    },
    time::Duration,
};

use moka::sync::Cache;

use crate::{Generation, Key, Slot};

/// Remembered for no longer: rows may be lost with nothing applied.
const KEPT: Duration = Duration::from_secs(30);
/// Bytes that a row takes beside its key and itself, about.
const WEIGHT: usize = 160;

/// What this process remembers of a model's rows. Whatever is applied to the model makes it forget
/// all, before anybody is told that it was applied: readers of a model that changes all the time
/// gain nothing by it, those of one that hardly ever changes ask the store once.
#[derive(Debug)]
pub(super) struct Recall {
    rows: Option<Cache<Key, Remembered>>,
    /// Counts what was applied.
    age: AtomicU64,
}

#[derive(Clone, Debug)]
struct Remembered {
    generation: Generation,
    age: u64,
    row: Option<Arc<[u8]>>,
}

impl Recall {
    /// Remembers so many bytes of rows; none for zero.
    pub(super) fn of(bytes: u64) -> Self {
        let weight = |key: &Key, kept: &Remembered| {
            let row = kept.row.as_ref().map_or(0, |row| row.len());
            u32::try_from(key.id.len() + row + WEIGHT).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder().max_capacity(bytes).weigher(weight).time_to_live(KEPT);
        Self { rows: (bytes > 0).then(|| cache.build()), age: AtomicU64::new(0) }
    }

    /// How old the model is. To be asked before a row is read that is to be kept.
    pub(super) fn age(&self) -> u64 {
        self.age.load(Acquire)
    }

    /// Something was applied to the model.
    pub(super) fn forget(&self) {
        self.age.fetch_add(1, AcqRel);
    }

    /// The row, or that there is none, when that is remembered.
    #[expect(clippy::option_option, reason = "whether it is known, and whether there is a row")]
    pub(super) fn get(&self, slot: Slot, key: &Key) -> Option<Option<Vec<u8>>> {
        let kept = self.rows.as_ref()?.get(key)?;
        let stands = kept.generation == slot.generation && kept.age == self.age();
        stands.then(|| kept.row.map(|row| row.to_vec()))
    }

    /// Remembers what was read after the model had that age.
    pub(super) fn keep(&self, slot: Slot, age: u64, key: &Key, row: Option<&[u8]>) {
        if let Some(rows) = &self.rows
            && age == self.age()
        {
            let row = row.map(Arc::from);
            rows.insert(key.clone(), Remembered { generation: slot.generation, age, row });
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::TenantId;

    use super::*;
    use crate::Model;

    const SLOT: Slot = Slot { model: Model { name: "things", version: 1 }, generation: 1 };

    fn key(id: u8) -> Key {
        Key::new(TenantId::derived([7; 16]), "row", [id])
    }

    #[test]
    fn a_row_and_its_absence_are_remembered_until_something_is_applied() {
        let recall = Recall::of(1 << 20);
        assert_eq!(recall.get(SLOT, &key(1)), None);
        recall.keep(SLOT, recall.age(), &key(1), Some(b"one"));
        recall.keep(SLOT, recall.age(), &key(2), None);
        assert_eq!(recall.get(SLOT, &key(1)), Some(Some(b"one".to_vec())));
        assert_eq!(recall.get(SLOT, &key(2)), Some(None));
        let another = Slot { generation: 2, ..SLOT };
        assert_eq!(recall.get(another, &key(1)), None);
        recall.forget();
        assert_eq!(recall.get(SLOT, &key(1)), None);
        assert_eq!(recall.get(SLOT, &key(2)), None);
    }

    #[test]
    fn what_was_read_before_something_was_applied_is_not_kept() {
        let recall = Recall::of(1 << 20);
        let age = recall.age();
        recall.forget();
        recall.keep(SLOT, age, &key(1), Some(b"old"));
        assert_eq!(recall.get(SLOT, &key(1)), None);
    }

    #[test]
    fn nothing_is_remembered_where_nothing_is_to_be() {
        let recall = Recall::of(0);
        recall.keep(SLOT, recall.age(), &key(1), Some(b"one"));
        assert_eq!(recall.get(SLOT, &key(1)), None);
    }
}
