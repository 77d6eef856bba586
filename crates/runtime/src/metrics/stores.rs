//! Stores that measure and trace what is asked of them.

use std::{sync::Arc, time::Instant};

use eventstore::{
    AppendError, Appended, Deletion, EventStore, Expected, Filter, Page, RecordedEvent, Signals,
    StoreError, StreamId, Write,
};
use kernel::{Position, Revision};
use metrics::{counter, histogram};

use crate::{
    Mail, MailError, Mailer,
    trace::{self, Span, SpanKind},
};

/// A log whose appends are measured.
pub(crate) struct MeasuredEvents {
    pub(crate) events: Arc<dyn EventStore>,
    /// What keeps it, in OpenTelemetry's words.
    pub(crate) system: &'static str,
}

#[async_trait::async_trait]
impl EventStore for MeasuredEvents {
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        let began = Instant::now();
        let mut span = appending(&writes, self.system);
        let facts: Vec<_> = writes.iter().map(|write| write.events.len() as u64).collect();
        let outcomes = self.events.append(writes).await;
        let took = began.elapsed();
        for (outcome, facts) in outcomes.iter().zip(facts) {
            let name = match outcome {
                Ok(appended) if appended.repeated => "repeated",
                Ok(_) => {
                    counter!("laurel_append_facts_total").increment(facts);
                    "done"
                }
                Err(AppendError::Conflict { .. }) => "conflict",
                Err(AppendError::Deleted | AppendError::TooLarge) => "refused",
                Err(AppendError::Unknown(_)) => "unknown",
                Err(AppendError::Unavailable(_)) => "unavailable",
            };
            histogram!("laurel_append_duration_seconds", "outcome" => name).record(took);
            if let (Some(span), Err(_)) = (&mut span, outcome) {
                span.fail(name);
            }
        }
        outcomes
    }

    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.events.read(stream, from, max).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError> {
        self.events.read_all(after, filter, max).await
    }

    fn subscribe(&self, after: Position, filter: Filter) -> Signals {
        self.events.subscribe(after, filter)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.events.head().await
    }

    fn stride(&self) -> u64 {
        self.events.stride()
    }

    async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        self.events.delete(stream, expected, how).await
    }
}

/// The span of an append, where something led to it: named for the kind of stream.
fn appending(writes: &[Write], system: &'static str) -> Option<Span> {
    let (parent, first) = (trace::current()?, writes.first()?);
    let category = first.stream.category();
    let mut span = Span::begin(SpanKind::Client, Some(parent), || format!("append {category}"))?;
    let facts: usize = writes.iter().map(|write| write.events.len()).sum();
    span.set("db.system.name", system)
        .set("db.operation.name", "append")
        .set("db.collection.name", category.to_owned())
        .set("db.operation.batch.size", writes.len())
        .set("laurel.facts", facts)
        .set("laurel.tenant.id", first.stream.tenant().to_string());
    Some(span)
}

/// A mailer whose letters are counted.
pub(crate) struct MeasuredMailer(pub(crate) Arc<dyn Mailer>);

#[async_trait::async_trait]
impl Mailer for MeasuredMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let began = Instant::now();
        let parent = trace::current();
        let mut span = parent.and_then(|parent| {
            Span::begin(SpanKind::Producer, Some(parent), || "send mail".to_owned())
        });
        if let Some(span) = &mut span {
            span.set("messaging.operation.type", "send").set("messaging.destination.name", "mail");
        }
        let outcome = self.0.send(mail).await;
        let name = match &outcome {
            Ok(()) => "sent",
            Err(MailError::Refused(_)) => "refused",
            Err(MailError::Unavailable(_)) => "unavailable",
        };
        histogram!("laurel_mail_duration_seconds", "outcome" => name).record(began.elapsed());
        if let (Some(span), Err(_)) = (&mut span, &outcome) {
            span.fail(name);
        }
        outcome
    }

    async fn forget(&self, owner: &str) -> Result<(), MailError> {
        self.0.forget(owner).await
    }
}
