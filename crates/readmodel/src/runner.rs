use std::{sync::Arc, time::Duration};

use eventstore::EventStore;
use kernel::Position;
use tokio_util::sync::CancellationToken;

use crate::{Generation, Key, Model, Projection, ReadModelError, ReadModels, Row, Scan};

/// How a runner works.
#[derive(Clone, Debug)]
pub struct RunnerOptions {
    /// Most facts applied at once.
    pub batch: usize,
    /// The first pause after a failure; it doubles up to `retry_at_most`.
    pub retry_first: Duration,
    /// The longest pause after a failure.
    pub retry_at_most: Duration,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        let (retry_first, retry_at_most) = (Duration::from_millis(100), Duration::from_secs(10));
        Self { batch: 1000, retry_first, retry_at_most }
    }
}

/// How far a model is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Which model, in the version that this software reads.
    pub model: Model,
    /// What readers see: version and build.
    pub active: Option<(u32, Generation)>,
    /// What is being built.
    pub building: Option<(u32, Generation)>,
    /// How far it has applied the log.
    pub applied: Position,
    /// The newest position known.
    pub head: Position,
    /// Why it stands still, if it does.
    pub failure: Option<String>,
}

impl Progress {
    /// How many positions it is behind.
    pub fn lag(&self) -> u64 {
        self.head.0.saturating_sub(self.applied.0)
    }

    /// Whether readers can be served.
    pub fn is_ready(&self) -> bool {
        self.active.is_some() && self.failure.is_none()
    }
}

/// Why a wait ended without the fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// Not applied in time.
    #[error("the read model {model} has not applied position {position} yet: try again")]
    TimedOut {
        /// Which model.
        model: &'static str,
        /// What was waited for.
        position: Position,
    },
}

/// Feeds projections from the log.
pub struct Runner {}

impl Runner {
    /// A runner of these projections.
    pub fn new(
        _events: Arc<dyn EventStore>,
        _models: Arc<dyn ReadModels>,
        _projections: Vec<Arc<dyn Projection>>,
        _options: RunnerOptions,
    ) -> Self {
        Self {}
    }

    /// The reading handle of a model.
    pub fn view(&self, model: Model) -> View {
        View { model }
    }

    /// Works until cancelled.
    pub fn run(&self, cancel: CancellationToken) -> impl Future<Output = ()> + Send + 'static {
        async move { cancel.cancelled().await }
    }

    /// How far each model is.
    pub fn progress(&self) -> Vec<Progress> {
        Vec::new()
    }

    /// Builds a model anew beside the one that readers see.
    ///
    /// # Errors
    /// [`ReadModelError::Unavailable`].
    pub async fn rebuild(&self, _name: &str) -> Result<(), ReadModelError> {
        Ok(())
    }
}

/// Reads one model where it is whole.
#[derive(Clone, Debug)]
pub struct View {
    model: Model,
}

impl View {
    /// The row, if there is one.
    ///
    /// # Errors
    /// As [`ReadModels::get`], and [`ReadModelError::Building`].
    pub async fn get(&self, _key: &Key) -> Result<Option<Vec<u8>>, ReadModelError> {
        Err(ReadModelError::Building(self.model.name))
    }

    /// The rows, in the order of the keys.
    ///
    /// # Errors
    /// As [`ReadModels::get_many`], and [`ReadModelError::Building`].
    pub async fn get_many(&self, _: &[Key]) -> Result<Vec<Option<Vec<u8>>>, ReadModelError> {
        Err(ReadModelError::Building(self.model.name))
    }

    /// The rows of a walk.
    ///
    /// # Errors
    /// As [`ReadModels::scan`], and [`ReadModelError::Building`].
    pub async fn scan(&self, _scan: &Scan) -> Result<Vec<Row>, ReadModelError> {
        Err(ReadModelError::Building(self.model.name))
    }

    /// A counter.
    ///
    /// # Errors
    /// As [`ReadModels::count`], and [`ReadModelError::Building`].
    pub async fn count(&self, _key: &Key) -> Result<i64, ReadModelError> {
        Err(ReadModelError::Building(self.model.name))
    }

    /// Returns when what readers see includes everything up to this position.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when that takes longer than `at_most`.
    pub async fn wait(&self, position: Position, _at_most: Duration) -> Result<(), WaitError> {
        Err(WaitError::TimedOut { model: self.model.name, position })
    }
}
