//! How calls that would go on for ever end when the server does.

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tonic::Status;

/// Says whether the server is ending.
#[derive(Clone, Debug)]
pub(super) struct Ending(watch::Receiver<bool>);

impl Ending {
    /// One that is told, and who tells it.
    pub fn pair() -> (watch::Sender<bool>, Self) {
        let (tell, told) = watch::channel(false);
        (tell, Self(told))
    }

    /// Waits until the server ends.
    pub async fn wait(&mut self) {
        // Nobody can say any more that it ends: then it has.
        let _ = self.0.wait_for(|ending| *ending).await;
    }

    /// The answers, until the server ends. A client must not take that for an end of its own.
    pub fn cut<T>(
        mut self,
        answers: impl Stream<Item = Result<T, Status>>,
    ) -> impl Stream<Item = Result<T, Status>> {
        let ended = async move { self.wait().await };
        answers.take_until(ended).chain(stream::once(async { Err(going_down()) }))
    }
}

pub(super) fn going_down() -> Status {
    Status::unavailable("the event store is shutting down: connect again")
}
