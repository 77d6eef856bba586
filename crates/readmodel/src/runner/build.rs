//! One slot being fed.

use std::{sync::Arc, time::Duration};

use eventstore::{RecordedEvent, Unreadable};
use kernel::Position;

use super::{
    Lead,
    batch::{self, Projected},
    track::Track,
};
use crate::{Applied, ReadModelError, ReadModels, Slot};

/// A stretch without facts for the model is remembered in the store after about so many facts;
/// until then it would merely be looked through again after a restart.
const STRETCH: u64 = 1000;

pub(super) struct Build {
    pub(super) track: Arc<Track>,
    pub(super) slot: Slot,
    /// The checkpoint in the store.
    stored: Position,
    /// Up to where everything is applied: the checkpoint, and a stretch without facts behind it.
    seen: Position,
}

/// How feeding a batch went.
pub(super) enum Fed {
    /// All of it is applied.
    Applied,
    /// Another runner moved the checkpoint back: the slot was emptied and starts again from there.
    Behind,
    /// The slot is not fed by this version any more.
    Superseded,
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(ReadModelError),
    /// The rows of the slot are gone.
    #[error("the rows were lost")]
    Lost,
}

impl From<ReadModelError> for FeedError {
    fn from(error: ReadModelError) -> Self {
        match error {
            ReadModelError::Lost(_) => FeedError::Lost,
            error => FeedError::Store(error),
        }
    }
}

impl Build {
    pub(super) fn new(track: Arc<Track>, slot: Slot, stored: Position) -> Self {
        Self { track, slot, stored, seen: stored }
    }

    pub(super) fn seen(&self) -> Position {
        self.seen
    }

    /// Goes on from where the store is.
    pub(super) async fn resume(&mut self, models: &dyn ReadModels) -> Result<(), ReadModelError> {
        let stored = models.checkpoint(self.slot).await?;
        // Where nobody else moved it, the stretch without facts behind it stays seen.
        if stored != self.stored {
            if stored < self.stored {
                self.track.went_back(self.slot, stored);
            }
            (self.stored, self.seen) = (stored, stored);
        }
        self.track.stored(self.slot, stored);
        Ok(())
    }

    /// Applies those facts that it has not seen, or waits until the leader did; `upto` is where the
    /// facts end, `stride` how many positions one takes, about, and `patience`
    /// how long each step of the leader may take. When one cannot be read, those before it are applied.
    pub(super) async fn feed(
        &mut self,
        models: &dyn ReadModels,
        facts: &[RecordedEvent],
        upto: Position,
        stride: u64,
        patience: Duration,
    ) -> Result<Fed, FeedError> {
        let track = self.track.clone();
        let mut left = false;
        while self.seen < upto {
            let unseen = facts.partition_point(|fact| fact.position <= self.seen);
            let relevant = batch::relevant(&*track.projection, &facts[unseen..]);
            let follows = track.lead.as_ref().filter(|lead| lead.follows());
            let short = upto.0 - self.stored.0 < STRETCH.saturating_mul(stride);
            if relevant.is_empty() && (short || follows.is_some()) {
                self.seen = upto;
                break;
            }
            if let Some(lead) = follows.filter(|_| !left) {
                match lead.step(models, self.slot, self.stored, patience).await? {
                    None => left = true,
                    Some(current) if current > self.stored => {
                        self.go_on(current);
                        continue;
                    }
                    Some(current) => {
                        return Ok(self.ends(models, current).await?.unwrap_or(Fed::Behind));
                    }
                }
            }
            let Projected { changes, stopped } =
                batch::project(&*track.projection, models, self.slot, &relevant).await?;
            let next = stopped.as_ref().map_or(upto, |stopped| {
                let before = facts.partition_point(|fact| fact.position < stopped.position);
                facts[..before].last().map_or(self.seen, |fact| fact.position.max(self.seen))
            });
            match models.apply(self.slot, &changes, self.stored, next).await? {
                Applied::Done => {
                    (self.stored, self.seen) = (next, next);
                    track.stored(self.slot, next);
                    if let Some(stopped) = stopped {
                        track.applied(self.slot, self.seen);
                        return Err(stopped.into());
                    }
                    if left {
                        track.lead.iter().for_each(Lead::missed);
                    }
                }
                Applied::Stale { current } => match self.ends(models, current).await? {
                    Some(fed) => return Ok(fed),
                    None => self.go_on(current),
                },
            }
        }
        track.applied(self.slot, self.seen);
        Ok(Fed::Applied)
    }

    /// Whether feeding ends where another runner moved the checkpoint to, and how.
    async fn ends(
        &self,
        models: &dyn ReadModels,
        current: Position,
    ) -> Result<Option<Fed>, ReadModelError> {
        if !self.track.still_feeds(models, self.slot).await? {
            return Ok(Some(Fed::Superseded));
        }
        Ok((current < self.stored).then_some(Fed::Behind))
    }

    /// Goes on from where another runner moved the checkpoint: what lies between it and what was
    /// seen had no facts for the model.
    fn go_on(&mut self, current: Position) {
        (self.stored, self.seen) = (current, self.seen.max(current));
        self.track.stored(self.slot, current);
    }

    /// Remembers in the store how far it came.
    pub(super) async fn settle(&mut self, models: &dyn ReadModels) -> Result<(), ReadModelError> {
        if self.seen > self.stored {
            let applied = models.apply(self.slot, &[], self.stored, self.seen).await?;
            if applied == Applied::Done {
                self.stored = self.seen;
            }
        }
        Ok(())
    }
}
