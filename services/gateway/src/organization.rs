//! Organizations: the customers.

use async_graphql::{Context, ID, InputObject, Object};
use proto::issuers::v1 as wire;

use crate::{
    call::{Call, found},
    cost,
    failure::Failure,
    node::Type,
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
};

/// A customer: the owner of tenants.
#[derive(Clone)]
pub struct Organization(pub wire::Organization);

/// A customer: the owner of tenants.
#[Object]
impl Organization {
    /// Opaque and stable.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::Organization, &self.0.id)
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

impl Call {
    /// The caller's own organization.
    pub async fn organization(&self) -> Result<Option<Organization>, Failure> {
        let request = self.request(wire::GetOrganizationRequest {});
        let reply = found(self.issuers().get_organization(request).await)?;
        Ok(reply.and_then(|r| r.organization).map(Organization))
    }
}

/// Reads of the organization.
#[derive(Default, Clone)]
pub struct OrganizationQuery;

/// Reads of the organization.
#[Object]
impl OrganizationQuery {
    /// The caller's own organization; null for who has none.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization, Failure>> {
        Call::of(ctx).organization().await.transpose()
    }
}

/// An organization to make.
#[derive(InputObject)]
pub struct OrganizationCreateInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// What people call it.
    name: String,
    /// The address of its first owner, who is invited.
    owner_email: String,
}

payload_type! {
    /// What came of `organizationCreate`.
    OrganizationCreatePayload, OrganizationCreateUserError {
        /// The organization.
        organization: Organization
    }
}

/// Writes of organizations.
#[derive(Default)]
pub struct OrganizationMutation;

/// Writes of organizations.
#[Object]
impl OrganizationMutation {
    /// Makes an organization and invites its first owner. Operators of this installation only.
    #[graphql(directive = cost::cost::apply(10))]
    async fn organization_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: OrganizationCreateInput,
    ) -> Result<OrganizationCreatePayload, Failure> {
        let call = Call::of(ctx);
        let OrganizationCreateInput { idempotency_key, client_mutation_id, name, owner_email } =
            input;
        let outcome = async {
            let idempotency_key = idempotency_key.0;
            let request = wire::CreateOrganizationRequest { idempotency_key, name, owner_email };
            let request = call.request(request);
            let reply = call.issuers().create_organization(request).await?.into_inner();
            Ok(Done::written(call, reply.organization.map(Organization), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }
}
