//! What is measured and traced of an operation: its type and the field of the schema that it asks
//! for. The name that a client gives it is the client's to choose, and stands nowhere.

use std::{sync::Arc, time::Instant};

use async_graphql::parser::types::OperationType;
use metrics::{counter, gauge, histogram};
use runtime::{
    Context, Policy,
    trace::{Span, SpanKind, TraceContext},
};
use tonic::metadata::AsciiMetadataValue;

use crate::{limits::Buckets, reply::Reply};

/// An operation under way; measured when it is dropped.
pub struct Observed {
    span: Option<Span>,
    began: Instant,
    operation: &'static str,
    outcome: Option<&'static str>,
}

impl Observed {
    /// An operation on that field of the schema begins, within what came with the request.
    pub fn begin(
        kind: OperationType,
        field: Option<&str>,
        parent: Option<&AsciiMetadataValue>,
    ) -> Self {
        let operation = match kind {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        };
        let parent = parent.and_then(|parent| TraceContext::parse(parent.to_str().ok()?));
        let name = || field.map_or(operation.to_owned(), |field| format!("{operation} {field}"));
        let mut span = Span::begin(SpanKind::Internal, parent, name);
        if let Some(span) = &mut span {
            span.set("graphql.operation.type", operation);
            if let Some(field) = field {
                span.set("graphql.operation.name", field.to_owned());
            }
        }
        Self { span, began: Instant::now(), operation, outcome: Some("rejected") }
    }

    /// Its span, if there is one.
    pub fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }

    /// The context for the calls that it makes; none where no spans are made.
    pub fn traceparent(&self) -> Option<AsciiMetadataValue> {
        self.span()?.context().to_string().parse().ok()
    }

    /// It was answered.
    pub fn answered(&mut self, reply: &Reply) {
        let outcome = match reply {
            Reply { errors, .. } if !errors.is_empty() => "failed",
            Reply { user_errors, .. } if *user_errors > 0 => "user_errors",
            _ => "done",
        };
        self.outcome = Some(outcome);
        if let (Some(span), "failed") = (&mut self.span, outcome) {
            span.fail(outcome);
        }
    }

    /// It goes on for as long as somebody listens: measured up to here.
    pub fn goes_on(&mut self) {
        self.outcome = Some("done");
        self.measure();
    }

    fn measure(&mut self) {
        if let Some(outcome) = self.outcome.take().filter(|_| runtime::metrics::is_on()) {
            let labels = [("operation", self.operation), ("outcome", outcome)];
            histogram!("laurel_graphql_duration_seconds", &labels).record(self.began.elapsed());
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.measure();
    }
}

/// Counts a document that no operation can be made of.
pub fn unreadable() {
    counter!("laurel_graphql_unreadable_total").increment(1);
}

/// Counts an operation that its client has no allowance for.
pub fn throttled() {
    counter!("laurel_throttled_total", "limit" => "graphql").increment(1);
}

/// Records how much of its allowance the busiest client has spent; which client that is stands
/// nowhere.
pub fn allowances(context: &Context, buckets: &Arc<Buckets>) -> Policy {
    let buckets = Arc::clone(buckets);
    Policy::measuring("allowances", context.tasks.cancelled(), move || {
        gauge!("laurel_allowance_used_ratio", "limit" => "graphql").set(buckets.most_spent());
        std::future::ready(())
    })
}
