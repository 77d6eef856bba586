//! The issuers role: who may award. Organisations, tenants, issuer profiles and their signing keys,
//! members, API clients, and how both get access tokens.
//!
//! A call goes through `grpc.rs` to the file named for its noun, becomes a command of
//! `issuers-domain`, and comes back as the row that its facts make, in the read model's own words
//! (`organizations.rs`, `issuers.rs`, `members.rs`, `clients.rs`). Signing keys live unwrapped in
//! `keys.rs` alone. To add a call: the `.proto`, a line in `grpc.rs`, a function in its noun's file.

mod access;
mod client;
mod clients;
mod grants;
mod grpc;
mod input;
mod issuer;
mod issuers;
mod key_ages;
mod keys;
mod letters;
mod member;
mod members;
mod organization;
mod organizations;
mod owners;
mod policies;
mod sign_in;
mod signing;
mod signing_key;

use std::sync::Arc;

use auth::ExternalIssuers;
use proto::issuers::v1::issuers_server::IssuersServer;
use readmodel::Projection;
use runtime::{Context, RoleParts};
use tonic::service::Routes;

pub use policies::revocations;

/// The most bytes of one call: a batch to sign.
const LARGEST_CALL: usize = 8 * 1024 * 1024;

/// The methods that need no token.
const PUBLIC: &[&str] = &[
    "/laurel.issuers.v1.Issuers/GetPublicIssuer",
    "/laurel.issuers.v1.Issuers/AuthenticateClient",
    "/laurel.issuers.v1.Issuers/RequestMemberSignIn",
    "/laurel.issuers.v1.Issuers/RedeemMemberSignIn",
    "/laurel.issuers.v1.Issuers/ExchangeIdToken",
];

/// What the role reads from.
#[must_use]
pub fn projections() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(organizations::Organizations),
        Arc::new(issuers::Issuers),
        Arc::new(key_ages::KeyAges),
        Arc::new(members::Members),
        Arc::new(clients::Clients),
    ]
}

/// The role: its routes, and the policy that keeps its signing keys fresh. Every process that has a
/// listener also runs [`revocations`].
#[must_use]
pub fn role(context: &Context, external: Arc<ExternalIssuers>) -> RoleParts {
    let service = grpc::Service::new(context.clone(), external);
    let policies =
        vec![policies::retired_keys(context, Arc::clone(&service.keys)), policies::ages(context)];
    let server = IssuersServer::new(service).max_decoding_message_size(LARGEST_CALL);
    RoleParts { name: "issuers", routes: Routes::new(server), public: PUBLIC, policies }
}
