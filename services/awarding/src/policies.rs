//! What the role does on its own: facts become commands whose ids derive from the facts, so that
//! twice is once. How far a policy has come stands in a slot of its own in the read models; should
//! that be lost, it starts over and finds everything done.

pub(crate) mod batches;
pub(crate) mod erasure;
pub(crate) mod mail;
mod waiting;

use std::{future::Future, sync::Arc, time::Duration};

use eventstore::{Filter, RecordedEvent, Signal};
use futures_util::{StreamExt, stream};
use kernel::Position;
use readmodel::{Applied, Model, ReadModelError, ReadModels, Slot};
use tokio::time::Instant;

use self::waiting::Waiting;
use crate::{
    role::Awarding,
    trouble::{Outcome, Trouble},
};

/// What a policy does about a fact.
pub(crate) trait Reaction: Send + Sync + 'static {
    /// The name of its memory.
    const NAME: &'static str;
    /// Which facts it reacts to.
    const CATEGORIES: &'static [&'static str];

    /// What it works with.
    fn awarding(&self) -> &Awarding;

    /// Does what the fact asks for, if anything. Called again until it succeeds.
    fn react(&self, fact: &RecordedEvent) -> impl Future<Output = Outcome<()>> + Send;
}

/// How far a policy has come.
pub(crate) struct Memory {
    models: Arc<dyn ReadModels>,
    slot: Slot,
    /// What is kept.
    at: Position,
    /// Since when, and how far it is in truth.
    since: Instant,
    reached: Position,
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// From one keeping of a memory to the next: what is forgotten by then is found done again.
const KEPT_EVERY: Duration = Duration::from_millis(500);
/// Facts reacted to at once: what they append shares a flush.
const AT_ONCE: usize = 16;

/// Pauses that grow while something fails.
pub(crate) struct Patience(Duration);

impl Patience {
    pub(crate) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }
}

impl Memory {
    /// What was remembered under that name; nothing the first time.
    pub(crate) async fn open(
        models: Arc<dyn ReadModels>,
        name: &'static str,
    ) -> Result<Self, ReadModelError> {
        let slot = Slot { model: Model { name, version: 1 }, generation: 0 };
        let at = models.checkpoint(slot).await?;
        Ok(Self { models, slot, at, since: Instant::now(), reached: at })
    }

    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// Remembers that everything up to there was dealt with; keeps it now and then.
    pub(crate) async fn advance(&mut self, to: Position) -> Result<(), ReadModelError> {
        self.reached = self.reached.max(to);
        if self.reached > self.at && self.since.elapsed() >= KEPT_EVERY {
            // Where another process has come further, that is where we are as well.
            self.at = match self.models.apply(self.slot, &[], self.at, self.reached).await? {
                Applied::Done => self.reached,
                Applied::Stale { current } => current,
            };
            self.since = Instant::now();
        }
        Ok(())
    }
}

/// Reacts to facts, in order, for as long as it is polled.
pub(crate) async fn follow<R: Reaction>(reaction: R) {
    let mut patience = Patience::new();
    loop {
        if let Err(trouble) = follow_once(&reaction).await {
            tracing::warn!(policy = R::NAME, ?trouble, "a policy starts again");
        }
        patience.pause().await;
    }
}

async fn follow_once<R: Reaction>(reaction: &R) -> Outcome<()> {
    let stores = &reaction.awarding().context.stores;
    let mut memory = Memory::open(Arc::clone(&stores.models), R::NAME).await?;
    let mut signals = stores.events.subscribe(memory.at(), Filter::every_tenant(R::CATEGORIES));
    while let Some(signal) = signals.next().await {
        match signal? {
            Signal::Facts(facts) => {
                // In any order: each fact asks for something of its own.
                let waiting = Waiting::of(R::NAME, &facts);
                let each = async |fact| {
                    persist(reaction, fact).await;
                    waiting.done(fact);
                };
                stream::iter(&facts).for_each_concurrent(AT_ONCE, each).await;
                if let Some(last) = facts.last() {
                    memory.advance(last.position).await?;
                }
            }
            Signal::Checkpoint(to) | Signal::CaughtUp(to) => memory.advance(to).await?,
        }
    }
    Err(Trouble::from(eventstore::StoreError::Closed))
}

async fn persist<R: Reaction>(reaction: &R, fact: &RecordedEvent) {
    let mut patience = Patience::new();
    while let Err(trouble) = reaction.react(fact).await {
        tracing::warn!(policy = R::NAME, position = %fact.position, ?trouble, "a policy tries again");
        patience.pause().await;
    }
}
