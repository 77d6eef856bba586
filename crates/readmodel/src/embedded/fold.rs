//! Folds the changes of a batch into one effect a row, in the order of the keyspace: fjall takes
//! each key once a batch, and sorted keys go in faster.

use crate::{
    Change,
    effect::Effect,
    embedded::keys::{self, Table},
};

/// Keys side by side in one buffer, each with what it is about.
pub(super) struct Keyed<T> {
    bytes: Vec<u8>,
    entries: Vec<Entry<T>>,
}

struct Entry<T> {
    start: usize,
    end: usize,
    value: T,
}

impl<T: Copy> Keyed<T> {
    fn with_capacity(entries: usize) -> Self {
        Self { bytes: Vec::with_capacity(entries * 40), entries: Vec::with_capacity(entries) }
    }

    fn push(&mut self, value: T, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.entries.push(Entry { start, end: self.bytes.len(), value });
    }

    /// Sorts by key; entries of one key stay in the order in which they came.
    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.entries.sort_by(|a, b| bytes[a.start..a.end].cmp(&bytes[b.start..b.end]));
    }

    /// The keys and what they are about.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], T)> {
        self.entries.iter().map(|entry| (&self.bytes[entry.start..entry.end], entry.value))
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The members named by the changes, each once, with the change that first names it.
pub(super) fn members(changes: &[Change], table: impl Fn(&str) -> Table) -> Keyed<usize> {
    let mut members = Keyed::with_capacity(0);
    for (index, change) in changes.iter().enumerate() {
        if let Change::Distinct { key, member } = change {
            let table = table(key.table);
            members.push(index, |into| keys::write_member(into, table, key, member));
        }
    }
    members.sort();
    let Keyed { bytes, entries } = &mut members;
    entries.dedup_by(|b, a| bytes[a.start..a.end] == bytes[b.start..b.end]);
    members
}

/// One effect for each row or counter that the changes touch. `is_new` tells whether the
/// [`Change::Distinct`] with this index counts.
pub(super) fn effects(
    changes: &[Change],
    table: impl Fn(&str) -> Table,
    is_new: impl Fn(usize) -> bool,
) -> Keyed<Effect<'_>> {
    let mut effects = Keyed::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        let (key, effect) = match change {
            Change::Put { key, row } => (key, Effect::Put(row)),
            Change::Delete { key } => (key, Effect::Delete),
            Change::Add { key, by } => (key, Effect::Add(*by)),
            Change::Distinct { key, .. } if is_new(index) => (key, Effect::Add(1)),
            Change::Distinct { .. } => continue,
        };
        let table = table(key.table);
        effects.push(effect, |into| keys::write_row(into, table, key));
    }
    effects.sort();
    let Keyed { bytes, entries } = &mut effects;
    entries.dedup_by(|later, first| {
        let same = bytes[later.start..later.end] == bytes[first.start..first.end];
        if same {
            first.value = first.value.then(later.value);
        }
        same
    });
    effects
}
