use std::sync::Arc;

use auth::Permission;
use eventstore::Execution;
use proto::awarding::v1::{
    AcceptAwardRequest, AcceptAwardResponse, CreateAwardRequest, CreateAwardResponse,
    CreateBatchRequest, CreateBatchResponse, DeclineAwardRequest, DeclineAwardResponse,
    EraseEarnerRequest, EraseEarnerResponse, GetAwardRequest, GetAwardResponse, GetAwardsRequest,
    GetAwardsResponse, GetBatchRequest, GetBatchResponse, GetEarnerRequest, GetEarnerResponse,
    GetPublicAwardRequest, GetPublicAwardResponse, GetStatusListRequest, GetStatusListResponse,
    IssueCredentialRequest, IssueCredentialResponse, ListAwardsRequest, ListAwardsResponse,
    ListBatchRowsRequest, ListBatchRowsResponse, ListEarnersRequest, ListEarnersResponse,
    RevokeAwardRequest, RevokeAwardResponse, SetCredentialStatusRequest,
    SetCredentialStatusResponse, WatchAwardsRequest, awarding_server,
};
use runtime::call;
use tonic::{Request, Response, Status};

use crate::{rights::caller, role::Awarding, trouble::Outcome, watch::Watching};

/// The calls of the role: who calls and which command it is; the rest is the use case's.
#[derive(Clone)]
pub(crate) struct Grpc(pub(crate) Arc<Awarding>);

/// The calls that need no token.
pub(crate) const PUBLIC: &[&str] =
    &["/laurel.awarding.v1.Awarding/GetPublicAward", "/laurel.awarding.v1.Awarding/GetStatusList"];

impl Grpc {
    /// The command that a request is.
    fn command<T: prost::Message>(
        &self,
        request: &Request<T>,
        method: &'static str,
        key: &str,
    ) -> Outcome<Execution> {
        let principal = call::principal(request)?;
        let message = request.get_ref();
        let mut execution = call::execution(&self.0.context, &principal, method, key, message)?;
        execution.traceparent = call::traceparent(request);
        Ok(execution)
    }
}

impl Grpc {
    /// The command that a request is which nobody repeats: where the interface knows no keys for
    /// that, each request is a command of its own.
    fn new_command<T>(&self, request: &Request<T>) -> Outcome<Execution> {
        let principal = call::principal(request)?;
        Ok(Execution {
            tenant: principal.tenant,
            actor: principal.actor(),
            command: self.0.context.stores.ids.command(),
            fingerprint: None,
            causation: None,
            traceparent: call::traceparent(request),
            at: self.0.clock.now(),
        })
    }
}

fn answer<T>(outcome: Outcome<T>) -> Result<Response<T>, Status> {
    outcome.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl awarding_server::Awarding for Grpc {
    type WatchAwardsStream = Watching;

    async fn create_award(
        &self,
        request: Request<CreateAwardRequest>,
    ) -> Result<Response<CreateAwardResponse>, Status> {
        let principal = caller(&request, Permission::AwardBadges)?;
        call::consistent(&request, self.0.badges.view()).await?;
        let execution =
            self.command(&request, "CreateAward", &request.get_ref().idempotency_key)?;
        answer(self.0.create_award(&principal, execution, request.into_inner()).await)
    }

    async fn revoke_award(
        &self,
        request: Request<RevokeAwardRequest>,
    ) -> Result<Response<RevokeAwardResponse>, Status> {
        let principal = caller(&request, Permission::RevokeAwards)?;
        let execution =
            self.command(&request, "RevokeAward", &request.get_ref().idempotency_key)?;
        answer(self.0.revoke_award(&principal, execution, request.into_inner()).await)
    }

    async fn issue_credential(
        &self,
        request: Request<IssueCredentialRequest>,
    ) -> Result<Response<IssueCredentialResponse>, Status> {
        let principal = caller(&request, Permission::AwardBadges)?;
        let execution = self.new_command(&request)?;
        answer(self.0.issue_credential(&principal, execution, request.into_inner()).await)
    }

    async fn set_credential_status(
        &self,
        request: Request<SetCredentialStatusRequest>,
    ) -> Result<Response<SetCredentialStatusResponse>, Status> {
        let principal = caller(&request, Permission::RevokeAwards)?;
        let execution = self.new_command(&request)?;
        answer(self.0.set_credential_status(&principal, execution, request.into_inner()).await)
    }

    async fn get_award(
        &self,
        request: Request<GetAwardRequest>,
    ) -> Result<Response<GetAwardResponse>, Status> {
        let principal = caller(&request, Permission::Read)?;
        call::consistent(&request, &self.0.awards).await?;
        answer(self.0.get_award(&principal, request.into_inner()).await)
    }

    async fn get_awards(
        &self,
        request: Request<GetAwardsRequest>,
    ) -> Result<Response<GetAwardsResponse>, Status> {
        let principal = caller(&request, Permission::Read)?;
        call::consistent(&request, &self.0.awards).await?;
        answer(self.0.get_awards(&principal, request.into_inner()).await)
    }

    async fn list_awards(
        &self,
        request: Request<ListAwardsRequest>,
    ) -> Result<Response<ListAwardsResponse>, Status> {
        let principal = caller(&request, Permission::Read)?;
        call::consistent(&request, &self.0.awards).await?;
        answer(self.0.list_awards(&principal, request.into_inner()).await)
    }

    async fn watch_awards(
        &self,
        request: Request<WatchAwardsRequest>,
    ) -> Result<Response<Watching>, Status> {
        let principal = caller(&request, Permission::Read)?;
        let (after, watching) = self.0.watch_awards(&principal, request.into_inner()).await?;
        let mut response = Response::new(watching);
        // So that who watches from now on can take it up again from there.
        response.metadata_mut().insert(call::CONSISTENCY, after.0.into());
        Ok(response)
    }

    async fn create_batch(
        &self,
        request: Request<CreateBatchRequest>,
    ) -> Result<Response<CreateBatchResponse>, Status> {
        let principal = caller(&request, Permission::AwardBadges)?;
        call::consistent(&request, self.0.badges.view()).await?;
        let execution =
            self.command(&request, "CreateBatch", &request.get_ref().idempotency_key)?;
        answer(self.0.create_batch(&principal, execution, request.into_inner()).await)
    }

    async fn get_batch(
        &self,
        request: Request<GetBatchRequest>,
    ) -> Result<Response<GetBatchResponse>, Status> {
        let principal = caller(&request, Permission::Read)?;
        call::consistent(&request, &self.0.batches).await?;
        answer(self.0.get_batch(&principal, request.into_inner()).await)
    }

    async fn list_batch_rows(
        &self,
        request: Request<ListBatchRowsRequest>,
    ) -> Result<Response<ListBatchRowsResponse>, Status> {
        let principal = caller(&request, Permission::Read)?;
        call::consistent(&request, &self.0.batches).await?;
        answer(self.0.list_batch_rows(&principal, request.into_inner()).await)
    }

    async fn get_public_award(
        &self,
        request: Request<GetPublicAwardRequest>,
    ) -> Result<Response<GetPublicAwardResponse>, Status> {
        call::consistent(&request, &self.0.awards).await?;
        answer(self.0.public_award(request.into_inner()).await)
    }

    async fn get_status_list(
        &self,
        request: Request<GetStatusListRequest>,
    ) -> Result<Response<GetStatusListResponse>, Status> {
        call::consistent(&request, &self.0.awards).await?;
        answer(self.0.status_list(request.into_inner()).await)
    }

    async fn accept_award(
        &self,
        request: Request<AcceptAwardRequest>,
    ) -> Result<Response<AcceptAwardResponse>, Status> {
        let principal = call::principal(&request)?;
        call::consistent(&request, &self.0.awards).await?;
        let execution =
            self.command(&request, "AcceptAward", &request.get_ref().idempotency_key)?;
        answer(self.0.accept_award(&principal, execution, request.into_inner()).await)
    }

    async fn decline_award(
        &self,
        request: Request<DeclineAwardRequest>,
    ) -> Result<Response<DeclineAwardResponse>, Status> {
        let principal = call::principal(&request)?;
        call::consistent(&request, &self.0.awards).await?;
        let execution =
            self.command(&request, "DeclineAward", &request.get_ref().idempotency_key)?;
        answer(self.0.decline_award(&principal, execution, request.into_inner()).await)
    }

    async fn get_earner(
        &self,
        request: Request<GetEarnerRequest>,
    ) -> Result<Response<GetEarnerResponse>, Status> {
        let principal = caller(&request, Permission::Read)?;
        principal.require(Permission::Read).map_err(runtime::status::denied)?;
        call::consistent(&request, &self.0.awards).await?;
        answer(self.0.get_earner(&principal, request.into_inner()).await)
    }

    async fn list_earners(
        &self,
        request: Request<ListEarnersRequest>,
    ) -> Result<Response<ListEarnersResponse>, Status> {
        let principal = caller(&request, Permission::Read)?;
        principal.require(Permission::Read).map_err(runtime::status::denied)?;
        call::consistent(&request, &self.0.awards).await?;
        answer(self.0.list_earners(&principal, request.into_inner()).await)
    }

    async fn erase_earner(
        &self,
        request: Request<EraseEarnerRequest>,
    ) -> Result<Response<EraseEarnerResponse>, Status> {
        let principal = caller(&request, Permission::ErasePeople)?;
        principal.require(Permission::ErasePeople).map_err(runtime::status::denied)?;
        let execution =
            self.command(&request, "EraseEarner", &request.get_ref().idempotency_key)?;
        answer(self.0.erase_earner(execution, request.into_inner()).await)
    }
}
