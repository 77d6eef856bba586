//! Deletions, whose errors the official client tells in part.

use std::time::Duration;

use kurrentdb::{DeleteStreamOptions, Error, TombstoneStreamOptions};
use tokio::time::Instant;

use super::{
    Shared,
    appending::{TimeIsUp, possible},
    sessions::state,
};
use crate::{AppendError, Deletion, Expected, StoreError, StreamId};

/// How long one attempt may take before the connection is looked at.
const ATTEMPT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

impl Shared {
    pub(super) async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        self.open().map_err(|closed| AppendError::Unavailable(closed.into()))?;
        if stream.as_str().parse::<StreamId>().as_ref() != Ok(stream) {
            return Err(AppendError::Unavailable("the stream has no proper name".into()));
        }
        if !possible(expected) {
            return Err(self.conflict_at(stream, expected).await);
        }
        let deadline = Instant::now() + self.patience;
        let mut sent = false;
        while Instant::now() < deadline {
            let link = match self.links.get(deadline).await {
                Ok(link) => link,
                Err(error) if sent => return Err(AppendError::Unknown(error.into())),
                Err(error) => return Err(AppendError::Unavailable(error.into())),
            };
            let again = std::mem::replace(&mut sent, true);
            let attempt = self.attempt(&link.client, stream, expected, how);
            let error = match tokio::time::timeout(ATTEMPT, attempt).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_) => Error::DeadlineExceeded,
            };
            match error {
                Error::ResourceDeleted => return self.deleted(stream, how, again).await,
                Error::Grpc { .. } | Error::WrongExpectedVersion { .. } => {
                    return self.refused(stream, expected, how).await;
                }
                Error::AccessDenied | Error::UnsupportedFeature => {
                    return Err(AppendError::Unavailable(Box::new(error)));
                }
                error => {
                    self.lost(&link, &error);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        Err(AppendError::Unknown(Box::new(TimeIsUp)))
    }

    async fn attempt(
        &self,
        client: &kurrentdb::Client,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), Error> {
        let (name, expected) = (stream.as_str(), state(expected));
        let user = self.authentication.clone();
        match how {
            Deletion::Soft => {
                let options = DeleteStreamOptions::default().requires_leader(true);
                let options = options.stream_state(expected);
                let options = user
                    .map_or_else(|| options.clone(), |user| options.clone().authenticated(user));
                client.delete_stream(name, &options).await.map(drop)
            }
            Deletion::Tombstone => {
                let options = TombstoneStreamOptions::default().requires_leader(true);
                let options = options.stream_state(expected);
                let options = user
                    .map_or_else(|| options.clone(), |user| options.clone().authenticated(user));
                client.tombstone_stream(name, &options).await.map(drop)
            }
        }
    }

    /// The server says "deleted" of a tombstoned stream, and of one that was deleted softly before.
    async fn deleted(
        &self,
        stream: &StreamId,
        how: Deletion,
        again: bool,
    ) -> Result<(), AppendError> {
        match (self.standing(stream).await, how) {
            (Err(StoreError::Deleted), Deletion::Tombstone) if again => Ok(()),
            (Err(StoreError::Deleted), _) => Err(AppendError::Deleted),
            (Ok(_), _) => Ok(()),
            (Err(error), _) => Err(AppendError::Unavailable(error.into())),
        }
    }

    /// A stream that holds nothing need not be deleted, which the server refuses.
    async fn refused(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        match self.conflict_at(stream, expected).await {
            AppendError::Conflict { expected: Expected::NoStream, actual: Expected::NoStream }
                if how == Deletion::Soft =>
            {
                Ok(())
            }
            error => Err(error),
        }
    }
}
