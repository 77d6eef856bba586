use kernel::{Class, TenantId};
use proto::page::v1::{PageInfo, PageRequest};
use readmodel::{Direction, Row, Scan, View};
use runtime::Refusal;

use crate::trouble::{Outcome, Trouble};

/// A list: the rows of a table whose ids start with a prefix, in that direction.
pub(crate) struct List {
    pub(crate) tenant: TenantId,
    pub(crate) table: &'static str,
    pub(crate) prefix: Vec<u8>,
    pub(crate) direction: Direction,
    pub(crate) total: i64,
}

/// What a page request asks for, checked.
struct Window {
    size: usize,
    from_end: bool,
    after: Option<Vec<u8>>,
    before: Option<Vec<u8>>,
}

const USUAL: u32 = 20;
const MOST: u32 = 100;

/// The rows of one page of a list, in the list's order whichever end it is read from.
pub(crate) async fn page(
    view: &View,
    list: &List,
    request: Option<PageRequest>,
) -> Outcome<(Vec<Row>, PageInfo)> {
    let window = window(list, request.unwrap_or_default())?;
    let opposite = match list.direction {
        Direction::Forward => Direction::Backward,
        Direction::Backward => Direction::Forward,
    };
    let walk = |direction, after: Option<Vec<u8>>, before: Option<Vec<u8>>, limit| Scan {
        tenant: list.tenant,
        table: list.table,
        prefix: list.prefix.clone(),
        after,
        before,
        direction,
        limit,
    };
    let (start, stop) = (window.after.clone(), window.before.clone());
    let scan = if window.from_end {
        walk(opposite, stop, start, window.size + 1)
    } else {
        walk(list.direction, start, stop, window.size + 1)
    };
    let mut rows = view.scan(&scan).await?;
    let more = rows.len() > window.size;
    rows.truncate(window.size);
    if window.from_end {
        rows.reverse();
    }
    // Whether anything lies beyond the end that the walk began at: nothing can without a cursor.
    let (cursor, edge, towards) = if window.from_end {
        (&window.before, rows.last(), list.direction)
    } else {
        (&window.after, rows.first(), opposite)
    };
    let beyond = if cursor.is_some() {
        let edge = edge.map(|(id, _)| id.clone());
        !view.scan(&walk(towards, edge, None, 1)).await?.is_empty()
    } else {
        false
    };
    let (has_next, has_previous) = if window.from_end { (beyond, more) } else { (more, beyond) };
    let cursors = rows.iter().map(|(id, _)| id.clone()).collect();
    Ok((rows, PageInfo { cursors, has_next, has_previous, total: list.total }))
}

fn window(list: &List, request: PageRequest) -> Outcome<Window> {
    let PageRequest { first, after, last, before } = request;
    let refuse = |message, path| {
        let refusal = Refusal::new("INVALID_INPUT", message).at(path);
        Trouble::Refused(Class::Invalid, refusal)
    };
    if first > 0 && last > 0 {
        return Err(refuse("ask for the first or the last of a list, not both", "/page"));
    }
    if first > MOST || last > MOST {
        let path = if first > MOST { "/page/first" } else { "/page/last" };
        return Err(refuse("a page has at most 100 elements: ask for fewer", path));
    }
    let cursor = |cursor: Vec<u8>, path| match cursor {
        none if none.is_empty() => Ok(None),
        cursor if cursor.starts_with(&list.prefix) && cursor.len() <= 512 => Ok(Some(cursor)),
        _ => Err(refuse("not a cursor of this list: send one that a page gave", path)),
    };
    let size = if first + last == 0 { USUAL } else { first + last } as usize;
    let (after, before) = (cursor(after, "/page/after")?, cursor(before, "/page/before")?);
    Ok(Window { size, from_end: last > 0, after, before })
}
