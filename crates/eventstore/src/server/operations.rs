//! What operators ask of a node. It is alone: there is nobody to take over from, or to merge with.

use std::sync::Arc;

use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::{
    access::Caller,
    convert::NOTHING,
    features::Node,
    persistent::Registry,
    proto::{
        Empty,
        operations::{
            ScavengeResp, SetNodePriorityReq, StartScavengeReq, StopScavengeReq,
            operations_server::Operations, scavenge_resp::ScavengeResult,
        },
    },
    scavenging::{Begun, Scavenging},
    status,
};

pub(super) struct OperationsService {
    pub node: Arc<Node>,
    pub scavenging: Scavenging,
    pub groups: Arc<Registry>,
    /// Told when the server is to end; none when it does not end so.
    pub end: Option<watch::Sender<bool>>,
}

fn scavenge(scavenge_id: String, result: ScavengeResult) -> Response<ScavengeResp> {
    Response::new(ScavengeResp { scavenge_id, scavenge_result: result.into() })
}

#[tonic::async_trait]
impl Operations for OperationsService {
    /// Threads and chunks are KurrentDB's: one thread does it here, from the beginning.
    async fn start_scavenge(
        &self,
        request: Request<StartScavengeReq>,
    ) -> Result<Response<ScavengeResp>, Status> {
        Caller::of(&request)?.operates()?;
        let options = request.into_inner().options.unwrap_or_default();
        if options.thread_count < 0 || options.start_from_chunk < 0 {
            return Err(Status::invalid_argument("threads and chunks are not negative"));
        }
        Ok(match self.scavenging.start() {
            Begun::Started(id) => scavenge(id, ScavengeResult::Started),
            Begun::GoesOn(id) => scavenge(id, ScavengeResult::InProgress),
        })
    }

    async fn stop_scavenge(
        &self,
        request: Request<StopScavengeReq>,
    ) -> Result<Response<ScavengeResp>, Status> {
        Caller::of(&request)?.operates()?;
        let id = request.into_inner().options.unwrap_or_default().scavenge_id;
        if !self.scavenging.stop(&id) {
            return Err(status::no_scavenge(&id));
        }
        Ok(scavenge(id, ScavengeResult::Stopped))
    }

    async fn shutdown(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        let caller = Caller::of(&request)?;
        caller.administers()?;
        let Some(end) = &self.end else {
            let said = [("exception", "access-denied")];
            let text = "the server may not be shut down by calls: stop its process, or allow it \
                        where it is configured";
            return Err(status::with(tonic::Code::PermissionDenied, text, &said));
        };
        tracing::info!(user = caller.name(), "a client asked the server to end");
        end.send_replace(true);
        Ok(Response::new(NOTHING))
    }

    /// The indexes are of one piece.
    async fn merge_indexes(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Caller::of(&request)?.operates()?;
        Ok(Response::new(NOTHING))
    }

    /// It is taken note of, and leads on: so does the one node of a cluster of KurrentDB.
    async fn resign_node(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Caller::of(&request)?.operates()?;
        Ok(Response::new(NOTHING))
    }

    async fn set_node_priority(
        &self,
        request: Request<SetNodePriorityReq>,
    ) -> Result<Response<Empty>, Status> {
        Caller::of(&request)?.operates()?;
        self.node.prefer(request.into_inner().priority);
        Ok(Response::new(NOTHING))
    }

    async fn restart_persistent_subscriptions(
        &self,
        request: Request<Empty>,
    ) -> Result<Response<Empty>, Status> {
        Caller::of(&request)?.operates()?;
        self.groups.restart().await?;
        Ok(Response::new(NOTHING))
    }
}
