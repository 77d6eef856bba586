//! Subscriptions: from the server until the tail is reached, from the tail from then on.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::stream;
use kernel::Position;
use tokio::{sync::watch, time::Instant};

use super::{
    Shared,
    news::{News, Piece},
};
use crate::{Filter, Page, Signal, Signals, StoreError};

/// So many facts at a time, of at most so many bytes.
const PAGE: usize = 1000;
const BYTES: usize = 4 << 20;
/// So often in a row the server may end what brought nothing, with ever longer pauses.
const FRUITLESS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How long what was seen elsewhere is waited for.
const LATE: Duration = Duration::from_secs(1);

/// Everything after that position, now and from now on.
pub(super) fn subscribe(shared: Arc<Shared>, after: Position, filter: Filter) -> Signals {
    let (head, floor) = (shared.tail.head(), shared.links.seen());
    let follower = Follower {
        shared,
        head,
        floor,
        behind: false,
        filter,
        at: after,
        told: after,
        live: false,
        catching_up: None,
        fruitless: 0,
        ready: VecDeque::new(),
        ended: false,
    };
    Box::pin(stream::unfold(follower, |mut follower| async move {
        let signal = follower.next().await?;
        Some((signal, follower))
    }))
}

struct Follower {
    shared: Arc<Shared>,
    head: watch::Receiver<Option<Position>>,
    /// What this process had seen of the log when it subscribed: it has not caught up before.
    floor: Position,
    /// Whether the tail ends short of that.
    behind: bool,
    filter: Filter,
    /// What was considered.
    at: Position,
    /// How far the subscriber knows that it was.
    told: Position,
    /// Whether the subscriber was told that it has caught up, and still holds on.
    live: bool,
    /// The server's news, and what was the head before they were asked for.
    catching_up: Option<(News, Position)>,
    /// How often in a row the server's news ended before there was any.
    fruitless: u32,
    ready: VecDeque<Signal>,
    ended: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Signal, StoreError>> {
        let mut closing = self.shared.closing.subscribe();
        while !self.ended {
            if let Some(signal) = self.ready.pop_front() {
                return Some(Ok(signal));
            }
            let advanced = tokio::select! {
                advanced = self.advance() => advanced,
                _ = closing.wait_for(|closing| *closing) => Err(StoreError::Closed),
            };
            if let Err(error) = advanced {
                self.ended = true;
                return Some(Err(error));
            }
        }
        None
    }

    async fn advance(&mut self) -> Result<(), StoreError> {
        self.shared.start_tail();
        if self.live {
            let at = self.at;
            // The tail lives as long as this does.
            let _ = self.head.wait_for(|head| *head > Some(at)).await;
        }
        if self.behind {
            let at = self.at;
            let grown = self.head.wait_for(|head| *head > Some(at));
            if tokio::time::timeout(LATE, grown).await.is_err() {
                // What was seen may have been deleted since, and then it never comes by.
                self.floor = at;
            }
        }
        let deadline = Instant::now() + self.shared.patience;
        let known = tokio::time::timeout_at(deadline, self.head.wait_for(Option::is_some)).await;
        let Ok(Ok(head)) = known.map(|head| head.map(|head| *head)) else {
            return Err(self.shared.unavailable());
        };
        match self.shared.tail.page(self.at, &self.filter, PAGE) {
            Some(page) => {
                self.catching_up = None;
                self.take(page);
                Ok(())
            }
            None => self.catch_up(head.unwrap_or_default(), deadline).await,
        }
    }

    fn take(&mut self, page: Page) {
        self.at = page.next;
        self.live &= page.at_head;
        if let Some(last) = page.facts.last() {
            self.told = last.position;
            self.ready.push_back(Signal::Facts(page.facts));
        }
        self.behind = page.at_head && self.at < self.floor;
        if page.at_head && !self.live && !self.behind {
            self.live = true;
            self.told = self.at;
            self.ready.push_back(Signal::CaughtUp(self.at));
        } else if self.at > self.told {
            self.told = self.at;
            self.ready.push_back(Signal::Checkpoint(self.at));
        }
    }

    /// Takes what the server has, up to where the tail begins.
    async fn catch_up(&mut self, head: Position, deadline: Instant) -> Result<(), StoreError> {
        self.live = false;
        let shared = Arc::clone(&self.shared);
        let (mut news, known) = match self.catching_up.take() {
            Some(catching_up) => catching_up,
            None => (News::after(&shared, self.at, &self.filter, deadline).await?, head),
        };
        let (before, mut failure) = (self.at, StoreError::Unavailable("it ended".into()));
        let (mut facts, mut bytes, mut over) = (Vec::new(), 0, false);
        let mut next = news.next(&shared).await;
        loop {
            match next {
                Ok(Some(Piece::Event(position, fact))) => {
                    self.at = self.at.max(position);
                    if let Some(fact) = fact.filter(|fact| self.filter.admits(&fact.stream)) {
                        bytes += fact.data.len() + fact.metadata.len();
                        facts.push(fact);
                    }
                }
                Ok(Some(Piece::Checkpoint(position))) => self.at = self.at.max(position),
                Ok(Some(Piece::CaughtUp(position))) => {
                    self.at = self.at.max(position.unwrap_or(known)).max(known);
                    over = true;
                }
                Ok(None) => over = true,
                Err(error) => (failure, over) = (error, true),
            }
            if over || facts.len() >= PAGE || bytes >= BYTES {
                break;
            }
            next = match news.ready(&shared) {
                Ok(None) => break,
                more => more,
            };
        }
        if !over {
            self.catching_up = Some((news, known));
        }
        if self.at > before || !over {
            self.fruitless = 0;
        } else if self.fruitless == FRUITLESS {
            return Err(failure);
        } else {
            tracing::info!(%failure, "a subscription to the event store begins again");
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(self.fruitless)).await;
            self.fruitless += 1;
        }
        if let Some(last) = facts.last() {
            self.told = last.position;
            shared.links.saw_all(&facts);
            self.ready.push_back(Signal::Facts(facts));
        }
        if self.at > self.told {
            self.told = self.at;
            self.ready.push_back(Signal::Checkpoint(self.at));
        }
        Ok(())
    }
}
