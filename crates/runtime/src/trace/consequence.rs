//! What follows from facts: traces of their own, with links to those that the facts came from.

use std::{future::Future, time::Instant};

use eventstore::{RecordedEvent, StreamId};
use readmodel::{Model, Observer};
use serde::Deserialize;

use super::{Span, SpanKind, TraceContext, is_on, within};

/// As much of an envelope as tells where a fact came from.
#[derive(Deserialize)]
struct Origin<'a> {
    #[serde(borrow, default)]
    traceparent: Option<&'a str>,
}

/// Where a fact came from, if its metadata say so.
fn origin(fact: &RecordedEvent) -> Option<TraceContext> {
    let origin: Origin = serde_json::from_slice(&fact.metadata).ok()?;
    TraceContext::parse(origin.traceparent?)
}

/// The fact that something is done because of, as far as spans tell of it.
#[derive(Clone, Debug)]
pub struct Cause(Option<(TraceContext, StreamId)>);

impl Cause {
    /// That fact; nothing where no spans are made.
    #[must_use]
    pub fn of(fact: &RecordedEvent) -> Self {
        let from = if is_on() { origin(fact) } else { None };
        Self(from.map(|from| (from, fact.stream.clone())))
    }
}

/// Does something because of a fact, within a span that is linked to where the fact came from.
pub async fn because<T>(policy: &'static str, cause: Cause, work: impl Future<Output = T>) -> T {
    let Cause(Some((from, stream))) = cause else { return work.await };
    let mut span = Span::because_of(SpanKind::Consumer, [from], || format!("process {policy}"));
    if let Some(span) = &mut span {
        span.set("messaging.operation.type", "process")
            .set("messaging.destination.name", stream.category().to_owned())
            .set("laurel.policy", policy)
            .set("laurel.tenant.id", stream.tenant().to_string());
    }
    within(span.as_ref(), work).await
}

/// Makes a span of each batch of facts that a read model has applied while it is followed, linked to
/// where the facts came from; none where no spans are made.
#[must_use]
pub fn watch_projections() -> Option<Observer> {
    is_on().then(|| Observer::new(applied))
}

fn applied(model: Model, facts: &[&RecordedEvent], began: Instant) {
    let name = model.name;
    let causes = facts.iter().filter_map(|fact| origin(fact));
    let span = Span::because_of(SpanKind::Consumer, causes, || format!("project {name}"));
    if let Some(mut span) = span {
        span.backdate(began);
        span.set("messaging.operation.type", "process")
            .set("messaging.batch.message_count", facts.len())
            .set("laurel.model", name);
    }
}
