//! How much a client may ask for: the limits of one operation, and the bucket that its cost is
//! drawn from.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use kernel::{TenantId, Timestamp};
use moka::sync::Cache;

/// The limits of the GraphQL endpoint. All of them can be read in `rateLimit` and in the answer
/// that refuses.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request's body or query string.
    pub body: usize,
    /// Lexical tokens of a document.
    pub tokens: usize,
    /// Fields within fields.
    pub depth: usize,
    /// Selection sets within selection sets, fragments followed; also brackets within brackets.
    pub recursion: usize,
    /// Aliases, fragments followed.
    pub aliases: usize,
    /// Fields of the operation itself, fragments followed.
    pub root_fields: usize,
    /// Fragments that a document defines.
    pub fragments: usize,
    /// Directives in a document.
    pub directives: usize,
    /// Selections, fragments followed.
    pub selections: usize,
    /// Cost of one operation.
    pub cost: u32,
    /// How long one operation may take.
    pub time: Duration,
    /// What a client may spend at once.
    pub bucket: u32,
    /// What it regains each second.
    pub restore_per_second: u32,
    /// Operations at once on one WebSocket.
    pub subscriptions: usize,
    /// How long a WebSocket may take to introduce itself.
    pub init: Duration,
    /// How often an idle stream says that it is alive.
    pub heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 256 * 1024,
            tokens: 2000,
            depth: 15,
            recursion: 32,
            aliases: 30,
            root_fields: 10,
            fragments: 30,
            directives: 20,
            selections: 5000,
            cost: 1000,
            time: Duration::from_secs(10),
            bucket: 20_000,
            restore_per_second: 2000,
            subscriptions: 50,
            init: Duration::from_secs(10),
            heartbeat: Duration::from_secs(12),
        }
    }
}

/// Whose bucket: one for each client of a tenant, so that none starves another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spender {
    /// In which tenant.
    pub tenant: TenantId,
    /// The principal's subject, or the address of somebody without a token.
    pub subject: String,
}

/// What is left after an attempt to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// What can still be spent now.
    pub remaining: u32,
    /// Whether the attempt was granted.
    pub granted: bool,
    /// Milliseconds until the attempt would be granted; zero when it was.
    pub retry_after_ms: u32,
}

struct Bucket {
    level: f64,
    at: Timestamp,
}

/// The buckets of all clients; those untouched for as long as it takes to fill up are forgotten.
pub struct Buckets {
    capacity: u32,
    restore_per_second: u32,
    by_spender: Cache<Spender, Arc<Mutex<Bucket>>>,
    /// The least that was left to anybody since somebody looked.
    least: AtomicU32,
}

impl Buckets {
    /// Full buckets.
    pub fn new(limits: &Limits) -> Self {
        let refill = u64::from(limits.bucket / limits.restore_per_second.max(1)) + 1;
        Self {
            capacity: limits.bucket,
            restore_per_second: limits.restore_per_second.max(1),
            least: AtomicU32::new(limits.bucket),
            by_spender: Cache::builder()
                .max_capacity(100_000)
                .time_to_idle(Duration::from_secs(refill))
                .build(),
        }
    }

    /// How much of its allowance the busiest client had spent since the last look, from 0 to 1.
    pub fn most_spent(&self) -> f64 {
        let least = self.least.swap(self.capacity, Relaxed);
        1.0 - f64::from(least) / f64::from(self.capacity.max(1))
    }

    /// Takes the cost from the spender's bucket if it is there.
    pub fn spend(&self, spender: &Spender, cost: u32, now: Timestamp) -> Balance {
        let full = || Arc::new(Mutex::new(Bucket { level: f64::from(self.capacity), at: now }));
        let bucket = match self.by_spender.get(spender) {
            Some(bucket) => bucket,
            None => self.by_spender.get_with(spender.clone(), full),
        };
        let mut bucket = bucket.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let rate = f64::from(self.restore_per_second);
        #[expect(clippy::cast_precision_loss, reason = "a span of milliseconds fits 52 bits")]
        let elapsed = (now.unix_millis() - bucket.at.unix_millis()).max(0) as f64 / 1000.0;
        bucket.level = (bucket.level + elapsed * rate).min(f64::from(self.capacity));
        bucket.at = bucket.at.max(now);
        let missing = f64::from(cost) - bucket.level;
        if missing <= 0.0 {
            bucket.level -= f64::from(cost);
        }
        let wait = (missing / rate * 1000.0).ceil().clamp(0.0, f64::from(u32::MAX));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both are between 0 and the largest u32"
        )]
        let (remaining, retry_after_ms) = (bucket.level as u32, wait as u32);
        self.least.fetch_min(remaining, Relaxed);
        Balance { remaining, granted: missing <= 0.0, retry_after_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spender(subject: &str) -> Spender {
        Spender { tenant: TenantId::PLATFORM, subject: subject.to_owned() }
    }

    #[test]
    fn a_bucket_empties_refills_and_is_nobody_elses() {
        let limits = Limits { bucket: 100, restore_per_second: 10, ..Limits::default() };
        let buckets = Buckets::new(&limits);
        let at = |millis: i64| Timestamp::from_unix_millis(1_000_000 + millis);
        let a = spender("a");
        assert_eq!(buckets.spend(&a, 70, at(0)).remaining, 30);
        let refused = buckets.spend(&a, 50, at(0));
        assert_eq!((refused.granted, refused.remaining), (false, 30), "nothing is taken");
        assert_eq!(refused.retry_after_ms, 2000);
        assert!(buckets.spend(&a, 50, at(2000)).granted);
        assert_eq!(buckets.spend(&a, 0, at(600_000)).remaining, 100, "never above full");
        assert_eq!(buckets.spend(&spender("b"), 1, at(0)).remaining, 99);
        assert!((buckets.most_spent() - 1.0).abs() < 1e-9, "the busiest client had spent all");
        assert!(buckets.most_spent().abs() < 1e-9, "and nobody anything since");
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let limits = Limits { bucket: 10, restore_per_second: 10, ..Limits::default() };
        let buckets = Buckets::new(&limits);
        let at = Timestamp::from_unix_millis;
        assert!(buckets.spend(&spender("a"), 10, at(5000)).granted);
        assert!(!buckets.spend(&spender("a"), 10, at(1000)).granted);
        assert!(!buckets.spend(&spender("a"), 10, at(5500)).granted);
    }
}
