//! An operator's decision that a model, or a policy, does without a fact that cannot be read. It is itself a fact,
//! in a stream for each model: who decided, when and why stays known, and every build abides by it.

use std::collections::BTreeSet;

use eventstore::{
    AppendError, EventStore, Expected, NewEvent, RecordedEvent, StoreError, StreamId, Unreadable,
    Write,
};
use kernel::{Actor, CommandId, Envelope, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Model, Standing};

/// The type of the facts.
pub const KIND: &str = "projection-fact-skipped.v1";
/// The category of their streams.
pub const CATEGORY: &str = "projection";
/// More decisions than these are not made for a model.
const MOST: usize = 10_000;

/// A decision, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skip {
    /// The model that does without the fact.
    pub model: String,
    /// The fact's id.
    pub fact: Uuid,
    /// The fact's type.
    pub kind: String,
    /// The fact's stream.
    pub stream: String,
    /// Where the fact stands in the log.
    pub position: u64,
    /// Who decided: a handle or a ticket, not a person's name or address.
    pub decided_by: String,
    /// Why.
    pub reason: String,
}

/// Why a decision was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum SkipError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It has no form.
    #[error("the decision cannot be written as JSON")]
    Form(#[from] serde_json::Error),
}

fn stream(model: Model) -> StreamId {
    StreamId::named(CATEGORY, TenantId::PLATFORM, model.name)
}

/// Records that a model does without the fact at which a tenant stands still. Deciding the same twice
/// is deciding once.
///
/// # Errors
/// When the log cannot be read, or takes no facts.
pub async fn skip(
    log: &dyn EventStore,
    standing: &Standing,
    decided_by: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), SkipError> {
    let stream = stream(standing.model);
    let before = log.read(&stream, 0, MOST).await?;
    if before.iter().flat_map(decision).any(|skip| skip.fact == standing.fact) {
        return Ok(());
    }
    let command = CommandId::derived(&[KIND.as_bytes(), standing.fact.as_bytes()]);
    let skip = Skip {
        model: standing.model.name.to_owned(),
        fact: standing.fact,
        kind: standing.kind.clone(),
        stream: standing.stream.to_string(),
        position: standing.position.0,
        decided_by: decided_by.to_owned(),
        reason: reason.to_owned(),
    };
    let envelope = Envelope {
        tenant: TenantId::PLATFORM,
        actor: Actor::system("operator"),
        command,
        fingerprint: None,
        correlation: None,
        causation: Some(standing.fact),
        traceparent: None,
        at,
    };
    let event = NewEvent {
        id: command.event_id(stream.as_str(), 0),
        kind: KIND.to_owned(),
        data: serde_json::to_vec(&skip)?,
        metadata: serde_json::to_vec(&envelope)?,
    };
    let expected = Expected::after(before.len() as u64);
    let write = Write { stream, expected, events: vec![event] };
    log.append(vec![write]).await.into_iter().try_for_each(|done| done.map(|_| ()))?;
    Ok(())
}

/// The decision that a fact is.
///
/// # Errors
/// [`Unreadable`] when it is none.
pub fn decision(fact: &RecordedEvent) -> Result<Skip, Unreadable> {
    if &*fact.kind != KIND {
        let other = serde::de::Error::custom("it is no decision of an operator");
        return Err(Unreadable::of(fact, other));
    }
    serde_json::from_slice(&fact.data).map_err(|error| Unreadable::of(fact, error))
}

/// The facts that a model, or a policy of that name, does without.
///
/// # Errors
/// When the log cannot be read.
pub async fn skipped(log: &dyn EventStore, model: Model) -> Result<BTreeSet<Uuid>, StoreError> {
    let decisions = log.read(&stream(model), 0, MOST).await?;
    Ok(decisions.iter().flat_map(decision).map(|skip| skip.fact).collect())
}
