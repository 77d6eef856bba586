use kernel::Class;
use proto::page::v1::{PageInfo, PageRequest};
use readmodel::tables;
use tonic::Status;

use crate::status;

/// Elements of a page when the request does not say.
pub const USUAL: u32 = 20;
/// The most elements of a page.
pub const MOST: u32 = 100;

/// A page request, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// At most so many elements.
    pub size: usize,
    /// Whether they are the last ones rather than the first.
    pub from_end: bool,
    /// Only what comes after this place, in the order of the list.
    pub after: Option<Vec<u8>>,
    /// Only what comes before this place, in the order of the list.
    pub before: Option<Vec<u8>>,
}

impl Window {
    /// Checks a request; none asks for the first 20. `place` tells the place that a cursor stands
    /// for, if it is a cursor of the list.
    ///
    /// # Errors
    /// `INVALID_INPUT`.
    pub fn of(
        request: Option<PageRequest>,
        place: impl Fn(Vec<u8>) -> Option<Vec<u8>>,
    ) -> Result<Self, Status> {
        let PageRequest { first, after, last, before } = request.unwrap_or_default();
        if first > 0 && last > 0 {
            return Err(refused("ask for the first or the last of a list, not both", "/page"));
        }
        if first.max(last) > MOST {
            let path = if first > MOST { "/page/first" } else { "/page/last" };
            return Err(refused("a page has at most 100 elements: ask for fewer", path));
        }
        let given = |cursor: Vec<u8>, path| {
            let refusal = || refused("not a cursor of this list: send one that a page gave", path);
            if cursor.is_empty() {
                return Ok(None);
            }
            place(cursor).map(Some).ok_or_else(refusal)
        };
        let size = if first + last == 0 { USUAL } else { first + last } as usize;
        let (after, before) = (given(after, "/page/after")?, given(before, "/page/before")?);
        Ok(Self { size, from_end: last > 0, after, before })
    }

    /// As [`Window::of`], for lists by time ([`tables::place`]).
    ///
    /// # Errors
    /// `INVALID_INPUT`.
    pub fn by_time(request: Option<PageRequest>) -> Result<Self, Status> {
        Self::of(request, |cursor| (cursor.len() == tables::PLACE).then_some(cursor))
    }

    /// The part of a whole list in memory that the window shows; elements with their places,
    /// greatest first.
    #[must_use]
    pub fn cut<T>(&self, all: Vec<(Vec<u8>, T)>) -> (Vec<T>, PageInfo) {
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

fn refused(message: &str, path: &str) -> Status {
    status::rejected("INVALID_INPUT", Class::Invalid, message, Some(path), &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal;

    fn refusal(request: PageRequest) -> (String, Option<String>) {
        let refusal = Refusal::of(&Window::by_time(Some(request)).expect_err("is refused"));
        (refusal.code, refusal.path)
    }

    #[test]
    fn a_request_that_says_nothing_asks_for_the_first_twenty() {
        let usual = Window { size: 20, from_end: false, after: None, before: None };
        assert_eq!(Window::by_time(None).expect("is fine"), usual);
        assert_eq!(Window::by_time(Some(PageRequest::default())).expect("is fine"), usual);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_field() {
        let invalid = |path: &str| ("INVALID_INPUT".to_owned(), Some(path.to_owned()));
        let none = PageRequest::default;
        assert_eq!(refusal(PageRequest { first: 1, last: 1, ..none() }), invalid("/page"));
        assert_eq!(refusal(PageRequest { first: 101, ..none() }), invalid("/page/first"));
        assert_eq!(refusal(PageRequest { last: u32::MAX, ..none() }), invalid("/page/last"));
        let after = PageRequest { after: vec![1; 23], ..none() };
        assert_eq!(refusal(after), invalid("/page/after"));
        let before = PageRequest { before: vec![1; 25], ..none() };
        assert_eq!(refusal(before), invalid("/page/before"));
    }

    #[test]
    fn a_list_in_memory_shows_the_same_whichever_way_it_is_paged() {
        let all = || (0..5_u8).rev().map(|n| (vec![n; 24], n)).collect::<Vec<_>>();
        let window = |first, last, after: Vec<u8>, before: Vec<u8>| {
            Window::by_time(Some(PageRequest { first, after, last, before })).expect("is fine")
        };
        let (shown, info) = window(2, 0, vec![], vec![]).cut(all());
        assert_eq!(
            (shown, info.has_previous, info.has_next, info.total),
            (vec![4, 3], false, true, 5)
        );
        let (shown, info) = window(2, 0, vec![1; 24], vec![]).cut(all());
        assert_eq!((shown, info.has_previous, info.has_next), (vec![0], true, false));
        let (shown, info) = window(0, 2, vec![], vec![2; 24]).cut(all());
        assert_eq!((shown, info.has_previous, info.has_next), (vec![4, 3], false, true));
    }
}
