use std::{collections::VecDeque, sync::Arc};

use futures_util::stream;
use kernel::Position;
use tokio::sync::watch;

use super::Shared;
use crate::{Filter, Signal, Signals, StoreError};

/// So many facts at a time; and whoever is so far behind has fallen behind.
const PAGE: usize = 1000;

/// Everything after that position, now and from now on.
pub(super) fn follow(shared: Arc<Shared>, after: Position, filter: Filter) -> Signals {
    let head = shared.head.clone();
    let ready = VecDeque::new();
    let follower =
        Follower { shared, head, filter, at: after, told: after, live: false, ready, ended: false };
    Box::pin(stream::unfold(follower, |mut follower| async move {
        let signal = follower.next().await?;
        Some((signal, follower))
    }))
}

struct Follower {
    shared: Arc<Shared>,
    head: watch::Receiver<Position>,
    filter: Filter,
    /// What was considered.
    at: Position,
    /// How far the subscriber knows that it was.
    told: Position,
    /// Whether the subscriber was told that it has caught up, and still holds on.
    live: bool,
    ready: VecDeque<Signal>,
    ended: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Signal, StoreError>> {
        while !self.ended {
            if let Some(signal) = self.ready.pop_front() {
                return Some(Ok(signal));
            }
            if let Err(error) = self.advance().await {
                self.ended = true;
                return Some(Err(error));
            }
        }
        None
    }

    async fn advance(&mut self) -> Result<(), StoreError> {
        if self.live {
            let at = self.at;
            let head = self.head.wait_for(|head| *head > at).await;
            let head = *head.map_err(|_| StoreError::Closed)?;
            self.live = head.0 - at.0 <= PAGE as u64;
        }
        let page = self.shared.page(self.at, &self.filter, PAGE).await?;
        self.at = page.next;
        if let Some(last) = page.facts.last() {
            self.told = last.position;
            self.ready.push_back(Signal::Facts(page.facts));
        }
        if page.at_head && !self.live {
            self.live = true;
            self.told = self.at;
            self.ready.push_back(Signal::CaughtUp(self.at));
        } else if self.at.0 - self.told.0 >= PAGE as u64 || page.at_head && self.at > self.told {
            self.told = self.at;
            self.ready.push_back(Signal::Checkpoint(self.at));
        }
        Ok(())
    }
}
