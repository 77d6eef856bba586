use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kernel::{Position, TenantId};
use readmodel::{Applied, Change, Model, ReadModels, Slot, Standing};
use runtime::{Context, Told};
use tokio::time::Instant;
use tonic::Status;

use crate::trouble::{Outcome, Trouble};

/// From one keeping of a memory to the next: what is forgotten by then is found done again.
const KEPT_EVERY: Duration = Duration::from_millis(500);

/// How far a policy has come, and who stands still in it.
pub(crate) struct Memory {
    models: Arc<dyn ReadModels>,
    slot: Slot,
    /// How far it is.
    at: Position,
    /// How far it is kept that it is, and since when.
    kept: Position,
    since: Instant,
    stands: BTreeMap<TenantId, Standing>,
    told: Told,
}

/// The model that a policy's memory is, as operators name it.
pub(crate) fn model(name: &'static str) -> Model {
    Model { name, version: 1 }
}

/// Where it is kept.
pub(crate) fn slot(name: &'static str) -> Slot {
    Slot { model: model(name), generation: 0 }
}

impl Memory {
    /// What was remembered under that name; nothing the first time.
    pub(crate) async fn open(context: &Context, name: &'static str) -> Outcome<Self> {
        let (models, slot) = (Arc::clone(&context.stores.models), slot(name));
        let at = models.checkpoint(slot).await?;
        let stands = Standing::all(&*models, slot).await?;
        let stands = stands.into_iter().map(|it| (it.tenant(), it)).collect();
        let (told, since) = (context.stands.told_by(name), Instant::now());
        let memory = Self { models, slot, at, kept: at, since, stands, told };
        memory.tell();
        Ok(memory)
    }

    pub(crate) fn at(&self) -> Position {
        self.at
    }

    pub(crate) fn model(&self) -> Model {
        self.slot.model
    }

    pub(crate) fn stands_still(&self, tenant: TenantId) -> bool {
        self.stands.contains_key(&tenant)
    }

    pub(crate) fn stands(&self) -> Vec<Standing> {
        self.stands.values().cloned().collect()
    }

    fn tell(&self) {
        self.told.stand(self.stands());
    }

    /// Remembers that everything up to there was dealt with; keeps it now and then.
    pub(crate) async fn advance(&mut self, to: Position) -> Outcome<()> {
        self.at = self.at.max(to);
        if self.at > self.kept && self.since.elapsed() >= KEPT_EVERY {
            // Where another process has come further, that is where we are as well.
            self.kept = match self.models.apply(self.slot, &[], self.kept, self.at).await? {
                Applied::Done => self.at,
                Applied::Stale { current } => current,
            };
            self.since = Instant::now();
        }
        Ok(())
    }

    /// Remembers that everything up to there was dealt with but for what these tenants ask for from
    /// those facts on.
    pub(crate) async fn stop(&mut self, found: Vec<Standing>, to: Position) -> Outcome<()> {
        if found.is_empty() {
            return self.advance(to).await;
        }
        let mut stands = self.stands.clone();
        for standing in found {
            let first = stands.get(&standing.tenant());
            // Of a batch, the first counts; one who went on for a while stands still further on.
            let later = first.is_some_and(|first| {
                self.stands.get(&first.tenant()) != Some(first)
                    && first.position < standing.position
            });
            if !later {
                let (policy, tenant) = (self.slot.model.name, standing.tenant());
                tracing::error!(policy, %tenant, "a tenant stands still in a policy: {standing}");
                stands.insert(tenant, standing);
            }
        }
        if stands.len() > Standing::MOST {
            self.told.stand(stands.into_values().collect());
            let message = "too many tenants would stand still: the policy does, for all of them";
            return Err(Trouble::Failed(Status::unavailable(message)));
        }
        let changes: Vec<_> = stands.values().map(Standing::put).collect();
        self.apply(&changes, to).await?;
        self.stands = stands;
        self.tell();
        Ok(())
    }

    /// Remembers that a tenant stands still no more.
    pub(crate) async fn release(&mut self, standing: &Standing) -> Outcome<()> {
        let (policy, tenant) = (self.slot.model.name, standing.tenant());
        self.apply(&[standing.delete()], self.at).await?;
        tracing::info!(policy, %tenant, "a tenant stands still no more");
        self.stands.remove(&tenant);
        self.tell();
        Ok(())
    }

    async fn apply(&mut self, changes: &[Change], to: Position) -> Outcome<()> {
        let to = self.at.max(to);
        match self.models.apply(self.slot, changes, self.kept, to).await? {
            Applied::Done => (self.at, self.kept) = (to, to),
            // What another process keeps is read anew.
            Applied::Stale { .. } => {
                return Err(Trouble::Failed(Status::aborted("another process leads the policy")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use eventstore::{Expected, NewEvent, RecordedEvent, StreamId, Write};
    use runtime::testing::Rig;
    use uuid::Uuid;

    use super::*;

    const NAME: &str = "awarding-mail";

    /// A fact of each of so many tenants.
    async fn facts(rig: &Rig, tenants: u128) -> Vec<RecordedEvent> {
        let events = &rig.context.stores.events;
        let (mut streams, mut writes) = (Vec::new(), Vec::new());
        for n in 0..tenants {
            let tenant = TenantId::from_uuid(Uuid::from_u128(n + 1));
            let stream = StreamId::named("award", tenant, "award_01h455vb4pex5vsknk084sn02q");
            let (data, metadata) = (b"{}".to_vec(), b"{}".to_vec());
            let kind = "award-broken.v1".to_owned();
            let events = vec![NewEvent { id: Uuid::from_u128(n + 1), kind, data, metadata }];
            writes.push(Write { stream: stream.clone(), expected: Expected::NoStream, events });
            streams.push(stream);
        }
        assert!(events.append(writes).await.iter().all(Result::is_ok));
        let mut facts = Vec::new();
        for stream in streams {
            facts.extend(events.read(&stream, 0, 1).await.unwrap());
        }
        facts
    }

    #[tokio::test]
    async fn who_stands_still_is_kept_and_when_too_many_would_nothing_is_passed_over() {
        let rig = Rig::new(vec![]);
        let facts = facts(&rig, 101).await;
        let stands: Vec<_> = facts.iter().map(|fact| Standing::at(model(NAME), fact)).collect();
        let (most, last) = (stands[..Standing::MOST].to_vec(), stands[Standing::MOST].clone());
        let mut memory = Memory::open(&rig.context, NAME).await.unwrap();
        memory.stop(most.clone(), Position(100)).await.unwrap();
        let again = Memory::open(&rig.context, NAME).await.unwrap();
        assert_eq!((again.at(), again.stands()), (Position(100), memory.stands()));
        assert!(facts[..100].iter().all(|fact| again.stands_still(fact.stream.tenant())));
        drop(again);

        let trouble = memory.stop(vec![last.clone()], Position(101)).await.unwrap_err();
        assert!(trouble.heals(), "the policy starts again");
        assert_eq!(rig.context.stands.all()[0].1.len(), 101, "and all of them are told");
        let mut memory = Memory::open(&rig.context, NAME).await.unwrap();
        assert_eq!((memory.at(), memory.stands().len()), (Position(100), 100));
        memory.release(&most[0]).await.unwrap();
        memory.stop(vec![last], Position(101)).await.unwrap();
        let memory = Memory::open(&rig.context, NAME).await.unwrap();
        assert_eq!((memory.at(), memory.stands().len()), (Position(101), 100));
        assert!(!memory.stands_still(most[0].tenant()));
    }

    #[tokio::test]
    async fn of_the_facts_of_a_tenant_the_first_counts_until_it_goes_on() {
        let rig = Rig::new(vec![]);
        let first = Standing::at(model(NAME), &facts(&rig, 1).await[0]);
        let later = Standing { position: Position(7), ..first.clone() };
        let mut memory = Memory::open(&rig.context, NAME).await.unwrap();
        memory.stop(vec![later.clone(), first.clone()], Position(9)).await.unwrap();
        assert_eq!(memory.stands(), [first]);
        memory.stop(vec![later.clone()], Position(9)).await.unwrap();
        assert_eq!(memory.stands(), [later], "it went on for a while");
    }
}
