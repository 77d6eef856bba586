//! What is asked by plain HTTP: who is in the cluster, and whether somebody is there.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tonic::Status;

use super::features::Node;

/// The answers, beside those of the services.
pub(super) fn beside(services: Router, node: Arc<Node>) -> Router {
    services
        .route("/gossip", get(async move || Json(gossip(&node))))
        .route("/ping", get(async || Json(json!({ "text": "Ping request successfully handled" }))))
        .route("/health/live", get(async || StatusCode::NO_CONTENT))
        .fallback(nothing)
}

async fn nothing(headers: HeaderMap) -> Response {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("application/grpc")) {
        return Status::unimplemented("the event store has no such service").into_http();
    }
    StatusCode::NOT_FOUND.into_response()
}

fn gossip(node: &Node) -> Value {
    let Node { id, address, port, .. } = node;
    let (head, epoch) = (node.head(), node.epoch());
    json!({ "members": [{
        "instanceId": id,
        "timeStamp": super::convert::wire_now().to_string(),
        "state": "Leader",
        "isAlive": true,
        "internalTcpIp": address,
        "internalTcpPort": 0,
        "internalSecureTcpPort": 0,
        "externalTcpIp": address,
        "externalTcpPort": 0,
        "externalSecureTcpPort": 0,
        "httpEndPointIp": address,
        "httpEndPointPort": port,
        "lastCommitPosition": head,
        "writerCheckpoint": head,
        "chaserCheckpoint": head,
        "epochPosition": epoch.position,
        "epochNumber": epoch.number,
        "epochId": id,
        "nodePriority": node.priority(),
        "isReadOnlyReplica": false,
    }], "serverIp": address, "serverPort": port })
}
