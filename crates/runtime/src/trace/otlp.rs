//! The messages of OTLP 1.x that carry spans (`opentelemetry.proto.collector.trace.v1` and what it
//! is made of), as far as Laurel fills them in.

use super::{TraceContext, Value};

/// What is sent: `ExportTraceServiceRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Export {
    /// One for each process that the spans come from.
    #[prost(message, repeated, tag = "1")]
    pub resource_spans: Vec<ResourceSpans>,
}

/// The spans of one process.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ResourceSpans {
    /// Which process.
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    /// Its spans, by the library that made them.
    #[prost(message, repeated, tag = "2")]
    pub scope_spans: Vec<ScopeSpans>,
}

/// A process.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Resource {
    /// What it is called.
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<KeyValue>,
}

/// The spans of one library.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ScopeSpans {
    /// Which library.
    #[prost(message, optional, tag = "1")]
    pub scope: Option<Scope>,
    /// The spans.
    #[prost(message, repeated, tag = "2")]
    pub spans: Vec<Span>,
}

/// A library: `InstrumentationScope`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Scope {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its version.
    #[prost(string, tag = "2")]
    pub version: String,
}

/// A span.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Span {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    /// 8 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    /// 8 bytes, or none of the first span of a trace.
    #[prost(bytes = "vec", tag = "4")]
    pub parent_span_id: Vec<u8>,
    /// What is done.
    #[prost(string, tag = "5")]
    pub name: String,
    /// [`super::SpanKind`].
    #[prost(int32, tag = "6")]
    pub kind: i32,
    /// When it began, in nanoseconds since 1970.
    #[prost(fixed64, tag = "7")]
    pub start_time_unix_nano: u64,
    /// When it ended.
    #[prost(fixed64, tag = "8")]
    pub end_time_unix_nano: u64,
    /// What is said about it.
    #[prost(message, repeated, tag = "9")]
    pub attributes: Vec<KeyValue>,
    /// The spans that led to it without being its parent.
    #[prost(message, repeated, tag = "13")]
    pub links: Vec<Link>,
    /// How it ended; none says nothing.
    #[prost(message, optional, tag = "15")]
    pub status: Option<Status>,
    /// Those of W3C Trace Context.
    #[prost(fixed32, tag = "16")]
    pub flags: u32,
}

/// A span that led to another.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Link {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    /// 8 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    /// Those of W3C Trace Context.
    #[prost(fixed32, tag = "6")]
    pub flags: u32,
}

/// How a span ended.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Status {
    /// [`Status::ERROR`] or nothing.
    #[prost(int32, tag = "3")]
    pub code: i32,
}

/// An attribute.
#[derive(Clone, PartialEq, prost::Message)]
pub struct KeyValue {
    /// Its name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Its value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

/// The value of an attribute.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AnyValue {
    /// One of the kinds that Laurel uses.
    #[prost(oneof = "Kind", tags = "1, 3")]
    pub value: Option<Kind>,
}

/// A value.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Kind {
    /// Text.
    #[prost(string, tag = "1")]
    Text(String),
    /// A number.
    #[prost(int64, tag = "3")]
    Number(i64),
}

impl Status {
    /// `STATUS_CODE_ERROR`.
    pub const ERROR: i32 = 2;
}

impl Link {
    pub(super) fn to(context: TraceContext) -> Self {
        Self {
            trace_id: context.trace.to_be_bytes().to_vec(),
            span_id: context.span.to_be_bytes().to_vec(),
            flags: u32::from(context.sampled),
        }
    }
}

pub(super) fn attribute((key, value): (&'static str, Value)) -> KeyValue {
    let value = match value {
        Value::Text(text) => Kind::Text(text.into_owned()),
        Value::Number(number) => Kind::Number(number),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}
