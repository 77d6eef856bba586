//! Pages of lists, newest first (Relay connections). A list is one part of the table or several,
//! merged: somebody who works for two issuers sees the badges of both as one list.

use kernel::{Class, Id, Kind, TenantId};
use proto::page::v1::{PageInfo, PageRequest};
use readmodel::{Direction, Key, Scan, View};
use runtime::status;
use serde::de::DeserializeOwned;
use tonic::Status;

use crate::rows::{self, COUNT, LISTED, ROWS};

const USUAL: u32 = 20;
const MOST: u32 = 100;
/// A cursor is a place in the list: eight bytes of time, sixteen of id.
const CURSOR: usize = 24;

/// A page request, checked.
pub(crate) struct Window {
    size: usize,
    from_end: bool,
    after: Option<Vec<u8>>,
    before: Option<Vec<u8>>,
}

impl Window {
    /// Checks a request; none asks for the first 20.
    ///
    /// # Errors
    /// `INVALID_INPUT`.
    pub(crate) fn of(request: Option<PageRequest>) -> Result<Self, Status> {
        let PageRequest { first, after, last, before } = request.unwrap_or_default();
        let refused = |message: &str, path: &str| {
            Err(status::rejected("INVALID_INPUT", Class::Invalid, message, Some(path), &[]))
        };
        if first > 0 && last > 0 {
            return refused("ask for the first or the last of a list, not both", "/page");
        }
        if first.max(last) > MOST {
            let path = if first > MOST { "/page/first" } else { "/page/last" };
            return refused("a page has at most 100 elements: ask for fewer", path);
        }
        for (cursor, path) in [(&after, "/page/after"), (&before, "/page/before")] {
            if !matches!(cursor.len(), 0 | CURSOR) {
                return refused("not a cursor of this list: send one that a page gave", path);
            }
        }
        let given = |cursor: Vec<u8>| (!cursor.is_empty()).then_some(cursor);
        let size = if first + last == 0 { USUAL } else { first + last } as usize;
        Ok(Self { size, from_end: last > 0, after: given(after), before: given(before) })
    }
}

/// A list: the places that stand under these prefixes.
pub(crate) struct List<'l> {
    pub(crate) view: &'l View,
    pub(crate) tenant: TenantId,
    pub(crate) parts: Vec<Vec<u8>>,
}

impl List<'_> {
    /// One page of the rows, with their ids.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub(crate) async fn page<K: Kind, R: DeserializeOwned>(
        &self,
        window: &Window,
    ) -> Result<(Vec<(Id<K>, R)>, PageInfo), Status> {
        // Newest first is from the greatest place down.
        let (direction, back, start, stop) = if window.from_end {
            (Direction::Forward, Direction::Backward, &window.before, &window.after)
        } else {
            (Direction::Backward, Direction::Forward, &window.after, &window.before)
        };
        let mut found =
            self.walk(direction, start.as_ref(), stop.as_ref(), window.size + 1).await?;
        let cut_short = found.len() > window.size;
        found.truncate(window.size);
        // Without a bound the walk began, or ended, where the list does.
        let ahead = cut_short
            || (stop.is_some() && !self.walk(direction, found.last(), None, 1).await?.is_empty());
        let behind = start.is_some() && !self.walk(back, found.first(), None, 1).await?.is_empty();
        if window.from_end {
            found.reverse();
        }
        let mut total = 0;
        for part in &self.parts {
            let count = Key::new(self.tenant, COUNT, part.clone());
            total += self.view.count(&count).await.map_err(status::of_read_model)?;
        }
        let key = |place: &Vec<u8>| Key::new(self.tenant, ROWS, &place[8..]);
        let keys: Vec<Key> = found.iter().map(key).collect();
        let stored = self.view.get_many(&keys).await.map_err(status::of_read_model)?;
        let (mut rows, mut cursors) = (Vec::new(), Vec::new());
        for (place, row) in found.into_iter().zip(stored) {
            if let (Some(id), Some(row)) = (id_at(&place), row) {
                rows.push((id, rows::read(self.view, &row)?));
                cursors.push(place);
            }
        }
        let (has_next, has_previous) =
            if window.from_end { (behind, ahead) } else { (ahead, behind) };
        Ok((rows, PageInfo { cursors, has_next, has_previous, total }))
    }

    /// At most so many places between two, in that direction.
    async fn walk(
        &self,
        direction: Direction,
        after: Option<&Vec<u8>>,
        before: Option<&Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, Status> {
        let mut places = Vec::new();
        for part in &self.parts {
            let within = |place: &Vec<u8>| [part.as_slice(), place].concat();
            let scan = Scan {
                tenant: self.tenant,
                table: LISTED,
                prefix: part.clone(),
                after: after.map(within),
                before: before.map(within),
                direction,
                limit,
            };
            let found = self.view.scan(&scan).await.map_err(status::of_read_model)?;
            places.extend(found.into_iter().map(|(id, _)| id[part.len()..].to_vec()));
        }
        places.sort_unstable();
        if direction == Direction::Backward {
            places.reverse();
        }
        places.truncate(limit);
        Ok(places)
    }
}

/// The id in a place of the list. A row's id is its sixteen bytes, in postcard too.
fn id_at<K: Kind>(place: &[u8]) -> Option<Id<K>> {
    postcard::from_bytes(place.get(8..)?).ok()
}
