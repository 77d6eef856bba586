//! Long streams of appends, of which a conflict ends one.
//!
//! The official client closes a whole batch-append session when one of its appends is refused, and
//! answers all others that were on their way with "closed". They are sent again, on the next
//! session, which stands ready: opening one takes the two packets that it would wait for.

use std::sync::Arc;

use kurrentdb::{
    Authentication, BatchAppendClient, BatchAppendOptions, BatchWriteResult, Client, Error,
    EventData, StreamState,
};
use tokio::sync::Mutex;

use crate::{Expected, NewEvent, Write};

pub(super) struct Sessions {
    client: Client,
    options: BatchAppendOptions,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    current: Option<Arc<Session>>,
    spare: Option<Arc<Session>>,
}

pub(super) struct Session(BatchAppendClient);

/// How a server, or the client itself, answers.
pub(super) enum Answer {
    Done {
        revision: u64,
        position: u64,
    },
    Conflict,
    Deleted,
    TooLarge,
    /// Known not to have happened, and asking again will not help.
    Refused(Error),
    /// Another append ended the session; nobody knows about this one.
    Closed,
    /// Nobody knows.
    Lost(Error),
}

impl Sessions {
    pub fn of(client: Client, authentication: Option<Authentication>) -> Self {
        let options = BatchAppendOptions::default().requires_leader(true);
        let options = match authentication {
            Some(authentication) => options.authenticated(authentication),
            None => options,
        };
        Self { client, options, open: Mutex::default() }
    }

    /// The session that is open, and another one behind it.
    pub async fn get(&self) -> Result<Arc<Session>, Error> {
        let mut open = self.open.lock().await;
        let current = match open.current.take().or_else(|| open.spare.take()) {
            Some(current) => current,
            None => Arc::new(Session(self.client.batch_append(&self.options).await?)),
        };
        open.current = Some(Arc::clone(&current));
        if open.spare.is_none() {
            open.spare = Some(Arc::new(Session(self.client.batch_append(&self.options).await?)));
        }
        Ok(current)
    }

    /// Takes note that this session is closed.
    pub async fn retire(&self, session: &Arc<Session>) {
        let mut open = self.open.lock().await;
        open.current.take_if(|current| Arc::ptr_eq(current, session));
    }
}

impl Session {
    pub async fn append(&self, write: &Write) -> Answer {
        let state = state(write.expected);
        let events = write.events.iter().map(event).collect();
        answer(self.0.append_to_stream(write.stream.as_str(), state, events).await)
    }
}

pub(super) fn state(expected: Expected) -> StreamState {
    match expected {
        Expected::NoStream => StreamState::NoStream,
        Expected::Revision(revision) => StreamState::StreamRevision(revision),
    }
}

/// The event as the client wants it, to the byte: as JSON when it is, so that the server's own
/// tools can read it.
fn event(event: &NewEvent) -> EventData {
    let json = serde_json::from_slice::<&serde_json::value::RawValue>(&event.data).ok();
    let json = json.filter(|raw| raw.get().len() == event.data.len());
    let json = json.and_then(|raw| EventData::json(&event.kind, &raw).ok());
    let data = json.unwrap_or_else(|| EventData::binary(&event.kind, event.data.clone().into()));
    data.id(event.id).metadata(event.metadata.clone().into())
}

fn answer(result: Result<BatchWriteResult, Error>) -> Answer {
    const INVALID_ARGUMENT: i32 = 3;
    const NOT_FOUND: i32 = 5;
    const ALREADY_EXISTS: i32 = 6;
    const PERMISSION_DENIED: i32 = 7;
    const UNAUTHENTICATED: i32 = 16;
    let error = match result {
        Ok(done) => match (done.current_revision(), done.current_position()) {
            (Some(revision), Some(position)) => {
                return Answer::Done { revision, position: position.commit };
            }
            _ => return Answer::Lost(Error::InternalClientError),
        },
        Err(error) => error,
    };
    match &error {
        Error::Grpc { code, .. } => match *code as i32 {
            ALREADY_EXISTS => Answer::Conflict,
            NOT_FOUND => Answer::Deleted,
            INVALID_ARGUMENT => Answer::TooLarge,
            PERMISSION_DENIED | UNAUTHENTICATED => Answer::Refused(error),
            _ => Answer::Lost(error),
        },
        Error::ResourceDeleted => Answer::Deleted,
        Error::AccessDenied | Error::UnsupportedFeature => Answer::Refused(error),
        // The client's own words, for an append that came to a session when it was over.
        Error::ServerError(text) if text.contains("Batch-append stream has been closed") => {
            Answer::Closed
        }
        _ => Answer::Lost(error),
    }
}
