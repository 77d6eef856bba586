//! A connection to the node that leads, and how one is found.

use std::{error::Error, fmt::Write, time::Duration};

use kernel::Position;
use kurrentdb::Client;
use tonic::{Code, Status, service::interceptor::InterceptedService, transport::Channel};

use super::{
    channel::{self, Introduction},
    protos::event_store::client::{Empty, gossip::member_info::VNodeState},
    sessions::Sessions,
    settings::{Node, Settings},
    wire::{self, Content, GossipClient, ReadReq, ReadResp, StreamsClient},
};

/// The largest message that a server may send: an event of 16 MiB and what surrounds it.
const LARGEST: usize = 17 << 20;

type Stub = StreamsClient<InterceptedService<Channel, Introduction>>;

/// Connections to one node: the official client's for writing, ours for reading.
pub(super) struct Link {
    pub node: Node,
    pub client: Client,
    pub sessions: Sessions,
    /// The newest event when the connection was made.
    pub head: Position,
    /// The least distance between the last events.
    pub stride: Option<u64>,
    streams: Stub,
}

/// Why a node cannot be used, or not any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("{node} does not answer: {reason}")]
    Silent { node: String, reason: String },
    #[error("{node} does not let this user in: look at the user and its access rights")]
    Denied { node: String },
    #[error("{node} does not lead the cluster")]
    Follower { node: String, leader: Option<Node> },
    #[error("no node was asked yet")]
    Unasked,
}

impl LinkError {
    fn silent(node: &Node, reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let reason = reason.into();
        let mut text = reason.to_string();
        let mut source = reason.source();
        while let Some(cause) = source {
            // Writing to a string does not fail.
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        Self::Silent { node: node.to_string(), reason: text }
    }

    /// What a call's failure says of the node; nothing when it does not concern the connection.
    pub fn of_status(node: &Node, status: &Status) -> Option<Self> {
        if let Some(leader) = wire::place_of_leader(status) {
            return Some(Self::Follower { node: node.to_string(), leader: Some(leader) });
        }
        match status.code() {
            Code::PermissionDenied | Code::Unauthenticated => {
                Some(Self::Denied { node: node.to_string() })
            }
            Code::FailedPrecondition
            | Code::InvalidArgument
            | Code::OutOfRange
            | Code::NotFound
            | Code::Unimplemented => None,
            _ => Some(Self::silent(node, status.message())),
        }
    }
}

impl Link {
    /// Connects to the leader: to `first` when somebody said that it leads, else to the first of
    /// the nodes that answers, or to the one of which that node says that it leads.
    pub async fn find(settings: &Settings, first: Option<&Node>) -> Result<Self, LinkError> {
        let mut last = LinkError::Unasked;
        for candidate in first.into_iter().chain(&settings.nodes) {
            let found = match leader(settings, candidate).await {
                Ok(node) => Self::to(settings, &node).await,
                Err(error) => Err(error),
            };
            let found = match found {
                Err(LinkError::Follower { leader: Some(leader), .. }) => {
                    Self::to(settings, &leader).await
                }
                found => found,
            };
            match found {
                Ok(link) => return Ok(link),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn to(settings: &Settings, node: &Node) -> Result<Self, LinkError> {
        let opening = async {
            let channel = channel::connect(settings, node)
                .await
                .map_err(|error| LinkError::silent(node, error))?;
            let streams = StreamsClient::with_interceptor(channel, Introduction::of(settings))
                .max_decoding_message_size(LARGEST);
            let (head, stride) = head(node, streams.clone()).await?;
            let official = settings.client_of(node);
            let official = official.map_err(|error| LinkError::silent(node, error))?;
            // It reads certificates, whether it needs them or not.
            let client = tokio::task::spawn_blocking(move || Client::new(official)).await;
            let client = client.map_err(|error| LinkError::silent(node, error))?;
            let client = client.map_err(|error| LinkError::silent(node, error))?;
            // A client whose first contact fails never recovers: this one made its first contact.
            let info = client.server_info().await;
            info.map_err(|error| LinkError::silent(node, error))?;
            let sessions = Sessions::of(client.clone(), settings.authentication());
            Ok(Self { node: node.clone(), client, sessions, head, stride, streams })
        };
        in_time(settings.first_answer, node, opening).await
    }

    /// Reads, message by message.
    pub async fn read(&self, request: ReadReq) -> Result<tonic::Streaming<ReadResp>, Status> {
        Ok(self.streams.clone().read(request).await?.into_inner())
    }

    /// Whether the node still answers.
    pub async fn probe(&self, within: Duration) -> Result<(), LinkError> {
        in_time(within, &self.node, head(&self.node, self.streams.clone())).await.map(drop)
    }
}

/// The position of the newest event, the start when there is none; and the least distance between
/// the last few.
async fn head(node: &Node, mut streams: Stub) -> Result<(Position, Option<u64>), LinkError> {
    const FEW: u64 = 8;
    let failed = |status: Status| {
        LinkError::of_status(node, &status).unwrap_or_else(|| LinkError::silent(node, status))
    };
    let mut answers = streams.read(wire::of_head(FEW)).await.map_err(failed)?.into_inner();
    let mut places = Vec::new();
    while let Some(answer) = answers.message().await.map_err(failed)? {
        if let Some(Content::Event(event)) = answer.content
            && let Some((position, _)) = wire::received(event)
        {
            places.push(position);
        }
    }
    let stride = places.windows(2).map(|pair| pair[0].0.saturating_sub(pair[1].0)).min();
    Ok((places.first().copied().unwrap_or(Position::START), stride))
}

/// The leader of the cluster, as this node sees it; this node itself, when it is alone.
async fn leader(settings: &Settings, asked: &Node) -> Result<Node, LinkError> {
    if !settings.cluster {
        return Ok(asked.clone());
    }
    let asking = async {
        let channel = channel::connect(settings, asked)
            .await
            .map_err(|error| LinkError::silent(asked, error))?;
        let mut gossip = GossipClient::with_interceptor(channel, Introduction::of(settings));
        let told = gossip.read(Empty {}).await;
        let members = told.map_err(|error| LinkError::silent(asked, error))?.into_inner().members;
        // It may know itself by another name than the one by which it was reached.
        if members.len() == 1 {
            return Ok(asked.clone());
        }
        let leader = members
            .into_iter()
            .find(|member| member.is_alive && member.state() == VNodeState::Leader);
        let place = leader.and_then(|member| member.http_end_point);
        let place =
            place.ok_or_else(|| LinkError::Follower { node: asked.to_string(), leader: None })?;
        Ok(Node { host: place.address, port: place.port })
    };
    in_time(settings.first_answer, asked, asking).await
}

async fn in_time<T>(
    within: Duration,
    node: &Node,
    work: impl Future<Output = Result<T, LinkError>>,
) -> Result<T, LinkError> {
    match tokio::time::timeout(within, work).await {
        Ok(done) => done,
        Err(_) => Err(LinkError::silent(node, "it took too long")),
    }
}
