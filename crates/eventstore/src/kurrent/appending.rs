//! Appends that end with a known outcome whenever there is one to be known.
//!
//! What was sent and not answered is sent again with the same event ids, on the same expected
//! revision: the server takes the second one for the first. Only when the time is up with something
//! sent and not answered, the outcome is unknown.

use std::{sync::Arc, time::Duration};

use kernel::Position;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Shared,
    link::{Link, LinkError},
    sessions::{Answer, Session},
    settings::Node,
};
use crate::{
    AppendError, Appended, Expected, NewEvent, RecordedEvent, StoreError, StreamId, Write,
};

/// How long one attempt may take before the connection is looked at.
const ATTEMPT: Duration = Duration::from_secs(3);
/// How long that may take.
const PROBE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LAST_PAUSE: Duration = Duration::from_millis(500);

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Shared {
    /// Appends one write.
    pub(super) async fn append(&self, write: &Write) -> Result<Appended, AppendError> {
        if !possible(write.expected) {
            return Err(self.conflict(write).await);
        }
        if self.unsure.holds(write) {
            match self.stored(write).await {
                Ok(Some(stored)) => return Ok(stored),
                Ok(None) => {}
                Err(StoreError::Deleted) => return Err(AppendError::Deleted),
                Err(error) => return Err(AppendError::Unknown(error.into())),
            }
        }
        let outcome = self.send(write).await;
        self.unsure.note(write, matches!(outcome, Err(AppendError::Unknown(_))));
        outcome
    }

    async fn send(&self, write: &Write) -> Result<Appended, AppendError> {
        let deadline = Instant::now() + self.patience;
        // Known once there is a connection, which learns it on its way up.
        let mut before = None;
        let (mut sent, mut pause) = (false, FIRST_PAUSE);
        let unsettled = |sent, reason: Failure| {
            if sent { AppendError::Unknown(reason) } else { AppendError::Unavailable(reason) }
        };
        loop {
            let link = self.links.get(deadline).await;
            let link = link.map_err(|error| unsettled(sent, error.into()))?;
            let before = *before.get_or_insert_with(|| self.links.seen());
            let session = match link.sessions.get().await {
                Ok(session) => session,
                Err(error) => {
                    self.lost(&link, &error);
                    continue;
                }
            };
            let attempt = ATTEMPT.min(deadline.saturating_duration_since(Instant::now()));
            let answer = tokio::time::timeout(attempt, session.append(write)).await;
            sent = true;
            match answer {
                Ok(Answer::Done { revision, position }) => {
                    return Ok(self.settle(write, before, Position(position), revision).await);
                }
                Ok(answer) => {
                    link.sessions.retire(&session).await;
                    match answer {
                        Answer::Conflict => return self.conflicting(write).await,
                        Answer::Deleted => return Err(AppendError::Deleted),
                        Answer::TooLarge => return Err(AppendError::TooLarge),
                        Answer::Refused(error) => {
                            return Err(AppendError::Unavailable(Box::new(error)));
                        }
                        Answer::Lost(error) => {
                            self.lost(&link, &error);
                            tokio::time::sleep(pause).await;
                            pause = (pause * 2).min(LAST_PAUSE);
                        }
                        Answer::Closed | Answer::Done { .. } => {}
                    }
                }
                Err(_) => self.unanswered(&link, &session).await,
            }
            if Instant::now() >= deadline {
                return Err(unsettled(sent, Box::new(TimeIsUp)));
            }
        }
    }

    /// What the server did. It answers a repeat as if it were the first: what stood before anybody
    /// sent this is one, and so is what is not, to the byte, what was sent.
    async fn settle(
        &self,
        write: &Write,
        before: Position,
        position: Position,
        revision: u64,
    ) -> Appended {
        self.links.saw(position);
        let done = Appended { position, revision, repeated: false };
        if position <= before {
            return Appended { repeated: true, ..done };
        }
        let same = |stored: &RecordedEvent, event: Option<&NewEvent>| {
            event.is_none_or(|event| stored.data == event.data && stored.metadata == event.metadata)
        };
        // Whoever follows the log is sent it anyway: then nothing is asked for.
        let ours = match self.tail.fact(position).await {
            Some(fact) if fact.stream == write.stream && fact.revision == revision => {
                same(&fact, write.events.last())
            }
            _ => {
                let first = (revision + 1).saturating_sub(write.events.len() as u64);
                let stored = self.stream(&write.stream, first, 1).await;
                stored
                    .ok()
                    .and_then(|stored| stored.first().cloned())
                    .is_none_or(|stored| same(&stored, write.events.first()))
            }
        };
        Appended { repeated: !ours, ..done }
    }

    /// What a conflict is about. The client drops the server's details.
    async fn conflicting(&self, write: &Write) -> Result<Appended, AppendError> {
        match self.stored(write).await {
            Ok(Some(stored)) => Ok(stored),
            Ok(None) => Err(self.conflict(write).await),
            Err(StoreError::Deleted) => Err(AppendError::Deleted),
            Err(error) => Err(AppendError::Unavailable(error.into())),
        }
    }

    async fn conflict(&self, write: &Write) -> AppendError {
        self.conflict_at(&write.stream, write.expected).await
    }

    pub(super) async fn conflict_at(&self, stream: &StreamId, expected: Expected) -> AppendError {
        match self.standing(stream).await {
            Ok(actual) => AppendError::Conflict { expected, actual },
            Err(StoreError::Deleted) => AppendError::Deleted,
            Err(error) => AppendError::Unavailable(error.into()),
        }
    }

    /// Where these very events stand, when they follow on what the write expects.
    async fn stored(&self, write: &Write) -> Result<Option<Appended>, StoreError> {
        let first = write.expected.next();
        let stored = self.stream(&write.stream, first, write.events.len()).await?;
        let same = stored.len() == write.events.len()
            && stored.iter().zip(&write.events).all(|(stored, event)| stored.id == event.id);
        let last = stored.last().filter(|_| same);
        Ok(last.map(|last| Appended {
            position: last.position,
            revision: last.revision,
            repeated: true,
        }))
    }

    /// No answer came: whoever is to blame for it is replaced.
    async fn unanswered(&self, link: &Arc<Link>, session: &Arc<Session>) {
        match link.probe(PROBE).await {
            Ok(()) => link.sessions.retire(session).await,
            Err(error) => self.links.broken(link, error),
        }
    }

    /// Takes note of what the official client says of its connection.
    pub(super) fn lost(&self, link: &Arc<Link>, error: &kurrentdb::Error) {
        let node = link.node.to_string();
        let why = match error {
            kurrentdb::Error::NotLeaderException(leader) => LinkError::Follower {
                node,
                leader: Some(Node { host: leader.host.clone(), port: leader.port }),
            },
            error => LinkError::Silent { node, reason: error.to_string() },
        };
        self.links.broken(link, why);
    }
}

/// Revisions are signed on the server: what is larger means something else there.
pub(super) fn possible(expected: Expected) -> bool {
    match expected {
        Expected::NoStream => true,
        Expected::Revision(revision) => revision < i64::MAX.cast_unsigned(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the event store did not answer in time")]
pub(super) struct TimeIsUp;

/// The writes whose outcome was unknown lately, by their first event.
#[derive(Default)]
pub(super) struct Unsure(std::sync::Mutex<std::collections::VecDeque<Uuid>>);

impl Unsure {
    const MOST: usize = 4096;

    fn holds(&self, write: &Write) -> bool {
        let held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        write.events.first().is_some_and(|event| held.contains(&event.id))
    }

    fn note(&self, write: &Write, unknown: bool) {
        let Some(event) = write.events.first() else { return };
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.retain(|id| *id != event.id);
        if unknown {
            held.push_back(event.id);
            if held.len() > Self::MOST {
                held.pop_front();
            }
        }
    }
}
