use std::{
    borrow::Cow,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use metrics::counter;

use super::{TRACER, TraceContext, Tracer, otlp};

/// Links of one span that are kept.
const LINKS: usize = 128;

/// What a span is to the spans around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Work within a process.
    Internal = 1,
    /// The answer to a call.
    Server = 2,
    /// A call and the wait for its answer.
    Client = 3,
    /// Something handed over without waiting for what is made of it.
    Producer = 4,
    /// What is made of something that was handed over.
    Consumer = 5,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Words of Laurel's own, or an id of its own making.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// Something that takes time; it ends when it is dropped. One of a trace that is not exported hands
/// on its context and records nothing.
#[derive(Debug)]
pub struct Span {
    context: TraceContext,
    recorded: Option<Box<Recorded>>,
}

#[derive(Debug)]
struct Recorded {
    name: String,
    kind: SpanKind,
    parent: Option<u64>,
    /// In nanoseconds since 1970.
    at: u64,
    began: Instant,
    attributes: Vec<(&'static str, Value)>,
    links: Vec<TraceContext>,
    failed: bool,
}

impl Span {
    /// A span within another, or the first of its trace; none where no spans are made.
    pub fn begin(
        kind: SpanKind,
        parent: Option<TraceContext>,
        name: impl FnOnce() -> String,
    ) -> Option<Self> {
        let tracer = TRACER.get()?;
        let context = match parent {
            Some(parent) => parent.child(),
            None => TraceContext::root(|trace| tracer.samples(trace)),
        };
        let record = || Box::new(Recorded::new(kind, parent, Vec::new(), name()));
        let recorded = context.sampled.then(record);
        Some(Self { context, recorded })
    }

    /// The first span of a trace that other traces led to: with a link to each of those that are
    /// exported, none when none of them is.
    pub fn because_of(
        kind: SpanKind,
        causes: impl IntoIterator<Item = TraceContext>,
        name: impl FnOnce() -> String,
    ) -> Option<Self> {
        TRACER.get()?;
        let mut links: Vec<TraceContext> = Vec::new();
        for cause in causes.into_iter().filter(|cause| cause.sampled) {
            if links.len() < LINKS && !links.contains(&cause) {
                links.push(cause);
            }
        }
        if links.is_empty() {
            return None;
        }
        let recorded = Some(Box::new(Recorded::new(kind, None, links, name())));
        Some(Self { context: TraceContext::root(|_| true), recorded })
    }

    /// Where it stands, for what happens within it.
    #[must_use]
    pub fn context(&self) -> TraceContext {
        self.context
    }

    /// Says something about it.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) -> &mut Self {
        if let Some(recorded) = &mut self.recorded {
            recorded.attributes.push((key, value.into()));
        }
        self
    }

    /// Records nothing of it after all.
    pub(super) fn forget(&mut self) {
        self.recorded = None;
    }

    /// Says that it failed, and how.
    pub fn fail(&mut self, how: impl Into<Value>) {
        self.set("error.type", how);
        if let Some(recorded) = &mut self.recorded {
            recorded.failed = true;
        }
    }

    /// Lets it have begun earlier than it was made.
    pub(super) fn backdate(&mut self, began: Instant) {
        if let Some(recorded) = &mut self.recorded {
            let before = recorded.began.saturating_duration_since(began);
            recorded.at = recorded.at.saturating_sub(nanos(before.as_nanos()));
            recorded.began = began;
        }
    }
}

impl Recorded {
    fn new(
        kind: SpanKind,
        parent: Option<TraceContext>,
        links: Vec<TraceContext>,
        name: String,
    ) -> Self {
        let (parent, attributes) = (parent.map(|parent| parent.span), Vec::new());
        let (at, began) = (now(), Instant::now());
        Self { name, kind, parent, at, began, attributes, links, failed: false }
    }

    fn ended(self, context: TraceContext) -> otlp::Span {
        let took = nanos(self.began.elapsed().as_nanos());
        otlp::Span {
            trace_id: context.trace.to_be_bytes().to_vec(),
            span_id: context.span.to_be_bytes().to_vec(),
            parent_span_id: self.parent.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default(),
            name: self.name,
            kind: self.kind as i32,
            start_time_unix_nano: self.at,
            end_time_unix_nano: self.at.saturating_add(took),
            attributes: self.attributes.into_iter().map(otlp::attribute).collect(),
            links: self.links.into_iter().map(otlp::Link::to).collect(),
            status: self.failed.then_some(otlp::Status { code: otlp::Status::ERROR }),
            flags: 1,
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let (Some(recorded), Some(tracer)) = (self.recorded.take(), TRACER.get()) {
            // Nobody waits: what the queue does not hold is lost.
            if tracer.spans.try_send(recorded.ended(self.context)).is_err() {
                counter!("laurel_trace_spans_total", "outcome" => "dropped").increment(1);
            }
        }
    }
}

impl Tracer {
    /// By the trace's id, so that whoever has to decide decides alike.
    fn samples(&self, trace: u128) -> bool {
        let low = u64::try_from(trace & u128::from(u64::MAX)).unwrap_or(u64::MAX);
        (low >> 1) < self.below
    }
}

/// In nanoseconds since 1970. A span's place in time is the machine's affair, not Laurel's.
#[expect(clippy::disallowed_methods, reason = "spans are compared with those of other programs")]
fn now() -> u64 {
    nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos())
}

fn nanos(count: u128) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
