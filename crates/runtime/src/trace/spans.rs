//! The spans of calls between roles and of what is asked of the stores, by OpenTelemetry's names.

use http::Request;
use tonic::{Code, body::Body};

use super::{Span, SpanKind, TraceContext, current};

/// A call that arrived; from here on the request carries its context.
pub(crate) fn served(request: &mut Request<Body>) -> Option<Span> {
    call(SpanKind::Server, request)
}

/// A call that is sent; from here on the request carries its context. None where nothing led to the
/// call.
pub(crate) fn sent(request: &mut Request<Body>) -> Option<Span> {
    let led = TraceContext::of(request.headers()).or_else(current);
    led.and_then(|_| call(SpanKind::Client, request))
}

fn call(kind: SpanKind, request: &mut Request<Body>) -> Option<Span> {
    if !super::is_on() {
        return None;
    }
    let parent = TraceContext::of(request.headers()).or_else(current);
    let path = request.uri().path().trim_start_matches('/');
    let mut span = Span::begin(kind, parent, || path.to_owned())?;
    let (service, method) = path.rsplit_once('/').unwrap_or_default();
    span.set("rpc.system", "grpc")
        .set("rpc.service", service.to_owned())
        .set("rpc.method", method.to_owned());
    span.context().write(request.headers_mut());
    Some(span)
}

/// How a call that was sent ended.
pub(crate) fn returned(span: &mut Span, code: Code) {
    span.set("rpc.grpc.status_code", i64::from(i32::from(code)));
    if code != Code::Ok {
        span.fail(format!("{code:?}"));
    }
}

/// How a call that arrived ended: what is the caller's fault is no failure.
pub(crate) fn answered(span: &mut Span, code: Code) {
    span.set("rpc.grpc.status_code", i64::from(i32::from(code)));
    match code {
        // Whoever asks for what there is not chooses no name.
        Code::Unimplemented => span.forget(),
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => span.fail(format!("{code:?}")),
        _ => {}
    }
}
