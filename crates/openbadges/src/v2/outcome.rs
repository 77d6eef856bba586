//! How one part of an examination came out.

use serde::{Deserialize, Serialize};

/// Whether something holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "outcome", content = "reason")]
pub enum Outcome {
    /// It does.
    Valid,
    /// It does not, and why.
    Invalid(String),
    /// It could not be found out, and why.
    Undetermined(String),
}
