//! From facts to changes, for one projection.

use std::collections::BTreeSet;

use eventstore::{RecordedEvent, Unreadable};
use uuid::Uuid;

use super::standing::Stands;

use crate::{
    Change, Key, Projection, ReadModelError, ReadModels, Rows, Slot,
    at_length::{MANY, at_length},
};

/// The facts that the projection is made of, without those of tenants that stand still and those to
/// skip.
pub(super) fn relevant<'a>(
    projection: &dyn Projection,
    facts: &'a [RecordedEvent],
    stands: &Stands,
    skipped: &BTreeSet<Uuid>,
) -> Vec<&'a RecordedEvent> {
    let categories = projection.categories();
    let ours = |fact: &&RecordedEvent| {
        categories.contains(&fact.stream.category())
            && (stands.is_empty() || !stands.contains_key(&fact.stream.tenant()))
            && (skipped.is_empty() || !skipped.contains(&fact.id))
    };
    facts.iter().filter(ours).collect()
}

/// What facts change.
pub(super) struct Projected {
    /// In order.
    pub(super) changes: Vec<Change>,
    /// The fact that could not be read, where it ended early.
    pub(super) stopped: Option<Unreadable>,
}

/// All changes of these facts, in order, up to one that cannot be read.
pub(super) async fn project(
    projection: &dyn Projection,
    models: &dyn ReadModels,
    slot: Slot,
    facts: &[&RecordedEvent],
) -> Result<Projected, ReadModelError> {
    let wanted: BTreeSet<Key> = facts.iter().flat_map(|fact| projection.reads(fact)).collect();
    let mut rows = Rows::default();
    if !wanted.is_empty() {
        let keys: Vec<Key> = wanted.iter().cloned().collect();
        let found = models.get_many(slot, &keys).await?;
        for (key, row) in keys.into_iter().zip(found) {
            if let Some(row) = row {
                rows.insert(key, row);
            }
        }
    }
    let fold = || fold(projection, facts, &wanted, rows);
    Ok(if facts.len() < MANY { fold() } else { at_length(fold) })
}

fn fold(
    projection: &dyn Projection,
    facts: &[&RecordedEvent],
    wanted: &BTreeSet<Key>,
    mut rows: Rows,
) -> Projected {
    let mut changes = Vec::with_capacity(facts.len() * 2);
    for fact in facts {
        let more = match projection.project(fact, &rows) {
            Ok(more) => more,
            Err(stopped) => return Projected { changes, stopped: Some(stopped) },
        };
        if !wanted.is_empty() {
            for change in &more {
                let (Change::Put { key, .. } | Change::Delete { key }) = change else { continue };
                if wanted.contains(key) {
                    rows.apply(change);
                }
            }
        }
        changes.extend(more);
    }
    Projected { changes, stopped: None }
}
