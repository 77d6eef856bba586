use std::{sync::Arc, time::Duration};

use kernel::{Position, TenantId};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::{Notify, watch};

use super::{recall::Recall, standing::Standings, track::Shown};
use crate::{Key, Model, ReadModelError, ReadModels, Row, Scan, Slot, row};

/// Reads one model in its own version, where it is whole: a build that is not finished is never
/// seen, and an older or newer version counts as none. Cheap to clone.
#[derive(Clone)]
pub struct View {
    model: Model,
    models: Arc<dyn ReadModels>,
    shown: watch::Receiver<Shown>,
    /// Has the runner look what became of the rows.
    look: Arc<Notify>,
    standings: Arc<Standings>,
    recall: Arc<Recall>,
}

/// How long a reader of lost rows waits for a build that is whole.
const PATIENCE: Duration = Duration::from_millis(250);

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
    /// It is not applied as long as an earlier fact of the tenant cannot be read.
    #[error(
        "the read model {model} stands still for this tenant at a fact that cannot be read: try again later"
    )]
    StandsStill {
        /// Which model.
        model: &'static str,
    },
}

impl View {
    pub(super) fn new(
        model: Model,
        models: Arc<dyn ReadModels>,
        shown: watch::Receiver<Shown>,
        look: Arc<Notify>,
        standings: Arc<Standings>,
        recall: Arc<Recall>,
    ) -> Self {
        Self { model, models, shown, look, standings, recall }
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

    /// What to read instead of rows that are lost or were dropped: another process may have built the
    /// model anew.
    async fn instead_of(&self, lost: Slot) -> Result<Slot, ReadModelError> {
        self.look.notify_one();
        let mut shown = self.shown.clone();
        let another = |shown: &Shown| shown.generation.is_some_and(|it| it != lost.generation);
        // Whatever comes of it shows in what is read next.
        let _ = tokio::time::timeout(PATIENCE, shown.wait_for(another)).await;
        self.slot()
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
        let (slot, age) = (self.slot()?, self.recall.age());
        if let Some(row) = self.recall.get(slot, key) {
            return Ok(row);
        }
        match self.models.get(slot, key).await {
            Ok(row) => {
                self.recall.keep(slot, age, key, row.as_deref());
                Ok(row)
            }
            Err(ReadModelError::Lost(_)) => {
                self.models.get(self.instead_of(slot).await?, key).await
            }
            Err(error) => Err(error),
        }
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
        let (slot, age) = (self.slot()?, self.recall.age());
        let known: Option<Vec<_>> = keys.iter().map(|key| self.recall.get(slot, key)).collect();
        if let Some(rows) = known {
            return Ok(rows);
        }
        match self.models.get_many(slot, keys).await {
            Ok(rows) => {
                for (key, row) in keys.iter().zip(&rows) {
                    self.recall.keep(slot, age, key, row.as_deref());
                }
                Ok(rows)
            }
            Err(ReadModelError::Lost(_)) => {
                self.models.get_many(self.instead_of(slot).await?, keys).await
            }
            Err(error) => Err(error),
        }
    }

    /// The rows of a walk.
    ///
    /// # Errors
    /// As [`ReadModels::scan`], and [`ReadModelError::Building`].
    pub async fn scan(&self, scan: &Scan) -> Result<Vec<Row>, ReadModelError> {
        let slot = self.slot()?;
        match self.models.scan(slot, scan).await {
            Err(ReadModelError::Lost(_)) => {
                self.models.scan(self.instead_of(slot).await?, scan).await
            }
            answer => answer,
        }
    }

    /// A counter; zero when nothing was counted.
    ///
    /// # Errors
    /// As [`ReadModels::count`], and [`ReadModelError::Building`].
    pub async fn count(&self, key: &Key) -> Result<i64, ReadModelError> {
        let slot = self.slot()?;
        match self.models.count(slot, key).await {
            Err(ReadModelError::Lost(_)) => {
                self.models.count(self.instead_of(slot).await?, key).await
            }
            answer => answer,
        }
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

    /// The same for what a tenant is to see.
    ///
    /// # Errors
    /// As [`View::wait`], and [`WaitError::StandsStill`].
    pub async fn wait_for(
        &self,
        tenant: TenantId,
        position: Position,
        within: Duration,
    ) -> Result<(), WaitError> {
        self.wait(position, within).await?;
        let Ok(slot) = self.slot() else { return Ok(()) };
        match self.standings.of(slot).get(&tenant) {
            Some(standing) if standing.position <= position => {
                Err(WaitError::StandsStill { model: self.model.name })
            }
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("model", &self.model).finish_non_exhaustive()
    }
}
