//! What is wrong with a document, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a standard forbids, and the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The JSON pointer of the place (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// What is wrong there, for people: lowercase, without full stop.
    pub message: String,
}

impl Fault {
    /// Makes a fault of a place and what is wrong there.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        write!(f, "at {place}: {}", self.message)
    }
}
