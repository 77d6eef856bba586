//! Stores that measure what is asked of them.

use std::{sync::Arc, time::Instant};

use eventstore::{
    AppendError, Appended, Deletion, EventStore, Expected, Filter, Page, RecordedEvent, Signals,
    StoreError, StreamId, Write,
};
use kernel::{Position, Revision};
use metrics::{counter, histogram};

use crate::{Mail, MailError, Mailer};

/// A log whose appends are measured.
pub(crate) struct MeasuredEvents(pub(crate) Arc<dyn EventStore>);

#[async_trait::async_trait]
impl EventStore for MeasuredEvents {
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        let began = Instant::now();
        let facts: Vec<_> = writes.iter().map(|write| write.events.len() as u64).collect();
        let outcomes = self.0.append(writes).await;
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
        }
        outcomes
    }

    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.0.read(stream, from, max).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError> {
        self.0.read_all(after, filter, max).await
    }

    fn subscribe(&self, after: Position, filter: Filter) -> Signals {
        self.0.subscribe(after, filter)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.0.head().await
    }

    fn stride(&self) -> u64 {
        self.0.stride()
    }

    async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        self.0.delete(stream, expected, how).await
    }
}

/// A mailer whose letters are counted.
pub(crate) struct MeasuredMailer(pub(crate) Arc<dyn Mailer>);

#[async_trait::async_trait]
impl Mailer for MeasuredMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let began = Instant::now();
        let outcome = self.0.send(mail).await;
        let name = match &outcome {
            Ok(()) => "sent",
            Err(MailError::Refused(_)) => "refused",
            Err(MailError::Unavailable(_)) => "unavailable",
        };
        histogram!("laurel_mail_duration_seconds", "outcome" => name).record(began.elapsed());
        outcome
    }

    async fn forget(&self, owner: &str) -> Result<(), MailError> {
        self.0.forget(owner).await
    }
}
