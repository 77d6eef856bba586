//! Applying a batch: in one script where it and the head are in one place, else behind a record of
//! the whole ([`super::pending`]).

use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::Position;
use redis::Cmd;

use super::{
    failure::Failure,
    head::{Head, Incarnation, Marker, Pending, Verdict},
    leaves::PageWrite,
    names::{self, Bucket},
    part::{self, Edits, Part},
    read::{AT_ONCE, KEYS_AT_ONCE},
    scripts,
    store::{Known, Seen, Store, TRIES, Wanted},
};
use crate::{
    Applied, Change, ReadModelError, Slot,
    at_length::{MANY, at_length},
};

/// What a batch is applied on.
struct Base {
    incarnation: Incarnation,
    batch: u64,
    /// The head is made with it.
    create: bool,
}

/// Whether a batch may be applied.
enum Start {
    Now(Base),
    Stale(Position),
    /// Another one must be completed first.
    Behind,
}

impl Store {
    pub(super) async fn apply(
        &self,
        slot: Slot,
        changes: &[Change],
        expected: Position,
        next: Position,
    ) -> Result<Applied, ReadModelError> {
        let cut = || part::cut(changes, &self.names);
        let parts = if changes.len() < MANY { cut() } else { at_length(cut) }?;
        let home = self.names.head_bucket(slot);
        for _ in 0..TRIES {
            let applied = match &parts[..] {
                [] => self.apply_here(slot, None, expected, next).await?,
                [part] if part.bucket == home => {
                    self.apply_here(slot, Some(part), expected, next).await?
                }
                parts => self.apply_in_parts(slot, parts, expected, next).await?,
            };
            if let Some(applied) = applied {
                return Ok(applied);
            }
        }
        Err(Failure::Contended.into())
    }

    /// Applies a batch that is in the place of the head; none when others did something meanwhile.
    async fn apply_here(
        &self,
        slot: Slot,
        part: Option<&Part>,
        expected: Position,
        next: Position,
    ) -> Result<Option<Applied>, ReadModelError> {
        // Before the head: what others of this process make meanwhile is not missed there.
        let known = self.known(slot);
        let bucket = self.names.head_bucket(slot);
        let edits = part.map(|part| read(part, slot)).transpose()?;
        let (head, seen) = match &edits {
            Some(edits) => {
                let Some(mut seen) = self.pages(slot, bucket, edits, true).await? else {
                    return Ok(None);
                };
                (seen.take_head(), Some(seen))
            }
            None => (self.head(slot, &[bucket]).await?, None),
        };
        let base = match start(slot, known, head.as_ref(), expected)? {
            Start::Now(base) => base,
            Start::Stale(current) => return Ok(Some(Applied::Stale { current })),
            Start::Behind => return self.complete(slot).await.map(|()| None),
        };
        let Base { incarnation, batch, create } = base;
        let (mut before, mut writes) = (Vec::new(), Vec::new());
        if let (Some(seen), Some(edits)) = (seen, &edits) {
            let marker = seen.marker.filter(|marker| marker.incarnation == incarnation);
            let verdict = head.map_or(Verdict::Empty, |head| head.verdict(bucket, marker));
            let whole = verdict == Verdict::Empty || verdict == Verdict::Whole && seen.even;
            if !whole {
                return Err(ReadModelError::Lost(slot.model.name));
            }
            before = marker.map(Marker::bytes).unwrap_or_default();
            writes = changed(seen, edits, slot, marker.is_none())?;
        }
        let place = self.names.place(slot, bucket);
        let head = self.names.head(slot);
        let keys: &[&str] = match part {
            Some(_) => &[&head, &place.pages, &place.fences],
            None => &[&head],
        };
        let after = Marker { incarnation, batch: batch + 1, parts: 0 }.bytes();
        let buckets = if create { self.names.buckets.to_string() } else { String::new() };
        let done = self.does(&scripts::APPLY, keys, |command| {
            command.arg(&incarnation[..]).arg(&expected.0.to_be_bytes()[..]);
            command.arg(&next.0.to_be_bytes()[..]).arg(&buckets).arg(names::mark(bucket));
            command.arg(&batch.to_be_bytes()[..]).arg(&(batch + 1).to_be_bytes()[..]);
            command.arg(&before[..]).arg(&after[..]);
            add(command, &writes);
        });
        Ok(done.await?.then(|| {
            self.know(slot, Some(Known { incarnation, checkpoint: next }));
            Applied::Done
        }))
    }

    /// Applies a batch part by part; none when others did something meanwhile.
    async fn apply_in_parts(
        &self,
        slot: Slot,
        parts: &[Part],
        expected: Position,
        next: Position,
    ) -> Result<Option<Applied>, ReadModelError> {
        let known = self.known(slot);
        let mut buckets: Vec<Bucket> = parts.iter().map(|part| part.bucket).collect();
        buckets.dedup();
        let head = self.head(slot, &buckets).await?;
        let Base { incarnation, batch, create } = match start(slot, known, head.as_ref(), expected)?
        {
            Start::Now(base) => base,
            Start::Stale(current) => return Ok(Some(Applied::Stale { current })),
            Start::Behind => return self.complete(slot).await.map(|()| None),
        };
        let pending = Pending {
            batch: batch + 1,
            to: next,
            parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            stored: rand::random(),
        };
        let redo = self.names.redo(slot, pending.stored);
        self.keep(&redo, parts).await?;
        let create = if create { self.names.buckets.to_string() } else { String::new() };
        let head_key = self.names.head(slot);
        let keys = [&*head_key, &*redo];
        let prepared = self.does(&scripts::PREPARE, &keys, |command| {
            command.arg(&incarnation[..]).arg(&expected.0.to_be_bytes()[..]);
            command.arg(&batch.to_be_bytes()[..]).arg(pending.bytes()).arg(pending.parts);
            command.arg(&create);
        });
        if !prepared.await? {
            self.link.ask(redis::cmd("UNLINK").arg(&redo)).await?;
            return Ok(None);
        }
        let marks = head.map(|head| head.marks).unwrap_or_default();
        self.finish(slot, incarnation, pending, parts, &marks).await?;
        Ok(Some(Applied::Done))
    }

    /// The pages that edits touch, as they are at one moment; none when they changed meanwhile.
    pub(super) async fn pages(
        &self,
        slot: Slot,
        bucket: Bucket,
        edits: &Edits<'_>,
        with_head: bool,
    ) -> Result<Option<Seen>, ReadModelError> {
        let keys = edits.keys();
        let mut finds = Vec::new();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            finds
                .push(async move { self.find(slot, bucket, &Wanted::Keys(keys), with_head).await });
        }
        let some: Vec<Seen> = stream::iter(finds).buffered(AT_ONCE).try_collect().await?;
        let mut all = some.into_iter();
        let Some(mut whole) = all.next() else { return Ok(None) };
        for more in all {
            if !whole.join(more) {
                return Ok(None);
            }
        }
        Ok(Some(whole))
    }
}

/// Whether a batch may be applied on this head.
fn start(
    slot: Slot,
    known: Option<Known>,
    head: Option<&Head>,
    expected: Position,
) -> Result<Start, ReadModelError> {
    let Some(head) = head else {
        if known.is_some() {
            return Err(ReadModelError::Lost(slot.model.name));
        }
        if expected != Position::START {
            return Ok(Start::Stale(Position::START));
        }
        let incarnation = rand::random();
        return Ok(Start::Now(Base { incarnation, batch: 0, create: true }));
    };
    let Head { incarnation, batch, .. } = *head;
    if known.is_some_and(|known| known.incarnation != incarnation) {
        return Err(ReadModelError::Lost(slot.model.name));
    }
    if head.pending.is_some() {
        return Ok(Start::Behind);
    }
    if head.checkpoint != expected {
        return Ok(Start::Stale(head.checkpoint));
    }
    Ok(Start::Now(Base { incarnation, batch, create: false }))
}

/// The changes of a part.
pub(super) fn read(part: &Part, slot: Slot) -> Result<Edits<'_>, ReadModelError> {
    part.edits().ok_or(ReadModelError::Unreadable(slot.model.name))
}

/// What to store. Where nothing of this incarnation is there yet, what was found is from before.
pub(super) fn changed(
    mut seen: Seen,
    edits: &Edits<'_>,
    slot: Slot,
    anew: bool,
) -> Result<Vec<PageWrite>, ReadModelError> {
    if anew {
        seen.pages = vec![(Vec::new(), None)];
    }
    let work = || Ok(seen.leaves(slot)?.after(edits));
    if edits.len() < MANY { work() } else { at_length(work) }
}

/// Adds writes to what a script is told.
pub(super) fn add(command: &mut Cmd, writes: &[PageWrite]) {
    for write in writes {
        match write {
            PageWrite::Replace(fence, page) => command.arg("r").arg(&fence[..]).arg(&page[..]),
            PageWrite::Insert(fence, page) => command.arg("n").arg(&fence[..]).arg(&page[..]),
            PageWrite::Remove(fence) => command.arg("d").arg(&fence[..]),
        };
    }
}
