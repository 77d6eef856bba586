//! The faults found so far, and the place that is being looked at.

use crate::fault::Fault;

/// How many faults are told of one document.
const MOST: usize = 64;

/// Collects faults, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, place: &Place, message: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(Fault::new(place.0.clone(), message));
        }
    }

    pub(super) fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

/// A JSON pointer that grows as a document is walked.
#[derive(Clone, Debug)]
pub(super) struct Place(String);

impl Place {
    pub(super) fn document() -> Self {
        Self(String::new())
    }

    /// The place of a member; none of those looked for has a name that needs escapes.
    pub(super) fn member(&self, name: &str) -> Self {
        Self(format!("{}/{name}", self.0))
    }

    pub(super) fn item(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }
}
