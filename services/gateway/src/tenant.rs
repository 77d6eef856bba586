//! Tenants: isolated issuing spaces of an organization.

use async_graphql::{Context, ID, InputObject, Object};
use proto::issuers::v1 as wire;

use crate::{
    call::Call,
    cost,
    failure::Failure,
    node::Type,
    page::{Connection, List, Page, connection},
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
    sign_in::AccessToken,
};

/// An isolated issuing space.
#[derive(Clone)]
pub struct Tenant(pub wire::Tenant);

/// An isolated issuing space.
#[Object]
impl Tenant {
    /// Opaque and stable.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::Tenant, &self.0.id)
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }
}

connection!(TenantConnection, TenantEdge, Tenant);

/// Reads of tenants.
#[derive(Default, Clone)]
pub struct TenantQuery;

/// Reads of tenants.
#[Object]
impl TenantQuery {
    /// A tenant of the organization; null when there is none of that id.
    async fn tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<Result<Tenant, Failure>> {
        let call = Call::of(ctx);
        match call.argument(Type::Tenant, &id) {
            Ok(id) => call.tenant(id).await.transpose(),
            Err(failure) => Some(Err(failure)),
        }
    }

    /// The tenants of the organization that the caller may see, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn tenants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<TenantConnection, Failure> {
        let call = Call::of(ctx);
        let all = List::new("tenants", &[]);
        let page = Some(all.request(call, &Page { first, after, last, before })?);
        let request = call.request(wire::ListTenantsRequest { page });
        let reply = call.issuers().list_tenants(request).await?.into_inner();
        let nodes = reply.tenants.into_iter().map(Tenant).collect();
        Ok(TenantConnection::given(call, &all, nodes, reply.page))
    }
}

/// A tenant to make.
#[derive(InputObject)]
pub struct TenantCreateInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// What people call it.
    name: String,
}

/// A tenant to work in.
#[derive(InputObject)]
pub struct TenantEnterInput {
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Which.
    tenant_id: ID,
}

payload_type! {
    /// What came of `tenantCreate`.
    TenantCreatePayload, TenantCreateUserError {
        /// The tenant.
        tenant: Tenant
    }
}
payload_type! {
    /// What came of `tenantEnter`.
    TenantEnterPayload, TenantEnterUserError {
        /// A token that works in the tenant.
        access_token: AccessToken
    }
}

/// Writes of tenants.
#[derive(Default)]
pub struct TenantMutation;

/// Writes of tenants.
#[Object]
impl TenantMutation {
    /// Makes a tenant of the organization.
    #[graphql(directive = cost::cost::apply(10))]
    async fn tenant_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: TenantCreateInput,
    ) -> Result<TenantCreatePayload, Failure> {
        let call = Call::of(ctx);
        let TenantCreateInput { idempotency_key, client_mutation_id, name } = input;
        let outcome = async {
            let request = wire::CreateTenantRequest { idempotency_key: idempotency_key.0, name };
            let reply = call.issuers().create_tenant(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.tenant.map(Tenant), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Gives an access token for another tenant of the organization. Nothing is written.
    #[graphql(directive = cost::cost::apply(10))]
    async fn tenant_enter(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: TenantEnterInput,
    ) -> Result<TenantEnterPayload, Failure> {
        let call = Call::of(ctx);
        let outcome = async {
            let tenant_id = call.id(Type::Tenant, &input.tenant_id, "/tenantId")?;
            let request = call.request(wire::EnterTenantRequest { tenant_id });
            let reply = call.issuers().enter_tenant(request).await?.into_inner();
            let token = reply.access_token.map(AccessToken).ok_or_else(Failure::internal)?;
            Ok(Done::plain(token))
        };
        payload(call, input.client_mutation_id, outcome.await).await
    }
}
