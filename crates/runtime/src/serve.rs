use tokio::net::TcpListener;
use tonic::{
    service::Routes,
    transport::{Error, Server, server::TcpIncoming},
};

use crate::{Context, Readiness, RoleParts, health};

/// Offers roles and the health service over gRPC on a listener, every call behind the check of its
/// token, until the tasks are told to end; then finishes the calls that have begun.
///
/// # Errors
/// When the server fails.
pub fn serve(
    context: &Context,
    parts: &[RoleParts],
    listener: TcpListener,
) -> impl Future<Output = Result<(), Error>> + Send + use<> {
    let Context { stores, views, tasks, .. } = context;
    let readiness = Readiness::new(stores.clone(), views.clone(), tasks.clone());
    let mut routes = Routes::new(health::service(readiness, tasks));
    for part in parts {
        let theirs = part.routes.clone().into_axum_router().reset_fallback();
        let ours = std::mem::take(routes.axum_router_mut());
        *routes.axum_router_mut() = ours.merge(theirs);
    }
    let public: Vec<_> = parts.iter().flat_map(|part| part.public).copied().collect();
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .layer(context.guard(&public))
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(incoming, tasks.cancelled().cancelled_owned())
}
