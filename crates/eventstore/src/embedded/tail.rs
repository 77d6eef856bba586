use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock},
};

use kernel::Position;

use super::fact::fact;
use crate::{
    Filter, Page,
    raw::{LogPage, Query, Record},
};

/// The newest records in memory, so that those who follow the log need not ask the disk.
pub(super) struct Tail {
    held: RwLock<Held>,
    most: usize,
}

#[derive(Default)]
struct Held {
    records: VecDeque<Arc<Record>>,
    bytes: usize,
}

const MOST_BYTES: usize = 16 << 20;
/// So many records are looked at for one page.
const CONSIDERED: usize = 1000;

impl Tail {
    /// Holds at most so many records.
    pub fn of(most: usize) -> Self {
        Self { held: RwLock::default(), most }
    }

    /// Adds records that were committed; their positions follow those held.
    pub fn extend(&self, records: Vec<Arc<Record>>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            held.bytes += weight(&record);
            held.records.push_back(record);
        }
        while held.records.len() > self.most || held.bytes > MOST_BYTES {
            let Some(gone) = held.records.pop_front() else { break };
            held.bytes -= weight(&gone);
        }
    }

    /// Forgets everything, because some of it was deleted.
    pub fn clear(&self) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Held::default();
    }

    /// The next page of facts, when all records after that position are held.
    pub fn page(&self, after: Position, filter: &Filter, max: usize) -> Option<Page> {
        let ours = |record: &Record| record.stream.ours().is_some_and(|ours| filter.admits(ours));
        let Stretch { records, next, at_head } = self.collect(after, ours, max, usize::MAX)?;
        let facts = records.iter().filter_map(|record| fact(record)).collect();
        Some(Page { facts, next, at_head })
    }

    /// The next page of records, when all after that position are held.
    pub fn records(&self, query: &Query) -> Option<LogPage> {
        let Stretch { records, at_head, .. } =
            self.collect(query.from, |_| true, query.max, CONSIDERED)?;
        let mut page = LogPage::empty(query.from, query.counted);
        for record in records {
            let position = record.position;
            if query.wants(&record.stream, &record.kind) {
                page.records.push(record);
            }
            page.considered(position, query.every);
        }
        page.at_end = at_head;
        Some(page)
    }

    /// Nobody waits for the lock while records are looked at any closer than this.
    fn collect(
        &self,
        after: Position,
        wanted: impl Fn(&Record) -> bool,
        max: usize,
        considered: usize,
    ) -> Option<Stretch> {
        let mut next = after;
        let mut records = Vec::new();
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let first = held.records.front()?.position.0;
        let skip = usize::try_from((after.0 + 1).checked_sub(first)?).ok()?;
        let mut rest = held.records.range(skip.min(held.records.len())..);
        for _ in 0..considered {
            if records.len() >= max {
                break;
            }
            let Some(record) = rest.next() else { break };
            next = record.position;
            if wanted(record) {
                records.push(Arc::clone(record));
            }
        }
        let at_head = rest.next().is_none();
        Some(Stretch { records, next, at_head })
    }
}

struct Stretch {
    records: Vec<Arc<Record>>,
    next: Position,
    at_head: bool,
}

fn weight(record: &Record) -> usize {
    record.data.len() + record.metadata.len() + 256
}
