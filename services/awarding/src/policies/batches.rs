use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use awarding_domain::BatchId;
use eventstore::{Filter, RecordedEvent, Signal, StoreError};
use futures_util::{FutureExt, StreamExt};
use kernel::{Position, TenantId};
use runtime::trace::because;

use super::{Memory, Patience};
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
    /// Batches without an end, by where they were submitted, with the place before that.
    open: BTreeMap<Position, (Position, TenantId, BatchId)>,
    /// In whose turn they are.
    turns: VecDeque<Position>,
    /// What is held in memory of those under way.
    held: BTreeMap<Position, BatchWork>,
    /// Those whose last step failed.
    failed: BTreeSet<Position>,
    seen: Position,
}

const NAME: &str = "awarding-batches";
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
        let models = Arc::clone(&self.awarding.context.stores.models);
        let mut memory = Memory::open(models, NAME).await?;
        self.seen = memory.at();
        let filter = Filter::every_tenant(&["batch"]);
        let events = Arc::clone(&self.awarding.events);
        let mut signals = events.subscribe(memory.at(), filter);
        // Before it has seen all there is, an open batch may be one that was finished long ago.
        while !self.hear(signals.next().await).await? {}
        loop {
            let oldest = self.open.values().next().map(|(before, ..)| *before);
            memory.advance(oldest.unwrap_or(self.seen)).await?;
            match self.turns.pop_front() {
                None => {
                    self.hear(signals.next().await).await?;
                }
                Some(turn) => {
                    self.take_turn(turn).await;
                    // What is there is taken; what was taken is dealt with to its end.
                    while let Some(signal) = signals.next().now_or_never() {
                        self.hear(signal).await?;
                    }
                }
            }
        }
    }

    /// Takes in one piece of news; whether everything that has happened was heard.
    async fn hear(&mut self, signal: Option<Result<Signal, StoreError>>) -> Outcome<bool> {
        match signal {
            Some(Ok(Signal::Facts(facts))) => {
                for fact in &facts {
                    self.note(fact).await?;
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

    async fn note(&mut self, fact: &RecordedEvent) -> Outcome<()> {
        let before = std::mem::replace(&mut self.seen, fact.position);
        let Ok(id) = fact.stream.id().parse::<BatchId>() else { return Ok(()) };
        let tenant = fact.stream.tenant();
        match &*fact.kind {
            "batch-submitted.v1" => {
                self.open.insert(fact.position, (before, tenant, id));
                self.turns.push_back(fact.position);
            }
            "batch-finished.v1" => {
                self.open.retain(|_, (_, whose, batch)| (*whose, *batch) != (tenant, id));
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

    async fn take_turn(&mut self, turn: Position) {
        let Some((_, tenant, id)) = self.open.get(&turn).copied() else { return };
        match self.step(turn, tenant, id).await {
            Ok(Step::More) => {
                self.failed.remove(&turn);
                self.turns.push_back(turn);
            }
            Ok(Step::Finished) => {
                self.failed.remove(&turn);
                self.held.remove(&turn);
            }
            Err(trouble) => {
                tracing::warn!(batch.id = %id, ?trouble, "a batch tries again");
                self.failed.insert(turn);
                self.turns.push_back(turn);
                if self.turns.iter().all(|turn| self.failed.contains(turn)) {
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    async fn step(&mut self, turn: Position, tenant: TenantId, id: BatchId) -> Outcome<Step> {
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
