//! Pages of lists, after the Relay connection specification.
//!
//! A [`Window`] is what a page request asks for, checked. A [`List`] is what it looks at: the rows
//! of a table, or of several parts of it merged into one list. What stands under a cursor is a place
//! in the list: what is left of a row's id after its part.

mod list;
mod window;

pub use list::{List, Page};
pub use window::{MOST, USUAL, Window};
