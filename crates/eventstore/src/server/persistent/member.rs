//! Those who joined a group, and whose turn it is.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use super::{
    group::{Message, Outbox},
    settings::Strategy,
};

/// Who joined, by what they said of themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct Who {
    pub user: String,
    /// The name that the client gives its connection.
    pub connection: String,
}

pub(super) struct Consumer {
    pub key: u64,
    slots: usize,
    pub held: usize,
    pub total: u64,
    pub who: Who,
    pub measured: Measured,
    pub outbox: Outbox,
}

impl Consumer {
    pub fn new(key: u64, slots: usize, who: Who, outbox: Outbox) -> Self {
        Self { key, slots, held: 0, total: 0, who, measured: Measured::default(), outbox }
    }

    pub fn free(&self) -> usize {
        self.slots.saturating_sub(self.held)
    }
}

/// How long a consumer took for the newest messages, in milliseconds.
#[derive(Default)]
pub(super) struct Measured(VecDeque<u64>);

/// So many are remembered.
const NEWEST: usize = 1000;

/// What is told of them: the names are the protocol's, a place among so many thousand.
const PLACES: [(&str, usize); 13] = [
    ("Fastest", 0),
    ("Quintile 1", 200),
    ("Quintile 2", 400),
    ("Median", 500),
    ("Quintile 3", 600),
    ("Quintile 4", 800),
    ("Quintile 5", 1000),
    ("90%", 900),
    ("95%", 950),
    ("99%", 990),
    ("99.5%", 995),
    ("99.9%", 999),
    ("Highest", 1000),
];

impl Measured {
    pub fn note(&mut self, took: Duration) {
        if self.0.len() >= NEWEST {
            self.0.pop_front();
        }
        self.0.push_back(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    }

    /// Names and milliseconds; zeros when nothing was measured yet.
    pub fn figures(&self) -> Vec<(&'static str, u64)> {
        let mut sorted: Vec<u64> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let sum = sorted.iter().fold(0_u64, |sum, took| sum.saturating_add(*took));
        let mean = sum / (sorted.len() as u64).max(1);
        let at = |place: usize| {
            let last = sorted.len().saturating_sub(1);
            sorted.get(last * place / 1000).copied().unwrap_or_default()
        };
        let places = PLACES.iter().map(|(name, place)| (*name, at(*place)));
        [("Mean", mean)].into_iter().chain(places).collect()
    }
}

/// The consumer that is given a message, if any has room.
pub(super) fn choose(
    consumers: &[Consumer],
    strategy: Strategy,
    turn: &mut usize,
    message: &Message,
) -> Option<usize> {
    let count = consumers.len();
    let from = match strategy {
        _ if count == 0 => return None,
        Strategy::DispatchToSingle => 0,
        Strategy::RoundRobin => {
            let first = *turn % count;
            *turn = first + 1;
            first
        }
        Strategy::Pinned => bucket(message.event.stream.as_str()) % count,
        Strategy::PinnedByCorrelation => {
            let metadata = serde_json::from_slice::<serde_json::Value>(&message.event.metadata);
            let correlation = metadata.ok().and_then(|metadata| {
                metadata.get("$correlationId").and_then(|id| id.as_str()).map(bucket)
            });
            correlation.unwrap_or_else(|| bucket(message.event.stream.as_str())) % count
        }
    };
    (from..from + count).map(|at| at % count).find(|at| consumers[*at].free() > 0)
}

fn bucket(text: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    usize::try_from(hasher.finish() % 1024).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_told_in_its_order() {
        let mut measured = Measured::default();
        assert!(measured.figures().iter().all(|(_, took)| *took == 0), "nothing was measured");
        for took in (0..5000).rev() {
            measured.note(Duration::from_millis(took));
        }
        let figures = measured.figures();
        let of = |name| figures.iter().find(|(said, _)| *said == name).map(|(_, took)| *took);
        assert_eq!(of("Fastest"), Some(0));
        assert_eq!(of("Quintile 3"), Some(599));
        assert_eq!(of("Highest"), Some(999), "the newest thousand count");
        assert_eq!(of("Mean"), Some(499));
    }
}
