//! What it all adds up to: how often which badge was issued, claimed, declined, revoked, viewed and
//! verified, by day and in all.
//!
//! Counts are made of facts alone; erasing a person changes none. To count something new, add a
//! kind in [`activity`] and raise the model's version.

pub mod activity;
mod grpc;

use std::sync::Arc;

use proto::analytics::v1::analytics_server::AnalyticsServer;
use readmodel::Projection;
use runtime::{Context, RoleParts};
use tonic::service::Routes;

/// The read models that this role answers from.
#[must_use]
pub fn projections() -> Vec<Arc<dyn Projection>> {
    vec![Arc::new(activity::ActivityProjection)]
}

/// The role.
#[must_use]
pub fn role(context: &Context) -> RoleParts {
    let service = grpc::Service::new(context.clone(), context.views.view(activity::MODEL));
    RoleParts {
        name: "analytics",
        routes: Routes::new(AnalyticsServer::new(service)),
        public: &[],
        policies: Vec::new(),
    }
}
