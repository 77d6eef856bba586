//! What the role does on its own: facts become commands whose ids derive from the facts, so that
//! twice is once. How far a policy has come stands in a slot of its own in the read models; should
//! that be lost, it starts over and finds everything done.
//!
//! Where nothing can be done about a fact, because it or what it refers to cannot be read, its tenant
//! stands still in that policy, and nobody else does.

pub(crate) mod batches;
pub(crate) mod erasure;
pub(crate) mod mail;
pub(crate) mod memory;
mod waiting;

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use eventstore::{Filter, RecordedEvent, Signal, StoreError};
use futures_util::{StreamExt, stream};
use readmodel::{Standing, skips};

use self::{memory::Memory, waiting::Waiting};
use crate::{role::Awarding, trouble::Outcome};

/// The policies in which tenants may stand still.
pub(crate) const NAMES: [&str; 3] = [batches::NAME, mail::Letters::NAME, erasure::Erasure::NAME];

/// What a policy does about a fact.
pub(crate) trait Reaction: Send + Sync + 'static {
    /// The name of its memory.
    const NAME: &'static str;
    /// Which facts it reacts to.
    const CATEGORIES: &'static [&'static str];

    /// What it works with.
    fn awarding(&self) -> &Awarding;

    /// Does what the fact asks for, if anything. Called again until it succeeds, or says that it never
    /// will.
    fn react(&self, fact: &RecordedEvent) -> impl Future<Output = Outcome<()>> + Send;
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// So often in a row is tried what does not heal by itself before its tenant stands still.
pub(crate) const TRIES: u32 = 3;
/// How often is looked whether those who stand still can go on.
pub(crate) const LOOK: Duration = Duration::from_secs(10);
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
    let events = &reaction.awarding().events;
    let mut memory = Memory::open(&reaction.awarding().context, R::NAME).await?;
    let mut signals = events.subscribe(memory.at(), Filter::every_tenant(R::CATEGORIES));
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            biased;
            _ = looks.tick() => heal(reaction, &mut memory).await?,
            signal = signals.next() => match signal {
                Some(Ok(Signal::Facts(facts))) => deal_with(reaction, &mut memory, &facts).await?,
                Some(Ok(Signal::Checkpoint(to) | Signal::CaughtUp(to))) => memory.advance(to).await?,
                Some(Err(error)) => return Err(error.into()),
                None => return Err(StoreError::Closed.into()),
            }
        }
    }
}

/// Reacts to the facts of those who do not stand still.
async fn deal_with<R: Reaction>(
    reaction: &R,
    memory: &mut Memory,
    facts: &[RecordedEvent],
) -> Outcome<()> {
    let Some(last) = facts.last() else { return Ok(()) };
    let ours: Vec<_> =
        facts.iter().filter(|fact| !memory.stands_still(fact.stream.tenant())).collect();
    // In any order: each fact asks for something of its own.
    let waiting = Waiting::of(R::NAME, &ours);
    let found = Mutex::new(Vec::new());
    let each = async |fact: &RecordedEvent| {
        if persist(reaction, fact).await == Dealt::StandsStill {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.push(Standing::at(memory.model(), fact));
        }
        waiting.done(fact);
    };
    stream::iter(ours.iter().copied()).for_each_concurrent(AT_ONCE, each).await;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    memory.stop(found, last.position).await
}

/// Looks whether those who stand still can go on: their facts from there on are dealt with then.
async fn heal<R: Reaction>(reaction: &R, memory: &mut Memory) -> Outcome<()> {
    if memory.stands().is_empty() {
        return Ok(());
    }
    let events = &reaction.awarding().events;
    let skipped = skips::skipped(&**events, memory.model()).await?;
    for standing in memory.stands() {
        let fact = match standing.look_up(&**events).await {
            Ok(fact) => fact,
            // Nothing can be asked for by what is not there.
            Err(StoreError::Deleted) => None,
            Err(error) => return Err(error.into()),
        };
        let heals = match &fact {
            Some(fact) => skipped.contains(&fact.id) || reaction.react(fact).await.is_ok(),
            None => true,
        };
        if heals {
            catch_up(reaction, memory, &standing).await?;
        }
    }
    Ok(())
}

/// Deals with the facts of a tenant who stood still, up to where the policy is.
async fn catch_up<R: Reaction>(
    reaction: &R,
    memory: &mut Memory,
    standing: &Standing,
) -> Outcome<()> {
    let filter = Filter::tenant(standing.tenant(), R::CATEGORIES);
    let mut signals = reaction.awarding().events.subscribe(standing.position, filter);
    let mut at = standing.position;
    while at < memory.at() {
        match signals.next().await.ok_or(StoreError::Closed)?? {
            Signal::Facts(facts) => {
                for fact in facts.iter().take_while(|fact| fact.position <= memory.at()) {
                    if persist(reaction, fact).await == Dealt::StandsStill {
                        let next = Standing::at(memory.model(), fact);
                        return memory.stop(vec![next], memory.at()).await;
                    }
                }
                at = facts.last().map_or(at, |fact| fact.position);
            }
            Signal::Checkpoint(to) | Signal::CaughtUp(to) => at = to,
        }
    }
    memory.release(standing).await
}

/// How dealing with a fact ended.
#[derive(PartialEq, Eq)]
enum Dealt {
    Done,
    StandsStill,
}

/// Reacts to a fact until that succeeds, or it shows that repeating does not help.
async fn persist<R: Reaction>(reaction: &R, fact: &RecordedEvent) -> Dealt {
    let (mut patience, mut tries) = (Patience::new(), 0);
    loop {
        let Err(trouble) = reaction.react(fact).await else { return Dealt::Done };
        tries = if trouble.heals() { 0 } else { tries + 1 };
        if tries >= TRIES {
            let events = &reaction.awarding().events;
            match skips::skipped(&**events, memory::model(R::NAME)).await {
                Ok(skipped) if skipped.contains(&fact.id) => return Dealt::Done,
                Ok(_) => return Dealt::StandsStill,
                Err(_) => {}
            }
        }
        tracing::warn!(policy = R::NAME, position = %fact.position, ?trouble, "a policy tries again");
        patience.pause().await;
    }
}
