use kernel::{Id, Kind, TenantId};
use proto::page::v1::PageInfo;
use readmodel::{Direction, Key, Row, Scan, View, tables};
use serde::de::DeserializeOwned;
use tonic::Status;

use super::Window;
use crate::status;

/// A list: what stands in a table under these prefixes, in that order of what comes after them.
#[derive(Clone, Debug)]
pub struct List<'v> {
    /// Of which model.
    pub view: &'v View,
    /// Whose.
    pub tenant: TenantId,
    /// Where.
    pub table: &'static str,
    /// In which order: forward for the lowest first.
    pub order: Direction,
    /// The prefixes; an empty one stands for the whole table.
    pub parts: Vec<Vec<u8>>,
    /// The highest place that is left out, with all below it.
    pub floor: Option<Vec<u8>>,
}

/// One page of a list, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Places and what stands there.
    pub rows: Vec<Row>,
    /// Whether the list goes on after it.
    pub has_next: bool,
    /// Whether the list begins before it.
    pub has_previous: bool,
}

impl Page {
    /// The page as callers are told of it, in a list of so many.
    #[must_use]
    pub fn info(&self, total: i64) -> PageInfo {
        let cursors = self.rows.iter().map(|(place, _)| place.clone()).collect();
        PageInfo { cursors, has_next: self.has_next, has_previous: self.has_previous, total }
    }
}

impl<'v> List<'v> {
    /// All of a tenant that stands in [`tables::LISTED`], newest first.
    #[must_use]
    pub fn by_time(view: &'v View, tenant: TenantId) -> Self {
        let (table, order, parts) = (tables::LISTED, Direction::Backward, vec![Vec::new()]);
        Self { view, tenant, table, order, parts, floor: None }
    }

    /// What the window shows.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub async fn page(&self, window: &Window) -> Result<Page, Status> {
        let back = match self.order {
            Direction::Forward => Direction::Backward,
            Direction::Backward => Direction::Forward,
        };
        let (after, before) = (window.after.as_deref(), window.before.as_deref());
        let (towards, back, start, stop) = if window.from_end {
            (back, self.order, before, after)
        } else {
            (self.order, back, after, before)
        };
        let mut rows = self.walk(towards, start, stop, window.size + 1).await?;
        let cut_short = rows.len() > window.size;
        rows.truncate(window.size);
        // Without a bound the walk began, or ended, where the list does.
        let ahead = cut_short || (stop.is_some() && self.beyond(rows.last(), towards).await?);
        let behind = start.is_some() && self.beyond(rows.first(), back).await?;
        let (has_next, has_previous) = if window.from_end {
            rows.reverse();
            (behind, ahead)
        } else {
            (ahead, behind)
        };
        Ok(Page { rows, has_next, has_previous })
    }

    /// Whether anything lies beyond that row.
    async fn beyond(&self, row: Option<&Row>, towards: Direction) -> Result<bool, Status> {
        let place = row.map(|(place, _)| place.as_slice());
        Ok(!self.walk(towards, place, None, 1).await?.is_empty())
    }

    /// What the window shows of a list by time: the [`tables::ROWS`], with their ids.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub async fn rows<K: Kind, R: DeserializeOwned>(
        &self,
        window: &Window,
    ) -> Result<(Vec<(Id<K>, R)>, PageInfo), Status> {
        let page = self.page(window).await?;
        let mut total = 0;
        for part in &self.parts {
            let count = Key::new(self.tenant, tables::COUNT, part.clone());
            total += self.view.count(&count).await.map_err(status::of_read_model)?;
        }
        let (has_next, has_previous) = (page.has_next, page.has_previous);
        let listed: Vec<(Id<K>, Vec<u8>)> = page
            .rows
            .into_iter()
            .filter_map(|(place, _)| tables::id_at(&place).map(|id| (id, place)))
            .collect();
        let keys: Vec<Key> =
            listed.iter().map(|(id, _)| tables::row_key(self.tenant, *id)).collect();
        let stored = self.view.get_many(&keys).await.map_err(status::of_read_model)?;
        let mut rows = Vec::with_capacity(listed.len());
        let mut cursors = Vec::with_capacity(listed.len());
        for ((id, place), row) in listed.into_iter().zip(stored) {
            let Some(row) = row else { continue };
            rows.push((id, self.view.decode(&row).map_err(status::of_read_model)?));
            cursors.push(place);
        }
        Ok((rows, PageInfo { cursors, has_next, has_previous, total }))
    }

    /// At most so many places between two, in that direction, and what stands there.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub async fn walk(
        &self,
        direction: Direction,
        after: Option<&[u8]>,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, Status> {
        let floor = self.floor.as_deref();
        let (after, before) = match direction {
            Direction::Forward => (after.max(floor), before),
            Direction::Backward => (after, before.max(floor)),
        };
        let mut rows = Vec::new();
        for part in &self.parts {
            let within = |place: &[u8]| [part.as_slice(), place].concat();
            let scan = Scan {
                tenant: self.tenant,
                table: self.table,
                prefix: part.clone(),
                after: after.map(within),
                before: before.map(within),
                direction,
                limit,
            };
            let found = self.view.scan(&scan).await.map_err(status::of_read_model)?;
            rows.extend(found.into_iter().map(|(mut id, row)| {
                id.drain(..part.len());
                (id, row)
            }));
        }
        if self.parts.len() > 1 {
            rows.sort_unstable();
            if direction == Direction::Backward {
                rows.reverse();
            }
            rows.truncate(limit);
        }
        Ok(rows)
    }
}
