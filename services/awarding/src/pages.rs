use kernel::TenantId;
use proto::page::v1::{PageInfo, PageRequest};
use readmodel::{Direction, Row, View};
use runtime::page::{self, Window};
use tonic::Status;

/// A list: the rows of a table whose ids start with a prefix, in that direction. Its cursors are
/// whole ids, so that one of another list is refused.
pub(crate) struct List {
    pub(crate) tenant: TenantId,
    pub(crate) table: &'static str,
    pub(crate) prefix: Vec<u8>,
    pub(crate) direction: Direction,
    pub(crate) total: i64,
}

/// Bytes of the longest id of a row.
const LONGEST: usize = 512;

/// The rows of one page of a list, without the prefix of their ids, in the list's order whichever
/// end it is read from.
pub(crate) async fn page(
    view: &View,
    list: List,
    request: Option<PageRequest>,
) -> Result<(Vec<Row>, PageInfo), Status> {
    let List { tenant, table, prefix, direction: order, total } = list;
    let place = |cursor: Vec<u8>| match cursor.strip_prefix(prefix.as_slice()) {
        Some(place) if cursor.len() <= LONGEST => Some(place.to_vec()),
        _ => None,
    };
    let window = Window::of(request, place)?;
    let parts = vec![prefix.clone()];
    let list = page::List { view, tenant, table, order, parts, floor: None };
    let page = list.page(&window).await?;
    let mut info = page.info(total);
    for cursor in &mut info.cursors {
        cursor.splice(..0, prefix.iter().copied());
    }
    Ok((page.rows, info))
}
