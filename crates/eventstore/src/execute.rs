use kernel::{Actor, Aggregate, CommandId, Envelope, Position, TenantId, Timestamp};
use uuid::Uuid;

use crate::{
    AppendError, Appended, EventStore, Expected, NewEvent, StoreError, StreamId, Unreadable, Write,
    encode,
};

/// Who asks, when, under which command id: what a command needs besides itself.
#[derive(Clone, Debug)]
pub struct Execution {
    /// From a verified token or a stored fact.
    pub tenant: TenantId,
    /// Who asks.
    pub actor: Actor,
    /// The same for every repeat of this command.
    pub command: CommandId,
    /// A digest of what is asked, when the caller chose the command id.
    pub fingerprint: Option<Uuid>,
    /// The fact that a policy reacts to, if one does.
    pub causation: Option<Uuid>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// Now.
    pub at: Timestamp,
}

impl Execution {
    /// The envelope of the facts that it causes.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        Envelope {
            tenant: self.tenant,
            actor: self.actor.clone(),
            command: self.command,
            fingerprint: self.fingerprint,
            correlation: None,
            causation: self.causation,
            traceparent: self.traceparent.clone(),
            at: self.at,
        }
    }

    /// The write that appends these events to a stream as the consequence of this command.
    ///
    /// # Errors
    /// When an event has no stored form.
    pub fn write<E: serde::Serialize>(
        &self,
        stream: StreamId,
        expected: Expected,
        events: &[E],
    ) -> Result<Write, serde_json::Error> {
        let metadata = serde_json::to_vec(&self.envelope())?;
        let mut new = Vec::with_capacity(events.len());
        for (n, event) in events.iter().enumerate() {
            let (kind, data) = encode(event)?;
            let id = self.command.event_id(stream.as_str(), n);
            new.push(NewEvent { id, kind, data, metadata: metadata.clone() });
        }
        Ok(Write { stream, expected, events: new })
    }
}

/// How a command ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Whoever reads at this position or later sees the outcome.
    pub position: Position,
    /// Whether the outcome was there before: the same command again, or a state already reached.
    pub repeated: bool,
}

/// Why a command did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<R> {
    /// The aggregate refused.
    #[error(transparent)]
    Rejected(R),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not take the facts.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A stored fact cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A new fact has no stored form.
    #[error("the fact cannot be written")]
    Unwritable(#[from] serde_json::Error),
    /// The command id stands for another request: the facts that it caused carry another
    /// fingerprint.
    #[error("the command was carried out before, with another request")]
    Mismatch,
}

/// How often to decide again: as many callers may contend for one stream and all get through.
const DECISIONS: usize = 64;
/// How often to send what was decided until its outcome is known.
const ATTEMPTS: usize = 5;
const PAGE: usize = 500;

/// The state of an aggregate and the number of its facts.
///
/// # Errors
/// When the stream cannot be read or holds a fact that nobody here can read.
pub async fn load<A: Aggregate>(
    store: &dyn EventStore,
    tenant: TenantId,
    id: &A::Id,
) -> Result<(A, u64), ExecuteError<A::Rejection>> {
    let loaded = fold::<A>(store, &StreamId::of::<A>(tenant, id), None).await?;
    Ok((loaded.state, loaded.count))
}

/// An aggregate, and what a command did to it.
#[derive(Clone, Debug)]
pub struct Loaded<A> {
    /// As its facts tell it.
    pub state: A,
    /// How many facts it has.
    pub count: u64,
    /// Where the last fact stands that the command caused, when it was carried out before.
    pub done: Option<Position>,
}

/// The aggregate, and whether this command was carried out on it before.
///
/// # Errors
/// [`ExecuteError::Mismatch`] when the command id was used for another request, and as [`load`].
pub async fn load_for<A: Aggregate>(
    store: &dyn EventStore,
    execution: &Execution,
    id: &A::Id,
) -> Result<Loaded<A>, ExecuteError<A::Rejection>> {
    fold::<A>(store, &StreamId::of::<A>(execution.tenant, id), Some(execution)).await
}

async fn fold<A: Aggregate>(
    store: &dyn EventStore,
    stream: &StreamId,
    execution: Option<&Execution>,
) -> Result<Loaded<A>, ExecuteError<A::Rejection>> {
    let caused = |n| execution.map(|asked| asked.command.event_id(stream.as_str(), n));
    let (mut state, mut count, mut done) = (A::default(), 0, None);
    let (mut ours, mut seen) = (caused(0), 0);
    loop {
        let page = store.read(stream, count, PAGE).await?;
        for stored in &page {
            if ours == Some(stored.id) {
                let asked = execution.and_then(|asked| asked.fingerprint);
                if seen == 0 && stored.envelope()?.fingerprint != asked {
                    return Err(ExecuteError::Mismatch);
                }
                done = Some(stored.position);
                seen += 1;
                ours = caused(seen);
            }
            state = state.evolve(stored.event()?);
            count = stored.revision + 1;
        }
        if page.len() < PAGE {
            return Ok(Loaded { state, count, done });
        }
    }
}

/// Reads, folds, decides, appends. When somebody else appended first, decides again on their facts;
/// when the outcome of an append is unknown, sends the same events again. A command that has facts
/// in the stream already is not decided again, so that however often it is sent, it happens once.
///
/// # Errors
/// The aggregate's rejection, [`ExecuteError::Mismatch`], or what the store could not do.
pub async fn execute<A: Aggregate>(
    store: &dyn EventStore,
    execution: &Execution,
    id: &A::Id,
    command: A::Command,
) -> Result<Done, ExecuteError<A::Rejection>> {
    carry_out::<A>(store, execution, id, command).await.map(|(_, done)| done)
}

/// As [`execute`], and the aggregate as it is then.
///
/// # Errors
/// As [`execute`].
pub async fn carry_out<A: Aggregate>(
    store: &dyn EventStore,
    execution: &Execution,
    id: &A::Id,
    command: A::Command,
) -> Result<(A, Done), ExecuteError<A::Rejection>> {
    let stream = StreamId::of::<A>(execution.tenant, id);
    let mut conflict = None;
    for _ in 0..DECISIONS {
        let loaded = fold::<A>(store, &stream, Some(execution)).await?;
        if let Some(position) = loaded.done {
            return Ok((loaded.state, Done { position, repeated: true }));
        }
        let events = match loaded.state.decide(command.clone()) {
            Ok(events) => events,
            Err(rejection) => return Err(ExecuteError::Rejected(rejection)),
        };
        if events.is_empty() {
            let position = store.head().await?;
            return Ok((loaded.state, Done { position, repeated: true }));
        }
        let write = execution.write(stream.clone(), Expected::after(loaded.count), &events)?;
        match send(store, write).await {
            Ok(Appended { position, repeated: false, .. }) => {
                let state = events.into_iter().fold(loaded.state, A::evolve);
                return Ok((state, Done { position, repeated: false }));
            }
            // It stands there since a moment ago: its facts tell whether the same was asked.
            Ok(Appended { repeated: true, .. }) => {}
            Err(error @ AppendError::Conflict { .. }) => conflict = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(conflict.map_or(ExecuteError::Store(StoreError::Closed), ExecuteError::Append))
}

/// Appends one write, the same again while its outcome is unknown.
async fn send(store: &dyn EventStore, write: Write) -> Result<Appended, AppendError> {
    for _ in 1..ATTEMPTS {
        match append(store, write.clone()).await {
            Err(AppendError::Unknown(_)) => {}
            known => return known,
        }
    }
    append(store, write).await
}

async fn append(store: &dyn EventStore, write: Write) -> Result<Appended, AppendError> {
    let answer = store.append(vec![write]).await.pop();
    answer.unwrap_or_else(|| Err(AppendError::Unknown(Box::new(StoreError::Closed))))
}
