use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use backpack_domain::EarnerId;
use kernel::Timestamp;

/// Links per address and window.
const MOST: u8 = 5;
/// An hour.
const WINDOW_MILLIS: i64 = 3_600_000;
/// Addresses remembered; when so many asked within a window, nobody gets a link until it has passed.
const MOST_REMEMBERED: usize = 100_000;

/// How many sign-in links each address was sent lately. In memory: a restart forgives.
#[derive(Default)]
pub(crate) struct Limit(Mutex<HashMap<EarnerId, (Timestamp, u8)>>);

impl Limit {
    /// Whether one more link may be sent; counts it if so.
    pub(crate) fn admit(&self, earner: EarnerId, now: Timestamp) -> bool {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let past = |since: &Timestamp| now >= since.plus_millis(WINDOW_MILLIS);
        if sent.len() >= MOST_REMEMBERED {
            sent.retain(|_, (since, _)| !past(since));
        }
        let full = sent.len() >= MOST_REMEMBERED;
        match sent.get_mut(&earner) {
            Some((since, count)) if past(since) => (*since, *count) = (now, 1),
            Some((_, MOST..)) => return false,
            Some((_, count)) => *count += 1,
            None if full => return false,
            None => {
                sent.insert(earner, (now, 1));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_five_links_an_hour() {
        let (limit, start) = (Limit::default(), Timestamp::from_unix_millis(0));
        let (ada, bob) = (EarnerId::derived([1; 16]), EarnerId::derived([2; 16]));
        for _ in 0..5 {
            assert!(limit.admit(ada, start));
        }
        assert!(!limit.admit(ada, start.plus_millis(WINDOW_MILLIS - 1)));
        assert!(limit.admit(bob, start));
        assert!(limit.admit(ada, start.plus_millis(WINDOW_MILLIS)));
    }
}
