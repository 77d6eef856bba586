//! The gateway: GraphQL for programs, the public web for people and verifiers.
//!
//! GraphQL is one file per noun (`award.rs`, `badge.rs` …), each with the noun's type, reads,
//! inputs, payloads and writes, where these are many in a folder of its name; no rules stand here,
//! the roles decide. To add a mutation, write its input, its `payload_type!` and its method in the
//! noun's file, and run the tests with `LAUREL_WRITE_SCHEMA=1` to publish the new SDL. What every
//! operation goes through stands in `endpoint.rs`, what carries it in `http.rs`, `sse.rs` and
//! `ws.rs`.

/// A table of routes: what is served, and its names as data, so that neither can lack a line of the
/// other.
macro_rules! route_table {
    (
        $(#[doc = $doc:literal])+
        $table:ident, $router:ident, $state:ty;
        $($method:ident $path:literal => $handler:path,)+
    ) => {
        $(#[doc = $doc])+
        pub(crate) const $table: &[(&str, &str)] = &[$((stringify!($method), $path)),+];

        fn $router() -> axum::Router<$state> {
            axum::Router::new()$(.route($path, axum::routing::$method($handler)))+
        }
    };
}

mod accept;
mod activity;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod award;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod backpack;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod badge;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod batch;
mod call;
mod caller;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod client;
mod cost;
mod document;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod earner;
mod endpoint;
mod event;
mod failure;
mod http;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod issuer;
mod lexer;
mod limits;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod member;
mod model;
mod node;
mod observed;
mod opaque;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod organization;
mod page;
mod payload;
mod playground;
mod reply;
mod scalar;
mod schema;
mod shelf;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod sign_in;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod signing_key;
mod sse;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod tenant;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod upload;
#[expect(dead_code, reason = "accessors that async-graphql derives")]
mod user_error;
mod variables;
mod verdict;
mod verification;
mod viewer;
mod watch;
pub mod web;
mod ws;

use std::sync::Arc;

use axum::Router;
use runtime::{Context, Wire};

pub use limits::Limits;
pub use web::Sandbox;

/// How the gateway reaches the roles.
#[derive(Clone)]
pub struct Wires {
    /// Organizations, issuers, members, clients, keys.
    pub issuers: Wire,
    /// Badges and their pictures.
    pub design: Wire,
    /// Awards, batches, status lists, people.
    pub awarding: Wire,
    /// What earners hold.
    pub backpack: Wire,
    /// What it adds up to.
    pub analytics: Wire,
}

/// GraphQL alone, with its playground, its SDL and the page of error codes.
///
/// # Panics
/// When the schema's own SDL cannot be read back, which a test rules out.
fn graphql(
    context: &Context,
    wires: Wires,
    limits: Limits,
    verification: Arc<verification::Verification>,
    shelf: Arc<shelf::Shelf>,
) -> Router {
    let setup = endpoint::Setup {
        wires,
        verifier: Arc::clone(&context.verifier),
        tokens: Arc::clone(&context.tokens),
        closing: context.tasks.closing(),
        clock: Arc::clone(&context.stores.clock),
        ids: context.stores.ids.clone(),
        vault: Arc::clone(&context.stores.vault),
        public_url: Arc::clone(&context.public_url),
        verification,
        shelf,
        limits,
        artwork_bytes: context.limits.artwork_bytes as u64,
        batch_bytes: context.limits.batch_bytes as u64,
    };
    let endpoint = endpoint::Endpoint::new(setup);
    let endpoint = endpoint.expect("the SDL does not vary, and a test reads it back");
    context.start(observed::allowances(context, &endpoint.buckets));
    router(Arc::new(endpoint))
}

fn router(endpoint: Arc<endpoint::Endpoint>) -> Router {
    graphql_routes().with_state(endpoint)
}

route_table! {
    /// GraphQL and what explains it.
    GRAPHQL, graphql_routes, Arc<endpoint::Endpoint>;
    any "/graphql" => http::graphql,
    any "/graphql/stream" => http::stream,
    get "/graphiql" => playground::page,
    get "/graphiql/{asset}" => playground::asset,
    get "/errors" => playground::errors,
    get "/schema.graphql" => playground::sdl,
}

/// Every route that the gateway serves: its method (`any` for whichever) and its path.
#[must_use]
pub fn route_table() -> Vec<(&'static str, &'static str)> {
    [GRAPHQL, web::FORMS, web::BADGES, web::VC_API, web::PAGES].concat()
}

/// The schema in its definition language, as clients get it.
pub fn sdl() -> String {
    schema::sdl_of(&schema::build().finish())
}

/// Everything that the gateway serves. Starts the task that adds up what was seen.
///
/// # Panics
/// When the schema's own SDL cannot be read back, which a test rules out.
pub fn routes(context: &Context, wires: Wires, sandbox: Sandbox) -> Router {
    let limits = Limits {
        bucket: context.limits.graphql_points,
        restore_per_second: context.limits.graphql_points_per_second,
        ..Limits::default()
    };
    routes_within(context, wires, limits, sandbox)
}

/// [`routes`] with other limits of GraphQL.
///
/// # Panics
/// When the schema's own SDL cannot be read back, which a test rules out.
pub fn routes_within(context: &Context, wires: Wires, limits: Limits, sandbox: Sandbox) -> Router {
    let verification = Arc::new(verification::Verification::new(context));
    let shelf = Arc::new(shelf::Shelf::default());
    context.start(shelf.follow(context));
    let shared = (Arc::clone(&verification), Arc::clone(&shelf));
    let web = web::Web::new(context, wires.clone(), shared, sandbox);
    let engagement = web::flush(web.clone(), context.tasks.cancelled());
    context.tasks.spawn("engagement", engagement);
    graphql(context, wires, limits, verification, shelf).merge(web::routes(web))
}
