//! Competing consumers: groups that share the events of a stream or of the log among those who
//! join, remember what was done with, and park what nobody manages.

mod consumer;
mod group;
mod info;
mod keeping;
mod member;
mod pump;
mod registry;
mod settings;
mod status;

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};

use self::{
    member::Who,
    settings::{Kept, KeptFilter, LOG},
};
use super::{
    access::Caller,
    convert,
    ending::Ending,
    proto::{
        Empty, StreamIdentifier,
        persistent_subscriptions::{
            CreateReq, CreateResp, DeleteReq, DeleteResp, GetInfoReq, GetInfoResp, ListReq,
            ListResp, ReadReq, ReadResp, ReplayParkedReq, ReplayParkedResp, UpdateReq, UpdateResp,
            create_req, delete_req, get_info_req, list_req,
            persistent_subscriptions_server::PersistentSubscriptions, read_req, replay_parked_req,
            update_req,
        },
    },
    streams::Answers,
};
use crate::{
    Embedded,
    raw::{Direction, Stretch},
};

pub(super) use self::registry::Registry;

pub(super) struct PersistentService {
    store: Arc<Embedded>,
    registry: Arc<Registry>,
    ending: Ending,
}

impl PersistentService {
    pub fn new(store: Arc<Embedded>, registry: Arc<Registry>, ending: Ending) -> Self {
        Self { store, registry, ending }
    }

    /// Where a group begins, in the words of those who ask, and in ours.
    async fn begin(&self, options: &create_req::Options) -> Result<(String, u64), Status> {
        use create_req::{
            all_options::AllOption, options::StreamOption, stream_options::RevisionOption,
        };
        Ok(match &options.stream_option {
            Some(StreamOption::Stream(stream)) => match stream.revision_option {
                Some(RevisionOption::Revision(revision)) => (revision.to_string(), revision),
                Some(RevisionOption::Start(_)) => ("0".into(), 0),
                Some(RevisionOption::End(_)) | None => {
                    let name = convert::stream(stream.stream_identifier.clone())?;
                    let last = self.store.stretch(&name, None, Direction::Backwards, 1).await;
                    let last = last.map_err(|error| super::status::unreadable(&error))?;
                    let next = if let Stretch::Of { last, .. } = last { last + 1 } else { 0 };
                    ("-1".into(), next)
                }
            },
            Some(StreamOption::All(all)) => match &all.all_option {
                Some(AllOption::Position(at)) => {
                    (info::position(at.commit_position), at.commit_position)
                }
                Some(AllOption::Start(_)) => (info::position(0), 0),
                Some(AllOption::End(_)) | None => {
                    ("C:-1/P:-1".into(), self.store.newest().borrow().0 + 1)
                }
            },
            None => return Err(Status::invalid_argument("the source is missing")),
        })
    }
}

fn stream(identifier: Option<StreamIdentifier>) -> Result<String, Status> {
    convert::stream(identifier).map(|stream| stream.as_str().to_owned())
}

/// The source that is named by a message that has one.
macro_rules! source {
    ($module:ident, $option:expr) => {{
        use $module::options::StreamOption;
        match $option {
            Some(StreamOption::StreamIdentifier(identifier)) => stream(Some(identifier)),
            Some(StreamOption::All(_)) => Ok(LOG.to_owned()),
            None => Err(Status::invalid_argument("the source is missing")),
        }
    }};
}

#[tonic::async_trait]
impl PersistentSubscriptions for PersistentService {
    type ReadStream = Answers<ReadResp>;

    async fn create(&self, request: Request<CreateReq>) -> Result<Response<CreateResp>, Status> {
        use create_req::options::StreamOption;
        Caller::of(&request)?.operates()?;
        let mut options = request.into_inner().options.unwrap_or_default();
        #[expect(deprecated, reason = "older clients name the stream so")]
        if options.stream_option.is_none() {
            use create_req::stream_options::RevisionOption;
            let stream_identifier = options.stream_identifier.take();
            let revision_option =
                options.settings.as_ref().map(|settings| match settings.revision {
                    u64::MAX => RevisionOption::End(convert::NOTHING),
                    revision => RevisionOption::Revision(revision),
                });
            let stream = create_req::StreamOptions { stream_identifier, revision_option };
            options.stream_option = Some(StreamOption::Stream(stream));
        }
        let (start_from, begin) = self.begin(&options).await?;
        let (source, filter) = match options.stream_option {
            Some(StreamOption::Stream(of)) => (stream(of.stream_identifier)?, None),
            Some(StreamOption::All(all)) => {
                use create_req::all_options::FilterOption;
                let filter = match all.filter_option {
                    Some(FilterOption::Filter(filter)) => KeptFilter::of(filter),
                    Some(FilterOption::NoFilter(_)) | None => None,
                };
                (LOG.to_owned(), filter)
            }
            None => return Err(Status::invalid_argument("the source is missing")),
        };
        if options.group_name.is_empty() {
            return Err(Status::invalid_argument("the name of the group is missing"));
        }
        let settings = settings::created(options.settings.unwrap_or_default())?;
        let group = options.group_name;
        self.registry.create(Kept { source, group, start_from, begin, filter, settings }).await?;
        Ok(Response::new(CreateResp {}))
    }

    async fn update(&self, request: Request<UpdateReq>) -> Result<Response<UpdateResp>, Status> {
        use update_req::{
            all_options::AllOption, options::StreamOption, stream_options::RevisionOption,
        };
        Caller::of(&request)?.operates()?;
        let options = request.into_inner().options.unwrap_or_default();
        #[expect(deprecated, reason = "older clients name the stream so")]
        let (source, start_from) = match options.stream_option {
            Some(StreamOption::Stream(of)) => {
                let start = match of.revision_option {
                    Some(RevisionOption::Revision(revision)) => revision.to_string(),
                    Some(RevisionOption::Start(_)) => "0".into(),
                    Some(RevisionOption::End(_)) | None => "-1".into(),
                };
                (stream(of.stream_identifier)?, start)
            }
            Some(StreamOption::All(all)) => {
                let start = match all.all_option {
                    Some(AllOption::Position(at)) => info::position(at.commit_position),
                    Some(AllOption::Start(_)) => info::position(0),
                    Some(AllOption::End(_)) | None => "C:-1/P:-1".into(),
                };
                (LOG.to_owned(), start)
            }
            None => {
                let start = match options.settings.as_ref().map(|settings| settings.revision) {
                    Some(u64::MAX) | None => "-1".into(),
                    Some(revision) => revision.to_string(),
                };
                (stream(options.stream_identifier)?, start)
            }
        };
        let before = self.registry.get(&source, &options.group_name).await?;
        let before = before.kept.clone();
        let asked = options.settings.unwrap_or_default();
        let settings = settings::updated(asked, before.settings.strategy)?;
        self.registry.update(Kept { start_from, settings, ..before }).await?;
        Ok(Response::new(UpdateResp {}))
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        Caller::of(&request)?.operates()?;
        let options = request.into_inner().options.unwrap_or_default();
        let source = source!(delete_req, options.stream_option)?;
        self.registry.delete(&source, &options.group_name).await?;
        Ok(Response::new(DeleteResp {}))
    }

    async fn read(
        &self,
        request: Request<Streaming<ReadReq>>,
    ) -> Result<Response<Answers<ReadResp>>, Status> {
        let caller = Caller::of(&request)?;
        let connection = request.metadata().get("connection-name");
        let connection = connection.and_then(|name| name.to_str().ok()).unwrap_or_default();
        let who = Who { user: caller.name().to_owned(), connection: connection.to_owned() };
        let mut said = request.into_inner();
        let Some(read_req::Content::Options(options)) =
            said.message().await?.and_then(|request| request.content)
        else {
            return Err(Status::invalid_argument("the first message must be the options"));
        };
        let source = source!(read_req, options.stream_option)?;
        caller.uses(&convert::named(&source)?)?;
        let ids = options.uuid_option.and_then(|option| option.content);
        let textual = matches!(ids, Some(read_req::options::uuid_option::Content::String(_)));
        let group = self.registry.get(&source, &options.group_name).await?;
        let slots = usize::try_from(options.buffer_size).unwrap_or(1);
        let ending = self.ending.clone();
        let answers = consumer::join(Arc::clone(&group), slots, who, textual, said, ending)?;
        self.registry.start(&group);
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_info(
        &self,
        request: Request<GetInfoReq>,
    ) -> Result<Response<GetInfoResp>, Status> {
        Caller::of(&request)?.operates()?;
        let options = request.into_inner().options.unwrap_or_default();
        let source = source!(get_info_req, options.stream_option)?;
        let group = self.registry.get(&source, &options.group_name).await?;
        let subscription_info = Some(info::info(&self.store, &group).await?);
        Ok(Response::new(GetInfoResp { subscription_info }))
    }

    async fn replay_parked(
        &self,
        request: Request<ReplayParkedReq>,
    ) -> Result<Response<ReplayParkedResp>, Status> {
        use replay_parked_req::options::StopAtOption;
        Caller::of(&request)?.operates()?;
        let options = request.into_inner().options.unwrap_or_default();
        let source = source!(replay_parked_req, options.stream_option)?;
        let group = self.registry.get(&source, &options.group_name).await?;
        let upto = match options.stop_at_option {
            Some(StopAtOption::StopAt(upto)) => Some(
                u64::try_from(upto)
                    .map_err(|_| Status::invalid_argument("where to stop is negative"))?,
            ),
            Some(StopAtOption::NoLimit(_)) | None => None,
        };
        group.replay(upto).await.map_err(|error| super::status::unreadable(&error))?;
        Ok(Response::new(ReplayParkedResp {}))
    }

    async fn list(&self, request: Request<ListReq>) -> Result<Response<ListResp>, Status> {
        use list_req::{options::ListOption, stream_option::StreamOption};
        Caller::of(&request)?.operates()?;
        let options = request.into_inner().options.unwrap_or_default();
        let source = match options.list_option {
            Some(ListOption::ListForStream(of)) => match of.stream_option {
                Some(StreamOption::Stream(identifier)) => Some(stream(Some(identifier))?),
                Some(StreamOption::All(_)) => Some(LOG.to_owned()),
                None => return Err(Status::invalid_argument("the source is missing")),
            },
            Some(ListOption::ListAllSubscriptions(_)) | None => None,
        };
        let groups = self.registry.list(source.as_deref()).await?;
        if let Some(source) = source.filter(|_| groups.is_empty()) {
            return Err(status::missing(&source, ""));
        }
        let mut subscriptions = Vec::with_capacity(groups.len());
        for group in groups {
            subscriptions.push(info::info(&self.store, &group).await?);
        }
        Ok(Response::new(ListResp { subscriptions }))
    }

    async fn restart_subsystem(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Caller::of(&request)?.operates()?;
        self.registry.restart().await?;
        Ok(Response::new(convert::NOTHING))
    }
}
