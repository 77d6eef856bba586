use std::sync::Arc;

use crate::raw::Refused;

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
    pub fn unavailable(&self) -> Refused {
        Refused::Unavailable(Box::new(self.clone()))
    }

    pub fn unknown(&self) -> Refused {
        Refused::Unknown(Box::new(self.clone()))
    }
}

/// What no sound caller sends.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub &'static str);
