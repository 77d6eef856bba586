//! What earners hold, across all tenants: signing in by e-mailed link, the list of holdings, the
//! earner's word on an award, and erasure everywhere.
//!
//! The awards themselves are the awarding role's; here are an index of them by earner and the way
//! to it. To add a call, write it in `backpack.proto` and in `grpc.rs`; to show more of a holding,
//! extend [`holdings`] and raise the model's version.

mod erasure;
mod grpc;
pub mod holdings;
mod limit;
mod link;
mod listing;

use std::sync::Arc;

use proto::{
    awarding::v1::awarding_client::AwardingClient, backpack::v1::backpack_server::BackpackServer,
};
use readmodel::Projection;
use runtime::{Context, Policy, RoleParts, Wire};
use tonic::service::Routes;

use crate::{erasure::Erasures, holdings::Holdings};

/// The methods that need no token.
pub const PUBLIC: &[&str] =
    &["/laurel.backpack.v1.Backpack/RequestSignIn", "/laurel.backpack.v1.Backpack/RedeemSignIn"];

/// The read models that this role answers from.
#[must_use]
pub fn projections() -> Vec<Arc<dyn Projection>> {
    vec![Arc::new(holdings::HoldingsProjection)]
}

/// The role: its calls, and the policy that ends erasures that a crash cut short.
#[must_use]
pub fn role(context: &Context, awarding: Wire) -> RoleParts {
    let holdings = Holdings::new(context.views.view(holdings::MODEL));
    let awarding = AwardingClient::new(awarding);
    let erasures = Arc::new(Erasures::new(context.clone(), holdings.clone(), awarding.clone()));
    let service = grpc::Service::new(context.clone(), holdings, awarding, Arc::clone(&erasures));
    let cancelled = context.tasks.cancelled();
    let finish = move || erasure::finish_all(Arc::clone(&erasures), cancelled.clone());
    RoleParts {
        name: "backpack",
        routes: Routes::new(BackpackServer::new(service)),
        public: PUBLIC,
        policies: vec![Policy::led("erasures", finish)],
    }
}
