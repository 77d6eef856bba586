//! What a subscription to the log brings, piece by piece.
//!
//! The official client's own subscriptions are not used: when a server ends one in good order, they
//! spin for ever without giving way to anybody, and when they begin again, they forget how far the
//! server said that they were.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use kernel::Position;
use tokio::time::{Instant, timeout};
use tonic::{Code, Status, Streaming};

use super::{
    Shared,
    link::{Link, LinkError},
    wire::{self, Content, ReadResp},
};
use crate::{Filter, RecordedEvent, StoreError};

/// How long the server may take to confirm.
const CONFIRMATION: Duration = Duration::from_secs(5);

pub(super) struct News {
    link: Arc<Link>,
    messages: Streaming<ReadResp>,
    ended: bool,
}

pub(super) enum Piece {
    /// The next event; the fact when it is one of ours.
    Event(Position, Option<RecordedEvent>),
    /// Everything up to there was considered.
    Checkpoint(Position),
    /// Everything that was there was considered; up to there, when the server says so.
    CaughtUp(Option<Position>),
}

impl News {
    /// Subscribes to everything after that position.
    pub async fn after(
        shared: &Shared,
        after: Position,
        filter: &Filter,
        deadline: Instant,
    ) -> Result<Self, StoreError> {
        let link = shared.links.get(deadline).await;
        let link = link.map_err(|error| StoreError::Unavailable(error.into()))?;
        let request = wire::of_news(after, filter);
        match timeout(CONFIRMATION, link.read(request)).await {
            Ok(Ok(messages)) => Ok(Self { link, messages, ended: false }),
            Ok(Err(status)) => Err(failed(shared, &link, status)),
            Err(_) => Err(failed(shared, &link, Status::unavailable("no subscription in time"))),
        }
    }

    /// What comes next; nothing when the server ended it.
    pub async fn next(&mut self, shared: &Shared) -> Result<Option<Piece>, StoreError> {
        while !self.ended {
            // On a connection that others found to be of no use, nothing will come any more.
            let message = tokio::select! {
                message = self.messages.message() => message,
                () = shared.links.loss(&self.link) => {
                    self.ended = true;
                    return Err(StoreError::Unavailable("the connection was replaced".into()));
                }
            };
            if let Some(piece) = self.piece(shared, message)? {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// What came already, if anything.
    pub fn ready(&mut self, shared: &Shared) -> Result<Option<Piece>, StoreError> {
        while !self.ended
            && let Some(message) = self.messages.message().now_or_never()
        {
            if let Some(piece) = self.piece(shared, message)? {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    fn piece(
        &mut self,
        shared: &Shared,
        message: Result<Option<ReadResp>, Status>,
    ) -> Result<Option<Piece>, StoreError> {
        let message = match message {
            Ok(Some(message)) => message,
            Ok(None) => {
                self.ended = true;
                return Ok(None);
            }
            Err(status) => {
                self.ended = true;
                return Err(failed(shared, &self.link, status));
            }
        };
        Ok(match message.content {
            Some(Content::Event(event)) => {
                wire::received(event).map(|(position, fact)| Piece::Event(position, fact))
            }
            Some(Content::Checkpoint(at)) => Some(Piece::Checkpoint(Position(at.commit_position))),
            Some(Content::CaughtUp(at)) => {
                let position = at.position.map(|at| Position(at.commit_position));
                Some(Piece::CaughtUp(position))
            }
            _ => None,
        })
    }
}

/// A subscription's failure. Servers end subscriptions in many ways while the connection is well,
/// so only what cannot be anything else is held against it.
fn failed(shared: &Shared, link: &Arc<Link>, status: Status) -> StoreError {
    let ends_here =
        matches!(status.code(), Code::Cancelled | Code::Aborted | Code::ResourceExhausted);
    match LinkError::of_status(&link.node, &status) {
        Some(error) if !ends_here => {
            let told = error.to_string();
            shared.links.broken(link, error);
            StoreError::Unavailable(told.into())
        }
        _ => StoreError::Unavailable(Box::new(status)),
    }
}
