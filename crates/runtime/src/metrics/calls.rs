//! Calls of roles, measured and traced where they arrive.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use futures_util::future::Either;
use http::{HeaderMap, Request, Response};
use metrics::histogram;
use tonic::{Code, body::Body};
use tower::Service;

use super::is_on;
use crate::{
    RoleName,
    trace::{self, spans},
};

/// Routes whose calls are measured and traced: from their arrival to the head of their answer.
#[derive(Clone, Debug)]
pub struct MeasuredCalls<S> {
    inner: S,
}

impl<S> MeasuredCalls<S> {
    /// Measures the calls of these.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Request<Body>> for MeasuredCalls<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future =
        Either<S::Future, Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if !is_on() && !trace::is_on() {
            return Either::Left(self.inner.call(request));
        }
        let began = Instant::now();
        let path = request.uri().path();
        let role = RoleName::serving(path).map(RoleName::as_str);
        let method = path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut span = role.and_then(|_| spans::served(&mut request));
        let answering = self.inner.call(request);
        Either::Right(Box::pin(async move {
            let answer = trace::within(span.as_ref(), answering).await;
            if let (Some(role), Ok(response)) = (role, &answer) {
                let code = code(response.headers());
                if let Some(span) = &mut span {
                    spans::answered(span, code);
                }
                // Whoever asks for what there is not chooses no label.
                let method = if code == Code::Unimplemented { "none".to_owned() } else { method };
                let labels = [
                    ("service", role.to_owned()),
                    ("method", method),
                    ("code", format!("{code:?}")),
                ];
                histogram!("laurel_grpc_server_duration_seconds", &labels).record(began.elapsed());
            }
            answer
        }))
    }
}

/// The code of an answer that is nothing but a refusal; good otherwise.
pub(crate) fn code(headers: &HeaderMap) -> Code {
    headers.get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()))
}
