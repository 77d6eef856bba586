//! The design role: what can be awarded. Badges as drafts and as versions that never change, and
//! their artwork.
//!
//! A call goes through `grpc.rs` to the file named for its noun, becomes a command of
//! `design-domain`, and comes back as the row that its facts make (`badges.rs`). Whether an issuer
//! exists is known from the issuers' facts (`known_issuers.rs`). Pictures are made safe in
//! [`artwork`]. To add a call: the `.proto`, a line in `grpc.rs`, a function in its noun's file.

pub mod artwork;
mod badge;
mod badges;
mod grpc;
mod known_issuers;
mod pictures;
mod wording;

use std::sync::Arc;

use proto::design::v1::design_server::DesignServer;
use readmodel::Projection;
use runtime::{Context, RoleParts};
use tonic::service::Routes;

/// The most bytes of one call: the largest picture and what is around it.
const LARGEST_CALL: usize = 3 * 1024 * 1024;

/// The most bytes of one answer: a picture as it is drawn.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// The methods that need no token.
const PUBLIC: &[&str] =
    &["/laurel.design.v1.Design/GetPublicBadge", "/laurel.design.v1.Design/GetPublicArtwork"];

/// What the role reads from.
#[must_use]
pub fn projections() -> Vec<Arc<dyn Projection>> {
    vec![Arc::new(badges::Badges), Arc::new(known_issuers::KnownIssuers)]
}

/// The role: its routes.
#[must_use]
pub fn role(context: &Context) -> RoleParts {
    let server = DesignServer::new(grpc::Service::new(context.clone()))
        .max_decoding_message_size(LARGEST_CALL)
        .max_encoding_message_size(LARGEST_ANSWER);
    RoleParts { name: "design", routes: Routes::new(server), public: PUBLIC, policies: Vec::new() }
}
