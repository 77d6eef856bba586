use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tonic::{Status, body::Body, transport::Channel};
use tower::Service;

use crate::{deadline::Deadline, mesh::NotConnected, metrics::code, trace::spans};

/// How long a call waits that does not say so itself.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a call is tried.
const TRIES: u32 = 4;
/// The pause before it is tried again; it doubles.
const PAUSE: Duration = Duration::from_millis(25);
/// Calls earn credit for retries, in thousandths: one in ten may be tried again, and so many at
/// once.
const EARNED: i32 = 100;
const SPENT: i32 = 1000;
const MOST: i32 = 20 * SPENT;

const LATE: &str = "the role did not answer in time: try again later";

/// Calls another process. What was never sent, because there was no connection or the peer was
/// ending, is tried again within the deadline and within a budget; what may have been carried out
/// is not, for only the caller knows whether it may happen twice.
#[derive(Clone)]
pub(crate) struct Remote {
    channel: Channel,
    credit: Arc<AtomicI32>,
}

impl Remote {
    pub(crate) fn new(channel: Channel) -> Self {
        Self { channel, credit: Arc::new(AtomicI32::new(MOST)) }
    }

    fn earn(&self) {
        let more = |credit: i32| Some((credit + EARNED).min(MOST));
        let _ = self.credit.fetch_update(Relaxed, Relaxed, more);
    }

    fn spend(&self) -> bool {
        let less = |credit: i32| (credit >= SPENT).then(|| credit - SPENT);
        self.credit.fetch_update(Relaxed, Relaxed, less).is_ok()
    }

    async fn carry_out(mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (mut parts, body) = request.into_parts();
        let deadline = Deadline::said_in(&parts.headers);
        let deadline = deadline.unwrap_or_else(|| Deadline::within(PATIENCE));
        // Every call of ours sends one message; held, it can be sent again.
        let message = body.collect().await?.to_bytes();
        self.earn();
        let mut pause = PAUSE;
        for attempt in 1.. {
            deadline.write(&mut parts.headers);
            let body = Body::new(Full::new(message.clone()));
            let sending = self.send(Request::from_parts(parts.clone(), body));
            let error = match tokio::time::timeout(deadline.left(), sending).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => error,
                Err(_) => return Err(Status::deadline_exceeded(LATE)),
            };
            let again = attempt < TRIES && deadline.left() > pause && was_never_sent(&error);
            tracing::debug!(error = chain(&error), again, "a call of another process failed");
            if !again || !self.spend() {
                return Err(status(error));
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Status::unavailable("no attempt was made"))
    }

    async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Body>, tonic::transport::Error> {
        std::future::poll_fn(|context| self.channel.poll_ready(context)).await?;
        self.channel.call(request).await
    }
}

impl Service<Request<Body>> for Remote {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let mut span = spans::sent(&mut request);
        let calling = self.clone().carry_out(request);
        Box::pin(async move {
            let outcome = calling.await;
            if let Some(span) = &mut span {
                let code = match &outcome {
                    Ok(response) => code(response.headers()),
                    Err(status) => status.code(),
                };
                spans::returned(span, code);
            }
            outcome
        })
    }
}

/// Whether the peer cannot have seen the call.
fn was_never_sent(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        cause.is::<NotConnected>()
            || cause.is::<tonic::ConnectError>()
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
            || cause.downcast_ref::<h2::Error>().is_some_and(was_never_taken)
    })
}

/// Whether the peer said so: it refused the stream, or it was going away before the stream began.
/// A GOAWAY fails only the streams that the peer has not taken (RFC 9113, section 6.8).
fn was_never_taken(error: &h2::Error) -> bool {
    error.reason() == Some(h2::Reason::REFUSED_STREAM) || error.is_go_away() && error.is_remote()
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'e (dyn Error + 'static)| error.source())
}

fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn status(error: tonic::transport::Error) -> Status {
    let late = causes(&error).any(<dyn Error + 'static>::is::<tonic::TimeoutExpired>);
    if late {
        return Status::deadline_exceeded(LATE);
    }
    match Status::from_error(Box::new(error)) {
        // A connection that broke says so in many ways, all of which another try may heal.
        status if matches!(status.code(), tonic::Code::Unknown | tonic::Code::Internal) => {
            Status::unavailable("the role cannot be reached: try again later")
        }
        status => status,
    }
}
