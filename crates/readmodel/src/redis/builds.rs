//! Slots as wholes: how far they are, whether they are there, which one readers see.

use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::Position;
use redis::Value;

use super::{
    failure::Failure,
    head::{Head, Incarnation, Verdict, bytes},
    names::Bucket,
    scripts,
    store::{Known, Store, TRIES, Wanted},
};
use crate::{Model, ModelState, ReadModelError, Slot};

/// So many buckets are looked into at once.
const BUCKETS_AT_ONCE: usize = 32;

type Build = Option<(u32, u32)>;
/// Active, being built, and the incarnation of what is active.
type Stored = (Build, Build, Option<Incarnation>);

impl Store {
    /// How far a slot is, as it is now: what this process saw of it before is forgotten. Looks into
    /// every bucket whether it holds what it should.
    pub(super) async fn checkpoint(&self, slot: Slot) -> Result<Position, ReadModelError> {
        let lost = || ReadModelError::Lost(slot.model.name);
        for _ in 0..TRIES {
            let promised = self.promised(slot);
            let Some(head) = self.whole_head(slot).await? else {
                if promised.is_some() {
                    return Err(lost());
                }
                self.know(slot, None);
                return Ok(Position::START);
            };
            let Head { incarnation, checkpoint, .. } = head;
            if promised.is_some_and(|promised| promised != incarnation) {
                return Err(lost());
            }
            if self.is_whole(slot, &head).await? {
                self.know(slot, Some(Known { incarnation, checkpoint }));
                return Ok(checkpoint);
            }
            // Unless it changed meanwhile, rows are lost.
            if self.whole_head(slot).await?.as_ref() == Some(&head) {
                return Err(lost());
            }
        }
        Err(Failure::Contended.into())
    }

    /// How far a slot is, by its head alone.
    pub(super) async fn position(&self, slot: Slot) -> Result<Position, ReadModelError> {
        let (known, promised) = (self.known(slot), self.promised(slot));
        let Some(head) = self.head(slot, &[]).await? else {
            return if known.is_none() && promised.is_none() {
                Ok(Position::START)
            } else {
                Err(ReadModelError::Lost(slot.model.name))
            };
        };
        let expected = known.map(|known| known.incarnation).or(promised);
        if expected.is_some_and(|expected| expected != head.incarnation) {
            return Err(ReadModelError::Lost(slot.model.name));
        }
        Ok(head.checkpoint)
    }

    async fn is_whole(&self, slot: Slot, head: &Head) -> Result<bool, ReadModelError> {
        let is_whole = |bucket: Bucket| async move {
            let seen = self.find(slot, bucket, &Wanted::Keys(&[]), false).await?;
            let verdict = head.verdict(bucket, seen.marker);
            Ok::<_, Failure>(verdict == Verdict::Empty || verdict == Verdict::Whole && seen.even)
        };
        let buckets: Vec<Bucket> = head.marks.keys().copied().collect();
        let whole = stream::iter(buckets).map(is_whole).buffer_unordered(BUCKETS_AT_ONCE);
        Ok(whole.try_fold(true, |all, one| async move { Ok(all && one) }).await?)
    }

    async fn stored_state(
        &self,
        name: &'static str,
    ) -> Result<(Vec<u8>, ModelState, Option<Incarnation>), ReadModelError> {
        let mut get = redis::cmd("GET");
        get.arg(self.names.state(name));
        let stored = bytes(self.link.ask(&get).await?)?.unwrap_or_default();
        if stored.is_empty() {
            return Ok((stored, ModelState::default(), None));
        }
        let (active, building, incarnation): Stored =
            postcard::from_bytes(&stored).map_err(|_| ReadModelError::Unreadable(name))?;
        Ok((stored, ModelState { active, building }, incarnation))
    }

    pub(super) async fn state(&self, name: &'static str) -> Result<ModelState, ReadModelError> {
        let (_, state, incarnation) = self.stored_state(name).await?;
        self.promise(name, slot(name, state.active).zip(incarnation));
        Ok(state)
    }

    /// The bytes of a state. The build that readers are to see begins to be when it was not.
    async fn state_bytes(
        &self,
        name: &'static str,
        state: ModelState,
    ) -> Result<(Vec<u8>, Option<(Slot, Incarnation)>), ReadModelError> {
        let active = slot(name, state.active);
        let incarnation = match active {
            Some(active) => Some(self.ensure(active).await?),
            None => None,
        };
        let stored: Stored = (state.active, state.building, incarnation);
        let stored = postcard::to_stdvec(&stored).map_err(|_| ReadModelError::Unreadable(name))?;
        Ok((stored, active.zip(incarnation)))
    }

    async fn ensure(&self, slot: Slot) -> Result<Incarnation, Failure> {
        let (head, fresh): (_, Incarnation) = (self.names.head(slot), rand::random());
        let keys = [&*head];
        let answer = self.link.run(&scripts::ENSURE, &keys, |command| {
            let zero = &0_u64.to_be_bytes()[..];
            command.arg(&fresh[..]).arg(zero).arg(zero).arg(self.names.buckets.to_string());
        });
        let incarnation = bytes(answer.await?)?.and_then(|it| it.try_into().ok());
        incarnation.ok_or(Failure::Shape)
    }

    pub(super) async fn set_state(
        &self,
        name: &'static str,
        state: ModelState,
    ) -> Result<(), ReadModelError> {
        let (stored, promised) = self.state_bytes(name, state).await?;
        self.link.ask(redis::cmd("SET").arg(self.names.state(name)).arg(stored)).await?;
        self.promise(name, promised);
        Ok(())
    }

    pub(super) async fn change_state(
        &self,
        name: &'static str,
        before: ModelState,
        after: ModelState,
    ) -> Result<bool, ReadModelError> {
        let (was, state, _) = self.stored_state(name).await?;
        if state != before {
            return Ok(false);
        }
        let (stored, promised) = self.state_bytes(name, after).await?;
        let key = self.names.state(name);
        let keys = [&*key];
        let changed = self.does(&scripts::SWAP, &keys, |command| {
            command.arg(&was[..]).arg(&stored[..]);
        });
        let changed = changed.await?;
        if changed {
            self.promise(name, promised);
        }
        Ok(changed)
    }

    /// Drops a slot: its head first, so that nobody takes what is left for the whole. The memory is
    /// given back by a thread of the server.
    pub(super) async fn clear(&self, slot: Slot) -> Result<(), ReadModelError> {
        let unlink = |keys: Vec<String>| async move {
            let answer = self.link.ask(redis::cmd("UNLINK").arg(keys)).await?;
            if matches!(answer, Value::Int(_)) { Ok(()) } else { Err(Failure::Shape) }
        };
        let mut keys = vec![self.names.head(slot)];
        if let Some(pending) = self.head(slot, &[]).await?.and_then(|head| head.pending) {
            keys.push(self.names.redo(slot, pending.stored));
        }
        unlink(keys).await?;
        let places = (0..self.names.buckets).map(|bucket| {
            let place = self.names.place(slot, bucket);
            unlink(vec![place.pages, place.fences])
        });
        stream::iter(places).buffer_unordered(BUCKETS_AT_ONCE).try_collect::<Vec<()>>().await?;
        self.know(slot, None);
        if self.promised(slot).is_some() {
            self.promise(slot.model.name, None);
        }
        Ok(())
    }
}

fn slot(name: &'static str, build: Build) -> Option<Slot> {
    build.map(|(version, generation)| Slot { model: Model { name, version }, generation })
}
