//! What is asked of Redis, and what this process remembers of the slots that it met.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kernel::Position;
use redis::{Cmd, Value};

use super::{
    failure::Failure,
    head::{Head, Incarnation, Marker, Verdict, bytes},
    leaves::{Leaf, Leaves},
    link::Link,
    names::{Bucket, Names},
    page::Page,
    scripts::{self, Lua},
};
use crate::{ReadModelError, Slot};

/// So often it is looked again when others change rows meanwhile.
pub(super) const TRIES: usize = 40;

pub(super) struct Store {
    pub(super) link: Link,
    pub(super) names: Names,
    known: Mutex<HashMap<Slot, Known>>,
    /// The incarnation of the build that readers see, as the model's state names it.
    promised: Mutex<HashMap<&'static str, (Slot, Incarnation)>>,
}

/// What this process saw of a slot: it must not see less later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) incarnation: Incarnation,
    pub(super) checkpoint: Position,
}

/// Which pages are wanted.
pub(super) enum Wanted<'a> {
    /// Those that these keys, which ascend, belong to.
    Keys(&'a [Vec<u8>]),
    /// Neighbours.
    Walk { backward: bool, low: &'a [u8], high: &'a [u8], pages: usize },
}

/// What was found in a bucket at one moment.
#[derive(Default)]
pub(super) struct Seen {
    /// When the head is in the same place, and was asked for.
    head: Option<Head>,
    pub(super) marker: Option<Marker>,
    /// Whether there are as many pages as fences.
    pub(super) even: bool,
    pub(super) pages: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    pub(super) fn new(link: Link, names: Names) -> Self {
        Self { link, names, known: Mutex::default(), promised: Mutex::default() }
    }

    pub(super) fn known(&self, slot: Slot) -> Option<Known> {
        lock(&self.known).get(&slot).copied()
    }

    /// Remembers what a slot is now.
    pub(super) fn know(&self, slot: Slot, known: Option<Known>) {
        match known {
            Some(known) => lock(&self.known).insert(slot, known),
            None => lock(&self.known).remove(&slot),
        };
    }

    /// Remembers how far a slot is, unless it was already seen further.
    fn saw(&self, slot: Slot, head: &Head) {
        let seen = Known { incarnation: head.incarnation, checkpoint: head.checkpoint };
        let mut all = lock(&self.known);
        let known = all.entry(slot).or_insert(seen);
        if known.incarnation == seen.incarnation && known.checkpoint < seen.checkpoint {
            *known = seen;
        }
    }

    pub(super) fn promised(&self, slot: Slot) -> Option<Incarnation> {
        let promised = lock(&self.promised).get(slot.model.name).copied();
        promised.filter(|(of, _)| *of == slot).map(|(_, incarnation)| incarnation)
    }

    pub(super) fn promise(&self, model: &'static str, promised: Option<(Slot, Incarnation)>) {
        match promised {
            Some(promised) => lock(&self.promised).insert(model, promised),
            None => lock(&self.promised).remove(model),
        };
    }

    /// Runs a script that says whether it did something.
    pub(super) async fn does(
        &self,
        script: &Lua,
        keys: &[&str],
        arguments: impl Fn(&mut Cmd),
    ) -> Result<bool, Failure> {
        match self.link.run(script, keys, arguments).await? {
            Value::Int(done) => Ok(done == 1),
            _ => Err(Failure::Shape),
        }
    }

    /// The head of a slot, with the marks of these buckets.
    pub(super) async fn head(&self, slot: Slot, of: &[Bucket]) -> Result<Option<Head>, Failure> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.names.head(slot)).arg(Head::fields(of));
        Head::read(self.link.ask(&command).await?, of, self.names.buckets)
    }

    /// The head of a slot with the marks of all buckets.
    pub(super) async fn whole_head(&self, slot: Slot) -> Result<Option<Head>, Failure> {
        let all: Vec<Bucket> = (0..self.names.buckets).collect();
        self.head(slot, &all).await
    }

    /// What is in a bucket; with the head, too, when it is in the same place.
    pub(super) async fn find(
        &self,
        slot: Slot,
        bucket: Bucket,
        wanted: &Wanted<'_>,
        with_head: bool,
    ) -> Result<Seen, Failure> {
        let place = self.names.place(slot, bucket);
        let head = with_head.then(|| self.names.head(slot));
        let mut keys = vec![&*place.pages, &*place.fences];
        keys.extend(head.as_deref());
        let fields = if with_head { Head::fields(&[bucket]) } else { Vec::new() };
        let arguments = |command: &mut Cmd| {
            command.arg(fields.len()).arg(&fields);
            match wanted {
                Wanted::Keys(keys) => {
                    for key in *keys {
                        command.arg(&key[..]);
                    }
                }
                Wanted::Walk { backward, low, high, pages } => {
                    command.arg(if *backward { "b" } else { "f" }).arg(*low).arg(*high).arg(*pages);
                }
            }
        };
        let script = match wanted {
            Wanted::Keys(_) => &scripts::FIND,
            Wanted::Walk { .. } => &scripts::WALK,
        };
        let Value::Array(answer) = self.link.run(script, &keys, arguments).await? else {
            return Err(Failure::Shape);
        };
        let mut answer = answer.into_iter();
        let mut next = || answer.next().ok_or(Failure::Shape);
        let head = match next()? {
            Value::Nil => None,
            head => Head::read(head, &[bucket], self.names.buckets)?,
        };
        let marker =
            bytes(next()?)?.map(|it| Marker::read(&it).ok_or(Failure::Shape)).transpose()?;
        let (pages, fences) = (next()?, next()?);
        let (Value::Int(stored), Value::Int(fences)) = (pages, fences) else {
            return Err(Failure::Shape);
        };
        let mut pages = Vec::with_capacity(answer.len() / 2);
        while let (Some(fence), Some(page)) = (answer.next(), answer.next()) {
            pages.push((bytes(fence)?.unwrap_or_default(), bytes(page)?));
        }
        Ok(Seen { head, marker, even: stored == fences + i64::from(marker.is_some()), pages })
    }

    /// What is in a bucket, where it agrees with the head; none when nothing is. Rows that are lost,
    /// or less than this process saw before, are an error.
    pub(super) async fn look(
        &self,
        slot: Slot,
        bucket: Bucket,
        wanted: &Wanted<'_>,
    ) -> Result<Option<Seen>, ReadModelError> {
        let known = self.known(slot);
        let lost = || ReadModelError::Lost(slot.model.name);
        let here = bucket == self.names.head_bucket(slot);
        for attempt in 0..TRIES {
            let (head, mut seen, sure) = if here {
                let mut seen = self.find(slot, bucket, wanted, true).await?;
                (seen.head.take(), seen, true)
            } else if attempt == 0 {
                let of = [bucket];
                let both = (self.head(slot, &of), self.find(slot, bucket, wanted, false));
                let (head, seen) = futures_util::future::try_join(both.0, both.1).await?;
                (head, seen, false)
            } else {
                let before = self.head(slot, &[bucket]).await?;
                let seen = self.find(slot, bucket, wanted, false).await?;
                let after = self.head(slot, &[bucket]).await?;
                let sure = before == after;
                (after, seen, sure)
            };
            let Some(head) = head else {
                return if known.is_some() { Err(lost()) } else { Ok(None) };
            };
            if known.is_some_and(|known| {
                known.incarnation != head.incarnation || known.checkpoint > head.checkpoint
            }) {
                return Err(lost());
            }
            match head.verdict(bucket, seen.marker) {
                Verdict::Whole if seen.even => {
                    self.saw(slot, &head);
                    return Ok(Some(seen));
                }
                Verdict::Empty => {
                    self.saw(slot, &head);
                    return Ok(None);
                }
                _ if sure => return Err(lost()),
                _ => seen.pages.clear(),
            }
        }
        Err(Failure::Contended.into())
    }
}

impl Seen {
    /// The head that came along.
    pub(super) fn take_head(&mut self) -> Option<Head> {
        self.head.take()
    }

    /// Adds what was found at the same moment; not when it is from another.
    pub(super) fn join(&mut self, more: Self) -> bool {
        let same = self.head == more.head && self.marker == more.marker && self.even == more.even;
        for (fence, page) in more.pages {
            // The page that two scripts both found.
            if self.pages.last().is_none_or(|(last, _)| *last != fence) {
                self.pages.push((fence, page));
            }
        }
        same
    }

    /// The pages, taken apart.
    pub(super) fn leaves(self, slot: Slot) -> Result<Leaves, ReadModelError> {
        let mut leaves = Vec::with_capacity(self.pages.len());
        for (fence, page) in self.pages {
            let (stored, page) = match page {
                Some(page) => (true, Page::read(&page)),
                // Before the first fence.
                None if fence.is_empty() => (false, Some(Page::default())),
                None => return Err(ReadModelError::Lost(slot.model.name)),
            };
            let page = page.ok_or(ReadModelError::Unreadable(slot.model.name))?;
            leaves.push(Leaf { fence, stored, page });
        }
        Ok(Leaves(leaves))
    }
}
