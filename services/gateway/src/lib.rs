//! The gateway.
mod activity;
mod award;
mod backpack;
mod badge;
mod batch;
mod call;
mod client;
mod cost;
mod document;
mod earner;
mod event;
mod failure;
mod issuer;
mod lexer;
mod limits;
mod member;
mod model;
mod node;
mod opaque;
mod organization;
mod page;
mod payload;
mod scalar;
mod schema;
mod sign_in;
mod tenant;
mod upload;
mod user_error;
mod variables;
mod viewer;

use runtime::Wire;

/// How the gateway reaches the roles.
#[derive(Clone)]
pub struct Wires {
    /// The issuers role.
    pub issuers: Wire,
    /// The design role.
    pub design: Wire,
    /// The awarding role.
    pub awarding: Wire,
    /// The backpack role.
    pub backpack: Wire,
    /// The analytics role.
    pub analytics: Wire,
}
