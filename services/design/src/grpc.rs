//! The routes: each call goes to the file of its noun.

use std::sync::Arc;

use design_domain::ArtworkId;
use kernel::TenantId;
use moka::sync::Cache;
use proto::design::v1::{self as wire, design_server::Design};
use readmodel::View;
use runtime::Context;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, async_trait};

use crate::{badge, badges, known_issuers, pictures};

/// What the calls work with.
pub(crate) struct Service {
    pub(crate) context: Context,
    pub(crate) badges: View,
    pub(crate) issuers: View,
    /// How many pictures may be worked on at once; others wait.
    pub(crate) easels: Arc<Semaphore>,
    /// The PNGs of pictures that were drawn before.
    pub(crate) drawn: Cache<(TenantId, ArtworkId), ArtworkId>,
}

impl Service {
    pub(crate) fn new(context: Context) -> Self {
        Self {
            badges: context.views.view(badges::MODEL),
            issuers: context.views.view(known_issuers::MODEL),
            easels: Arc::new(Semaphore::new(2)),
            drawn: Cache::new(10_000),
            context,
        }
    }
}

/// What a call answers.
type Answer<T> = Result<Response<T>, Status>;

#[async_trait]
#[rustfmt::skip]
impl Design for Service {
    async fn store_artwork(&self, call: Request<wire::StoreArtworkRequest>) -> Answer<wire::StoreArtworkResponse> {
        pictures::store(self, call).await.map(Response::new)
    }
    async fn create_badge(&self, call: Request<wire::CreateBadgeRequest>) -> Answer<wire::CreateBadgeResponse> {
        badge::create(self, call).await.map(Response::new)
    }
    async fn update_badge(&self, call: Request<wire::UpdateBadgeRequest>) -> Answer<wire::UpdateBadgeResponse> {
        badge::update(self, call).await.map(Response::new)
    }
    async fn publish_badge(&self, call: Request<wire::PublishBadgeRequest>) -> Answer<wire::PublishBadgeResponse> {
        badge::publish(self, call).await.map(Response::new)
    }
    async fn archive_badge(&self, call: Request<wire::ArchiveBadgeRequest>) -> Answer<wire::ArchiveBadgeResponse> {
        badge::archive(self, call).await.map(Response::new)
    }
    async fn get_badge(&self, call: Request<wire::GetBadgeRequest>) -> Answer<wire::GetBadgeResponse> {
        badge::get(self, call).await.map(Response::new)
    }
    async fn list_badges(&self, call: Request<wire::ListBadgesRequest>) -> Answer<wire::ListBadgesResponse> {
        badge::list(self, call).await.map(Response::new)
    }
    async fn get_public_badge(&self, call: Request<wire::GetPublicBadgeRequest>) -> Answer<wire::GetPublicBadgeResponse> {
        badge::get_public(self, call).await.map(Response::new)
    }
    async fn get_public_artwork(&self, call: Request<wire::GetPublicArtworkRequest>) -> Answer<wire::GetPublicArtworkResponse> {
        pictures::get_public(self, call).await.map(Response::new)
    }
}
