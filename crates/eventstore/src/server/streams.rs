//! The service that all else exists for: reading, following, writing and deleting streams.

use std::{pin::Pin, sync::Arc};

use futures_util::Stream;
use kernel::Position;
use tonic::{Request, Response, Status, Streaming};

use super::{
    Limits,
    access::Caller,
    appending, batching, convert,
    convert::standing,
    ending::Ending,
    filter::Filter,
    proto::streams::{
        AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, DeleteReq, DeleteResp, ReadReq,
        ReadResp, TombstoneReq, TombstoneResp, delete_req, delete_resp,
        read_req::options::{
            AllOptions, CountOption, FilterOption, ReadDirection, StreamOption, StreamOptions,
            all_options::AllOption, stream_options::RevisionOption, uuid_option,
        },
        streams_server::Streams,
        tombstone_req, tombstone_resp,
    },
    reading::{self, Links, Manner},
    status, subscribing,
};
use crate::{
    Deletion, Embedded,
    raw::{Direction, Refused, Standing, StreamName},
};

pub(super) struct StreamsService {
    pub store: Arc<Embedded>,
    pub limits: Limits,
    pub ending: Ending,
}

pub(super) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Streams for StreamsService {
    type ReadStream = Answers<ReadResp>;
    type BatchAppendStream = Answers<BatchAppendResp>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Answers<ReadResp>>, Status> {
        let caller = Caller::of(&request)?;
        let options = request.into_inner().options;
        let options = options.ok_or_else(|| Status::invalid_argument("the options are missing"))?;
        let direction = match options.read_direction() {
            ReadDirection::Forwards => Direction::Forwards,
            ReadDirection::Backwards => Direction::Backwards,
        };
        let ids = options.uuid_option.and_then(|option| option.content);
        let ids = ids.ok_or_else(|| Status::invalid_argument("the form of ids is missing"))?;
        let links = match (options.resolve_links, caller.administers()) {
            (false, _) => Links::Kept,
            (true, Ok(())) => Links::Followed,
            (true, Err(_)) => Links::FollowedOutside,
        };
        let manner = Manner {
            direction,
            links,
            textual: matches!(ids, uuid_option::Content::String(_)),
            with_ends: options.control_option.is_some_and(|option| option.compatibility >= 1),
        };
        let filter = match options.filter_option {
            Some(FilterOption::Filter(filter)) => Some(Filter::of(filter)?),
            Some(FilterOption::NoFilter(_)) | None => None,
        };
        match &options.stream_option {
            Some(StreamOption::Stream(of)) => {
                caller.uses(&convert::stream(of.stream_identifier.clone())?)?;
            }
            Some(StreamOption::All(_)) => caller.administers()?,
            None => {}
        }
        let store = Arc::clone(&self.store);
        let answers: Answers<ReadResp> = match (options.stream_option, options.count_option) {
            (Some(StreamOption::Stream(_)), Some(_)) if filter.is_some() => {
                return Err(Status::invalid_argument("only $all can be filtered"));
            }
            (Some(StreamOption::Stream(stream)), Some(CountOption::Count(count))) => {
                let (name, place) = stream_and_place(stream)?;
                let from = match place {
                    RevisionOption::Revision(revision) => Some(revision),
                    RevisionOption::Start(_) => Some(0),
                    RevisionOption::End(_) => None,
                };
                Box::pin(reading::stream(store, name, from, count, manner).await?)
            }
            (Some(StreamOption::All(all)), Some(CountOption::Count(count))) => {
                let from = match (place_in_log(all)?, direction) {
                    // Forwards, the event at the position is read; backwards, those before it.
                    (AllOption::Position(at), Direction::Forwards) => {
                        at.commit_position.saturating_sub(1)
                    }
                    (AllOption::Position(at), Direction::Backwards) => at.commit_position,
                    (AllOption::Start(_), _) => 0,
                    (AllOption::End(_), _) => u64::MAX,
                };
                Box::pin(reading::everything(store, Position(from), count, filter, manner))
            }
            (Some(_), Some(CountOption::Subscription(_))) if direction == Direction::Backwards => {
                return Err(Status::invalid_argument("a subscription goes forwards"));
            }
            (Some(StreamOption::Stream(stream)), Some(CountOption::Subscription(_))) => {
                let (name, place) = stream_and_place(stream)?;
                let from = match place {
                    RevisionOption::Revision(revision) => Some(revision.saturating_add(1)),
                    RevisionOption::Start(_) => Some(0),
                    RevisionOption::End(_) => None,
                };
                let events = subscribing::stream(store, name, from, manner).await?;
                Box::pin(self.ending.clone().cut(events))
            }
            (Some(StreamOption::All(all)), Some(CountOption::Subscription(_))) => {
                let after = match place_in_log(all)? {
                    AllOption::Position(at) => Some(Position(at.commit_position)),
                    AllOption::Start(_) => Some(Position(0)),
                    AllOption::End(_) => None,
                };
                let events = subscribing::everything(store, after, filter, manner);
                Box::pin(self.ending.clone().cut(events))
            }
            (None, _) | (_, None) => {
                return Err(Status::invalid_argument("what to read or how much is missing"));
            }
        };
        Ok(Response::new(answers))
    }

    async fn append(
        &self,
        request: Request<Streaming<AppendReq>>,
    ) -> Result<Response<AppendResp>, Status> {
        let caller = Caller::of(&request)?;
        let call = request.into_inner();
        appending::append(&self.store, self.limits, &caller, call).await.map(Response::new)
    }

    async fn batch_append(
        &self,
        request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Answers<BatchAppendResp>>, Status> {
        let caller = Caller::of(&request)?;
        let (store, ending) = (Arc::clone(&self.store), self.ending.clone());
        let call = request.into_inner();
        let answers = batching::batch_append(store, self.limits, caller, call, ending);
        Ok(Response::new(Box::pin(answers)))
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        use delete_req::options::ExpectedStreamRevision;
        let caller = Caller::of(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        let stream = convert::stream(options.stream_identifier)?;
        caller.uses(&stream)?;
        let expected = options.expected_stream_revision;
        let standing =
            standing!(ExpectedStreamRevision, expected, Any, NoStream, StreamExists, Revision)?;
        let at = self.erase(&stream, standing, Deletion::Soft).await?;
        let at = delete_resp::Position { commit_position: at.0, prepare_position: at.0 };
        let position_option = Some(delete_resp::PositionOption::Position(at));
        Ok(Response::new(DeleteResp { position_option }))
    }

    async fn tombstone(
        &self,
        request: Request<TombstoneReq>,
    ) -> Result<Response<TombstoneResp>, Status> {
        use tombstone_req::options::ExpectedStreamRevision;
        let caller = Caller::of(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        let stream = convert::stream(options.stream_identifier)?;
        caller.uses(&stream)?;
        let expected = options.expected_stream_revision;
        let standing =
            standing!(ExpectedStreamRevision, expected, Any, NoStream, StreamExists, Revision)?;
        let at = self.erase(&stream, standing, Deletion::Tombstone).await?;
        let at = tombstone_resp::Position { commit_position: at.0, prepare_position: at.0 };
        let position_option = Some(tombstone_resp::PositionOption::Position(at));
        Ok(Response::new(TombstoneResp { position_option }))
    }
}

impl StreamsService {
    async fn erase(
        &self,
        stream: &StreamName,
        standing: Standing,
        how: Deletion,
    ) -> Result<Position, Status> {
        let what = if how == Deletion::Tombstone { "Tombstone" } else { "Delete" };
        let erased = self.store.erase(stream, standing, how).await;
        erased.map_err(|refused| match refused {
            Refused::Conflict { found, .. } => {
                status::wrong_version(what, stream.as_str(), standing, found)
            }
            other => status::refused(&other, stream, self.limits.append),
        })
    }
}

fn stream_and_place(options: StreamOptions) -> Result<(StreamName, RevisionOption), Status> {
    let name = convert::stream(options.stream_identifier)?;
    let place = options.revision_option;
    Ok((name, place.ok_or_else(|| Status::invalid_argument("where to begin is missing"))?))
}

fn place_in_log(options: AllOptions) -> Result<AllOption, Status> {
    options.all_option.ok_or_else(|| Status::invalid_argument("where to begin is missing"))
}
