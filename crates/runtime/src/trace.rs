//! Spans of OpenTelemetry: what a request makes Laurel do, from its arrival to the append of a fact,
//! and what follows from the fact. They are exported by OTLP over HTTP.
//!
//! Within a request the context travels as `traceparent` from role to role, and within a process
//! from future to future ([`within`], [`current`]). A fact keeps the context in its metadata; what
//! projections and policies make of it are traces of their own with links to it. A trace is exported
//! as a whole or not at all: whoever begins it decides, and the decision travels with it.
//!
//! Nothing is made, and nothing costs, until [`install`] was called. To add a span, begin it with
//! [`Span::begin`], name it by OpenTelemetry's conventions, and give it attributes that Laurel
//! chooses: never an address or a name of a person, never an id or a text that a caller chooses.

mod consequence;
mod context;
mod exporter;
pub mod otlp;
mod span;
pub(crate) mod spans;

use std::{future::Future, sync::OnceLock};

use tokio::sync::mpsc;

pub use consequence::{Cause, because, watch_projections};
pub use context::TraceContext;
pub use span::{Span, SpanKind, Value};

use crate::{Tasks, config::Telemetry};

static TRACER: OnceLock<Tracer> = OnceLock::new();

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// What is exported and where to.
struct Tracer {
    /// Traces whose id ends in less than this, of 2^63, are exported.
    below: u64,
    spans: mpsc::Sender<otlp::Span>,
}

/// The spans of this process cannot be exported.
#[derive(Debug, thiserror::Error)]
#[error("no spans can be exported: see [telemetry] in the configuration")]
pub struct TraceError(#[from] reqwest::Error);

/// Begins to make spans and to export them, for as long as the tasks run and until all others have
/// ended; `service` is the name of this process among others. Doing it twice changes nothing.
///
/// # Errors
/// When no HTTP client can be made.
pub fn install(config: &Telemetry, service: &str, tasks: &Tasks) -> Result<(), TraceError> {
    if is_on() {
        return Ok(());
    }
    let (spans, taken) = mpsc::channel(exporter::QUEUE);
    let exporter = exporter::Exporter::new(config, service, taken)?;
    if TRACER.set(Tracer { below: config.sampled.of(1 << 63), spans }).is_ok() {
        tasks.spawn_last("telemetry", exporter.run(tasks.ended()));
    }
    Ok(())
}

/// Whether spans are made.
#[must_use]
pub fn is_on() -> bool {
    TRACER.get().is_some()
}

/// The span within which the caller runs, if there is one.
#[must_use]
pub fn current() -> Option<TraceContext> {
    if is_on() { CURRENT.try_with(|context| *context).ok() } else { None }
}

/// The same as `traceparent`, for the metadata of facts.
#[must_use]
pub fn traceparent() -> Option<String> {
    current().map(|context| context.to_string())
}

/// Does something within a span.
pub async fn within<T>(span: Option<&Span>, work: impl Future<Output = T>) -> T {
    match span {
        Some(span) => CURRENT.scope(span.context(), work).await,
        None => work.await,
    }
}

/// Work that runs apart and still within the span in which it was begun.
pub(crate) fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let context = current();
    async move {
        match context {
            Some(context) => CURRENT.scope(context, work).await,
            None => work.await,
        }
    }
}
