use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::Rejection;

/// A pure decision maker: no clock, no randomness, no I/O. What varies arrives in the command.
pub trait Aggregate: Default + Send + Sync + 'static {
    /// The first part of the stream name, before the first `-`: lower case, without `-`.
    const CATEGORY: &'static str;
    /// Identifies one instance within a tenant.
    type Id: fmt::Display + Clone + Send + Sync;
    /// What can be asked of it, in the imperative.
    type Command: Clone + Send + Sync;
    /// What can happen to it, in the past tense. Serialises to `{"type": "noun-verbed.vN", …}`.
    type Event: Serialize + DeserializeOwned + Send + Sync;
    /// Why a command was refused.
    type Rejection: Rejection;

    /// The new facts, or why there are none to be had. No facts: the command was already honoured.
    ///
    /// # Errors
    /// The rejection that tells the caller what stands in the way.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The state after one more fact. Total: every fact ever stored can be applied.
    #[must_use]
    fn evolve(self, event: Self::Event) -> Self;
}
