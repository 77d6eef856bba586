//! Who keeps keys in memory, until when, and what they have forgotten.
//!
//! A watcher may use its memory as long as its lease lasts, counted from when it sent the ping; here
//! it is counted from when the ping was read, which is later, and a tenth more for clocks that run
//! apart. Leases and destructions stand in one queue to each watcher and are entered under one lock:
//! who counts on a lease that was given after a destruction has forgotten that key before. So a
//! destruction is over when each watcher says so, or when the leases given before it have lapsed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use crate::{Owner, VaultError};

/// What a watcher is told.
pub(super) enum Said {
    Lease { ping: u64 },
    Destruction { number: u64, owner: Owner },
}

/// Most watchers: one for each process of the deployment, with room for restarts.
const WATCHERS: usize = 1024;
/// What a watcher may have left unread before it is put out.
const UNREAD: usize = 1024;

pub(super) struct Register {
    pub(super) lease: Duration,
    book: Mutex<Book>,
    changed: Notify,
}

struct Book {
    closed: bool,
    seats: u64,
    destructions: u64,
    watchers: HashMap<u64, Watcher>,
    /// When the last lease lapses of those who left without a word, or had one from another process
    /// that served this vault before.
    departed: Instant,
    /// Owners whose keys are being destroyed, and how many calls are at it.
    destroying: HashMap<Owner, usize>,
}

struct Watcher {
    queue: mpsc::Sender<Said>,
    leased: Instant,
    forgotten: u64,
}

/// A destruction that was told to all.
pub(super) struct Told {
    number: u64,
    /// When nobody has a lease any more that was given before.
    by: Instant,
}

impl Register {
    pub(super) fn new(lease: Duration) -> Arc<Self> {
        let book = Book {
            closed: false,
            seats: 0,
            destructions: 0,
            watchers: HashMap::new(),
            departed: Instant::now() + granted(lease),
            destroying: HashMap::new(),
        };
        Arc::new(Self { lease, book: Mutex::new(book), changed: Notify::new() })
    }

    /// A new watcher, who has forgotten everything, and what it will be told.
    pub(super) fn join(self: &Arc<Self>) -> Result<(Seat, mpsc::Receiver<Said>), VaultError> {
        let (queue, said) = mpsc::channel(UNREAD);
        let mut book = self.book();
        if book.closed {
            return Err(VaultError::Closed);
        }
        if book.watchers.len() >= WATCHERS {
            return Err(VaultError::Unavailable("too many watchers".into()));
        }
        book.seats += 1;
        let (number, forgotten) = (book.seats, book.destructions);
        book.watchers.insert(number, Watcher { queue, leased: Instant::now(), forgotten });
        Ok((Seat { register: Arc::clone(self), number, goodbye: false }, said))
    }

    /// Tells every watcher; who does not keep up is put out.
    pub(super) fn tell(&self, owner: &Owner) -> Told {
        let mut book = self.book();
        book.destructions += 1;
        let number = book.destructions;
        let (mut by, mut departed) = (book.departed, book.departed);
        book.watchers.retain(|_, watcher| {
            by = by.max(watcher.leased);
            let said = Said::Destruction { number, owner: owner.clone() };
            let keeps_up = watcher.queue.try_send(said).is_ok();
            if !keeps_up {
                departed = departed.max(watcher.leased);
            }
            keeps_up
        });
        book.departed = departed;
        Told { number, by }
    }

    /// Waits until nobody uses what was destroyed.
    pub(super) async fn forgotten(&self, told: &Told) {
        loop {
            let changed = self.changed.notified();
            let until = {
                let book = self.book();
                let all = book.watchers.values().all(|w| w.forgotten >= told.number);
                if all { told.by.min(book.departed) } else { told.by }
            };
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Marks the owner until the mark is dropped; see [`Register::settled`].
    pub(super) fn destroying(self: &Arc<Self>, owner: &Owner) -> Mark {
        *self.book().destroying.entry(owner.clone()).or_default() += 1;
        Mark { register: Arc::clone(self), owner: owner.clone() }
    }

    /// Waits until none of the owners is marked; whether there was anything to wait for.
    pub(super) async fn settled(&self, owners: &[Owner]) -> bool {
        let mut waited = false;
        loop {
            let changed = self.changed.notified();
            {
                let destroying = &self.book().destroying;
                if destroying.is_empty() || !owners.iter().any(|o| destroying.contains_key(o)) {
                    return waited;
                }
            }
            waited = true;
            changed.await;
        }
    }

    /// Puts everybody out, for good.
    pub(super) fn close(&self) {
        let mut book = self.book();
        book.closed = true;
        let last = book.watchers.drain().map(|(_, watcher)| watcher.leased).max();
        book.departed = book.departed.max(last.unwrap_or(book.departed));
        self.changed.notify_waiters();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn granted(lease: Duration) -> Duration {
    lease + lease / 10
}

/// A watcher's place, left when dropped.
pub(super) struct Seat {
    register: Arc<Register>,
    number: u64,
    /// The watcher said that it uses its memory no longer.
    pub(super) goodbye: bool,
}

impl Seat {
    /// Gives a lease.
    pub(super) fn ping(&self, ping: u64) {
        let mut book = self.register.book();
        let Some(watcher) = book.watchers.get_mut(&self.number) else { return };
        if watcher.queue.try_send(Said::Lease { ping }).is_ok() {
            watcher.leased = Instant::now() + granted(self.register.lease);
        }
    }

    pub(super) fn forgotten(&self, number: u64) {
        if let Some(watcher) = self.register.book().watchers.get_mut(&self.number) {
            watcher.forgotten = watcher.forgotten.max(number);
        }
        self.register.changed.notify_waiters();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut book = self.register.book();
        if let Some(watcher) = book.watchers.remove(&self.number)
            && !self.goodbye
        {
            book.departed = book.departed.max(watcher.leased);
        }
        drop(book);
        self.register.changed.notify_waiters();
    }
}

/// An owner's keys are being destroyed.
pub(super) struct Mark {
    register: Arc<Register>,
    owner: Owner,
}

impl Drop for Mark {
    fn drop(&mut self) {
        let mut book = self.register.book();
        if let Some(count) = book.destroying.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                book.destroying.remove(&self.owner);
            }
        }
        drop(book);
        self.register.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use kernel::TenantId;

    use super::*;

    const SHORT: Duration = Duration::from_millis(60);
    const LONG: Duration = Duration::from_mins(10);

    fn owner() -> Owner {
        Owner::new(TenantId::PLATFORM, "person_a")
    }

    /// As if it had been there for long.
    fn settled(lease: Duration) -> Arc<Register> {
        let register = Register::new(lease);
        register.book().departed = Instant::now();
        register
    }

    async fn done(register: &Register, told: &Told) -> bool {
        tokio::time::timeout(Duration::ZERO, register.forgotten(told)).await.is_ok()
    }

    #[tokio::test]
    async fn a_destruction_is_over_when_every_watcher_has_forgotten() {
        let register = settled(LONG);
        let (one, mut heard) = register.join().unwrap();
        let (two, _unread) = register.join().unwrap();
        one.ping(1);
        two.ping(1);
        let told = register.tell(&owner());
        assert!(matches!(heard.recv().await, Some(Said::Lease { ping: 1 })));
        let Some(Said::Destruction { number, .. }) = heard.recv().await else { panic!("told") };
        assert!(!done(&register, &told).await);
        one.forgotten(number);
        assert!(!done(&register, &told).await, "the other has not");
        two.forgotten(number);
        assert!(done(&register, &told).await);
    }

    #[tokio::test]
    async fn who_says_nothing_is_waited_for_until_its_lease_lapses() {
        let register = settled(SHORT);
        let (deaf, _unread) = register.join().unwrap();
        deaf.ping(1);
        let start = Instant::now();
        let told = register.tell(&owner());
        deaf.ping(2);
        register.forgotten(&told).await;
        assert!(start.elapsed() >= SHORT, "its lease has lapsed");
    }

    #[tokio::test]
    async fn who_left_without_a_word_may_go_on_until_its_lease_lapses() {
        let register = settled(LONG);
        let (seat, _said) = register.join().unwrap();
        seat.ping(1);
        drop(seat);
        assert!(!done(&register, &register.tell(&owner())).await);

        let register = settled(LONG);
        let (mut seat, _said) = register.join().unwrap();
        seat.ping(1);
        seat.goodbye = true;
        drop(seat);
        assert!(done(&register, &register.tell(&owner())).await, "it said goodbye");

        let register = Register::new(LONG);
        let told = register.tell(&owner());
        assert!(!done(&register, &told).await, "another process may have given leases before");
    }

    #[tokio::test]
    async fn who_does_not_keep_up_is_put_out_and_its_lease_counts() {
        let register = settled(LONG);
        let (seat, mut said) = register.join().unwrap();
        seat.ping(1);
        for _ in 0..=UNREAD {
            register.tell(&owner());
        }
        let told = register.tell(&owner());
        assert!(!done(&register, &told).await);
        let mut heard = 0;
        while said.recv().await.is_some() {
            heard += 1;
        }
        assert_eq!(heard, UNREAD, "and then the queue ends");
        seat.ping(2);
        assert!(said.recv().await.is_none());
    }

    #[tokio::test]
    async fn who_joins_later_has_nothing_to_forget() {
        let register = settled(LONG);
        let told = register.tell(&owner());
        let (seat, _said) = register.join().unwrap();
        seat.ping(1);
        assert!(done(&register, &told).await);
    }

    #[tokio::test]
    async fn an_owner_is_settled_when_no_destruction_is_under_way() {
        let register = settled(LONG);
        let (one, two) = (register.destroying(&owner()), register.destroying(&owner()));
        let stranger = Owner::new(TenantId::PLATFORM, "person_b");
        assert!(!register.settled(std::slice::from_ref(&stranger)).await);
        let both = [stranger, owner()];
        let mut waiting = std::pin::pin!(register.settled(&both));
        drop(one);
        assert!(tokio::time::timeout(Duration::ZERO, &mut waiting).await.is_err());
        drop(two);
        assert!(waiting.await, "it waited");
    }

    #[tokio::test]
    async fn seats_are_bounded_and_none_is_given_after_the_close() {
        let register = settled(LONG);
        let mut seats: Vec<_> = (0..WATCHERS).map(|_| register.join().unwrap()).collect();
        assert!(matches!(register.join(), Err(VaultError::Unavailable(_))));
        register.close();
        assert!(seats[0].1.recv().await.is_none(), "put out");
        assert!(matches!(register.join(), Err(VaultError::Closed)));
    }
}
