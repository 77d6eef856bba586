//! The newest facts in memory: one subscription for everybody in this process who follows the log.
//!
//! A filtered subscription to KurrentDB tells how far it is only now and then, so that one which
//! lets little through would seem to stand still. Here each follower sees every position go by.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use kernel::Position;
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};

use super::{
    Shared,
    news::{News, Piece},
};
use crate::{Filter, Page, RecordedEvent, StoreError};

/// So many facts are held, of at most so many bytes.
const MOST: usize = 4096;
const MOST_BYTES: usize = 16 << 20;
/// So many pieces of news are taken in one go.
const AT_ONCE: usize = 512;
/// How long a fact that was just written may take to arrive.
const MOMENT: Duration = Duration::from_millis(25);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Tail {
    held: RwLock<Held>,
    /// Up to where everything was seen; nothing before the subscription stands.
    head: watch::Sender<Option<Position>>,
    /// Who waits for single facts: each is woken by its own.
    awaited: Mutex<BTreeMap<Position, Vec<oneshot::Sender<()>>>>,
}

#[derive(Default)]
struct Held {
    /// Everything after this is held.
    start: Position,
    facts: VecDeque<Arc<RecordedEvent>>,
    bytes: usize,
}

impl Tail {
    pub fn head(&self) -> watch::Receiver<Option<Position>> {
        self.head.subscribe()
    }

    /// The next page, when all facts after that position are held.
    pub fn page(&self, after: Position, filter: &Filter, max: usize) -> Option<Page> {
        let (mut next, mut admitted) = (after, Vec::new());
        let at_head = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            let upto = (*self.head.borrow()).filter(|_| after >= held.start)?;
            let seen = held.facts.partition_point(|fact| fact.position <= after);
            let mut rest = held.facts.range(seen..);
            while admitted.len() < max
                && let Some(fact) = rest.next()
            {
                next = fact.position;
                if filter.admits(&fact.stream) {
                    admitted.push(Arc::clone(fact));
                }
            }
            let at_head = rest.next().is_none();
            next = if at_head { next.max(upto) } else { next };
            at_head
        };
        let facts = admitted.iter().map(|fact| RecordedEvent::clone(fact)).collect();
        Some(Page { facts, next, at_head })
    }

    /// The fact at that position, when somebody follows the log and it is held or arrives in a
    /// moment.
    pub async fn fact(&self, at: Position) -> Option<Arc<RecordedEvent>> {
        (*self.head.borrow())?;
        let arrival = {
            let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
            let (tell, arrival) = oneshot::channel();
            awaited.entry(at).or_default().push(tell);
            arrival
        };
        // Asked after it is known that somebody waits.
        if (*self.head.borrow()).is_none_or(|upto| upto < at) {
            tokio::time::timeout(MOMENT, arrival).await.ok()?.ok()?;
        }
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let place = held.facts.binary_search_by_key(&at, |fact| fact.position).ok()?;
        held.facts.get(place).cloned()
    }

    fn begin(&self, at: Position) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        *held = Held { start: at, ..Held::default() };
        self.head.send_replace(Some(at));
    }

    fn extend(&self, facts: Vec<RecordedEvent>, upto: Position) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for fact in facts {
            held.bytes += weight(&fact);
            held.facts.push_back(Arc::new(fact));
        }
        while held.facts.len() > MOST || held.bytes > MOST_BYTES {
            let Some(gone) = held.facts.pop_front() else { break };
            held.bytes -= weight(&gone);
            held.start = gone.position;
        }
        self.head.send_if_modified(|head| {
            let grown = *head < Some(upto);
            *head = (*head).max(Some(upto));
            grown
        });
        drop(held);
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(first) = awaited.first_entry().filter(|first| *first.key() <= upto) {
            for waiter in first.remove() {
                // Who does not wait any more does not hear it.
                let _ = waiter.send(());
            }
        }
    }
}

fn weight(fact: &RecordedEvent) -> usize {
    fact.data.len() + fact.metadata.len() + 256
}

impl Shared {
    /// Follows the log for as long as it is polled.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.follow_once(&mut pause).await {
                Ok(()) => tracing::info!("a subscription to the event store ended"),
                Err(error) => tracing::warn!(%error, "a subscription to the event store failed"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    async fn follow_once(&self, pause: &mut Duration) -> Result<(), StoreError> {
        let begun = *self.tail.head.borrow();
        let after = match begun {
            Some(head) => head,
            None => self.newest().await?,
        };
        let everything = Filter::every_tenant(&[]);
        let deadline = Instant::now() + self.patience;
        let mut news = News::after(self, after, &everything, deadline).await?;
        if begun.is_none() {
            self.tail.begin(after);
        }
        *pause = FIRST_PAUSE;
        let mut at = after;
        while let Some(first) = news.next(self).await? {
            let (mut facts, mut next) = (Vec::new(), Some(first));
            while let Some(piece) = next {
                match piece {
                    Piece::Event(position, fact) => {
                        at = at.max(position);
                        facts.extend(fact);
                    }
                    Piece::Checkpoint(position) | Piece::CaughtUp(Some(position)) => {
                        at = at.max(position);
                    }
                    Piece::CaughtUp(None) => {}
                }
                next = if facts.len() < AT_ONCE { news.ready(self)? } else { None };
            }
            self.links.saw(at);
            self.links.saw_all(&facts);
            self.tail.extend(facts, at);
        }
        Ok(())
    }
}
