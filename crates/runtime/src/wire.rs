use std::convert::Infallible;

use auth::AuthService;
use http::{Request, Response};
use tonic::{Status, body::Body, service::Routes, transport::Endpoint};
use tower::{
    Service,
    util::{BoxCloneSyncService, MapErr},
};

/// How one role reaches another: over the network, or within the process. Callers cannot tell.
pub type Wire = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Routes behind a check of every caller's token; see [`crate::RoleParts::guarded`].
pub type Guarded = AuthService<Routes>;

/// Calls routes of this process, which check the caller's token as they would on the network.
#[must_use]
pub fn local(routes: Guarded) -> Wire {
    BoxCloneSyncService::new(MapErr::new(routes, |never: Infallible| match never {}))
}

/// Calls routes of another process; connects when first used.
#[must_use]
pub fn remote(endpoint: &Endpoint) -> Wire {
    BoxCloneSyncService::new(MapErr::new(endpoint.connect_lazy(), |error| {
        Status::from_error(Box::<dyn std::error::Error + Send + Sync>::from(error))
    }))
}

/// Both kinds of wire stand on services that can be sent and shared.
const _: () = {
    const fn shared<S: Service<Request<Body>> + Clone + Send + Sync>() {}
    shared::<Guarded>();
};
