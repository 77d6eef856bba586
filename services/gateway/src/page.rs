//! Lists as Relay connections: what part was asked for, and how it is given. Cursors are bound to
//! the caller's tenant, the list and its filter; a cursor of another list is refused.

use async_graphql::SimpleObject;
use proto::page::v1::{PageInfo as Given, PageRequest};

use crate::{call::Call, failure::Failure};

/// The paging arguments of a list.
#[derive(Default)]
pub struct Page {
    /// The first so many.
    pub first: Option<i32>,
    /// After this cursor.
    pub after: Option<String>,
    /// The last so many.
    pub last: Option<i32>,
    /// Before this cursor.
    pub before: Option<String>,
}

/// A list and its filter, by which its cursors are bound.
pub struct List<'l> {
    name: &'static str,
    filter: &'l [&'l str],
}

impl<'l> List<'l> {
    /// The list of that name and filter.
    pub fn new(name: &'static str, filter: &'l [&'l str]) -> Self {
        Self { name, filter }
    }

    fn label<'b>(&'b self, scope: &'b [u8; 16]) -> Vec<&'b [u8]> {
        let mut label: Vec<&[u8]> = vec![b"cursor", scope, self.name.as_bytes()];
        label.extend(self.filter.iter().map(|part| part.as_bytes()));
        label
    }

    /// The request for a page of it.
    pub fn request(&self, call: &Call, page: &Page) -> Result<PageRequest, Failure> {
        let Page { first, after, last, before } = page;
        let refused = |message: &'static str| Err(Failure::argument(message));
        if first.is_some() && last.is_some() {
            return refused("first and last cannot be asked together: choose one");
        }
        if (last.is_some() && after.is_some()) || (last.is_none() && before.is_some()) {
            return refused("after goes with first, before with last");
        }
        let scope = call.scope();
        let label = self.label(&scope);
        let open = |cursor: &Option<String>| match cursor {
            None => Ok(Vec::new()),
            Some(text) => call.sealer().open(&label, text).ok_or_else(|| {
                Failure::argument("a cursor of another list: send one as it was received")
            }),
        };
        Ok(PageRequest {
            first: count(*first)?,
            after: open(after)?,
            last: count(*last)?,
            before: open(before)?,
        })
    }

    /// The cursors of what was given, in order, and the page's own facts.
    fn given(&self, call: &Call, given: Option<Given>) -> (Vec<String>, PageInfo, Count) {
        let given = given.unwrap_or_default();
        let scope = call.scope();
        let label = self.label(&scope);
        let cursors: Vec<String> =
            given.cursors.iter().map(|cursor| call.sealer().seal(&label, cursor)).collect();
        let info = PageInfo {
            has_next_page: given.has_next,
            has_previous_page: given.has_previous,
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        };
        let value = i32::try_from(given.total).ok();
        (cursors, info, Count { value, is_exact: value.is_some() })
    }
}

fn count(asked: Option<i32>) -> Result<u32, Failure> {
    match asked {
        None => Ok(0),
        Some(n @ 1..=100) => Ok(n.unsigned_abs()),
        Some(_) => Err(Failure::argument("pages have 1 to 100 elements: ask for so many")),
    }
}

/// Where a page stands in its list.
#[derive(SimpleObject, Clone)]
pub struct PageInfo {
    /// Whether there is more after this page.
    pub has_next_page: bool,
    /// Whether there is more before this page.
    pub has_previous_page: bool,
    /// The cursor of the first element; null on an empty page.
    pub start_cursor: Option<String>,
    /// The cursor of the last element; null on an empty page.
    pub end_cursor: Option<String>,
}

/// How many there are.
#[derive(SimpleObject, Clone)]
pub struct Count {
    /// The number; null when it is not known.
    pub value: Option<i32>,
    /// Whether `value` is exact.
    pub is_exact: bool,
}

/// What a connection is made of.
pub trait Connection: Sized {
    /// An element.
    type Node;

    /// The connection of these elements, each with its cursor.
    fn of(nodes: Vec<(String, Self::Node)>, page_info: PageInfo, total_count: Count) -> Self;

    /// The connection of what a role gave.
    fn given(call: &Call, list: &List<'_>, nodes: Vec<Self::Node>, page: Option<Given>) -> Self {
        let (cursors, info, total) = list.given(call, page);
        Self::of(cursors.into_iter().zip(nodes).collect(), info, total)
    }
}

/// Defines the connection of a node type and its edge.
macro_rules! connection {
    ($name:ident, $edge:ident, $node:ty) => {
        /// A page of a list.
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            /// The elements with their cursors.
            pub edges: Vec<$edge>,
            /// The elements.
            pub nodes: Vec<std::sync::Arc<$node>>,
            /// Where the page stands in the list.
            #[graphql(directive = crate::cost::cost::apply(0))]
            pub page_info: crate::page::PageInfo,
            /// How many there are in the whole list.
            #[graphql(directive = crate::cost::cost::apply(0))]
            pub total_count: crate::page::Count,
        }

        /// An element of a list and its place there.
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// The place; for `after` and `before`.
            pub cursor: String,
            /// The element.
            #[graphql(directive = crate::cost::cost::apply(0))]
            pub node: std::sync::Arc<$node>,
        }

        impl crate::page::Connection for $name {
            type Node = $node;

            fn of(
                nodes: Vec<(String, $node)>,
                page_info: crate::page::PageInfo,
                total_count: crate::page::Count,
            ) -> Self {
                let edges: Vec<$edge> = nodes
                    .into_iter()
                    .map(|(cursor, node)| $edge { cursor, node: std::sync::Arc::new(node) })
                    .collect();
                let nodes = edges.iter().map(|edge| std::sync::Arc::clone(&edge.node)).collect();
                Self { edges, nodes, page_info, total_count }
            }
        }
    };
}

pub(crate) use connection;
