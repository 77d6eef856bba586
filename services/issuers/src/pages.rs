//! Pages of a tenant's list, newest first (Relay connections).

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

    /// The part of a whole list in memory that the window shows; elements with their places,
    /// newest first.
    pub(crate) fn cut<T>(&self, all: Vec<(Vec<u8>, T)>) -> (Vec<T>, PageInfo) {
        let count = all.len();
        let total = i64::try_from(count).unwrap_or(i64::MAX);
        let inside = |place: &Vec<u8>| {
            self.after.as_ref().is_none_or(|after| place < after)
                && self.before.as_ref().is_none_or(|before| place > before)
        };
        let from = all.iter().position(|(place, _)| inside(place)).unwrap_or(count);
        let until = all.iter().rposition(|(place, _)| inside(place)).map_or(from, |at| at + 1);
        let (from, until) = if self.from_end {
            (from.max(until.saturating_sub(self.size)), until)
        } else {
            (from, until.min(from + self.size))
        };
        let shown = all.into_iter().skip(from).take(until - from);
        let (cursors, elements) = shown.unzip();
        (elements, PageInfo { cursors, has_next: until < count, has_previous: from > 0, total })
    }
}

/// One page of a tenant's rows, with their ids.
///
/// # Errors
/// When the read model does not answer.
pub(crate) async fn page<K: Kind, R: DeserializeOwned>(
    view: &View,
    tenant: TenantId,
    window: &Window,
) -> Result<(Vec<(Id<K>, R)>, PageInfo), Status> {
    let walk = |direction, after: &Option<Vec<u8>>, before: &Option<Vec<u8>>, limit| Scan {
        tenant,
        table: LISTED,
        prefix: Vec::new(),
        after: after.clone(),
        before: before.clone(),
        direction,
        limit,
    };
    // Newest first is from the greatest place down.
    let (direction, back, start, stop) = if window.from_end {
        (Direction::Forward, Direction::Backward, &window.before, &window.after)
    } else {
        (Direction::Backward, Direction::Forward, &window.after, &window.before)
    };
    let scan = walk(direction, start, stop, window.size + 1);
    let mut found = view.scan(&scan).await.map_err(status::of_read_model)?;
    let cut_short = found.len() > window.size;
    found.truncate(window.size);
    let edges = (found.first().map(|row| row.0.clone()), found.last().map(|row| row.0.clone()));
    let beyond = async |direction, edge: Option<Vec<u8>>, bounded: &Option<Vec<u8>>| {
        // Without a bound the walk began, or ended, where the list does.
        if bounded.is_none() {
            return Ok(false);
        }
        let scan = walk(direction, &edge, &None, 1);
        view.scan(&scan).await.map(|rows| !rows.is_empty()).map_err(status::of_read_model)
    };
    let ahead = cut_short || beyond(direction, edges.1, stop).await?;
    let behind = beyond(back, edges.0, start).await?;
    if window.from_end {
        found.reverse();
    }
    let count = Key::new(tenant, COUNT, "");
    let total = view.count(&count).await.map_err(status::of_read_model)?;
    let keys: Vec<Key> =
        found.iter().map(|(place, _)| Key::new(tenant, ROWS, &place[8..])).collect();
    let stored = view.get_many(&keys).await.map_err(status::of_read_model)?;
    let (mut rows, mut cursors) =
        (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()));
    for ((place, _), row) in found.into_iter().zip(stored) {
        if let (Some(id), Some(row)) = (id_at(&place), row) {
            rows.push((id, rows::read(view, &row)?));
            cursors.push(place);
        }
    }
    let (has_next, has_previous) = if window.from_end { (behind, ahead) } else { (ahead, behind) };
    Ok((rows, PageInfo { cursors, has_next, has_previous, total }))
}

/// The id in a place of the list. A row's id is its sixteen bytes, in postcard too.
fn id_at<K: Kind>(place: &[u8]) -> Option<Id<K>> {
    postcard::from_bytes(place.get(8..)?).ok()
}
