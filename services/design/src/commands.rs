//! Carries out commands, and tells a repeat from another request under the same key.

use eventstore::{EventStore, Execution, StreamId};
use kernel::{Aggregate, Class, CommandId, Fact, Id, Kind, Rejection, TenantId};
use proto::write::v1::Written;
use runtime::status;
use tonic::Status;

/// How a command ended: all the facts of its aggregate, and what the caller is told.
pub(crate) struct Ran<E> {
    pub(crate) facts: Vec<Fact<E>>,
    pub(crate) written: Written,
}

const PAGE: usize = 500;

/// Runs the command unless these facts show that it ran before.
///
/// # Errors
/// `IDEMPOTENCY_MISMATCH`, the aggregate's rejection, or what the store could not do.
pub(crate) async fn run<A: Aggregate>(
    events: &dyn EventStore,
    execution: &Execution,
    id: &A::Id,
    command: A::Command,
) -> Result<Ran<A::Event>, Status> {
    let mut facts = history::<A>(events, execution.tenant, id, 0).await?;
    if let Some(written) = ran_before(&facts, execution)? {
        return Ok(Ran { facts, written });
    }
    let done = eventstore::execute::<A>(events, execution, id, command).await.map_err(refusal)?;
    let known = facts.len() as u64;
    facts.extend(history::<A>(events, execution.tenant, id, known).await?);
    // Somebody may have sent the same key with another request at the same time.
    ran_before(&facts, execution)?;
    Ok(Ran { facts, written: Written { position: done.position.0, replayed: done.repeated } })
}

/// How the command ended when it ran before; none when it did not.
///
/// # Errors
/// `IDEMPOTENCY_MISMATCH` when something else was asked then.
pub(crate) fn ran_before<E>(
    facts: &[Fact<E>],
    execution: &Execution,
) -> Result<Option<Written>, Status> {
    let mut ours = facts.iter().rev().filter(|f| f.envelope.command == execution.command);
    match ours.next() {
        None => Ok(None),
        Some(fact) if fact.envelope.fingerprint == execution.fingerprint => {
            Ok(Some(Written { position: fact.position.0, replayed: true }))
        }
        Some(_) => {
            let message = "this idempotency key was used for another request: choose a new one";
            let path = Some("/idempotencyKey");
            Err(status::rejected("IDEMPOTENCY_MISMATCH", Class::Conflict, message, path, &[]))
        }
    }
}

/// The facts of an aggregate from that revision on.
pub(crate) async fn history<A: Aggregate>(
    events: &dyn EventStore,
    tenant: TenantId,
    id: &A::Id,
    from: u64,
) -> Result<Vec<Fact<A::Event>>, Status> {
    let stream = StreamId::of::<A>(tenant, id);
    let (mut facts, mut next) = (Vec::new(), from);
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
pub(crate) async fn state<A: Aggregate>(
    events: &dyn EventStore,
    tenant: TenantId,
    id: &A::Id,
) -> Result<A, Status> {
    let (state, _) = eventstore::load::<A>(events, tenant, id).await.map_err(refusal)?;
    Ok(state)
}

/// The id of what a command makes: a repeat of the command makes the same.
pub(crate) fn made<K: Kind>(command: CommandId) -> Id<K> {
    let uuid = command.uuid();
    let parts: [&[u8]; 2] = [uuid.as_bytes(), K::PREFIX.as_bytes()];
    Id::from_uuid(CommandId::derived(&parts).uuid())
}

/// A refusal as the caller sees it; what is not there has one form for all calls.
pub(crate) fn refusal<R: Rejection>(error: eventstore::ExecuteError<R>) -> Status {
    match &error {
        eventstore::ExecuteError::Rejected(rejection) if rejection.class() == Class::Missing => {
            status::missing()
        }
        _ => status::of(error),
    }
}
