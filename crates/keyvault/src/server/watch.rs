use std::pin::Pin;

use futures_util::{Stream, stream};
use proto::keyvault::v1::{
    Destruction, Lease, WatchRequest, WatchResponse, watch_request, watch_response,
};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::register::{Said, Seat};
use crate::wire;

pub(super) type Watching = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

/// The stream of one watcher; its seat is left when the stream is dropped.
struct Watcher {
    asks: Streaming<WatchRequest>,
    said: mpsc::Receiver<Said>,
    seat: Seat,
    millis: u32,
}

pub(super) fn watch(
    asks: Streaming<WatchRequest>,
    said: mpsc::Receiver<Said>,
    seat: Seat,
    millis: u32,
) -> Watching {
    let watcher = Watcher { asks, said, seat, millis };
    Box::pin(stream::unfold(Some(watcher), async |watcher| {
        let mut watcher = watcher?;
        match watcher.next().await {
            Ok(Some(response)) => Some((Ok(response), Some(watcher))),
            Ok(None) => None,
            Err(status) => Some((Err(status), None)),
        }
    }))
}

impl Watcher {
    async fn next(&mut self) -> Result<Option<WatchResponse>, Status> {
        use watch_request::Says;
        loop {
            tokio::select! {
                said = self.said.recv() => return match said {
                    Some(said) => Ok(Some(response(said, self.millis))),
                    None => Err(Status::unavailable("the watcher was put out: watch anew")),
                },
                asked = self.asks.message() => match asked {
                    Ok(Some(WatchRequest { says: Some(Says::Ping(ping)) })) => self.seat.ping(ping),
                    Ok(Some(WatchRequest { says: Some(Says::Forgotten(number)) })) => {
                        self.seat.forgotten(number);
                    }
                    Ok(Some(WatchRequest { says: None })) => {}
                    Ok(None) => {
                        self.seat.goodbye = true;
                        return Ok(None);
                    }
                    Err(status) => return Err(status),
                },
            }
        }
    }
}

fn response(said: Said, millis: u32) -> WatchResponse {
    let says = match said {
        Said::Lease { ping } => watch_response::Says::Lease(Lease { ping, millis }),
        Said::Destruction { number, owner } => {
            let owner = Some(wire::owner(&owner));
            watch_response::Says::Destruction(Destruction { number, owner })
        }
    };
    WatchResponse { says: Some(says) }
}
