use kernel::{Position, Timestamp};

use super::Standing;
use crate::{Generation, Model};

/// How far a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which model, in the version of this software.
    pub model: Model,
    /// The version and build that readers see, as far as this runner knows.
    pub active: Option<(u32, Generation)>,
    /// What is being built to take over.
    pub building: Option<(u32, Generation)>,
    /// How far what readers see has applied the log.
    pub applied: Position,
    /// How far what is being built has applied the log.
    pub built: Option<Position>,
    /// The newest position that the runner has seen.
    pub head: Position,
    /// How many positions one fact takes, about.
    pub stride: u64,
    /// Whether what readers see has caught up with the log since the runner started.
    pub caught_up: bool,
    /// When the oldest fact that is to be applied happened; none when nothing waits.
    pub waiting: Option<Timestamp>,
    /// How often, since the runner started, a build was given up and made anew because the log does not
    /// have what it was made of.
    pub disowned: u64,
    /// Whether this process applies the facts, rather than to follow another that does.
    pub leads: bool,
    /// The tenants that stand still, each at a fact that cannot be read, while the others go on; at
    /// most a hundred.
    pub standing: Vec<Standing>,
    /// Why it stands still for everybody, if it does.
    pub failure: Option<String>,
}

impl Progress {
    /// How many facts readers are behind, about: exactly, where positions count facts.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.head.0.saturating_sub(self.applied.0).div_ceil(self.stride.max(1))
    }

    /// How long the oldest fact waits to be applied, in milliseconds.
    #[must_use]
    pub fn waits_millis(&self, now: Timestamp) -> u64 {
        let since = self.waiting.map_or(now, |since| since.min(now));
        now.unix_millis().abs_diff(since.unix_millis())
    }

    /// Whether readers can be served: this version is whole, has caught up and nothing is wrong.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_whole() && self.standing.is_empty()
    }

    /// The same for all tenants but those that stand still.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let ours = self.active.is_some_and(|(version, _)| version == self.model.version);
        ours && self.caught_up && self.failure.is_none()
    }
}
