//! API clients: the programs of an organization.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use proto::issuers::v1 as wire;

use crate::{
    call::{Call, found},
    cost,
    failure::Failure,
    member::{Grant, GrantInput, grants_of},
    node::Type,
    page::{Connection, List, Page, connection},
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
};

/// A program that calls this API.
#[derive(Clone)]
pub struct ApiClient(pub wire::Client);

/// A program that calls this API.
#[Object]
impl ApiClient {
    /// Opaque and stable.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::ApiClient, &self.0.id)
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The `client_id` for `/oauth/token`.
    async fn client_id(&self) -> &str {
        &self.0.id
    }

    /// What it may do, and where.
    #[graphql(directive = cost::cost::apply(0))]
    async fn grants(&self) -> Vec<Grant> {
        self.0.grants.iter().cloned().map(Grant).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    /// When it was revoked; null while it works.
    async fn revoked_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.revoked_at.clone())
    }
}

connection!(ApiClientConnection, ApiClientEdge, ApiClient);

impl Call {
    /// An API client by the role's id.
    pub async fn api_client(&self, client_id: String) -> Result<Option<ApiClient>, Failure> {
        let request = self.request(wire::GetClientRequest { client_id });
        let reply = found(self.issuers().get_client(request).await)?;
        Ok(reply.and_then(|r| r.client).map(ApiClient))
    }
}

/// Reads of API clients.
#[derive(Default, Clone)]
pub struct ApiClientQuery;

/// Reads of API clients.
#[Object]
impl ApiClientQuery {
    /// The API clients of this tenant, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn api_clients(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<ApiClientConnection, Failure> {
        let call = Call::of(ctx);
        let all = List::new("apiClients", &[]);
        let page = Some(all.request(call, &Page { first, after, last, before })?);
        let request = call.request(wire::ListClientsRequest { page });
        let reply = call.issuers().list_clients(request).await?.into_inner();
        let nodes = reply.clients.into_iter().map(ApiClient).collect();
        Ok(ApiClientConnection::given(call, &all, nodes, reply.page))
    }
}

/// What a new API client signs in with.
#[derive(SimpleObject)]
pub struct ApiClientCredentials {
    /// The client.
    #[graphql(directive = cost::cost::apply(0))]
    pub api_client: ApiClient,
    /// The `client_secret` for `/oauth/token`. Shown once; the same again on a repeat of this mutation.
    pub secret: String,
}

/// An API client to make.
#[derive(InputObject)]
pub struct ApiClientCreateInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// What people call it.
    name: String,
    /// What it may do, and where; at least one.
    grants: Vec<GrantInput>,
}

/// An API client to end.
#[derive(InputObject)]
pub struct ApiClientRevokeInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Which.
    api_client_id: ID,
}

payload_type! {
    /// What came of `apiClientCreate`.
    ApiClientCreatePayload, ApiClientCreateUserError {
        /// The client and its secret.
        credentials: ApiClientCredentials
    }
}
payload_type! {
    /// What came of `apiClientRevoke`.
    ApiClientRevokePayload, ApiClientRevokeUserError {
        /// The client, revoked.
        api_client: ApiClient
    }
}

/// Writes of API clients.
#[derive(Default)]
pub struct ApiClientMutation;

/// Writes of API clients.
#[Object]
impl ApiClientMutation {
    /// Makes an API client with a secret.
    #[graphql(directive = cost::cost::apply(10))]
    async fn api_client_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ApiClientCreateInput,
    ) -> Result<ApiClientCreatePayload, Failure> {
        let call = Call::of(ctx);
        let ApiClientCreateInput { idempotency_key, client_mutation_id, name, grants } = input;
        let outcome = async {
            let grants = grants_of(call, grants)?;
            let idempotency_key = idempotency_key.0;
            let request = wire::CreateClientRequest { idempotency_key, name, grants };
            let reply = call.issuers().create_client(call.request(request)).await?.into_inner();
            let secret = reply.secret;
            let made = reply.client.map(ApiClient);
            let credentials = made.map(|api_client| ApiClientCredentials { api_client, secret });
            Ok(Done::written(call, credentials, reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Ends an API client; its tokens are refused from then on.
    #[graphql(directive = cost::cost::apply(10))]
    async fn api_client_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ApiClientRevokeInput,
    ) -> Result<ApiClientRevokePayload, Failure> {
        let call = Call::of(ctx);
        let ApiClientRevokeInput { idempotency_key, client_mutation_id, api_client_id } = input;
        let outcome = async {
            let client_id = call.id(Type::ApiClient, &api_client_id, "/apiClientId")?;
            let idempotency_key = idempotency_key.0;
            let request = wire::RevokeClientRequest { idempotency_key, client_id };
            let reply = call.issuers().revoke_client(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.client.map(ApiClient), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }
}
