use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{DataKey, Owner};

/// The keys that this process holds, as long as it has a lease. Bounded: when the young half is
/// full, it becomes the old one, and what nobody asked for since the last time goes. Each key lies
/// in a place of its own, so that maps that grow leave no copies behind; it is wiped when it goes.
pub(super) struct Memory {
    half: usize,
    start: Instant,
    /// When the lease lapses, in nanoseconds after the start.
    leased: AtomicU64,
    keys: RwLock<Keys>,
}

#[derive(Default)]
struct Keys {
    /// Grows with whatever may make an answer stale that is under way.
    turn: u64,
    /// Whether there was a lease since the stream began.
    whole: bool,
    young: HashMap<Owner, Box<DataKey>>,
    old: HashMap<Owner, Box<DataKey>>,
}

/// When a question was asked.
#[derive(Clone, Copy)]
pub(super) struct Since(Option<u64>);

impl Memory {
    pub(super) fn new(owners: usize) -> Self {
        let keys = RwLock::default();
        Self { half: owners.div_ceil(2), start: Instant::now(), leased: AtomicU64::new(0), keys }
    }

    /// The live key of the owner, if it is held and may be used.
    pub(super) fn get(&self, owner: &Owner) -> Option<DataKey> {
        if !self.may_be_used() {
            return None;
        }
        {
            let keys = self.read();
            if let Some(key) = keys.young.get(owner) {
                return Some(DataKey::clone(key));
            }
            if !keys.old.contains_key(owner) {
                return None;
            }
        }
        let mut keys = self.write();
        let key = keys.old.remove(owner)?;
        let found = DataKey::clone(&key);
        keys.put(self.half, owner, key);
        Some(found)
    }

    /// Call before asking the server for what is to be kept.
    pub(super) fn since(&self) -> Since {
        let keys = self.read();
        Since(keys.whole.then_some(keys.turn))
    }

    /// Keeps what the server answered, unless a destruction or a break came in between: the answer
    /// may be older.
    pub(super) fn keep<'k>(
        &self,
        since: Since,
        answers: impl IntoIterator<Item = (&'k Owner, &'k DataKey)>,
    ) {
        let mut keys = self.write();
        if since.0 != Some(keys.turn) {
            return;
        }
        for (owner, key) in answers {
            keys.put(self.half, owner, Box::new(key.clone()));
        }
    }

    pub(super) fn forget(&self, owner: &Owner) {
        let mut keys = self.write();
        keys.turn += 1;
        keys.young.remove(owner);
        keys.old.remove(owner);
    }

    /// A lease until then.
    pub(super) fn lease(&self, until: Instant) {
        let mut keys = self.write();
        if !keys.whole {
            keys.whole = true;
            keys.turn += 1;
        }
        self.leased.store(self.nanos(until), Ordering::Release);
    }

    /// The stream is broken: nothing is known any more.
    pub(super) fn clear(&self) {
        self.leased.store(0, Ordering::Release);
        let mut keys = self.write();
        *keys = Keys { turn: keys.turn + 1, ..Keys::default() };
    }

    pub(super) fn may_be_used(&self) -> bool {
        self.nanos(Instant::now()) < self.leased.load(Ordering::Acquire)
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since: Duration = at.saturating_duration_since(self.start);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn read(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Keys> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn put(&mut self, half: usize, owner: &Owner, key: Box<DataKey>) {
        if self.young.len() >= half && !self.young.contains_key(owner) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(owner);
        self.young.insert(owner.clone(), key);
    }
}

#[cfg(test)]
mod tests {
    use kernel::TenantId;

    use super::*;

    fn owner(n: usize) -> Owner {
        Owner::new(TenantId::PLATFORM, format!("person_{n}"))
    }

    fn whole(owners: usize) -> Memory {
        let memory = Memory::new(owners);
        memory.lease(later());
        memory
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_mins(10)
    }

    fn keep(memory: &Memory, since: Since, n: usize) {
        memory.keep(since, [(&owner(n), &DataKey::new(1, [7; 32]))]);
    }

    fn holds(memory: &Memory, n: usize) -> bool {
        memory.get(&owner(n)).is_some()
    }

    #[test]
    fn nothing_is_kept_or_given_without_a_lease() {
        let memory = Memory::new(10);
        keep(&memory, memory.since(), 1);
        assert!(!holds(&memory, 1));
        let before = memory.since();
        memory.lease(later());
        keep(&memory, before, 1);
        assert!(!holds(&memory, 1), "it was asked for before the stream began");
        keep(&memory, memory.since(), 1);
        assert!(holds(&memory, 1));
        memory.lease(Instant::now());
        assert!(!holds(&memory, 1), "it has lapsed");
        memory.lease(later());
        assert!(holds(&memory, 1), "the stream did not break: nothing was missed");
        memory.clear();
        memory.lease(later());
        assert!(!holds(&memory, 1), "it broke");
    }

    #[test]
    fn an_answer_that_a_destruction_overtook_is_not_kept() {
        let memory = whole(10);
        keep(&memory, memory.since(), 1);
        let asked = memory.since();
        memory.forget(&owner(1));
        assert!(!holds(&memory, 1));
        keep(&memory, asked, 1);
        assert!(!holds(&memory, 1));
        let asked = memory.since();
        memory.clear();
        memory.lease(later());
        keep(&memory, asked, 1);
        assert!(!holds(&memory, 1), "nor one that was under way when the stream broke");
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let memory = whole(100);
        for n in 0..1000 {
            keep(&memory, memory.since(), n);
            assert!(holds(&memory, 0), "asked for all the time");
        }
        let held = (0..1000).filter(|n| holds(&memory, *n)).count();
        assert!((50..=100).contains(&held), "{held}");
        assert!(holds(&memory, 999));
        memory.forget(&owner(0));
        assert!(!holds(&memory, 0));
    }
}
