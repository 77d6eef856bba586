//! The messages of KurrentDB's protocol, and a fact as it travels.

use std::sync::Arc;

use kernel::Position;

use super::protos::event_store::client::{
    self,
    streams::{
        read_req::{
            Options,
            options::{
                AllOptions, ControlOption, CountOption, FilterOption, FilterOptions, ReadDirection,
                StreamOption, StreamOptions, SubscriptionOptions, UuidOption,
                all_options::AllOption,
                filter_options::{Expression, Filter as On, Window},
                stream_options::RevisionOption,
                uuid_option,
            },
        },
        read_resp::ReadEvent,
    },
};
pub(super) use super::protos::event_store::client::{
    gossip::gossip_client::GossipClient,
    streams::{ReadReq, ReadResp, read_resp::Content, streams_client::StreamsClient},
};
use crate::{Decoded, Filter, RecordedEvent, Scope, StreamId};

/// Which way to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forwards,
    Backwards,
}

/// So many events are looked at before the server says how far it is.
const CONSIDERED: u32 = 1000;

/// A read of a stream from that revision on; backwards from its end.
pub(super) fn of_stream(stream: &StreamId, from: Option<u64>, count: u64) -> ReadReq {
    let (revision, direction) = match from {
        Some(from) => (RevisionOption::Revision(from), Direction::Forwards),
        None => (RevisionOption::End(client::Empty {}), Direction::Backwards),
    };
    let name = stream.as_str().as_bytes().to_vec();
    let stream = StreamOptions {
        stream_identifier: Some(client::StreamIdentifier { stream_name: name }),
        revision_option: Some(revision),
    };
    request(StreamOption::Stream(stream), direction, CountOption::Count(count), None)
}

/// A read of the log from that position on, inclusive.
pub(super) fn of_log(from: Position, filter: &Filter, count: u64) -> ReadReq {
    let all = AllOptions { all_option: Some(place(from)) };
    let filter = Some(expression(filter));
    request(StreamOption::All(all), Direction::Forwards, CountOption::Count(count), filter)
}

/// A read of the newest events that are not the server's own.
pub(super) fn of_head(count: u64) -> ReadReq {
    let all = AllOptions { all_option: Some(AllOption::End(client::Empty {})) };
    let filter = Some(expression(&Filter::every_tenant(&[])));
    request(StreamOption::All(all), Direction::Backwards, CountOption::Count(count), filter)
}

/// Everything after that position, now and from now on.
pub(super) fn of_news(after: Position, filter: &Filter) -> ReadReq {
    let all = AllOptions { all_option: Some(place(after)) };
    let count = CountOption::Subscription(SubscriptionOptions {});
    request(StreamOption::All(all), Direction::Forwards, count, Some(expression(filter)))
}

fn place(position: Position) -> AllOption {
    if position == Position::START {
        return AllOption::Start(client::Empty {});
    }
    // Two places in one: the commit of a transaction, and what was prepared for it. They are equal
    // where no client writes explicit transactions, which none does any more.
    let (commit_position, prepare_position) = (position.0, position.0);
    AllOption::Position(client::streams::read_req::options::Position {
        commit_position,
        prepare_position,
    })
}

fn request(
    stream: StreamOption,
    direction: Direction,
    count: CountOption,
    filter: Option<FilterOptions>,
) -> ReadReq {
    let direction = match direction {
        Direction::Forwards => ReadDirection::Forwards,
        Direction::Backwards => ReadDirection::Backwards,
    };
    let structured = uuid_option::Content::Structured(client::Empty {});
    let filter = filter.map_or(FilterOption::NoFilter(client::Empty {}), FilterOption::Filter);
    ReadReq {
        options: Some(Options {
            stream_option: Some(stream),
            read_direction: direction.into(),
            resolve_links: false,
            count_option: Some(count),
            filter_option: Some(filter),
            uuid_option: Some(UuidOption { content: Some(structured) }),
            control_option: Some(ControlOption { compatibility: 1 }),
        }),
    }
}

/// The server's half of a filter: it may let more through than [`Filter::admits`], never less.
fn expression(filter: &Filter) -> FilterOptions {
    let expression = match filter.scope {
        Scope::EveryTenant if filter.categories.is_empty() => {
            Expression { regex: "^[^$]".into(), prefix: Vec::new() }
        }
        Scope::Tenant(tenant) if filter.categories.is_empty() => {
            Expression { regex: format!(r"^[a-z0-9]+-{tenant}\."), prefix: Vec::new() }
        }
        scope => {
            let prefix = |category: &&str| match scope {
                Scope::EveryTenant => format!("{category}-"),
                Scope::Tenant(tenant) => format!("{category}-{tenant}."),
            };
            Expression {
                regex: String::new(),
                prefix: filter.categories.iter().map(prefix).collect(),
            }
        }
    };
    FilterOptions {
        filter: Some(On::StreamIdentifier(expression)),
        window: Some(Window::Max(CONSIDERED)),
        checkpoint_interval_multiplier: 1,
    }
}

/// What came: where it stands, and the fact, when it is one of ours.
pub(super) fn received(event: ReadEvent) -> Option<(Position, Option<RecordedEvent>)> {
    let commit = match event.position {
        Some(client::streams::read_resp::read_event::Position::CommitPosition(at)) => Some(at),
        _ => None,
    };
    let mut event = event.event?;
    let position = Position(commit.unwrap_or(event.commit_position));
    let fact = || {
        let stream = std::str::from_utf8(&event.stream_identifier.as_ref()?.stream_name).ok()?;
        let stream: StreamId = stream.parse().ok()?;
        let kind = event.metadata.remove("type")?;
        // A tombstone stands in the stream that it ends.
        if kind.starts_with('$') {
            return None;
        }
        Some(RecordedEvent {
            id: id(event.id?)?,
            stream,
            revision: event.stream_revision,
            position,
            kind: Arc::from(kind),
            data: event.data,
            metadata: event.custom_metadata,
            decoded: Decoded::default(),
        })
    };
    let fact = fact();
    Some((position, fact))
}

fn id(id: client::Uuid) -> Option<uuid::Uuid> {
    match id.value? {
        client::uuid::Value::Structured(halves) => Some(uuid::Uuid::from_u64_pair(
            halves.most_significant_bits.cast_unsigned(),
            halves.least_significant_bits.cast_unsigned(),
        )),
        client::uuid::Value::String(text) => text.parse().ok(),
    }
}

/// What the server refuses as an argument tells nothing about the connection.
pub(super) fn place_of_leader(status: &tonic::Status) -> Option<super::settings::Node> {
    let told = |key| status.metadata().get(key)?.to_str().ok();
    if told("exception") != Some("not-leader") {
        return None;
    }
    let host = told("leader-endpoint-host")?.to_owned();
    Some(super::settings::Node { host, port: told("leader-endpoint-port")?.parse().ok()? })
}
