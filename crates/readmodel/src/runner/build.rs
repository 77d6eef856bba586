//! One slot being fed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use eventstore::{EventStore, RecordedEvent, StoreError, Unreadable};
use kernel::Position;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Lead, Observer,
    anchor::Anchor,
    batch::{self, Projected},
    standing::Standing,
    track::Track,
};
use crate::{Applied, ReadModelError, ReadModels, Slot, skips};

/// A stretch without facts for the model is remembered in the store after about so many facts;
/// until then it would merely be looked through again after a restart.
const STRETCH: u64 = 1000;
/// The fact by which the log is known again is a newer one after so long, and after such a stretch.
const ANCHORED: Duration = Duration::from_secs(1);

pub(super) struct Build {
    pub(super) track: Arc<Track>,
    pub(super) slot: Slot,
    /// The checkpoint in the store.
    stored: Position,
    /// Up to where everything is applied: the checkpoint, and a stretch without facts behind it.
    seen: Position,
    /// The last fact that came by.
    last: Option<Anchor>,
    /// The one that is kept among the rows, and since when.
    kept: Option<(Anchor, Instant)>,
    /// Who is told of what is applied, once it is followed.
    pub(super) observer: Option<Observer>,
    /// The facts that an operator decided to do without.
    skipped: BTreeSet<Uuid>,
    /// Whether it is known who stands still: not when somebody else moved the checkpoint.
    informed: bool,
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
    #[error(transparent)]
    Log(#[from] StoreError),
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
        let (last, kept, skipped, informed) = (None, None, BTreeSet::new(), false);
        let observer = None;
        Self { track, slot, stored, seen: stored, last, kept, observer, skipped, informed }
    }

    pub(super) fn seen(&self) -> Position {
        self.seen
    }

    /// Goes on from where the store is; unless the slot was dropped, for then nothing is to be fed.
    pub(super) async fn resume(&mut self, models: &dyn ReadModels) -> Result<bool, ReadModelError> {
        let stored = models.checkpoint(self.slot).await?;
        // Where nobody else moved it, the stretch without facts behind it stays seen.
        if stored != self.stored {
            if stored < self.stored {
                if !self.track.still_feeds(models, self.slot).await? {
                    return Ok(false);
                }
                self.track.went_back(self.slot, stored);
            }
            (self.stored, self.seen) = (stored, stored);
        }
        self.track.stored(self.slot, stored);
        self.informed = false;
        Ok(true)
    }

    /// Whether the log is the one that it was made of. To be asked before it is fed.
    pub(super) async fn is_of(
        &mut self,
        log: &dyn EventStore,
        models: &dyn ReadModels,
    ) -> Result<bool, FeedError> {
        if self.stored == Position::START {
            return Ok(true);
        }
        let row = models.get(self.slot, &Anchor::key()).await?;
        let Some(anchor) = row.and_then(|row| Anchor::read(self.slot.model, &row)) else {
            return Ok(false);
        };
        let is_in = anchor.is_in(log).await?;
        if is_in {
            self.kept = Some((anchor.clone(), Instant::now()));
            self.last.get_or_insert(anchor);
        }
        Ok(is_in)
    }

    /// The fact to keep with a checkpoint at that position, where the one that is kept is too old;
    /// `apart` is how far it may be.
    fn anchor(&self, next: Position, apart: u64) -> Option<Anchor> {
        let last = self.last.as_ref().filter(|last| last.position() <= next)?;
        let fresh = self.kept.as_ref().is_some_and(|(kept, since)| {
            let near = last.position().0.saturating_sub(kept.position().0) <= apart;
            kept == last || near && since.elapsed() < ANCHORED
        });
        (!fresh).then(|| last.clone())
    }

    /// Applies those facts that it has not seen, or waits until the leader did; `upto` is where the
    /// facts end, `patience` how long each step of the leader may take. Where one cannot be read, its
    /// tenant stands still from there on.
    pub(super) async fn feed(
        &mut self,
        (log, models): (&dyn EventStore, &dyn ReadModels),
        facts: &[RecordedEvent],
        upto: Position,
        patience: Duration,
    ) -> Result<Fed, FeedError> {
        let (track, stride) = (self.track.clone(), log.stride());
        let mut left = false;
        while self.seen < upto {
            let unseen = facts.partition_point(|fact| fact.position <= self.seen);
            let stands = track.standings.of(self.slot);
            let relevant =
                batch::relevant(&*track.projection, &facts[unseen..], &stands, &self.skipped);
            let follows = track.lead.as_ref().filter(|lead| lead.follows());
            let stretch = STRETCH.saturating_mul(stride);
            let short = upto.0 - self.stored.0 < stretch;
            // A log of which nothing was seen could not be known again.
            let unknown = facts.is_empty() && self.last.is_none();
            if relevant.is_empty() && (short || unknown || follows.is_some()) {
                self.seen = upto;
                break;
            }
            if let Some(oldest) = relevant.first() {
                track.waits(self.slot, oldest);
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
            if self.informs_itself(models).await? {
                continue;
            }
            let began = self.observer.as_ref().map(|_| Instant::now());
            let Projected { mut changes, stopped } =
                batch::project(&*track.projection, models, self.slot, &relevant).await?;
            let standing = match stopped {
                None => None,
                Some(stopped) => match self.judge(log, facts, stopped).await? {
                    None => continue,
                    standing => standing,
                },
            };
            changes.extend(standing.as_ref().map(Standing::put));
            let next = standing.as_ref().map_or(upto, |standing| standing.position);
            let before = facts.partition_point(|fact| fact.position <= next);
            if let Some(fact) = facts[..before].last() {
                self.last = Some(Anchor::of(fact));
            }
            let anchor = self.anchor(next, stretch);
            changes.extend(anchor.as_ref().map(Anchor::put));
            match models.apply(self.slot, &changes, self.stored, next).await? {
                Applied::Done => {
                    track.recall.forget();
                    self.kept = anchor.map(|it| (it, Instant::now())).or(self.kept.take());
                    (self.stored, self.seen) = (next, next);
                    track.stored(self.slot, next);
                    if let (Some(observer), Some(began)) = (&self.observer, began) {
                        observer.applied(track.model, &relevant, began.into_std());
                    }
                    if let Some(standing) = standing {
                        let (model, tenant) = (self.slot.model.name, standing.tenant());
                        tracing::error!(model, %tenant, "a tenant stands still: {standing}");
                        track.standings.add(self.slot, standing);
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
        if let Some(fact) = facts.last().filter(|fact| fact.position <= self.seen) {
            self.last = Some(Anchor::of(fact));
        }
        self.informs_itself(models).await?;
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

    /// Learns who stands still, unless it knows.
    async fn informs_itself(&mut self, models: &dyn ReadModels) -> Result<bool, ReadModelError> {
        let learns = !self.informed;
        if learns {
            self.track.standings.learn(models, self.slot).await?;
            self.informed = true;
        }
        Ok(learns)
    }

    /// Who stands still at a fact that cannot be read; nobody when it is to be skipped.
    async fn judge(
        &mut self,
        log: &dyn EventStore,
        facts: &[RecordedEvent],
        stopped: Unreadable,
    ) -> Result<Option<Standing>, FeedError> {
        let model = self.slot.model;
        let Some(fact) = facts.iter().find(|fact| fact.position == stopped.position) else {
            return Err(stopped.into());
        };
        let standing = Standing::at(model, fact);
        if skips::skipped(log, model).await?.contains(&fact.id) {
            tracing::warn!(model = model.name, "skipped, as was decided: {standing}");
            self.skipped.insert(fact.id);
            return Ok(None);
        }
        if self.track.standings.of(self.slot).len() >= Standing::MOST {
            return Err(stopped.into());
        }
        Ok(Some(standing))
    }

    /// Goes on from where another runner moved the checkpoint: what lies between it and what was
    /// seen had no facts for the model.
    fn go_on(&mut self, current: Position) {
        self.track.recall.forget();
        self.informed = false;
        (self.stored, self.seen) = (current, self.seen.max(current));
        self.track.stored(self.slot, current);
    }

    /// Remembers in the store how far it came.
    pub(super) async fn settle(&mut self, models: &dyn ReadModels) -> Result<(), ReadModelError> {
        let anchor = self.anchor(self.seen, 0);
        if self.last.is_some() && (self.seen > self.stored || anchor.is_some()) {
            let changes: Vec<_> = anchor.iter().map(Anchor::put).collect();
            let applied = models.apply(self.slot, &changes, self.stored, self.seen).await?;
            if applied == Applied::Done {
                self.stored = self.seen;
                self.kept = anchor.map(|it| (it, Instant::now())).or(self.kept.take());
            }
        }
        Ok(())
    }
}
