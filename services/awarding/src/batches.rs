use awarding_domain::{BatchEvent, BatchId, Outcome};
use design_domain::BadgeId;
use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::IssuerId;
use kernel::TenantId;
use readmodel::{Change, Key, Model, Projection, Rows, row};
use serde::{Deserialize, Serialize};

use crate::awards::Millis;

/// The read model of batches and of what became of their rows.
pub(crate) struct Batches;

pub(crate) const MODEL: Model = Model { name: "batches", version: 1 };

/// batch → [`BatchRow`].
pub(crate) const BATCH: &str = "batch";
/// batch, line → [`Outcome`].
pub(crate) const LINES: &str = "line";
/// batch, line → [`Outcome`], of those refused only.
pub(crate) const REFUSED: &str = "refused";

/// A batch as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BatchRow {
    pub(crate) badge: BadgeId,
    pub(crate) issuer: IssuerId,
    pub(crate) rows: u32,
    pub(crate) awarded: u32,
    pub(crate) refused: u32,
    pub(crate) created_at: Millis,
    pub(crate) finished_at: Option<Millis>,
}

pub(crate) fn batch_key(tenant: TenantId, batch: BatchId) -> Key {
    Key::new(tenant, BATCH, batch.bytes())
}

impl Projection for Batches {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &["batch"]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        let changes = matches!(&*fact.kind, "batch-progressed.v1" | "batch-finished.v1");
        match fact.stream.id().parse() {
            Ok(batch) if changes => vec![batch_key(fact.stream.tenant(), batch)],
            _ => vec![],
        }
    }

    fn project(&self, fact: &RecordedEvent, rows: &Rows) -> Result<Vec<Change>, Unreadable> {
        if &*fact.kind == "batch-continued.v1" {
            return Ok(vec![]);
        }
        let tenant = fact.stream.tenant();
        let Ok(batch) = fact.stream.id().parse::<BatchId>() else { return Ok(vec![]) };
        let key = batch_key(tenant, batch);
        let known = rows.read::<BatchRow>(&key);
        Ok(match (fact.event()?, known) {
            (BatchEvent::Submitted(submitted), _) => {
                let row = BatchRow {
                    badge: submitted.badge,
                    issuer: submitted.issuer,
                    rows: submitted.rows,
                    awarded: 0,
                    refused: 0,
                    created_at: fact.envelope()?.at.into(),
                    finished_at: None,
                };
                vec![row::put(key, &row)]
            }
            (BatchEvent::Progressed(progressed), Some(mut row)) => {
                let mut changes = Vec::with_capacity(progressed.outcomes.len() + 1);
                for outcome in &progressed.outcomes {
                    let id = [&batch.bytes()[..], &outcome.line().to_be_bytes()].concat();
                    changes.push(row::put(Key::new(tenant, LINES, id.clone()), outcome));
                    match outcome {
                        Outcome::Awarded { .. } => row.awarded += 1,
                        Outcome::Refused { .. } => {
                            row.refused += 1;
                            changes.push(row::put(Key::new(tenant, REFUSED, id), outcome));
                        }
                    }
                }
                changes.push(row::put(key, &row));
                changes
            }
            (BatchEvent::Finished(finished), Some(row)) => {
                vec![row::put(key, &BatchRow { finished_at: Some(finished.at.into()), ..row })]
            }
            (BatchEvent::Continued(_), _) | (_, None) => vec![],
        })
    }
}
