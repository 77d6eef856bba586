//! Subscriptions as server-sent events: the "distinct connections" mode of the GraphQL over SSE
//! protocol. One operation per connection, events `next` and `complete`, comments as heartbeat.

use std::{convert::Infallible, sync::Arc, time::Duration};

use ::http::{HeaderValue, header};
use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, future, stream};
use tokio::time::{Instant, interval_at};
use tokio_stream::wrappers::IntervalStream;

use crate::{
    accept::Media,
    caller::Caller,
    endpoint::{Endpoint, Prepared},
    http::plain_headers,
    reply::Reply,
};

/// How often a long stream looks whether its token is still good.
pub const TOKEN_CHECK: Duration = Duration::from_secs(1);

/// The events of an operation.
pub fn stream(endpoint: &Arc<Endpoint>, caller: Caller, prepared: Prepared) -> Response {
    let receipt = prepared.receipt;
    let replies = endpoint.subscribe(prepared);
    let request_id = caller.request_id.clone();
    let events = events(Arc::clone(endpoint), caller, replies);
    let body = Body::from_stream(events.map(Ok::<_, Infallible>));
    let mut response = response(body, &request_id);
    endpoint.rate_headers(receipt, response.headers_mut());
    response
}

/// The one event of an operation that was not run.
pub fn once(endpoint: &Endpoint, reply: &Reply, request_id: &str) -> Response {
    let mut body = next(&reply.json(endpoint, request_id)).to_vec();
    body.extend_from_slice(COMPLETE);
    response(Body::from(body), request_id)
}

fn response(body: Body, request_id: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let media = Media::EventStream.content_type();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    plain_headers(headers, request_id);
    // Proxies that buffer would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";

fn next(json: &[u8]) -> Bytes {
    let mut event = Vec::with_capacity(json.len() + 24);
    event.extend_from_slice(b"event: next\ndata: ");
    event.extend_from_slice(json);
    event.extend_from_slice(b"\n\n");
    event.into()
}

enum Step {
    Reply(Reply),
    End,
    Heartbeat,
    Check,
}

fn events(
    endpoint: Arc<Endpoint>,
    caller: Caller,
    replies: impl Stream<Item = Reply> + Send + 'static,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let every = |period| IntervalStream::new(interval_at(Instant::now() + period, period));
    let replies = replies.map(Step::Reply).chain(stream::iter([Step::End])).boxed();
    let beats = every(endpoint.limits.heartbeat).map(|_| Step::Heartbeat).boxed();
    let checks = every(TOKEN_CHECK).map(|_| Step::Check).boxed();
    // Without the event that completes the operation: that tells clients to connect again.
    let closing = endpoint.closing.clone().cancelled_owned();
    let steps = stream::select_all([replies, beats, checks]);
    steps
        .take_until(closing)
        .flat_map(move |step| {
            let (chunk, last) = step_bytes(&endpoint, &caller, step);
            stream::iter([Some(chunk), None].into_iter().take(if last { 2 } else { 1 }))
        })
        .take_while(|chunk| future::ready(chunk.is_some()))
        .filter_map(|chunk| future::ready(chunk.filter(|chunk| !chunk.is_empty())))
}

/// What is sent, and whether the stream ends with it.
fn step_bytes(endpoint: &Endpoint, caller: &Caller, step: Step) -> (Bytes, bool) {
    match step {
        Step::Reply(reply) => (next(&reply.json(endpoint, &caller.request_id)), false),
        Step::End => (Bytes::from_static(COMPLETE), true),
        Step::Heartbeat => (Bytes::from_static(b":\n\n"), false),
        Step::Check => match endpoint.still(caller) {
            Ok(()) => (Bytes::new(), false),
            Err(failure) => {
                let json = Reply::failed(failure).json(endpoint, &caller.request_id);
                let mut last = next(&json).to_vec();
                last.extend_from_slice(COMPLETE);
                (last.into(), true)
            }
        },
    }
}
