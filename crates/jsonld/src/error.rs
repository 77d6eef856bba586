//! Why a document is not JSON-LD that can be used without loss.

use std::fmt;

/// A problem and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonLdError {
    /// The JSON pointer of the place (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something is not of the JSON kind that it must be.
    #[error("{0}")]
    Malformed(&'static str),
    /// A context is not among those given.
    #[error("the context {0:?} is not known; only bundled contexts are used")]
    UnknownContext(String),
    /// A context is malformed or uses what is not supported.
    #[error("the context is not usable: {0}")]
    Context(String),
    /// A context redefines a term that an earlier one protects.
    #[error("the term {0:?} is protected and cannot be redefined")]
    Protected(String),
    /// A member's name means nothing.
    #[error("the term {0:?} is not defined by any context")]
    UndefinedTerm(String),
    /// A type means nothing.
    #[error("the type {0:?} is not defined by any context and is no absolute iri")]
    UndefinedType(String),
    /// An identifier is relative, and there is nothing that it could be relative to.
    #[error("{0:?} is not an absolute iri")]
    RelativeIri(String),
    /// A keyword of JSON-LD that this processor refuses.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The document exceeds a limit.
    #[error("the document has too many or too deep {0}")]
    Limit(&'static str),
}

impl Problem {
    /// Of what strangers write, so much is repeated to them.
    const SHOWN: usize = 256;

    pub(crate) fn unknown_context(url: &str) -> Self {
        Self::UnknownContext(url.chars().take(Self::SHOWN).collect())
    }

    pub(crate) fn relative_iri(text: &str) -> Self {
        Self::RelativeIri(text.chars().take(Self::SHOWN).collect())
    }

    pub(crate) fn undefined_term(name: &str) -> Self {
        Self::UndefinedTerm(name.chars().take(Self::SHOWN).collect())
    }

    pub(crate) fn undefined_type(name: &str) -> Self {
        Self::UndefinedType(name.chars().take(Self::SHOWN).collect())
    }
}

impl JsonLdError {
    /// Tells that the problem is inside the member or item `key` of what is being read.
    pub(crate) fn inside(mut self, key: &dyn fmt::Display) -> Self {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{key}{}", self.pointer);
        self
    }
}

impl From<Problem> for JsonLdError {
    fn from(problem: Problem) -> Self {
        Self { pointer: String::new(), problem }
    }
}

impl fmt::Display for JsonLdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        write!(f, "at {place}: {}", self.problem)
    }
}

impl std::error::Error for JsonLdError {}
