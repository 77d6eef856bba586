use std::sync::Arc;

use crate::AppendError;

/// Why nothing was written, in a form that each of many callers can be told.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(Arc<str>);

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string().into())
    }
}

impl Refusal {
    pub fn unavailable(&self) -> AppendError {
        AppendError::Unavailable(Box::new(self.clone()))
    }

    pub fn unknown(&self) -> AppendError {
        AppendError::Unknown(Box::new(self.clone()))
    }
}

/// What no sound caller sends.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    #[error("a write must hold at least one fact")]
    NoFacts,
    #[error("the id of a fact must not be nil")]
    NilId,
    #[error("the stream name must have the form category-tenant.id")]
    StreamName,
}

impl From<Malformed> for AppendError {
    fn from(fault: Malformed) -> Self {
        AppendError::Unavailable(Box::new(fault))
    }
}
