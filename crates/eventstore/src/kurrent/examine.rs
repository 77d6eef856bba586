//! What can be seen of a KurrentDB from here, for whoever looks what is wrong. Nothing is written:
//! writes are tried under a condition that cannot hold.

use std::time::Duration;

use tonic::{Code, Status, service::interceptor::InterceptedService, transport::Channel};
use uuid::Uuid;

use super::{
    ConnectError,
    channel::{self, Introduction},
    protos::event_store::client::{
        Empty, StreamIdentifier, Uuid as WireId,
        gossip::{MemberInfo, member_info::VNodeState},
        server_features::server_features_client::ServerFeaturesClient,
        streams::{AppendReq, DeleteReq, append_req, delete_req},
        uuid as wire_id,
    },
    settings::{Node, Settings},
    wire::{self, GossipClient, StreamsClient},
};

/// What was seen.
#[derive(Clone, Debug)]
pub struct KurrentSeen {
    /// The nodes that the connection string names and that do not answer, with the reason.
    pub silent: Vec<(String, String)>,
    /// What the nodes that answer say of the cluster: each member, and how it is.
    pub members: Vec<KurrentMember>,
    /// Who leads; none when no node knows.
    pub leader: Option<String>,
    /// Of the leader.
    pub of_leader: Option<KurrentLeader>,
}

/// A member of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KurrentMember {
    /// `host:port`.
    pub node: String,
    /// Such as `Leader` or `Follower`.
    pub state: String,
    /// Whether the others hear from it.
    pub alive: bool,
}

/// What the leader says and lets this user do.
#[derive(Clone, Debug)]
pub struct KurrentLeader {
    /// Its version, as it says.
    pub version: Option<String>,
    /// What it cannot do of what is needed.
    pub lacking: Vec<&'static str>,
    /// What time it has, in milliseconds since 1970.
    pub clock: Option<i64>,
    /// Whether `$all` may be read.
    pub read: KurrentRight,
    /// Whether facts may be appended to streams of our names.
    pub append: KurrentRight,
    /// Whether such streams may be deleted.
    pub delete: KurrentRight,
}

/// What a trial says of a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KurrentRight {
    /// It may be done.
    Granted,
    /// Not by this user.
    Denied,
    /// Name or password are wrong.
    Unknown,
    /// The trial came to nothing.
    Untried(String),
}

/// Where the nodes of a connection string are, and whether they are spoken with over TLS.
///
/// # Errors
/// [`ConnectError`].
pub fn kurrent_places(connection: &str) -> Result<(Vec<(String, u32)>, bool), ConnectError> {
    let settings = Settings::parse(connection)?;
    let places = settings.nodes.iter().map(|node| (node.host.clone(), node.port)).collect();
    Ok((places, settings.tls.is_some()))
}

/// Looks at the `KurrentDB` of that connection string; the id is one that nobody else has.
///
/// # Errors
/// [`ConnectError`]: the connection string is wrong, or names files that cannot be used.
pub async fn examine_kurrent(connection: &str, trial: Uuid) -> Result<KurrentSeen, ConnectError> {
    let settings = Settings::parse(connection)?;
    let mut seen =
        KurrentSeen { silent: Vec::new(), members: Vec::new(), leader: None, of_leader: None };
    let mut leader = None;
    for node in &settings.nodes {
        match in_time(&settings, gossip(&settings, node)).await {
            Ok(members) => {
                leader = leader.or_else(|| leading(node, &members));
                if seen.members.is_empty() {
                    seen.members = members.into_iter().filter_map(member).collect();
                }
            }
            Err(reason) => seen.silent.push((node.to_string(), reason)),
        }
    }
    seen.leader = leader.as_ref().map(ToString::to_string);
    if let Some(leader) = leader {
        match in_time(&settings, look(&settings, &leader, trial)).await {
            Ok(found) => seen.of_leader = Some(found),
            Err(reason) => seen.silent.push((leader.to_string(), reason)),
        }
    }
    Ok(seen)
}

async fn in_time<T>(
    settings: &Settings,
    asking: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    // A few calls, each of which should be quick.
    let patience = settings.first_answer.max(Duration::from_secs(1)) * 2;
    tokio::time::timeout(patience, asking).await.unwrap_or_else(|_| Err("no answer in time".into()))
}

type Calls<'s> = (&'s Settings, Channel);
type Stub = StreamsClient<InterceptedService<Channel, Introduction>>;

async fn open<'s>(settings: &'s Settings, node: &Node) -> Result<Calls<'s>, String> {
    let channel = channel::connect(settings, node).await.map_err(|error| causes(&*error))?;
    Ok((settings, channel))
}

async fn gossip(settings: &Settings, node: &Node) -> Result<Vec<MemberInfo>, String> {
    let (_, channel) = open(settings, node).await?;
    let mut gossip = GossipClient::with_interceptor(channel, Introduction::of(settings));
    let told = gossip.read(Empty {}).await;
    Ok(told.map_err(|status| status.message().to_owned())?.into_inner().members)
}

fn leading(asked: &Node, members: &[MemberInfo]) -> Option<Node> {
    // Alone, it may know itself by another name than the one by which it was reached.
    if members.len() == 1 {
        return Some(asked.clone());
    }
    let leads = |member: &&MemberInfo| member.is_alive && member.state() == VNodeState::Leader;
    let place = members.iter().find(leads)?.http_end_point.clone()?;
    Some(Node { host: place.address, port: place.port })
}

fn member(info: MemberInfo) -> Option<KurrentMember> {
    let (state, alive) = (format!("{:?}", info.state()), info.is_alive);
    let place = info.http_end_point?;
    Some(KurrentMember { node: format!("{}:{}", place.address, place.port), state, alive })
}

async fn look(settings: &Settings, leader: &Node, trial: Uuid) -> Result<KurrentLeader, String> {
    let members = gossip(settings, leader).await?;
    let itself = members.iter().find(|member| {
        members.len() == 1
            || member
                .http_end_point
                .as_ref()
                .is_some_and(|place| place.address == leader.host && place.port == leader.port)
    });
    // Ticks of a hundred nanoseconds.
    let clock = itself.map(|member| member.time_stamp / 10_000).filter(|millis| *millis > 0);
    let (_, channel) = open(settings, leader).await?;
    let (version, lacking) = features(settings, channel.clone()).await?;
    let mut streams = StreamsClient::with_interceptor(channel, Introduction::of(settings));
    Ok(KurrentLeader {
        version,
        lacking,
        clock,
        read: read(&mut streams).await,
        append: append(&mut streams, trial).await,
        delete: delete(&mut streams, trial).await,
    })
}

/// What is called of the protocol: method, and option of it.
const NEEDED: [(&str, &str); 4] =
    [("read", "position"), ("append", ""), ("batchappend", ""), ("delete", "")];
const STREAMS: &str = "event_store.client.streams.streams";

async fn features(
    settings: &Settings,
    channel: Channel,
) -> Result<(Option<String>, Vec<&'static str>), String> {
    let introduction = Introduction::of(settings);
    let mut features = ServerFeaturesClient::with_interceptor(channel, introduction);
    let told = features.get_supported_methods(Empty {}).await;
    let told = told.map_err(|status| status.message().to_owned())?.into_inner();
    let has = |(method, option): &(&str, &str)| {
        told.methods.iter().any(|it| {
            it.service_name == STREAMS
                && it.method_name == *method
                && (option.is_empty() || it.features.iter().any(|feature| feature == option))
        })
    };
    let lacking = NEEDED.into_iter().filter(|needed| !has(needed)).map(|(method, _)| method);
    let version = Some(told.event_store_server_version).filter(|version| !version.is_empty());
    Ok((version, lacking.collect()))
}

async fn read(streams: &mut Stub) -> KurrentRight {
    let mut answers = match streams.read(wire::of_head(1)).await {
        Ok(answers) => answers.into_inner(),
        Err(status) => return refused(&status),
    };
    loop {
        match answers.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return KurrentRight::Granted,
            Err(status) => return refused(&status),
        }
    }
}

/// A stream as ours are called that nobody has.
fn nobodys(trial: Uuid) -> StreamIdentifier {
    let name = format!("doctor-{}.trial", kernel::TenantId::from_uuid(trial));
    StreamIdentifier { stream_name: name.into_bytes() }
}

async fn append(streams: &mut Stub, trial: Uuid) -> KurrentRight {
    let id = WireId { value: Some(wire_id::Value::String(trial.to_string())) };
    let options = append_req::Options {
        stream_identifier: Some(nobodys(trial)),
        expected_stream_revision: Some(append_req::options::ExpectedStreamRevision::StreamExists(
            Empty {},
        )),
    };
    let message = append_req::ProposedMessage {
        id: Some(id),
        metadata: [("type", "Trial"), ("content-type", "application/json")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        custom_metadata: Vec::new(),
        data: b"{}".to_vec(),
    };
    let contents =
        [append_req::Content::Options(options), append_req::Content::ProposedMessage(message)];
    let contents = contents.map(|content| AppendReq { content: Some(content) });
    match streams.append(futures_util::stream::iter(contents)).await {
        // It says that there is no such stream: who may not write is told so first.
        Ok(_) => KurrentRight::Granted,
        Err(status) => refused(&status),
    }
}

async fn delete(streams: &mut Stub, trial: Uuid) -> KurrentRight {
    let options = delete_req::Options {
        stream_identifier: Some(nobodys(trial)),
        expected_stream_revision: Some(delete_req::options::ExpectedStreamRevision::StreamExists(
            Empty {},
        )),
    };
    match streams.delete(DeleteReq { options: Some(options) }).await {
        Ok(_) => KurrentRight::Granted,
        Err(status) => refused(&status),
    }
}

fn refused(status: &Status) -> KurrentRight {
    match status.code() {
        Code::PermissionDenied => KurrentRight::Denied,
        Code::Unauthenticated => KurrentRight::Unknown,
        Code::FailedPrecondition | Code::NotFound | Code::AlreadyExists => KurrentRight::Granted,
        _ => KurrentRight::Untried(status.message().to_owned()),
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |&error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
