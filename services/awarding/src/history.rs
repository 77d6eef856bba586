use eventstore::{AppendError, EventStore, Execution, Expected, StreamId};
use kernel::{Aggregate, CommandId, Position, TenantId};
use runtime::status;
use uuid::Uuid;

use crate::trouble::{Outcome, Trouble};

/// An aggregate with what is known of the commands that made it: to tell a repeat from a clash.
pub(crate) struct History<A> {
    pub(crate) state: A,
    pub(crate) count: u64,
    /// The position of the newest fact.
    pub(crate) position: Position,
    commands: Vec<(CommandId, Option<Uuid>, Position)>,
}

/// How a command ended well.
pub(crate) struct Decided<A: Aggregate> {
    pub(crate) state: A,
    pub(crate) position: Position,
    pub(crate) replayed: bool,
}

const PAGE: usize = 500;
const ATTEMPTS: usize = 5;

impl<A: Aggregate> History<A> {
    /// Reads a stream to its end.
    pub(crate) async fn load(
        store: &dyn EventStore,
        tenant: TenantId,
        id: &A::Id,
    ) -> Outcome<Self> {
        let stream = StreamId::of::<A>(tenant, id);
        let (state, position, commands) = (A::default(), Position::START, Vec::new());
        let mut history = Self { state, count: 0, position, commands };
        loop {
            let page = store.read(&stream, history.count, PAGE).await?;
            let last = page.len() < PAGE;
            for stored in &page {
                let envelope = stored.envelope()?;
                let by = (envelope.command, envelope.fingerprint, stored.position);
                if history.commands.last().is_none_or(|last| last.0 != by.0) {
                    history.commands.push(by);
                } else if let Some(last) = history.commands.last_mut() {
                    last.2 = stored.position;
                }
                history.state = history.state.evolve(stored.event()?);
                history.count = stored.revision + 1;
                history.position = stored.position;
            }
            if last {
                return Ok(history);
            }
        }
    }

    /// Where the facts of this very command stand, if it was carried out before.
    ///
    /// # Errors
    /// When the command id was used for another request.
    pub(crate) fn repeated(&self, execution: &Execution) -> Outcome<Option<Position>> {
        let same = self.commands.iter().find(|(command, ..)| *command == execution.command);
        match same {
            None => Ok(None),
            Some((_, fingerprint, position)) if *fingerprint == execution.fingerprint => {
                Ok(Some(*position))
            }
            Some(_) => Err(Trouble::mismatch()),
        }
    }
}

/// Reads, decides, appends; tells a repeat of the same command by its id, and what came of it.
/// Decides again when somebody else was faster, sends again when the outcome is unknown.
pub(crate) async fn carry_out<A>(
    store: &dyn EventStore,
    execution: &Execution,
    id: &A::Id,
    command: A::Command,
) -> Outcome<Decided<A>>
where
    A: Aggregate,
{
    let mut failure = None;
    for _ in 0..ATTEMPTS {
        let history = History::<A>::load(store, execution.tenant, id).await?;
        if let Some(position) = history.repeated(execution)? {
            return Ok(Decided { state: history.state, position, replayed: true });
        }
        let events = history
            .state
            .decide(command.clone())
            .map_err(|rejection| Trouble::Failed(status::of_rejection(&rejection)))?;
        if events.is_empty() {
            let (state, position) = (history.state, history.position);
            return Ok(Decided { state, position, replayed: true });
        }
        let stream = StreamId::of::<A>(execution.tenant, id);
        let write = execution
            .write(stream, Expected::after(history.count), &events)
            .map_err(|error| Trouble::fault("a fact has no stored form", &error))?;
        match store.append(vec![write]).await.pop() {
            Some(Ok(appended)) => {
                let state = events.into_iter().fold(history.state, A::evolve);
                let (position, replayed) = (appended.position, appended.repeated);
                return Ok(Decided { state, position, replayed });
            }
            Some(Err(error @ (AppendError::Conflict { .. } | AppendError::Unknown(_)))) => {
                failure = Some(error);
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(eventstore::StoreError::Closed.into()),
        }
    }
    Err(failure.map_or_else(|| eventstore::StoreError::Closed.into(), Trouble::from))
}
