use std::{sync::Arc, time::Duration};

use kernel::Position;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::watch;

use super::track::Shown;
use crate::{Key, Model, ReadModelError, ReadModels, Row, Scan, Slot, row};

/// Reads one model in its own version, where it is whole: a build that is not finished is never
/// seen, and an older or newer version counts as none. Cheap to clone.
#[derive(Clone)]
pub struct View {
    model: Model,
    models: Arc<dyn ReadModels>,
    shown: watch::Receiver<Shown>,
}

/// Why a wait ended without the fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// It was not applied in time; asking again may succeed.
    #[error("the read model {model} has not applied position {position} yet: try again later")]
    TimedOut {
        /// Which model.
        model: &'static str,
        /// What was waited for.
        position: Position,
    },
}

impl View {
    pub(super) fn new(
        model: Model,
        models: Arc<dyn ReadModels>,
        shown: watch::Receiver<Shown>,
    ) -> Self {
        Self { model, models, shown }
    }

    /// Which model it reads.
    #[must_use]
    pub fn model(&self) -> Model {
        self.model
    }

    fn slot(&self) -> Result<Slot, ReadModelError> {
        let generation = self.shown.borrow().generation;
        let generation = generation.ok_or(ReadModelError::Building(self.model.name))?;
        Ok(Slot { model: self.model, generation })
    }

    /// How far what it reads has applied the log.
    ///
    /// # Errors
    /// [`ReadModelError::Building`] while there is nothing to read.
    pub fn applied(&self) -> Result<Position, ReadModelError> {
        let shown = *self.shown.borrow();
        shown.generation.map(|_| shown.applied).ok_or(ReadModelError::Building(self.model.name))
    }

    /// The row, if there is one.
    ///
    /// # Errors
    /// As [`ReadModels::get`], and [`ReadModelError::Building`].
    pub async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadModelError> {
        self.models.get(self.slot()?, key).await
    }

    /// The row, read, if there is one.
    ///
    /// # Errors
    /// As [`View::get`] and [`View::decode`].
    pub async fn read<R: DeserializeOwned>(&self, key: &Key) -> Result<Option<R>, ReadModelError> {
        self.get(key).await?.map(|row| self.decode(&row)).transpose()
    }

    /// A row of this model from its bytes.
    ///
    /// # Errors
    /// As [`row::read`].
    pub fn decode<'a, R: Deserialize<'a>>(&self, row: &'a [u8]) -> Result<R, ReadModelError> {
        row::read(self.model, row)
    }

    /// The rows, in the order of the keys.
    ///
    /// # Errors
    /// As [`ReadModels::get_many`], and [`ReadModelError::Building`].
    pub async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, ReadModelError> {
        self.models.get_many(self.slot()?, keys).await
    }

    /// The rows of a walk.
    ///
    /// # Errors
    /// As [`ReadModels::scan`], and [`ReadModelError::Building`].
    pub async fn scan(&self, scan: &Scan) -> Result<Vec<Row>, ReadModelError> {
        self.models.scan(self.slot()?, scan).await
    }

    /// A counter; zero when nothing was counted.
    ///
    /// # Errors
    /// As [`ReadModels::count`], and [`ReadModelError::Building`].
    pub async fn count(&self, key: &Key) -> Result<i64, ReadModelError> {
        self.models.count(self.slot()?, key).await
    }

    /// Returns when what is read includes everything up to this position; at once when it does
    /// already.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when that does not happen within this time.
    pub async fn wait(&self, position: Position, within: Duration) -> Result<(), WaitError> {
        let includes = |shown: &Shown| shown.generation.is_some() && shown.applied >= position;
        if includes(&self.shown.borrow()) {
            return Ok(());
        }
        let mut shown = self.shown.clone();
        match tokio::time::timeout(within, shown.wait_for(includes)).await {
            Ok(Ok(_)) => Ok(()),
            // Out of time, or the runner is gone and nothing will be applied any more.
            _ => Err(WaitError::TimedOut { model: self.model.name, position }),
        }
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("model", &self.model).finish_non_exhaustive()
    }
}
