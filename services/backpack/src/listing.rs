//! Pages of an earner's holdings, after the Relay connection specification.

use backpack_domain::EarnerId;
use kernel::Class;
use proto::page::v1::{PageInfo, PageRequest};
use readmodel::Direction;
use runtime::{
    page::{List, MOST, USUAL, Window},
    status,
};
use tonic::Status;

use crate::holdings::{Holdings, Placed};

/// Bytes of a cursor: the position within the earner's rows.
const CURSOR: usize = 8;

/// The window that a request asks for: the first ones with after, or the last ones with before.
fn window(request: PageRequest) -> Result<Window, Status> {
    let invalid =
        |path, message| status::rejected("INVALID_INPUT", Class::Invalid, message, Some(path), &[]);
    let PageRequest { first, after, last, before } = request;
    let from_end = last > 0 || !before.is_empty();
    if from_end && (first > 0 || !after.is_empty()) {
        return Err(invalid("/page", "send either first with after, or last with before"));
    }
    let count = first.max(last);
    if count > MOST {
        return Err(invalid("/page", "a page has at most 100 elements: ask for fewer"));
    }
    let cursor = |cursor: Vec<u8>, path| match cursor.len() {
        0 => Ok(None),
        CURSOR => Ok(Some(cursor)),
        _ => Err(invalid(path, "not a cursor that this list gave")),
    };
    let size = if count == 0 { USUAL } else { count } as usize;
    let (after, before) = (cursor(after, "/page/after")?, cursor(before, "/page/before")?);
    Ok(Window { size, from_end, after, before })
}

/// The rows of a page, newest first, and what is around them.
pub(crate) async fn page(
    holdings: &Holdings,
    earner: EarnerId,
    request: PageRequest,
) -> Result<(Vec<Placed>, PageInfo), Status> {
    let window = window(request)?;
    let list = holdings.list(earner).await.map_err(status::of_read_model)?;
    let page = list.page(&window).await?;
    let info = page.info(total(&list).await?);
    Ok((holdings.read(page.rows).map_err(status::of_read_model)?, info))
}

/// How many there are. Counted rather than kept: an earner holds few, and an erasure starts anew.
async fn total(list: &List<'_>) -> Result<i64, Status> {
    const AT_ONCE: usize = 1_000;
    let (mut total, mut beyond) = (0, None);
    loop {
        let rows = list.walk(Direction::Forward, beyond.as_deref(), None, AT_ONCE).await?;
        total += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        beyond = rows.last().map(|(place, _)| place.clone());
        if rows.len() < AT_ONCE {
            return Ok(total);
        }
    }
}
