//! Servers that do what some server may do one day.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::{StreamExt, future::BoxFuture, stream};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tonic::body::Body;
use tower::Service;

/// What is not as usual.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    /// Every answer to a read ends in good order before so many pieces came; zero for never.
    pub(crate) curt: Arc<AtomicUsize>,
    /// How many reads it was asked for; subscriptions are reads as well.
    pub(crate) reads: Arc<AtomicUsize>,
    /// Somebody else leads, and this server says so.
    pub(crate) leader: Arc<Mutex<Option<SocketAddr>>>,
}

#[derive(Clone)]
pub(crate) struct Layer(pub(crate) Behaviour);

impl<S> tower::Layer<S> for Layer {
    type Service = Odd<S>;

    fn layer(&self, inner: S) -> Odd<S> {
        Odd { behaviour: self.0.clone(), inner }
    }
}

#[derive(Clone)]
pub(crate) struct Odd<S> {
    behaviour: Behaviour,
    inner: S,
}

impl<S> Service<Request<Body>> for Odd<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let streams = request.uri().path().contains("streams.Streams/");
        let read = request.uri().path().ends_with("Streams/Read");
        self.behaviour.reads.fetch_add(usize::from(read), Ordering::Relaxed);
        let leader = *self.behaviour.leader.lock().expect("not poisoned");
        let curt = self.behaviour.curt.load(Ordering::Relaxed);
        let answer = self.inner.call(request);
        Box::pin(async move {
            if let Some(leader) = leader.filter(|_| streams) {
                return Ok(led_by(leader));
            }
            let answer = answer.await?;
            Ok(if read && curt > 0 { answer.map(|body| cut_short(body, curt - 1)) } else { answer })
        })
    }
}

fn cut_short(body: Body, after: usize) -> Body {
    let mut good = HeaderMap::new();
    good.insert("grpc-status", HeaderValue::from_static("0"));
    let data = body.into_data_stream().take(after).map(|data| data.map(Frame::data));
    let end = stream::once(async move { Ok(Frame::trailers(good)) });
    Body::new(StreamBody::new(data.chain(end)))
}

fn led_by(leader: SocketAddr) -> Response<Body> {
    let mut answer = tonic::Status::not_found("Leader info available").into_http();
    let headers = answer.headers_mut();
    headers.insert("exception", HeaderValue::from_static("not-leader"));
    let text = |text: String| HeaderValue::from_str(&text).expect("an address is plain text");
    headers.insert("leader-endpoint-host", text(leader.ip().to_string()));
    headers.insert("leader-endpoint-port", text(leader.port().to_string()));
    answer
}
