use std::collections::BTreeMap;

use eventstore::{RecordedEvent, Unreadable};
use serde::Deserialize;

use crate::{Change, Key, Model};

/// Turns facts into changes of one read model. Pure: the same facts make the same rows.
pub trait Projection: Send + Sync + 'static {
    /// Which model, in which shape.
    fn model(&self) -> Model;

    /// The categories of the facts that it is made of.
    fn categories(&self) -> &'static [&'static str];

    /// The rows that [`Projection::project`] will want to see for this fact: fetched for a whole
    /// batch at once.
    fn reads(&self, _fact: &RecordedEvent) -> Vec<Key> {
        Vec::new()
    }

    /// What the fact changes, given the rows named by [`Projection::reads`] as they stand just
    /// before it.
    ///
    /// # Errors
    /// When the fact cannot be read; the model stops there until it can.
    fn project(&self, fact: &RecordedEvent, rows: &Rows) -> Result<Vec<Change>, Unreadable>;
}

/// The rows that a projection asked for, with the changes of earlier facts of the batch applied.
#[derive(Clone, Debug, Default)]
pub struct Rows(BTreeMap<Key, Vec<u8>>);

impl Rows {
    /// The row, if there is one.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// The row, read; none when there is none, and when it has another shape, for then it is one to
    /// be written anew.
    #[must_use]
    pub fn read<'a, R: Deserialize<'a>>(&'a self, key: &Key) -> Option<R> {
        self.get(key).and_then(|row| postcard::from_bytes(row).ok())
    }

    /// Whether a row is held.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    /// Holds a row as it was read from the store.
    pub fn insert(&mut self, key: Key, row: Vec<u8>) {
        self.0.insert(key, row);
    }

    /// Applies a change to what is held.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Put { key, row } => {
                self.0.insert(key.clone(), row.clone());
            }
            Change::Delete { key } => {
                self.0.remove(key);
            }
            Change::Add { .. } | Change::Distinct { .. } => {}
        }
    }
}

pub mod memory {
    //! A model in memory: for tests of projections, and the yardstick of the conformance suite.

    use std::collections::BTreeSet;

    use super::{BTreeMap, Change, Key, Projection, RecordedEvent, Rows, Unreadable};

    /// The rows and counters of one model.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Memory {
        /// Rows by key.
        pub rows: BTreeMap<Key, Vec<u8>>,
        /// Counters by key.
        pub counters: BTreeMap<Key, i64>,
        members: BTreeSet<(Key, [u8; 16])>,
    }

    impl Memory {
        /// The model after these facts, from nothing.
        ///
        /// # Errors
        /// When the projection cannot read a fact.
        pub fn fold<'a>(
            projection: &dyn Projection,
            facts: impl IntoIterator<Item = &'a RecordedEvent>,
        ) -> Result<Self, Unreadable> {
            let mut memory = Self::default();
            for fact in facts {
                let mut rows = Rows::default();
                for key in projection.reads(fact) {
                    if let Some(row) = memory.rows.get(&key) {
                        rows.insert(key, row.clone());
                    }
                }
                for change in projection.project(fact, &rows)? {
                    memory.apply(change);
                }
            }
            Ok(memory)
        }

        /// Makes one change.
        pub fn apply(&mut self, change: Change) {
            match change {
                Change::Put { key, row } => {
                    self.rows.insert(key, row);
                }
                Change::Delete { key } => {
                    self.rows.remove(&key);
                }
                Change::Add { key, by } => *self.counters.entry(key).or_default() += by,
                Change::Distinct { key, member } => {
                    if self.members.insert((key.clone(), member)) {
                        *self.counters.entry(key).or_default() += 1;
                    }
                }
            }
        }
    }
}
