//! What an examination wants fetched, and what was found.

use std::collections::BTreeMap;

use super::rules::Class;

/// How many bytes a document may have.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// A document that an examination wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What it is expected to be.
    pub class: Class,
    /// Where it is.
    pub url: String,
}

/// What came of fetching an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The document.
    Body(Vec<u8>),
    /// Status 410 and what came with it.
    Gone(Vec<u8>),
    /// Status 404, or another by which the server says that there is no such thing.
    Missing,
    /// It could not be had, and why, for people.
    Failed(String),
}

impl Fetched {
    /// Reads an HTTP answer, redirects already followed.
    pub fn from_http(status: u16, body: Vec<u8>) -> Self {
        match status {
            200..=299 => Self::Body(body),
            410 => Self::Gone(body),
            404 => Self::Missing,
            status => Self::Failed(format!("its server answered with status {status}")),
        }
    }
}

/// What was found at the addresses that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found(BTreeMap<String, Fetched>);

impl Found {
    /// Adds what was found at an address, exactly as the [`Need`] wrote it.
    pub fn insert(&mut self, url: impl Into<String>, fetched: Fetched) {
        self.0.insert(url.into(), fetched);
    }

    /// Gives what was found at an address.
    pub fn get(&self, url: &str) -> Option<&Fetched> {
        self.0.get(url)
    }
}
