//! A projection with a row an id, a chain that tells in which order and how often facts came, and
//! counters; and how to tell that a slot equals a fold of the log.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use eventstore::{RecordedEvent, Unreadable};
use kernel::TenantId;
use readmodel::{
    Change, Direction, Generation, Key, Model, Projection, ReadModels, Rows, Scan, Slot,
    memory::Memory,
};

pub struct Tally {
    pub model: Model,
    /// Whether it can read what is broken.
    pub repaired: Arc<AtomicBool>,
}

pub const NAME: &str = "tally";

impl Tally {
    pub fn version(version: u32) -> Arc<Self> {
        Arc::new(Self { model: Model { name: NAME, version }, repaired: Arc::default() })
    }

    pub fn slot(&self, generation: Generation) -> Slot {
        Slot { model: self.model, generation }
    }
}

pub fn key(table: &'static str, id: &str) -> Key {
    Key::new(TenantId::PLATFORM, table, id)
}

impl Projection for Tally {
    fn model(&self) -> Model {
        self.model
    }

    fn categories(&self) -> &'static [&'static str] {
        &["thing"]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        vec![key("chain", &fact.stream.id()[..1])]
    }

    fn project(&self, fact: &RecordedEvent, rows: &Rows) -> Result<Vec<Change>, Unreadable> {
        if &*fact.kind == "thing-broken.v1" && !self.repaired.load(Relaxed) {
            let error = serde_json::from_str::<u8>("broken").unwrap_err();
            return Err(Unreadable::of(fact, error));
        }
        let id = fact.stream.id();
        let chain = key("chain", &id[..1]);
        let before = rows.get(&chain).map_or(0, |row| u64::from_be_bytes(row.try_into().unwrap()));
        let link = before.wrapping_mul(31).wrapping_add(fact.position.0);
        let link = link.wrapping_mul(self.model.version.into());
        let mut member = [0; 16];
        member[..id.len()].copy_from_slice(id.as_bytes());
        Ok(vec![
            Change::Put { key: chain, row: link.to_be_bytes().to_vec() },
            Change::Put { key: key("things", id), row: fact.data.clone() },
            Change::Add { key: key("counts", "facts"), by: 1 },
            Change::Distinct { key: key("counts", "ids"), member },
        ])
    }
}

/// Panics unless the slot holds exactly what a fold of these facts makes.
pub async fn assert_folded(
    models: &dyn ReadModels,
    slot: Slot,
    projection: &Tally,
    facts: &[RecordedEvent],
) {
    let facts: Vec<_> = facts.iter().filter(|fact| fact.stream.category() == "thing").collect();
    let folded = Memory::fold(projection, facts).unwrap();
    let counters = folded.counters.iter().map(|(key, n)| (key, n.to_be_bytes().to_vec()));
    let rows = folded.rows.iter().map(|(key, row)| (key, row.clone()));
    let mut expected: Vec<_> = counters.chain(rows).map(|(k, row)| (k.clone(), row)).collect();
    expected.sort();
    let mut stored = Vec::new();
    for table in ["chain", "counts", "things"] {
        let (tenant, direction) = (TenantId::PLATFORM, Direction::Forward);
        let (prefix, after, before) = (Vec::new(), None, None);
        let scan = Scan { tenant, table, prefix, after, before, direction, limit: 1000 };
        let rows = models.scan(slot, &scan).await.unwrap();
        stored.extend(rows.into_iter().map(|(id, row)| (Key::new(tenant, table, id), row)));
    }
    assert_eq!(stored, expected);
}
