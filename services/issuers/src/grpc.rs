//! The routes: each call goes to the file of its noun.

use std::{sync::Arc, time::Duration};

use auth::ExternalIssuers;
use issuers_domain::IdentityId;
use moka::sync::Cache;
use proto::issuers::v1::{self as wire, issuers_server::Issuers};
use readmodel::View;
use runtime::Context;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, async_trait};

use crate::{
    client, clients, issuer, issuers, keys::Keys, member, members, organization, organizations,
    sign_in, signing, signing_key,
};

/// What the calls work with.
pub(crate) struct Service {
    pub(crate) context: Context,
    pub(crate) external: Arc<ExternalIssuers>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) organizations: View,
    pub(crate) issuers: View,
    pub(crate) members: View,
    pub(crate) clients: View,
    /// Who was sent a sign-in link a moment ago.
    pub(crate) lately: Cache<IdentityId, ()>,
    /// How many letters may be on their way at once.
    pub(crate) letters: Arc<Semaphore>,
}

impl Service {
    pub(crate) fn new(context: Context, external: Arc<ExternalIssuers>) -> Self {
        let view = |model| context.views.view(model);
        let lately =
            Cache::builder().max_capacity(10_000).time_to_live(Duration::from_mins(1)).build();
        Self {
            keys: Arc::new(Keys::new(Arc::clone(&context.stores.vault))),
            organizations: view(organizations::MODEL),
            issuers: view(issuers::MODEL),
            members: view(members::MODEL),
            clients: view(clients::MODEL),
            lately,
            letters: Arc::new(Semaphore::new(64)),
            external,
            context,
        }
    }
}

/// What a call answers.
type Answer<T> = Result<Response<T>, Status>;

#[async_trait]
#[rustfmt::skip]
impl Issuers for Service {
    async fn create_organization(&self, call: Request<wire::CreateOrganizationRequest>) -> Answer<wire::CreateOrganizationResponse> {
        organization::create(self, call).await.map(Response::new)
    }
    async fn get_organization(&self, call: Request<wire::GetOrganizationRequest>) -> Answer<wire::GetOrganizationResponse> {
        organization::get(self, call).await.map(Response::new)
    }
    async fn create_tenant(&self, call: Request<wire::CreateTenantRequest>) -> Answer<wire::CreateTenantResponse> {
        organization::create_tenant(self, call).await.map(Response::new)
    }
    async fn get_tenant(&self, call: Request<wire::GetTenantRequest>) -> Answer<wire::GetTenantResponse> {
        organization::get_tenant(self, call).await.map(Response::new)
    }
    async fn list_tenants(&self, call: Request<wire::ListTenantsRequest>) -> Answer<wire::ListTenantsResponse> {
        organization::list_tenants(self, call).await.map(Response::new)
    }
    async fn create_issuer(&self, call: Request<wire::CreateIssuerRequest>) -> Answer<wire::CreateIssuerResponse> {
        issuer::create(self, call).await.map(Response::new)
    }
    async fn update_issuer(&self, call: Request<wire::UpdateIssuerRequest>) -> Answer<wire::UpdateIssuerResponse> {
        issuer::update(self, call).await.map(Response::new)
    }
    async fn get_issuer(&self, call: Request<wire::GetIssuerRequest>) -> Answer<wire::GetIssuerResponse> {
        issuer::get(self, call).await.map(Response::new)
    }
    async fn list_issuers(&self, call: Request<wire::ListIssuersRequest>) -> Answer<wire::ListIssuersResponse> {
        issuer::list(self, call).await.map(Response::new)
    }
    async fn get_public_issuer(&self, call: Request<wire::GetPublicIssuerRequest>) -> Answer<wire::GetPublicIssuerResponse> {
        issuer::get_public(self, call).await.map(Response::new)
    }
    async fn rotate_signing_key(&self, call: Request<wire::RotateSigningKeyRequest>) -> Answer<wire::RotateSigningKeyResponse> {
        signing_key::rotate(self, call).await.map(Response::new)
    }
    async fn revoke_signing_key(&self, call: Request<wire::RevokeSigningKeyRequest>) -> Answer<wire::RevokeSigningKeyResponse> {
        signing_key::revoke(self, call).await.map(Response::new)
    }
    async fn sign(&self, call: Request<wire::SignRequest>) -> Answer<wire::SignResponse> {
        signing::sign(self, call).await.map(Response::new)
    }
    async fn invite_member(&self, call: Request<wire::InviteMemberRequest>) -> Answer<wire::InviteMemberResponse> {
        member::invite(self, call).await.map(Response::new)
    }
    async fn change_member(&self, call: Request<wire::ChangeMemberRequest>) -> Answer<wire::ChangeMemberResponse> {
        member::change(self, call).await.map(Response::new)
    }
    async fn remove_member(&self, call: Request<wire::RemoveMemberRequest>) -> Answer<wire::RemoveMemberResponse> {
        member::remove(self, call).await.map(Response::new)
    }
    async fn get_member(&self, call: Request<wire::GetMemberRequest>) -> Answer<wire::GetMemberResponse> {
        member::get(self, call).await.map(Response::new)
    }
    async fn list_members(&self, call: Request<wire::ListMembersRequest>) -> Answer<wire::ListMembersResponse> {
        member::list(self, call).await.map(Response::new)
    }
    async fn create_client(&self, call: Request<wire::CreateClientRequest>) -> Answer<wire::CreateClientResponse> {
        client::create(self, call).await.map(Response::new)
    }
    async fn revoke_client(&self, call: Request<wire::RevokeClientRequest>) -> Answer<wire::RevokeClientResponse> {
        client::revoke(self, call).await.map(Response::new)
    }
    async fn get_client(&self, call: Request<wire::GetClientRequest>) -> Answer<wire::GetClientResponse> {
        client::get(self, call).await.map(Response::new)
    }
    async fn list_clients(&self, call: Request<wire::ListClientsRequest>) -> Answer<wire::ListClientsResponse> {
        client::list(self, call).await.map(Response::new)
    }
    async fn authenticate_client(&self, call: Request<wire::AuthenticateClientRequest>) -> Answer<wire::AuthenticateClientResponse> {
        client::authenticate(self, call).await.map(Response::new)
    }
    async fn request_member_sign_in(&self, call: Request<wire::RequestMemberSignInRequest>) -> Answer<wire::RequestMemberSignInResponse> {
        sign_in::request(self, &call).map(Response::new)
    }
    async fn redeem_member_sign_in(&self, call: Request<wire::RedeemMemberSignInRequest>) -> Answer<wire::RedeemMemberSignInResponse> {
        sign_in::redeem(self, call).await.map(Response::new)
    }
    async fn exchange_id_token(&self, call: Request<wire::ExchangeIdTokenRequest>) -> Answer<wire::ExchangeIdTokenResponse> {
        sign_in::exchange(self, call).await.map(Response::new)
    }
    async fn enter_tenant(&self, call: Request<wire::EnterTenantRequest>) -> Answer<wire::EnterTenantResponse> {
        sign_in::enter_tenant(self, call).await.map(Response::new)
    }
}
