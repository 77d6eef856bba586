//! One subscription and the builds that it feeds.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use eventstore::{Filter, RecordedEvent, Signal, Signals, StoreError};
use futures_util::{FutureExt, StreamExt};
use kernel::Position;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Feed,
    build::{Build, Fed, FeedError},
};
use crate::ReadModelError;

/// How long more facts are waited for while catching up.
const GATHER: Duration = Duration::from_millis(20);

/// So many times longer a leader may take for a batch of many facts.
const WITH_MANY: u32 = 8;

/// So often it is asked again whether a log lacks a fact that was applied.
const DOUBTS: u32 = 5;

pub(super) struct Lane {
    builds: Vec<Build>,
}

/// Why a subscription is given up; another one follows.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Log(#[from] StoreError),
    #[error("the subscription to the log ended")]
    Ended,
    #[error(transparent)]
    Store(#[from] ReadModelError),
    #[error(transparent)]
    Fact(eventstore::Unreadable),
    /// A build must be fed again from further back.
    #[error("the rows were dropped by another process")]
    Behind,
}

/// What there was to read.
struct Taken {
    facts: Vec<RecordedEvent>,
    upto: Position,
    caught_up: bool,
}

impl Lane {
    pub(super) fn new(builds: Vec<Build>) -> Self {
        Self { builds }
    }

    /// Feeds its builds until cancelled, or until none is left.
    pub(super) async fn run(mut self, feed: Arc<Feed>, cancel: CancellationToken) {
        let mut pause = feed.options.retry_first;
        while !self.builds.is_empty() {
            let from = self.position();
            let Some(interrupted) = cancel
                .run_until_cancelled(self.resume_and_follow(&feed, &cancel))
                .await
                .and_then(Result::err)
            else {
                break;
            };
            if matches!(interrupted, Interrupted::Behind) {
                continue;
            }
            for build in &self.builds {
                build.track.fail(Some(build.slot), &interrupted);
            }
            if self.position() > from {
                pause = feed.options.retry_first;
            }
            if cancel.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                break;
            }
            pause = (pause * 2).min(feed.options.retry_at_most);
        }
        for build in &mut self.builds {
            if let Err(error) = build.settle(&*feed.models).await {
                // Nothing is lost: the stretch is looked through again.
                tracing::debug!(error = &error as &dyn std::error::Error, "checkpoint not kept");
            }
        }
    }

    /// Where the build that is furthest back stands.
    fn position(&self) -> Position {
        self.builds.iter().map(Build::seen).min().unwrap_or_default()
    }

    async fn resume_and_follow(
        &mut self,
        feed: &Feed,
        cancel: &CancellationToken,
    ) -> Result<(), Interrupted> {
        let mut again = feed.again.subscribe();
        let left = self.resume(feed).await?;
        let head = feed.events.head().await?;
        if left {
            // The log may have gone back.
            feed.head.store(head.0, Relaxed);
        }
        feed.saw(head);
        let categories: BTreeSet<&'static str> = self
            .builds
            .iter()
            .flat_map(|build| build.track.projection.categories())
            .copied()
            .collect();
        let categories: Vec<_> = categories.into_iter().collect();
        let filter = Filter::every_tenant(&categories);
        let mut signals = feed.events.subscribe(self.position(), filter);
        let (mut live, mut next) = (false, Instant::now());
        while !self.builds.is_empty() {
            let taking = async {
                if live {
                    tokio::time::sleep_until(next).await;
                }
                take(&mut signals, feed.options.batch, live).await
            };
            let taken = tokio::select! {
                taken = taking => taken?,
                Ok(()) = again.changed() => return Err(Interrupted::Behind),
            };
            next = Instant::now() + feed.options.pace;
            feed.saw(taken.upto);
            self.feed(feed, &taken, live).await?;
            live |= taken.caught_up;
            if cancel.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    /// Has its builds go on from where the store is; those of another log are given up. Whether there
    /// are fewer now.
    async fn resume(&mut self, feed: &Feed) -> Result<bool, Interrupted> {
        let (mut at, mut doubts, before) = (0, 0, self.builds.len());
        while let Some(build) = self.builds.get_mut(at) {
            match build.resume(&*feed.models).await {
                Ok(true) => {}
                Ok(false) | Err(ReadModelError::Lost(_)) => {
                    self.leave(at, feed);
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            match build.is_of(&*feed.events, &*feed.models).await {
                Ok(true) => (at, doubts) = (at + 1, 0),
                // A server that is about to be replaced may not have the newest facts.
                Ok(false) if doubts < DOUBTS => {
                    doubts += 1;
                    tokio::time::sleep(feed.options.retry_first * DOUBTS).await;
                }
                Ok(false) => {
                    build.track.disown(&*feed.models, build.slot).await?;
                    (doubts, ()) = (0, self.leave(at, feed));
                }
                Err(FeedError::Lost) => self.leave(at, feed),
                Err(FeedError::Store(error)) => return Err(error.into()),
                Err(FeedError::Log(error)) => return Err(error.into()),
                Err(FeedError::Unreadable(error)) => return Err(Interrupted::Fact(error)),
            }
        }
        Ok(self.builds.len() < before)
    }

    /// Feeds a build no more; another may take its place.
    fn leave(&mut self, at: usize, feed: &Feed) {
        let build = self.builds.remove(at);
        build.track.left(build.slot);
        feed.look.notify_one();
    }

    async fn feed(&mut self, feed: &Feed, taken: &Taken, live: bool) -> Result<(), Interrupted> {
        let alone = self.builds.len() == 1;
        let stores = (&*feed.events, &*feed.models);
        let patience = feed.options.follow_within * if live { 1 } else { WITH_MANY };
        let mut at = 0;
        while let Some(build) = self.builds.get_mut(at) {
            match build.feed(stores, &taken.facts, taken.upto, patience).await {
                Ok(Fed::Applied) => {
                    if taken.caught_up && !live {
                        let (slot, seen) = (build.slot, build.seen());
                        build.settle(&*feed.models).await?;
                        build.track.promote(&*feed.models, slot, seen).await?;
                        build.track.caught_up(slot);
                        build.observer.clone_from(&feed.options.observer);
                    }
                    at += 1;
                }
                Ok(Fed::Superseded) | Err(FeedError::Lost) => self.leave(at, feed),
                Ok(Fed::Behind) => return Err(Interrupted::Behind),
                Err(FeedError::Store(error)) => return Err(error.into()),
                Err(FeedError::Log(error)) => return Err(error.into()),
                Err(FeedError::Unreadable(error)) if alone => {
                    return Err(Interrupted::Fact(error));
                }
                Err(FeedError::Unreadable(error)) => {
                    // The others go on without it.
                    build.track.fail(Some(build.slot), &error);
                    feed.start_lane(vec![self.builds.remove(at)]);
                }
            }
            if !live {
                // A batch of many facts is work: let other lanes have their turn.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

/// Takes what is there: at least one signal; until caught up, it waits a little for a whole batch.
async fn take(signals: &mut Signals, batch: usize, live: bool) -> Result<Taken, Interrupted> {
    let mut taken = Taken { facts: Vec::new(), upto: Position::START, caught_up: false };
    let mut next = Some(signals.next().await);
    while let Some(signal) = next {
        match signal.ok_or(Interrupted::Ended)?? {
            Signal::Facts(facts) => {
                taken.upto = facts.last().map_or(taken.upto, |fact| fact.position);
                if taken.facts.is_empty() {
                    taken.facts = facts;
                } else {
                    taken.facts.extend(facts);
                }
            }
            Signal::Checkpoint(position) => taken.upto = position,
            Signal::CaughtUp(position) => {
                taken.upto = position;
                taken.caught_up = true;
            }
        }
        next = if taken.facts.len() >= batch || taken.caught_up {
            None
        } else if live {
            signals.next().now_or_never()
        } else {
            tokio::time::timeout(GATHER, signals.next()).await.ok()
        };
    }
    Ok(taken)
}
