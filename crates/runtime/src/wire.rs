use std::convert::Infallible;

use auth::AuthService;
use http::{Request, Response};
use tonic::{Status, body::Body, service::Routes, transport::Endpoint};
use tower::{
    Service,
    util::{BoxCloneSyncService, MapErr, MapRequest},
};

use crate::{metrics::MeasuredCalls, remote::Remote};

/// How one role reaches another: over the network, or within the process. Callers cannot tell.
pub type Wire = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Routes behind a check of every caller's token; see [`crate::RoleParts::guarded`].
pub type Guarded =
    MeasuredCalls<AuthService<MapRequest<Routes, fn(Request<Body>) -> Request<Body>>>>;

/// Calls routes of this process, which check the caller's token as they would on the network.
#[must_use]
pub fn local(routes: Guarded) -> Wire {
    BoxCloneSyncService::new(MapErr::new(routes, |never: Infallible| match never {}))
}

/// Calls routes of another process without TLS; connects when first used.
#[must_use]
pub fn remote(endpoint: &Endpoint) -> Wire {
    over(Remote::new(endpoint.connect_lazy()))
}

pub(crate) fn over(remote: Remote) -> Wire {
    BoxCloneSyncService::new(remote)
}

/// Both kinds of wire stand on services that can be sent and shared.
const _: () = {
    const fn shared<S: Service<Request<Body>> + Clone + Send + Sync>() {}
    shared::<Guarded>();
};
