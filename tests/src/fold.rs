//! Compares read models with a fresh fold of the log.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, ensure};
use eventstore::{Filter, RecordedEvent};
use kernel::Position;
use readmodel::{Direction, Scan, memory::Memory};
use runtime::Context;

/// Every fact of the log.
///
/// # Errors
/// When the log cannot be read.
pub async fn facts(context: &Context) -> anyhow::Result<Vec<RecordedEvent>> {
    let (mut facts, mut after) = (Vec::new(), Position::START);
    loop {
        let page = context.stores.events.read_all(after, &Filter::every_tenant(&[]), 1000).await?;
        facts.extend(page.facts);
        after = page.next;
        if page.at_head {
            return Ok(facts);
        }
    }
}

/// Says that every row and counter of every read model is what a fresh fold of the log makes of it,
/// and that its tables hold nothing else.
///
/// # Errors
/// Names the first difference.
pub async fn equals_the_read_models(context: &Context) -> anyhow::Result<usize> {
    let facts = facts(context).await?;
    let head = facts.last().map_or(Position::START, |fact| fact.position);
    let mut compared = 0;
    for projection in laurel::process::projections() {
        let model = projection.model();
        let view = context.views.view(model);
        view.wait(head, Duration::from_mins(1))
            .await
            .context("the read model does not catch up")?;
        let categories = projection.categories();
        let ours = facts.iter().filter(|fact| categories.contains(&fact.stream.category()));
        let fresh = Memory::fold(&*projection, ours)?;

        let tables: BTreeSet<_> = fresh.rows.keys().map(|key| (key.tenant, key.table)).collect();
        let mut found = 0;
        for (tenant, table) in tables {
            let mut after = None;
            loop {
                let scan = Scan {
                    tenant,
                    table,
                    prefix: Vec::new(),
                    after: after.clone(),
                    before: None,
                    direction: Direction::Forward,
                    limit: 1000,
                };
                let rows = view.scan(&scan).await?;
                for (id, row) in &rows {
                    let key = readmodel::Key { tenant, table, id: id.clone() };
                    ensure!(
                        fresh.rows.get(&key) == Some(row),
                        "{} holds another row than a fresh fold at {key:?}",
                        model.name
                    );
                }
                found += rows.len();
                after = rows.last().map(|(id, _)| id.clone());
                if rows.len() < 1000 {
                    break;
                }
            }
        }
        ensure!(found == fresh.rows.len(), "{} lacks rows of a fresh fold", model.name);
        for (key, count) in &fresh.counters {
            let counted = view.count(key).await?;
            ensure!(
                counted == *count,
                "{} counts {counted}, a fresh fold {count}: {key:?}",
                model.name
            );
        }
        compared += found + fresh.counters.len();
    }
    Ok(compared)
}
