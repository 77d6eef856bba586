use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use eventstore::RecordedEvent;
use kernel::{Position, Timestamp};
use metrics::gauge;

/// The facts at hand that a policy has not dealt with, with the moments when they happened: how
/// much waits is measured, and since when.
pub(crate) struct Waiting {
    policy: &'static str,
    facts: Mutex<BTreeMap<Position, Timestamp>>,
}

impl Waiting {
    /// These wait, where anything is measured.
    pub(crate) fn of(policy: &'static str, facts: &[&RecordedEvent]) -> Self {
        let measured = runtime::metrics::is_on();
        let at = |fact: &&RecordedEvent| Some((fact.position, fact.envelope().ok()?.at));
        let facts = facts.iter().filter(|_| measured).filter_map(at).collect();
        let waiting = Self { policy, facts: Mutex::new(facts) };
        waiting.measure(&waiting.facts.lock().unwrap_or_else(PoisonError::into_inner));
        waiting
    }

    /// One of them waits no more.
    pub(crate) fn done(&self, fact: &RecordedEvent) {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.remove(&fact.position).is_some() {
            self.measure(&facts);
        }
    }

    fn measure(&self, facts: &BTreeMap<Position, Timestamp>) {
        let number = u32::try_from(facts.len()).unwrap_or(u32::MAX);
        let since = facts.values().min().map_or(Timestamp::from_unix_millis(0), |at| *at);
        let since = runtime::metrics::seconds(Timestamp::from_unix_millis(0), since);
        gauge!("laurel_outbox_waiting", "policy" => self.policy).set(f64::from(number));
        gauge!("laurel_outbox_oldest_timestamp_seconds", "policy" => self.policy).set(since);
    }
}
