//! Carries out commands for gRPC handlers, and tells a repeat from another request under the same
//! key.

use eventstore::{Done, EventStore, ExecuteError, Execution, StreamId};
use kernel::{Aggregate, Class, CommandId, Fact, Id, Kind, Rejection, TenantId};
use proto::write::v1::Written;
use tonic::Status;

use crate::{Refusal, status};

/// How a command ended: all the facts of its aggregate, and what the caller is told.
#[derive(Clone, Debug)]
pub struct Ran<E> {
    /// From the first on.
    pub facts: Vec<Fact<E>>,
    /// For the answer.
    pub written: Written,
}

const PAGE: usize = 500;

/// Runs the command unless its facts show that it ran before.
///
/// # Errors
/// `IDEMPOTENCY_MISMATCH`, the aggregate's rejection, or what the store could not do.
pub async fn run<A: Aggregate>(
    events: &dyn EventStore,
    execution: &Execution,
    id: &A::Id,
    command: A::Command,
) -> Result<Ran<A::Event>, Status> {
    let done = eventstore::execute::<A>(events, execution, id, command).await.map_err(refusal)?;
    let facts = history::<A>(events, execution.tenant, id).await?;
    Ok(Ran { facts, written: written(done) })
}

/// How the command ended when it ran before; none when it did not.
///
/// # Errors
/// `IDEMPOTENCY_MISMATCH` when something else was asked then.
pub fn ran_before<E>(facts: &[Fact<E>], execution: &Execution) -> Result<Option<Written>, Status> {
    let mut ours = facts.iter().rev().filter(|f| f.envelope.command == execution.command);
    match ours.next() {
        None => Ok(None),
        Some(fact) if fact.envelope.fingerprint == execution.fingerprint => {
            Ok(Some(Written { position: fact.position.0, replayed: true }))
        }
        Some(_) => Err(mismatch().status(status::code_of(Class::Conflict))),
    }
}

/// The facts of an aggregate.
///
/// # Errors
/// When the stream cannot be read or holds a fact that nobody here can read.
pub async fn history<A: Aggregate>(
    events: &dyn EventStore,
    tenant: TenantId,
    id: &A::Id,
) -> Result<Vec<Fact<A::Event>>, Status> {
    let stream = StreamId::of::<A>(tenant, id);
    let (mut facts, mut next) = (Vec::new(), 0);
    loop {
        let page = events.read(&stream, next, PAGE).await.map_err(status::of_store)?;
        for stored in &page {
            facts.push(stored.fact().map_err(|error| status::of_unreadable(&error))?);
            next = stored.revision + 1;
        }
        if page.len() < PAGE {
            return Ok(facts);
        }
    }
}

/// The state of an aggregate.
///
/// # Errors
/// As [`history`].
pub async fn state<A: Aggregate>(
    events: &dyn EventStore,
    tenant: TenantId,
    id: &A::Id,
) -> Result<A, Status> {
    let (state, _) = eventstore::load::<A>(events, tenant, id).await.map_err(refusal)?;
    Ok(state)
}

/// The id of what a command makes: a repeat of the command makes the same.
#[must_use]
pub fn made<K: Kind>(command: CommandId) -> Id<K> {
    let uuid = command.uuid();
    let parts: [&[u8]; 2] = [uuid.as_bytes(), K::PREFIX.as_bytes()];
    Id::from_uuid(CommandId::derived(&parts).uuid())
}

/// What the caller of a command is told.
#[must_use]
pub fn written(done: Done) -> Written {
    Written { position: done.position.0, replayed: done.repeated }
}

/// A refusal as the caller sees it; what is not there has one form for all calls.
#[must_use]
pub fn refusal<R: Rejection>(error: ExecuteError<R>) -> Status {
    match &error {
        ExecuteError::Rejected(rejection) if rejection.class() == Class::Missing => {
            status::missing()
        }
        _ => status::of(error),
    }
}

/// Another request came under the same idempotency key: a conflict.
#[must_use]
pub fn mismatch() -> Refusal {
    let message = "this idempotency key was used for another request: choose a new one";
    Refusal::new("IDEMPOTENCY_MISMATCH", message).at("/idempotencyKey")
}
