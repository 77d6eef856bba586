//! What clients ask first: what the server can do, and who is in the cluster.

use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    convert::wire_id,
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
use crate::embedded::clock;

/// The version of the protocol that is spoken, as clients compare it.
const VERSION: &str = "26.1.0";

const STREAMS: &str = "event_store.client.streams.streams";
const PERSISTENT: &str = "event_store.client.persistent_subscriptions.persistentsubscriptions";
const MULTISTREAM: &str = "kurrentdb.protocol.v2.streams.streamsservice";

/// Services with their methods, and the features that clients look for.
const SUPPORTED: [(&str, &str, &[&str]); 15] = [
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

/// A cluster of one.
pub(super) struct Alone {
    pub id: Uuid,
    pub address: String,
    pub port: u16,
}

#[tonic::async_trait]
impl Gossip for Alone {
    async fn read(&self, _: Request<Empty>) -> Result<Response<ClusterInfo>, Status> {
        let (address, port) = (self.address.clone(), self.port.into());
        let member = MemberInfo {
            instance_id: Some(wire_id(self.id)),
            time_stamp: i64::try_from(clock::now()).unwrap_or(i64::MAX).saturating_mul(10_000),
            state: VNodeState::Leader.into(),
            is_alive: true,
            http_end_point: Some(EndPoint { address, port }),
        };
        Ok(Response::new(ClusterInfo { members: vec![member] }))
    }
}
