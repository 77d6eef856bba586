use kernel::{Position, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use super::schema::integer;
use crate::{Filter, Scope};

/// Where to look.
pub(super) struct Found {
    /// The positions of facts that the filter lets through, in order.
    pub positions: Vec<i64>,
    /// These are all up to here.
    pub upto: u64,
}

/// The first `max` facts that the filter lets through, after one position and up to another that
/// the index has reached.
pub(super) fn find(
    index: &Connection,
    filter: &Filter,
    after: Position,
    indexed: u64,
    max: usize,
) -> Result<Found, rusqlite::Error> {
    let mut categories = Vec::with_capacity(filter.categories.len());
    for name in &filter.categories {
        categories.extend(number_of_category(index, name)?);
    }
    categories.sort_unstable();
    categories.dedup();
    let (from, to) = (integer(after.0), integer(indexed));
    let mut positions: Vec<i64> = Vec::new();
    match filter.scope {
        Scope::Tenant(tenant) => {
            let nowhere = categories.is_empty() && !filter.categories.is_empty();
            let tenant = number_of_tenant(index, tenant)?.filter(|_| !nowhere);
            let mut select = index.prepare_cached(
                "SELECT pos, category FROM by_tenant WHERE tenant = ?1 AND pos > ?2 AND pos <= ?3
                 ORDER BY pos",
            )?;
            let mut rows = select.query((tenant, from, to))?;
            while positions.len() < max
                && let Some(row) = rows.next()?
            {
                if categories.is_empty() || categories.contains(&row.get(1)?) {
                    positions.push(row.get(0)?);
                }
            }
        }
        Scope::EveryTenant => {
            let mut select = index.prepare_cached(
                "SELECT pos FROM by_category WHERE category = ?1 AND pos > ?2 AND pos <= ?3
                 ORDER BY pos LIMIT ?4",
            )?;
            for category in categories {
                let limits = params![category, from, to, integer(max as u64)];
                for position in select.query_map(limits, |row| row.get(0))? {
                    positions.push(position?);
                }
            }
            positions.sort_unstable();
            positions.truncate(max);
        }
    }
    let upto = match positions.last() {
        Some(last) if positions.len() >= max => last.cast_unsigned(),
        _ => indexed,
    };
    Ok(Found { positions, upto })
}

pub(super) fn number_of_tenant(
    index: &Connection,
    tenant: TenantId,
) -> Result<Option<i64>, rusqlite::Error> {
    let mut find = index.prepare_cached("SELECT id FROM tenants WHERE tenant = ?1")?;
    find.query_row([tenant.bytes().as_slice()], |row| row.get(0)).optional()
}

pub(super) fn number_of_category(
    index: &Connection,
    name: &str,
) -> Result<Option<i64>, rusqlite::Error> {
    index
        .prepare_cached("SELECT id FROM categories WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}
