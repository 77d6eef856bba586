//! A batch that is stored before it is applied, part by part, each guarded by its bucket's marker.
//! Whoever finds it pending completes it, whether or not somebody else is at it, too.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use redis::Value;

use super::{
    apply::{add, changed, read},
    failure::Failure,
    head::{Incarnation, Marker, Pending},
    names::{self, Bucket},
    part::Part,
    read::AT_ONCE,
    scripts,
    store::{Known, Store, TRIES},
};
use crate::{ReadModelError, Slot};

/// A stored batch that never became the pending one is dropped after so many seconds.
const ABANDONED: u64 = 3600;
/// So many parts travel in one command.
const PARTS_AT_ONCE: usize = 2;

/// What the parts of a bucket are applied on.
struct Base {
    incarnation: Incarnation,
    batch: u64,
    /// The last batch that touched the bucket.
    mark: Option<u64>,
}

impl Store {
    /// Stores the parts of a batch where its head is.
    pub(super) async fn keep(&self, redo: &str, parts: &[Part]) -> Result<(), Failure> {
        for some in parts.chunks(PARTS_AT_ONCE) {
            let keys = [redo];
            let kept = self.does(&scripts::KEEP, &keys, |command| {
                command.arg(ABANDONED);
                for part in some {
                    command.arg(part.bytes());
                }
            });
            kept.await?;
        }
        Ok(())
    }

    /// Completes the batch that somebody left pending.
    pub(super) async fn complete(&self, slot: Slot) -> Result<(), ReadModelError> {
        let Some(head) = self.whole_head(slot).await? else { return Ok(()) };
        let Some(pending) = head.pending else { return Ok(()) };
        let redo = self.names.redo(slot, pending.stored);
        let (mut parts, count) = (Vec::new(), usize::try_from(pending.parts).unwrap_or(usize::MAX));
        while parts.len() < count {
            let mut range = redis::cmd("LRANGE");
            range.arg(&redo).arg(parts.len()).arg(parts.len() + PARTS_AT_ONCE - 1);
            let Value::Array(some) = self.link.ask(&range).await? else {
                return Err(Failure::Shape.into());
            };
            if some.is_empty() {
                // Completed by somebody else in between, or gone for good.
                let now = self.head(slot, &[]).await?;
                return match now.and_then(|now| now.pending) {
                    Some(still) if still == pending => Err(ReadModelError::Lost(slot.model.name)),
                    _ => Ok(()),
                };
            }
            for part in some {
                let Value::BulkString(part) = part else { return Err(Failure::Shape.into()) };
                parts.push(Part::read(&part).ok_or(ReadModelError::Unreadable(slot.model.name))?);
            }
        }
        tracing::info!(model = slot.model.name, parts = parts.len(), "completing a batch");
        self.finish(slot, head.incarnation, pending, &parts, &head.marks).await
    }

    /// Applies the parts of the pending batch that are not applied yet, and moves the checkpoint.
    pub(super) async fn finish(
        &self,
        slot: Slot,
        incarnation: Incarnation,
        pending: Pending,
        parts: &[Part],
        marks: &BTreeMap<Bucket, u64>,
    ) -> Result<(), ReadModelError> {
        let one = |parts: &[Part]| {
            let parts = parts.to_vec();
            async move {
                let mark = parts.first().and_then(|part| marks.get(&part.bucket)).copied();
                let base = Base { incarnation, batch: pending.batch, mark };
                self.finish_bucket(slot, &base, &parts).await
            }
        };
        let buckets: Vec<_> = parts.chunk_by(|a, b| a.bucket == b.bucket).map(one).collect();
        stream::iter(buckets).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        let (head, redo) = (self.names.head(slot), self.names.redo(slot, pending.stored));
        let keys = [&*head, &*redo];
        let committed = self.does(&scripts::COMMIT, &keys, |command| {
            command.arg(&incarnation[..]).arg(pending.bytes());
            command.arg(&pending.to.0.to_be_bytes()[..]).arg(&pending.batch.to_be_bytes()[..]);
            for part in parts.chunk_by(|a, b| a.bucket == b.bucket).filter_map(<[Part]>::first) {
                command.arg(names::mark(part.bucket));
            }
        });
        if !committed.await? {
            // Somebody else was first; unless the slot is another one by now.
            let head = self.head(slot, &[]).await?;
            if head.is_none_or(|it| it.incarnation != incarnation || it.batch < pending.batch) {
                return Err(ReadModelError::Lost(slot.model.name));
            }
        }
        self.know(slot, Some(Known { incarnation, checkpoint: pending.to }));
        Ok(())
    }

    /// Applies the parts of one bucket, one after the other.
    async fn finish_bucket(
        &self,
        slot: Slot,
        base: &Base,
        parts: &[Part],
    ) -> Result<(), ReadModelError> {
        let Base { incarnation, batch, mark } = *base;
        let lost = || ReadModelError::Lost(slot.model.name);
        let (mut done, mut tries) = (0, 0);
        while tries < TRIES {
            let part = parts.get(done).ok_or_else(lost)?;
            let edits = read(part, slot)?;
            let Some(seen) = self.pages(slot, part.bucket, &edits, false).await? else {
                tries += 1;
                continue;
            };
            let marker = seen.marker.filter(|marker| marker.incarnation == incarnation);
            let applied = match marker {
                Some(it) if it.batch == batch && it.parts == 0 => return Ok(()),
                Some(it) if it.batch == mark.unwrap_or(0) => it.parts,
                None if mark.is_none() => 0,
                _ => return Err(lost()),
            };
            if marker.is_some() && !seen.even {
                return Err(lost());
            }
            let applied = usize::try_from(applied).map_err(|_| lost())?;
            if applied != done {
                (done, tries) = (applied, tries + 1);
                continue;
            }
            let writes = changed(seen, &edits, slot, marker.is_none())?;
            let before = marker.map(Marker::bytes).unwrap_or_default();
            let after = if done + 1 == parts.len() {
                Marker { incarnation, batch, parts: 0 }
            } else {
                let parts = u32::try_from(done + 1).map_err(|_| lost())?;
                Marker { incarnation, batch: mark.unwrap_or(0), parts }
            };
            let place = self.names.place(slot, part.bucket);
            let keys = [&*place.pages, &*place.fences];
            let applied = self.does(&scripts::PART, &keys, |command| {
                command.arg(&incarnation[..]).arg(&before[..]).arg(after.bytes());
                add(command, &writes);
            });
            if !applied.await? {
                tries += 1;
                continue;
            }
            done += 1;
            if done == parts.len() {
                return Ok(());
            }
        }
        Err(Failure::Contended.into())
    }
}
