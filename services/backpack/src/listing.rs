//! Pages of an earner's holdings, after the Relay connection specification.

use backpack_domain::EarnerId;
use kernel::Class;
use proto::page::v1::{PageInfo, PageRequest};
use readmodel::{Direction, ReadModelError};
use runtime::status;
use tonic::Status;

use crate::holdings::{Holdings, Placed, place};

const USUAL: u32 = 20;
const MOST: u32 = 100;
/// Bytes of a cursor: the position within the earner's rows.
const CURSOR: usize = 8;

/// A page asked for: which way, beyond which place, how many.
struct Wanted {
    direction: Direction,
    beyond: Option<Vec<u8>>,
    count: usize,
}

fn wanted(earner: EarnerId, page: &PageRequest) -> Result<Wanted, Status> {
    let invalid =
        |path, message| status::rejected("INVALID_INPUT", Class::Invalid, message, Some(path), &[]);
    let backward = page.last > 0 || !page.before.is_empty();
    if backward && (page.first > 0 || !page.after.is_empty()) {
        return Err(invalid("/page", "send either first with after, or last with before"));
    }
    let (count, cursor, path) = if backward {
        (page.last, &page.before, "/page/before")
    } else {
        (page.first, &page.after, "/page/after")
    };
    if count > MOST {
        return Err(invalid("/page", "a page has at most 100 elements: ask for fewer"));
    }
    if !matches!(cursor.len(), 0 | CURSOR) {
        return Err(invalid(path, "not a cursor that this list gave"));
    }
    let start = || [&earner.bytes()[..], cursor].concat();
    Ok(Wanted {
        direction: if backward { Direction::Forward } else { Direction::Backward },
        beyond: (!cursor.is_empty()).then(start),
        count: if count == 0 { USUAL } else { count } as usize,
    })
}

/// The rows of a page, newest first, and what is around them.
pub(crate) async fn page(
    holdings: &Holdings,
    earner: EarnerId,
    page: &PageRequest,
) -> Result<(Vec<Placed>, PageInfo), Status> {
    let wanted = wanted(earner, page)?;
    read(holdings, earner, wanted).await.map_err(status::of_read_model)
}

async fn read(
    holdings: &Holdings,
    earner: EarnerId,
    wanted: Wanted,
) -> Result<(Vec<Placed>, PageInfo), ReadModelError> {
    let Wanted { direction, beyond, count } = wanted;
    let mut rows = holdings.walk(earner, direction, beyond.clone(), count + 1).await?;
    let more = rows.len() > count;
    rows.truncate(count);
    let behind = match direction {
        Direction::Backward => Direction::Forward,
        Direction::Forward => Direction::Backward,
    };
    // Whether something lies on the side where the page began. The cursor's own row does.
    let began = match (&beyond, rows.first()) {
        (None, _) => false,
        (Some(_), Some((first, _))) => {
            !holdings.walk(earner, behind, Some(first.clone()), 1).await?.is_empty()
        }
        (Some(_), None) => !holdings.walk(earner, behind, None, 1).await?.is_empty(),
    };
    let (has_next, has_previous) = match direction {
        Direction::Backward => (more, began),
        Direction::Forward => {
            rows.reverse();
            (began, more)
        }
    };
    let cursors = rows.iter().map(|(id, _)| id[id.len() - CURSOR..].to_vec()).collect();
    let total = total(holdings, earner).await?;
    Ok((rows, PageInfo { cursors, has_next, has_previous, total }))
}

/// How many there are. Counted rather than kept: an earner holds few, and an erasure starts anew.
async fn total(holdings: &Holdings, earner: EarnerId) -> Result<i64, ReadModelError> {
    const AT_ONCE: usize = 1_000;
    let (mut total, mut beyond) = (0, Some(place(earner, kernel::Position::START)));
    loop {
        let rows = holdings.walk(earner, Direction::Forward, beyond, AT_ONCE).await?;
        total += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        beyond = rows.last().map(|(id, _)| id.clone());
        if rows.len() < AT_ONCE {
            return Ok(total);
        }
    }
}
