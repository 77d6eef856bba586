//! What clients ask first: what the server can do, and who is in the cluster.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI32, Ordering},
};

use prost_types::Timestamp;
use serde_json::json;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    convert::{fresh_id, wire_id, wire_now},
    proto::{
        Empty,
        gossip::{
            ClusterInfo, EndPoint, MemberInfo, gossip_server::Gossip, member_info::VNodeState,
        },
        server_features::{
            SupportedMethod, SupportedMethods, server_features_server::ServerFeatures,
        },
    },
};
use crate::{
    Embedded,
    embedded::clock,
    raw::{Batch, Content, NewRecord, Standing, StreamName, Written},
};

/// The version of the protocol that is spoken, as clients compare it.
const VERSION: &str = "26.1.0";

const STREAMS: &str = "event_store.client.streams.streams";
const PERSISTENT: &str = "event_store.client.persistent_subscriptions.persistentsubscriptions";
const MULTISTREAM: &str = "kurrentdb.protocol.v2.streams.streamsservice";

const OPERATIONS: &str = "event_store.client.operations.operations";
const MONITORING: &str = "event_store.client.monitoring.monitoring";
const USERS: &str = "event_store.client.users.users";

/// Services with their methods, and the features that clients look for.
const SUPPORTED: [(&str, &str, &[&str]); 31] = [
    (STREAMS, "read", &["position", "events"]),
    (STREAMS, "append", &[]),
    (STREAMS, "delete", &[]),
    (STREAMS, "tombstone", &[]),
    (STREAMS, "batchappend", &["deadline_duration"]),
    (PERSISTENT, "create", &["stream", "all"]),
    (PERSISTENT, "update", &["stream", "all"]),
    (PERSISTENT, "delete", &["stream", "all"]),
    (PERSISTENT, "read", &["stream", "all"]),
    (PERSISTENT, "getinfo", &["stream", "all"]),
    (PERSISTENT, "replayparked", &["stream", "all"]),
    (PERSISTENT, "list", &["stream", "all"]),
    (PERSISTENT, "restartsubsystem", &[]),
    (MULTISTREAM, "appendsession", &[]),
    (MULTISTREAM, "appendrecords", &[]),
    (OPERATIONS, "startscavenge", &[]),
    (OPERATIONS, "stopscavenge", &[]),
    (OPERATIONS, "shutdown", &[]),
    (OPERATIONS, "mergeindexes", &[]),
    (OPERATIONS, "resignnode", &[]),
    (OPERATIONS, "setnodepriority", &[]),
    (OPERATIONS, "restartpersistentsubscriptions", &[]),
    (MONITORING, "stats", &[]),
    (USERS, "create", &[]),
    (USERS, "update", &[]),
    (USERS, "delete", &[]),
    (USERS, "enable", &[]),
    (USERS, "disable", &[]),
    (USERS, "details", &[]),
    (USERS, "changepassword", &[]),
    (USERS, "resetpassword", &[]),
];

pub(super) struct Features;

#[tonic::async_trait]
impl ServerFeatures for Features {
    async fn get_supported_methods(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<SupportedMethods>, Status> {
        let methods = SUPPORTED.iter().map(|(service, method, features)| SupportedMethod {
            method_name: (*method).to_owned(),
            service_name: (*service).to_owned(),
            features: features.iter().map(ToString::to_string).collect(),
        });
        let methods = methods.collect();
        let event_store_server_version = VERSION.to_owned();
        Ok(Response::new(SupportedMethods { methods, event_store_server_version }))
    }
}

/// The one node of its cluster.
pub(super) struct Node {
    pub id: Uuid,
    pub address: String,
    pub port: u16,
    pub since: Timestamp,
    store: Arc<Embedded>,
    priority: AtomicI32,
    epoch: Mutex<Epoch>,
}

/// The time for which one process serves the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Epoch {
    /// The first is zero.
    pub number: u64,
    /// The position of the record that says when it began.
    pub position: u64,
}

/// Says by whom the store was served, since when.
const EPOCHS: &str = "$epoch-information";

impl Node {
    /// One of that store, to be found there.
    pub fn at(address: String, port: u16, store: Arc<Embedded>) -> Self {
        let (id, since) = (fresh_id(), wire_now());
        let (priority, epoch) = (AtomicI32::new(0), Mutex::default());
        Self { id, address, port, since, store, priority, epoch }
    }

    /// Begins an epoch, and says so in the log.
    pub async fn lead(&self) {
        let said = json!({ "epochId": self.id, "leaderInstanceId": self.id });
        let (id, data) = (fresh_id(), said.to_string().into_bytes());
        let (kind, content) = (EPOCHS.to_owned(), Content::Json);
        let record = NewRecord { id, kind, content, data, metadata: Vec::new() };
        let batch = Batch::one(StreamName::new(EPOCHS), Standing::Any, vec![record]);
        match self.store.write(batch).await.as_deref() {
            Ok([Written { revision: Some(number), position: Some(position), .. }]) => {
                let mut epoch = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
                *epoch = Epoch { number: *number, position: position.0 };
            }
            Ok(_) => {}
            // A store that takes no writes can be read.
            Err(error) => tracing::warn!(%error, "the epoch was not recorded"),
        }
    }

    /// Since when this process serves the store.
    pub fn epoch(&self) -> Epoch {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of how willingly it is to lead.
    pub fn prefer(&self, priority: i32) {
        self.priority.store(priority, Ordering::Relaxed);
    }

    /// What was said last.
    pub fn priority(&self) -> i32 {
        self.priority.load(Ordering::Relaxed)
    }

    /// The position of the newest record.
    pub fn head(&self) -> u64 {
        self.store.newest().borrow().0
    }
}

/// Tells clients who is in the cluster.
pub(super) struct Alone(pub Arc<Node>);

#[tonic::async_trait]
impl Gossip for Alone {
    async fn read(&self, _: Request<Empty>) -> Result<Response<ClusterInfo>, Status> {
        let Self(node) = self;
        let (address, port) = (node.address.clone(), node.port.into());
        let member = MemberInfo {
            instance_id: Some(wire_id(node.id)),
            time_stamp: i64::try_from(clock::now()).unwrap_or(i64::MAX).saturating_mul(10_000),
            state: VNodeState::Leader.into(),
            is_alive: true,
            http_end_point: Some(EndPoint { address, port }),
        };
        Ok(Response::new(ClusterInfo { members: vec![member] }))
    }
}
