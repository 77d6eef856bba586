use std::{sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    service::Routes,
    transport::{Error, Server, server::TcpIncoming},
};
use tower::{layer::layer_fn, util::MapRequestLayer};

use crate::{
    Context, Mesh, Readiness, RoleParts, deadline, health,
    mesh::{CONNECTION_WINDOW, CallersOnly, STREAM_WINDOW},
    metrics::MeasuredCalls,
};

/// How old a connection of the mesh gets: then its caller makes another, and finds the processes
/// that were started since.
const MAX_AGE: Duration = Duration::from_mins(5);
/// How long calls of a connection that is too old may go on: whoever watches longer watches anew,
/// from where the watch ended.
const MAX_AGE_GRACE: Duration = Duration::from_hours(1);

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
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (public, routes) = together(context, parts);
    Server::builder()
        .layer(layer_fn(MeasuredCalls::new))
        .layer(context.guard(&public))
        .layer(MapRequestLayer::new(deadline::note))
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(incoming, context.tasks.closing().cancelled_owned())
}

/// The same for callers of the mesh: behind the check of their certificates as well.
///
/// # Errors
/// When the server fails.
pub fn serve_mesh(
    context: &Context,
    parts: &[RoleParts],
    mesh: &Arc<Mesh>,
    listener: TcpListener,
) -> impl Future<Output = Result<(), Error>> + Send + use<> {
    let (public, routes) = together(context, parts);
    let (incoming, ended) = (mesh.incoming(listener), context.tasks.closing());
    mesh_server()
        .layer(layer_fn(MeasuredCalls::new))
        .layer(CallersOnly)
        .layer(context.guard(&public))
        .layer(MapRequestLayer::new(deadline::note))
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(incoming, ended.cancelled_owned())
}

/// Offers routes that check their callers by certificate alone, such as those of the key vault.
///
/// # Errors
/// When the server fails.
pub fn serve_without_tokens(
    routes: Routes,
    mesh: &Arc<Mesh>,
    listener: TcpListener,
    ended: CancellationToken,
) -> impl Future<Output = Result<(), Error>> + Send + use<> {
    mesh_server()
        .layer(layer_fn(MeasuredCalls::new))
        .layer(CallersOnly)
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(mesh.incoming(listener), ended.cancelled_owned())
}

/// A server whose callers come back for another connection now and then.
fn mesh_server() -> Server {
    Server::builder()
        .max_connection_age(MAX_AGE)
        .max_connection_age_grace(MAX_AGE_GRACE)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
}

/// The routes of roles and of the health service, and the methods that need no token.
fn together(context: &Context, parts: &[RoleParts]) -> (Vec<&'static str>, Routes) {
    let mut routes = Routes::new(health::service(Readiness::of(context), &context.tasks));
    for part in parts {
        let theirs = part.routes.clone().into_axum_router().reset_fallback();
        let ours = std::mem::take(routes.axum_router_mut());
        *routes.axum_router_mut() = ours.merge(theirs);
    }
    (parts.iter().flat_map(|part| part.public).copied().collect(), routes)
}
