//! The schema: every noun's reads, writes and events, put together.

use async_graphql::{
    Context, ID, MergedObject, Object, SDLExportOptions, Schema as GraphqlSchema, SchemaBuilder,
};
use futures_util::future::try_join_all;

use crate::{
    activity::ActivityQuery,
    award::{AwardMutation, AwardQuery},
    backpack::{BackpackMutation, BackpackQuery},
    badge::{BadgeMutation, BadgeQuery},
    batch::{AwardBatchMutation, AwardBatchQuery},
    client::{ApiClientMutation, ApiClientQuery},
    cost,
    earner::{EarnerMutation, EarnerQuery},
    event::Subscription,
    failure::Failure,
    issuer::{IssuerMutation, IssuerQuery},
    member::{MemberMutation, MemberQuery},
    node::{Node, node},
    organization::{OrganizationMutation, OrganizationQuery},
    sign_in::SignInMutation,
    signing_key::SigningKeyMutation,
    tenant::{TenantMutation, TenantQuery},
    upload::UploadMutation,
    user_error::UserError,
    verdict::VerificationQuery,
    viewer::ViewerQuery,
};

/// The reads by global id.
#[derive(Default, Clone)]
pub struct NodeQuery;

/// The reads by global id.
#[Object]
impl NodeQuery {
    /// Anything by its id; null when there is nothing of that id here.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id.")] id: ID,
    ) -> Option<Result<Node, Failure>> {
        node(ctx, &id).await.transpose()
    }

    /// Many things by their ids, at most 100, in the order asked; null in place of each that is not here.
    #[graphql(directive = cost::listSize::apply(100, 100, vec!["ids".into()]))]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, Failure> {
        if ids.len() > 100 {
            return Err(Failure::argument("at most 100 ids at once: ask for less"));
        }
        try_join_all(ids.iter().map(|id| node(ctx, id))).await
    }
}

/// Everything that can be read.
#[derive(MergedObject, Default, Clone)]
pub struct Query(
    NodeQuery,
    ViewerQuery,
    OrganizationQuery,
    TenantQuery,
    IssuerQuery,
    MemberQuery,
    ApiClientQuery,
    BadgeQuery,
    AwardQuery,
    AwardBatchQuery,
    EarnerQuery,
    ActivityQuery,
    BackpackQuery,
    VerificationQuery,
);

/// Everything that can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(
    OrganizationMutation,
    TenantMutation,
    IssuerMutation,
    SigningKeyMutation,
    MemberMutation,
    ApiClientMutation,
    UploadMutation,
    BadgeMutation,
    AwardMutation,
    AwardBatchMutation,
    EarnerMutation,
    BackpackMutation,
    SignInMutation,
);

/// The schema of this API.
pub type Schema = GraphqlSchema<Query, Mutation, Subscription>;

/// The fields of the roots that need no token.
pub const PUBLIC: [&str; 8] = [
    "__typename",
    "__schema",
    "__type",
    "viewer",
    "rateLimit",
    "verify",
    "signInLinkCreate",
    "signInLinkRedeem",
];

/// The schema, to be given its data.
pub fn build() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .register_output_type::<Node>()
        .register_output_type::<UserError>()
}

/// The schema in its definition language, as clients get it.
pub fn sdl_of(schema: &Schema) -> String {
    let options = SDLExportOptions::new()
        .prefer_single_line_descriptions()
        .include_specified_by()
        .use_space_ident()
        .indent_width(2);
    let sdl = schema.sdl_with_options(options);
    let lines: Vec<&str> = sdl.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned() + "\n"
}
