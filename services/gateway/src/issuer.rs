//! Issuer profiles.

use async_graphql::{Context, ID, InputObject, Object};
use proto::issuers::v1 as wire;

use crate::{
    award::some,
    call::Call,
    cost,
    failure::Failure,
    node::Type,
    page::{Connection, List, Page, connection},
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
    signing_key::{SigningKey, SigningKeyKind},
};

/// Who awards, as credentials name it.
#[derive(Clone)]
pub struct Issuer(pub wire::Issuer);

/// Who awards, as credentials name it.
#[Object]
impl Issuer {
    /// Opaque and stable.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::Issuer, &self.0.id)
    }

    /// The name that credentials show.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The issuer's own site.
    async fn url(&self) -> Option<String> {
        some(&self.0.url)
    }

    /// Who the issuer is, in words.
    async fn description(&self) -> Option<String> {
        some(&self.0.description)
    }

    /// A public contact address.
    async fn email(&self) -> Option<String> {
        some(&self.0.email)
    }

    /// The id that stands in credentials, a `did:web`.
    async fn did(&self) -> &str {
        &self.0.did
    }

    /// The keys, newest first.
    #[graphql(directive = cost::cost::apply(0))]
    async fn keys(&self) -> Vec<SigningKey> {
        let keys = self.0.keys.iter();
        keys.map(|key| SigningKey { key: key.clone(), did: self.0.did.clone() }).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    /// The page that anyone may see.
    async fn public_url(&self, ctx: &Context<'_>) -> String {
        Call::of(ctx).public(format_args!("/i/{}", self.0.id))
    }
}

connection!(IssuerConnection, IssuerEdge, Issuer);

/// Reads of issuers.
#[derive(Default, Clone)]
pub struct IssuerQuery;

/// Reads of issuers.
#[Object]
impl IssuerQuery {
    /// An issuer of this tenant; null when there is none of that id.
    async fn issuer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<Result<Issuer, Failure>> {
        let call = Call::of(ctx);
        match call.argument(Type::Issuer, &id) {
            Ok(id) => call.issuer(id).await.transpose(),
            Err(failure) => Some(Err(failure)),
        }
    }

    /// The issuers of this tenant, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn issuers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<IssuerConnection, Failure> {
        let call = Call::of(ctx);
        let all = List::new("issuers", &[]);
        let page = Some(all.request(call, &Page { first, after, last, before })?);
        let request = call.request(wire::ListIssuersRequest { page });
        let reply = call.issuers().list_issuers(request).await?.into_inner();
        let nodes = reply.issuers.into_iter().map(Issuer).collect();
        Ok(IssuerConnection::given(call, &all, nodes, reply.page))
    }
}

/// An issuer to make.
#[derive(InputObject)]
pub struct IssuerCreateInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// The name that credentials show.
    name: String,
    /// The issuer's own site.
    url: Option<String>,
    /// Who the issuer is, in words.
    description: Option<String>,
    /// A public contact address.
    email: Option<String>,
    /// How its first key signs; `ED25519` when nothing is said.
    key_kind: Option<SigningKeyKind>,
}

/// A profile to replace.
#[derive(InputObject)]
pub struct IssuerUpdateInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Which issuer.
    issuer_id: ID,
    /// The name from now on.
    name: String,
    /// The site from now on; none when nothing is said.
    url: Option<String>,
    /// The description from now on; none when nothing is said.
    description: Option<String>,
    /// The contact address from now on; none when nothing is said.
    email: Option<String>,
}

payload_type! {
    /// What came of `issuerCreate`.
    IssuerCreatePayload, IssuerCreateUserError {
        /// The issuer with its first key.
        issuer: Issuer
    }
}
payload_type! {
    /// What came of `issuerUpdate`.
    IssuerUpdatePayload, IssuerUpdateUserError {
        /// The issuer as it is now.
        issuer: Issuer
    }
}
/// Writes of issuers.
#[derive(Default)]
pub struct IssuerMutation;

/// Writes of issuers.
#[Object]
impl IssuerMutation {
    /// Makes an issuer profile with a first signing key.
    #[graphql(directive = cost::cost::apply(10))]
    async fn issuer_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: IssuerCreateInput,
    ) -> Result<IssuerCreatePayload, Failure> {
        let call = Call::of(ctx);
        let outcome = async {
            let request = wire::CreateIssuerRequest {
                idempotency_key: input.idempotency_key.0,
                name: input.name,
                url: input.url.unwrap_or_default(),
                description: input.description.unwrap_or_default(),
                email: input.email.unwrap_or_default(),
                key_kind: SigningKeyKind::wire(input.key_kind),
                ..wire::CreateIssuerRequest::default()
            };
            let reply = call.issuers().create_issuer(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.issuer.map(Issuer), reply.written))
        };
        payload(call, input.client_mutation_id, outcome.await).await
    }

    /// Replaces the profile; credentials already issued keep the old one.
    #[graphql(directive = cost::cost::apply(10))]
    async fn issuer_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: IssuerUpdateInput,
    ) -> Result<IssuerUpdatePayload, Failure> {
        let call = Call::of(ctx);
        let outcome = async {
            let request = wire::UpdateIssuerRequest {
                idempotency_key: input.idempotency_key.0,
                issuer_id: call.id(Type::Issuer, &input.issuer_id, "/issuerId")?,
                name: input.name,
                url: input.url.unwrap_or_default(),
                description: input.description.unwrap_or_default(),
                email: input.email.unwrap_or_default(),
            };
            let reply = call.issuers().update_issuer(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.issuer.map(Issuer), reply.written))
        };
        payload(call, input.client_mutation_id, outcome.await).await
    }
}
