//! An awarding role that remembers what it was asked, behind the real check of tokens.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use auth::Kind;
use kernel::Class;
use proto::awarding::v1::{
    awarding_server::{Awarding, AwardingServer},
    *,
};
use proto::write::v1::Written;
use runtime::{Context, RoleParts, Wire, call, status};
use tonic::{Request, Response, Status, service::Routes};

/// What was asked.
#[derive(Default)]
pub struct Asked {
    /// Tenant, person and idempotency key of each erasure that was done.
    pub erased: Vec<(String, String, String)>,
    /// How many erasures fail first.
    pub failures: usize,
}

#[derive(Clone, Default)]
pub struct FakeAwarding(pub Arc<Mutex<Asked>>);

impl FakeAwarding {
    pub fn wire(&self, context: &Context) -> Wire {
        let parts = RoleParts {
            name: "awarding",
            routes: Routes::new(AwardingServer::new(self.clone())),
            public: &[],
            policies: Vec::new(),
        };
        runtime::local(parts.guarded(context))
    }
}

type Answer<T> = Result<Response<T>, Status>;

fn none<T>() -> Answer<T> {
    Err(Status::unimplemented("not asked for in these tests"))
}

#[tonic::async_trait]
impl Awarding for FakeAwarding {
    async fn accept_award(
        &self,
        request: Request<AcceptAwardRequest>,
    ) -> Answer<AcceptAwardResponse> {
        let earner = call::principal(&request)?;
        assert_eq!(earner.kind, Kind::Earner, "the earner's own token is passed on");
        let id = request.into_inner().award_id;
        let award = Award { id, status: AwardStatus::Active.into(), ..Award::default() };
        let written = Some(Written { position: 42, replayed: false });
        Ok(Response::new(AcceptAwardResponse { award: Some(award), written }))
    }

    async fn decline_award(&self, _: Request<DeclineAwardRequest>) -> Answer<DeclineAwardResponse> {
        Err(status::rejected(
            "AWARD_REVOKED",
            Class::Conflict,
            "this award was revoked",
            None,
            &[("award", "x")],
        ))
    }

    async fn erase_earner(
        &self,
        request: Request<EraseEarnerRequest>,
    ) -> Answer<EraseEarnerResponse> {
        let service = call::principal(&request)?;
        assert_eq!((service.kind, service.subject.as_str()), (Kind::Service, "service:backpack"));
        let mut asked = self.0.lock().unwrap();
        if asked.failures > 0 {
            asked.failures -= 1;
            return Err(Status::unavailable("on purpose"));
        }
        let EraseEarnerRequest { idempotency_key, earner_id } = request.into_inner();
        asked.erased.push((service.tenant.to_string(), earner_id, idempotency_key));
        Ok(Response::new(EraseEarnerResponse::default()))
    }

    async fn create_award(&self, _: Request<CreateAwardRequest>) -> Answer<CreateAwardResponse> {
        none()
    }
    async fn revoke_award(&self, _: Request<RevokeAwardRequest>) -> Answer<RevokeAwardResponse> {
        none()
    }
    async fn get_award(&self, _: Request<GetAwardRequest>) -> Answer<GetAwardResponse> {
        none()
    }
    async fn get_awards(&self, _: Request<GetAwardsRequest>) -> Answer<GetAwardsResponse> {
        none()
    }
    async fn list_awards(&self, _: Request<ListAwardsRequest>) -> Answer<ListAwardsResponse> {
        none()
    }
    type WatchAwardsStream =
        Pin<Box<dyn futures_util::Stream<Item = Result<WatchAwardsResponse, Status>> + Send>>;
    async fn watch_awards(
        &self,
        _: Request<WatchAwardsRequest>,
    ) -> Answer<Self::WatchAwardsStream> {
        none()
    }
    async fn create_batch(&self, _: Request<CreateBatchRequest>) -> Answer<CreateBatchResponse> {
        none()
    }
    async fn get_batch(&self, _: Request<GetBatchRequest>) -> Answer<GetBatchResponse> {
        none()
    }
    async fn list_batch_rows(
        &self,
        _: Request<ListBatchRowsRequest>,
    ) -> Answer<ListBatchRowsResponse> {
        none()
    }
    async fn get_public_award(
        &self,
        _: Request<GetPublicAwardRequest>,
    ) -> Answer<GetPublicAwardResponse> {
        none()
    }
    async fn issue_credential(
        &self,
        _: Request<IssueCredentialRequest>,
    ) -> Answer<IssueCredentialResponse> {
        none()
    }
    async fn set_credential_status(
        &self,
        _: Request<SetCredentialStatusRequest>,
    ) -> Answer<SetCredentialStatusResponse> {
        none()
    }
    async fn get_status_list(
        &self,
        _: Request<GetStatusListRequest>,
    ) -> Answer<GetStatusListResponse> {
        none()
    }
    async fn get_earner(&self, _: Request<GetEarnerRequest>) -> Answer<GetEarnerResponse> {
        none()
    }
    async fn list_earners(&self, _: Request<ListEarnersRequest>) -> Answer<ListEarnersResponse> {
        none()
    }
}
