use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use awarding_domain::BatchId;
use eventstore::{Filter, RecordedEvent, Signal, StoreError};
use futures_util::{FutureExt, StreamExt};
use kernel::{Position, TenantId};
use readmodel::{Standing, skips};
use runtime::trace::because;
use tokio::time::{Instant, sleep_until};

use super::{LOOK, Memory, Patience, TRIES, memory};
use crate::{
    batch::batch_owner,
    batch_work::{BatchWork, Step},
    role::Awarding,
    trouble::Outcome,
};

/// Awards the rows of batches, chunk by chunk, several batches in turn. All it needs to go on after
/// a crash stands in the facts: which batches are open, and how far each is.
pub(crate) struct BatchWorker {
    awarding: Arc<Awarding>,
    /// Batches without an end, by where they were submitted.
    open: BTreeMap<Position, Open>,
    /// In whose turn they are: those of tenants who do not stand still.
    turns: VecDeque<Position>,
    /// What is held in memory of those under way.
    held: BTreeMap<Position, BatchWork>,
    /// Those whose last step failed, and how often in a row in a way that does not heal by itself.
    failed: BTreeMap<Position, u32>,
    seen: Position,
}

/// A batch without an end.
struct Open {
    /// The place before it was submitted.
    before: Position,
    tenant: TenantId,
    id: BatchId,
    /// Where its tenant stands still when nothing can be done about it.
    standing: Standing,
}

pub(super) const NAME: &str = "awarding-batches";
/// Batches held in memory at once.
const HELD: usize = 4;
/// How long failed batches wait when there is nothing else to do.
const REST: Duration = Duration::from_millis(200);

impl BatchWorker {
    pub(crate) fn new(awarding: Arc<Awarding>) -> Self {
        let (open, turns, held, failed) = Default::default();
        Self { awarding, open, turns, held, failed, seen: Position::START }
    }

    /// Works for as long as it is polled.
    pub(crate) async fn run(mut self) {
        let mut patience = Patience::new();
        loop {
            if let Err(trouble) = self.work().await {
                tracing::warn!(policy = NAME, ?trouble, "a policy starts again");
            }
            (self.open, self.turns, self.held, self.failed) = Default::default();
            patience.pause().await;
        }
    }

    async fn work(&mut self) -> Outcome<()> {
        let mut memory = Memory::open(&self.awarding.context, NAME).await?;
        self.seen = memory.at();
        let filter = Filter::every_tenant(&["batch"]);
        let events = Arc::clone(&self.awarding.events);
        let mut signals = events.subscribe(memory.at(), filter);
        // Before it has seen all there is, an open batch may be one that was finished long ago.
        while !self.hear(&memory, signals.next().await).await? {}
        let mut look = Instant::now();
        loop {
            if look <= Instant::now() {
                self.heal(&mut memory).await?;
                look = Instant::now() + LOOK;
            }
            let oldest = self.open.values().next().map(|open| open.before);
            memory.advance(oldest.unwrap_or(self.seen)).await?;
            match self.turns.pop_front() {
                None => {
                    let stands = !memory.stands().is_empty();
                    tokio::select! {
                        signal = signals.next() => {
                            self.hear(&memory, signal).await?;
                        }
                        () = sleep_until(look), if stands => {}
                    }
                }
                Some(turn) => {
                    self.take_turn(&mut memory, turn).await?;
                    // What is there is taken; what was taken is dealt with to its end.
                    while let Some(signal) = signals.next().now_or_never() {
                        self.hear(&memory, signal).await?;
                    }
                }
            }
        }
    }

    /// Takes in one piece of news; whether everything that has happened was heard.
    async fn hear(
        &mut self,
        memory: &Memory,
        signal: Option<Result<Signal, StoreError>>,
    ) -> Outcome<bool> {
        match signal {
            Some(Ok(Signal::Facts(facts))) => {
                for fact in &facts {
                    self.note(memory, fact).await?;
                }
                Ok(false)
            }
            Some(Ok(Signal::Checkpoint(to))) => {
                self.seen = to;
                Ok(false)
            }
            Some(Ok(Signal::CaughtUp(to))) => {
                self.seen = to;
                Ok(true)
            }
            Some(Err(error)) => Err(error.into()),
            None => Err(StoreError::Closed.into()),
        }
    }

    async fn note(&mut self, memory: &Memory, fact: &RecordedEvent) -> Outcome<()> {
        let before = std::mem::replace(&mut self.seen, fact.position);
        let Ok(id) = fact.stream.id().parse::<BatchId>() else { return Ok(()) };
        let tenant = fact.stream.tenant();
        match &*fact.kind {
            "batch-submitted.v1" => {
                let standing = Standing::at(memory.model(), fact);
                self.open.insert(fact.position, Open { before, tenant, id, standing });
                if !memory.stands_still(tenant) {
                    self.turns.push_back(fact.position);
                }
            }
            "batch-finished.v1" => {
                self.open.retain(|_, open| (open.tenant, open.id) != (tenant, id));
                let open = &self.open;
                self.turns.retain(|turn| open.contains_key(turn));
                self.held.retain(|turn, _| open.contains_key(turn));
                // Nothing will be read of the rows any more.
                let (vault, owner) = (&self.awarding.vault, batch_owner(tenant, id));
                if vault.key(&owner, 1).await?.is_some() {
                    vault.destroy(&owner).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn take_turn(&mut self, memory: &mut Memory, turn: Position) -> Outcome<()> {
        match self.step(turn).await {
            Ok(Step::More) => {
                self.failed.remove(&turn);
                self.turns.push_back(turn);
            }
            Ok(Step::Finished) => {
                self.failed.remove(&turn);
                self.held.remove(&turn);
            }
            Err(trouble) => {
                tracing::warn!(position = %turn, ?trouble, "a batch tries again");
                self.turns.push_back(turn);
                let tries = self.failed.entry(turn).or_default();
                *tries = if trouble.heals() { 0 } else { *tries + 1 };
                if *tries >= TRIES {
                    self.stop(memory, turn).await?;
                }
                let all = self.turns.iter().all(|turn| self.failed.contains_key(turn));
                if all && !self.turns.is_empty() {
                    tokio::time::sleep(REST).await;
                }
            }
        }
        Ok(())
    }

    /// Does nothing more for the tenant of a batch about which nothing can be done; unless an operator
    /// decided to do without that batch.
    async fn stop(&mut self, memory: &mut Memory, turn: Position) -> Outcome<()> {
        let Some(open) = self.open.get(&turn) else { return Ok(()) };
        let (tenant, standing) = (open.tenant, open.standing.clone());
        self.failed.remove(&turn);
        if skips::skipped(&*self.awarding.events, memory::model(NAME))
            .await?
            .contains(&standing.fact)
        {
            self.forget(turn);
            return Ok(());
        }
        memory.stop(vec![standing], memory.at()).await?;
        let open = &self.open;
        self.turns.retain(|turn| open.get(turn).is_some_and(|it| it.tenant != tenant));
        Ok(())
    }

    /// Looks whether those who stand still can go on.
    async fn heal(&mut self, memory: &mut Memory) -> Outcome<()> {
        if memory.stands().is_empty() {
            return Ok(());
        }
        let skipped = skips::skipped(&*self.awarding.events, memory::model(NAME)).await?;
        for standing in memory.stands() {
            let turn = standing.position;
            if skipped.contains(&standing.fact) {
                self.forget(turn);
            } else if self.open.contains_key(&turn) && self.step(turn).await.is_err() {
                continue;
            }
            memory.release(&standing).await?;
            let tenant = standing.tenant();
            let theirs = self.open.iter().filter(|(_, open)| open.tenant == tenant);
            self.turns.extend(theirs.map(|(turn, _)| *turn));
        }
        Ok(())
    }

    fn forget(&mut self, turn: Position) {
        self.open.remove(&turn);
        self.held.remove(&turn);
        self.failed.remove(&turn);
        self.turns.retain(|other| *other != turn);
    }

    async fn step(&mut self, turn: Position) -> Outcome<Step> {
        let Some(&Open { tenant, id, .. }) = self.open.get(&turn) else {
            return Ok(Step::Finished);
        };
        let mut work = match self.held.remove(&turn) {
            Some(work) => work,
            None => match BatchWork::load(&self.awarding, tenant, id).await? {
                Some(work) => work,
                None => return Ok(Step::Finished),
            },
        };
        let step = because(NAME, work.origin(), work.step(&self.awarding)).await?;
        if self.held.len() < HELD {
            self.held.insert(turn, work);
        }
        Ok(step)
    }
}
