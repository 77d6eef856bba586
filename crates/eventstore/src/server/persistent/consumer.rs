//! The call of one consumer.

use std::{sync::Arc, time::Instant};

use futures_util::{Stream, stream};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{
    group::{Message, Refusal},
    member::Who,
    pump::Served,
    status as said,
};
use crate::server::{
    convert,
    ending::{Ending, going_down},
    event::ReadEvent,
    proto::{
        Uuid as WireId,
        persistent_subscriptions::{
            ReadReq, ReadResp, read_req,
            read_req::nack::Action,
            read_resp::{Content, SubscriptionConfirmation},
        },
    },
};

/// A consumer that leaves when its call ends, however it ends.
struct Seat {
    group: Arc<Served>,
    key: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.group.change(|group| group.leave(self.key));
    }
}

struct Call {
    seat: Seat,
    said: Streaming<ReadReq>,
    inbox: mpsc::UnboundedReceiver<Result<Message, Status>>,
    ending: Ending,
    textual: bool,
    confirmed: bool,
    /// Whether the consumer has nothing more to say.
    silent: bool,
}

/// Lets a consumer join a group, and gives what it is sent.
///
/// # Errors
/// There are as many as there may be.
pub(super) fn join(
    group: Arc<Served>,
    slots: usize,
    who: Who,
    textual: bool,
    said: Streaming<ReadReq>,
    ending: Ending,
) -> Result<impl Stream<Item = Result<ReadResp, Status>>, Status> {
    let (outbox, inbox) = mpsc::unbounded_channel();
    let key = group.change(|state| state.join(slots, who, outbox));
    let key = key.ok_or_else(|| said::full(&group.kept))?;
    let seat = Seat { group, key };
    let call = Call { seat, said, inbox, ending, textual, confirmed: false, silent: false };
    Ok(stream::unfold(Some(call), async |call| {
        let mut call = call?;
        match call.next().await {
            Ok(Some(response)) => Some((Ok(ReadResp { content: Some(response) }), Some(call))),
            Ok(None) => None,
            Err(status) => Some((Err(status), None)),
        }
    }))
}

impl Call {
    async fn next(&mut self) -> Result<Option<Content>, Status> {
        if !self.confirmed {
            self.confirmed = true;
            let kept = &self.seat.group.kept;
            let subscription_id = format!("{}::{}", kept.source, kept.group);
            let confirmation = SubscriptionConfirmation { subscription_id };
            return Ok(Some(Content::SubscriptionConfirmation(confirmation)));
        }
        loop {
            tokio::select! {
                () = self.ending.wait() => return Err(going_down()),
                said = self.said.message(), if !self.silent => match said? {
                    Some(request) => self.hear(request)?,
                    None => return Ok(None),
                },
                message = self.inbox.recv() => {
                    let Some(message) = message else {
                        return Err(said::dropped(&self.seat.group.kept));
                    };
                    let Message { event, link, retries, .. } = message?;
                    let (event, retries) = (Some(event), Some(retries));
                    let event = ReadEvent { event, link, textual: self.textual, retries };
                    return Ok(Some(Content::Event(event)));
                }
            }
        }
    }

    fn hear(&mut self, request: ReadReq) -> Result<(), Status> {
        let Seat { group, key } = &self.seat;
        match request.content {
            Some(read_req::Content::Ack(ack)) => {
                let ids = ids(&ack.ids)?;
                group.change(|group| group.acknowledge(*key, &ids, Instant::now()));
            }
            Some(read_req::Content::Nack(nack)) => {
                let ids = ids(&nack.ids)?;
                let why = match nack.action() {
                    Action::Park => Refusal::Park,
                    Action::Retry | Action::Unknown => Refusal::Retry,
                    Action::Skip => Refusal::Skip,
                    Action::Stop => Refusal::Stop,
                };
                group.change(|group| group.refuse(*key, &ids, why));
            }
            Some(read_req::Content::Options(_)) | None => {
                return Err(Status::invalid_argument("only the first message holds options"));
            }
        }
        Ok(())
    }
}

fn ids(ids: &[WireId]) -> Result<Vec<Uuid>, Status> {
    ids.iter().map(|id| convert::id(Some(id))).collect()
}
