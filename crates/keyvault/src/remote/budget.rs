use std::sync::atomic::{AtomicU32, Ordering};

/// How many retries are left. Ten calls earn one, at most ten are saved: when the vault is down,
/// callers add a tenth to its load and not a multiple.
pub(super) struct Budget(AtomicU32);

/// The price of a retry; a call earns 1.
const PRICE: u32 = 10;
const MOST: u32 = 10 * PRICE;

impl Budget {
    pub(super) fn full() -> Self {
        Self(AtomicU32::new(MOST))
    }

    pub(super) fn earn(&self) {
        let more = |saved| (saved < MOST).then_some(saved + 1);
        // None: it is full.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Whether there is a retry left; it is taken.
    pub(super) fn spend(&self) -> bool {
        let less = |saved: u32| saved.checked_sub(PRICE);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_calls_earn_a_retry_and_ten_retries_are_saved() {
        let budget = Budget::full();
        let spent = || (0..100).take_while(|_| budget.spend()).count();
        assert_eq!(spent(), 10);
        (0..25).for_each(|_| budget.earn());
        assert_eq!(spent(), 2);
        (0..1000).for_each(|_| budget.earn());
        assert_eq!(spent(), 10);
    }
}
