use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock},
};

use kernel::Position;

use crate::{Filter, Page, RecordedEvent};

/// The newest facts in memory, so that those who follow the log need not ask the disk.
pub(super) struct Tail {
    held: RwLock<Held>,
    most: usize,
}

#[derive(Default)]
struct Held {
    facts: VecDeque<Arc<RecordedEvent>>,
    bytes: usize,
}

const MOST_BYTES: usize = 16 << 20;

impl Tail {
    /// Holds at most so many facts.
    pub fn of(most: usize) -> Self {
        Self { held: RwLock::default(), most }
    }

    /// Adds facts that were committed; their positions follow those held.
    pub fn extend(&self, facts: Vec<Arc<RecordedEvent>>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for fact in facts {
            held.bytes += weight(&fact);
            held.facts.push_back(fact);
        }
        while held.facts.len() > self.most || held.bytes > MOST_BYTES {
            let Some(gone) = held.facts.pop_front() else { break };
            held.bytes -= weight(&gone);
        }
    }

    /// Forgets everything, because some of it was deleted.
    pub fn clear(&self) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Held::default();
    }

    /// The next page, when all facts after that position are held.
    pub fn page(&self, after: Position, filter: &Filter, max: usize) -> Option<Page> {
        let mut next = after;
        let mut admitted = Vec::new();
        let at_head = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            let first = held.facts.front()?.position.0;
            let skip = usize::try_from((after.0 + 1).checked_sub(first)?).ok()?;
            let mut rest = held.facts.range(skip.min(held.facts.len())..);
            while admitted.len() < max {
                let Some(fact) = rest.next() else { break };
                next = fact.position;
                if filter.admits(&fact.stream) {
                    admitted.push(Arc::clone(fact));
                }
            }
            rest.next().is_none()
        };
        let facts = admitted.iter().map(|fact| RecordedEvent::clone(fact)).collect();
        Some(Page { facts, next, at_head })
    }
}

fn weight(fact: &RecordedEvent) -> usize {
    fact.data.len() + fact.metadata.len() + 256
}
