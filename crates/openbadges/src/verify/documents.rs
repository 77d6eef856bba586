//! What a verification needs from outside, and the one door through which it comes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use super::report::Source;

/// A document from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The bytes.
    pub body: Vec<u8>,
    /// The media type without parameters, in lower case; empty when it is not known.
    pub media_type: String,
    /// When it was fetched (`xsd:dateTimeStamp`), if that is known.
    pub fetched_at: Option<String>,
}

impl Document {
    /// Makes a document of bytes alone.
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), media_type: String::new(), fetched_at: None }
    }
}

/// Why a document cannot be had, in words for people. Says nothing about the network inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// It was there and is gone for good (HTTP 410), with the body of that answer: Open Badges 2.0
    /// revokes so and may say why.
    #[error("it is gone (http 410)")]
    Gone(Vec<u8>),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// The egress door: the only way in which a verification reaches out.
///
/// An implementation refuses private addresses, bounds size, time and redirects, and may answer
/// from a cache; `fetched_at` then says of when the answer is.
pub trait Fetch {
    /// Gets the document at an absolute URL, of at most `most` bytes.
    fn get(
        &self,
        url: &str,
        most: usize,
    ) -> impl Future<Output = Result<Document, Unreachable>> + Send;
}

/// A door that is closed: nothing is fetched, and what can be judged from the file alone is judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline;

impl Fetch for Offline {
    async fn get(&self, _: &str, _: usize) -> Result<Document, Unreachable> {
        Err(Unreachable::Failed("nothing is fetched offline".to_owned()))
    }
}

/// What one verification may take from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Documents.
    pub fetches: usize,
    /// Bytes of all documents together.
    pub bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { fetches: 20, bytes: 4 << 20 }
    }
}

/// The documents that a verification has, and those it asked for and does not have yet.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    known: BTreeMap<String, Result<Document, Unreachable>>,
    wanted: RefCell<BTreeSet<String>>,
}

impl Documents {
    /// Looks a document up; when nobody has tried to fetch it yet, it is noted as wanted.
    pub(crate) fn get(&self, url: &str) -> Result<&Document, Unreachable> {
        let missing = || Unreachable::Failed("it was not fetched".to_owned());
        self.known(url).ok_or_else(missing)?.as_ref().map_err(Clone::clone)
    }

    /// Gives what is known of a document; notes it as wanted when nothing is.
    pub(crate) fn known(&self, url: &str) -> Option<&Result<Document, Unreachable>> {
        let known = self.known.get(url);
        if known.is_none() {
            self.wanted.borrow_mut().insert(url.to_owned());
        }
        known
    }

    /// Gives what was wanted since this was asked last.
    pub(crate) fn take_wanted(&self) -> Vec<String> {
        self.wanted.take().into_iter().collect()
    }

    pub(crate) fn insert(&mut self, url: String, found: Result<Document, Unreachable>) {
        self.known.insert(url, found);
    }

    pub(crate) fn tried(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.known.values().flatten().map(|document| document.body.len()).sum()
    }

    pub(crate) fn sources(&self) -> Vec<Source> {
        let source = |(url, found): (&String, &Result<Document, Unreachable>)| Source {
            url: url.clone(),
            fetched_at: found.as_ref().ok().and_then(|document| document.fetched_at.clone()),
            failure: found.as_ref().err().map(ToString::to_string),
        };
        self.known.iter().map(source).collect()
    }
}
