//! The one connection that everybody uses, made anew by itself when it is lost.
//!
//! The official client stays with the node that it chose, even when that node is gone, and is of no
//! use any more once its first contact has failed. So none of its clients outlives its connection.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kernel::Position;
use tokio::{sync::watch, time::Instant};

use crate::RecordedEvent;

use super::{
    link::{Link, LinkError},
    settings::{Node, Settings},
};

/// The pauses between attempts to connect: they double from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// How the connection to the event store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KurrentHealth {
    /// It stands.
    Connected {
        /// To this node, `host:port`.
        node: String,
    },
    /// It is being made.
    Unreachable {
        /// For so long.
        since: Duration,
        /// After so many attempts.
        attempts: u32,
        /// What the last attempt ended with.
        reason: String,
    },
}

#[derive(Clone)]
enum State {
    Up(Arc<Link>),
    Down { since: Instant, attempts: u32, reason: Arc<LinkError> },
}

pub(super) struct Links {
    settings: Settings,
    state: watch::Sender<State>,
    /// Which node leads, when somebody said so.
    leader: Mutex<Option<Node>>,
    /// The newest position that was seen by anybody here.
    seen: AtomicU64,
    /// The least distance between two facts that was seen.
    stride: AtomicU64,
}

impl Links {
    pub fn new(settings: Settings) -> Self {
        let reason = Arc::new(LinkError::Unasked);
        let down = State::Down { since: Instant::now(), attempts: 0, reason };
        let (state, leader) = (watch::channel(down).0, Mutex::default());
        let (seen, stride) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        Self { settings, state, leader, seen, stride }
    }

    /// Connects whenever there is no connection, for ever.
    pub async fn keep(self: Arc<Self>) {
        let mut state = self.state.subscribe();
        loop {
            if state.wait_for(|state| matches!(state, State::Down { .. })).await.is_err() {
                return;
            }
            let mut pause = FIRST_PAUSE;
            while let Err(error) = self.connect().await {
                tracing::warn!(%error, "the event store is not reachable");
                self.state.send_modify(|state| {
                    if let State::Down { attempts, reason, .. } = state {
                        (*attempts, *reason) = (*attempts + 1, Arc::new(error));
                    }
                });
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
    }

    async fn connect(&self) -> Result<(), LinkError> {
        let told = self.leader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let link = Link::find(&self.settings, told.as_ref()).await?;
        tracing::info!(node = %link.node, "connected to the event store");
        self.saw(link.head);
        self.stride.fetch_min(link.stride.unwrap_or(u64::MAX).max(1), Ordering::AcqRel);
        self.state.send_replace(State::Up(Arc::new(link)));
        Ok(())
    }

    /// The connection, or why there is none by then.
    pub async fn get(&self, deadline: Instant) -> Result<Arc<Link>, Arc<LinkError>> {
        let mut state = self.state.subscribe();
        let up = state.wait_for(|state| matches!(state, State::Up(_)));
        // The sender is here, so that waiting ends with a connection or with the time.
        let _ = tokio::time::timeout_at(deadline, up).await;
        let state = state.borrow().clone();
        match state {
            State::Up(link) => Ok(link),
            State::Down { reason, .. } => Err(reason),
        }
    }

    /// Returns when this is the connection no more.
    pub async fn loss(&self, link: &Arc<Link>) {
        let gone = |state: &State| !matches!(state, State::Up(up) if Arc::ptr_eq(up, link));
        // The sender is here.
        let _ = self.state.subscribe().wait_for(gone).await;
    }

    /// Takes note that this connection is of no use any more.
    pub fn broken(&self, link: &Arc<Link>, why: LinkError) {
        if let LinkError::Follower { leader: Some(leader), .. } = &why {
            let mut told = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
            *told = Some(leader.clone());
        }
        self.state.send_if_modified(|state| {
            let ours = matches!(state, State::Up(current) if Arc::ptr_eq(current, link));
            if ours {
                tracing::warn!(node = %link.node, error = %why, "the connection to the event store is lost");
                *state = State::Down { since: Instant::now(), attempts: 0, reason: Arc::new(why) };
            }
            ours
        });
    }

    pub fn health(&self) -> KurrentHealth {
        match &*self.state.borrow() {
            State::Up(link) => KurrentHealth::Connected { node: link.node.to_string() },
            State::Down { since, attempts, reason } => KurrentHealth::Unreachable {
                since: since.elapsed(),
                attempts: *attempts,
                reason: reason.to_string(),
            },
        }
    }

    /// Takes note that there is a fact at that position.
    pub fn saw(&self, position: Position) {
        self.seen.fetch_max(position.0, Ordering::AcqRel);
    }

    /// Takes note of facts in their order.
    pub fn saw_all(&self, facts: &[RecordedEvent]) {
        let apart = |pair: &[RecordedEvent]| pair[1].position.0.saturating_sub(pair[0].position.0);
        if let Some(least) = facts.windows(2).map(apart).min() {
            self.stride.fetch_min(least.max(1), Ordering::AcqRel);
        }
        if let Some(last) = facts.last() {
            self.saw(last.position);
        }
    }

    /// About how many positions a fact takes.
    pub fn stride(&self) -> u64 {
        match self.stride.load(Ordering::Acquire) {
            u64::MAX => 1,
            stride => stride,
        }
    }

    /// The newest position known.
    pub fn seen(&self) -> Position {
        Position(self.seen.load(Ordering::Acquire))
    }
}
