//! The listener for the platform that runs the process: whether it lives and can serve, and what
//! it measures.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use runtime::{Readiness, Tasks, health::Report};
use tokio::net::TcpListener;

/// Answers `/-/live`, `/-/ready` and `/metrics` on a listener until the tasks are told to end.
/// `readiness` adds the read models to the metrics.
///
/// # Errors
/// When the listener is none, or something else records metrics.
pub fn listen<W>(
    listener: TcpListener,
    tasks: &Tasks,
    readiness: Option<Readiness>,
    report: impl Fn() -> W + Clone + Send + Sync + 'static,
) -> anyhow::Result<SocketAddr>
where
    W: Future<Output = Report> + Send,
{
    let address = listener.local_addr()?;
    runtime::metrics::install(tasks)?;
    let measured = move || {
        let readiness = readiness.clone();
        async move {
            let text = runtime::metrics::render(readiness.as_ref()).await.unwrap_or_default();
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
        }
    };
    let ready = move || {
        let report = report.clone();
        async move {
            let report = report().await;
            let well = report.ready;
            let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            (status, Json(report)).into_response()
        }
    };
    let routes = Router::new()
        .route("/-/live", get(async || Json(serde_json::json!({ "status": "live" }))))
        .route("/-/ready", get(ready))
        .route("/metrics", get(measured));
    let cancelled = tasks.cancelled();
    tasks.spawn("ops", async move {
        let ended = cancelled.cancelled_owned();
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(ended).await {
            tracing::error!(%error, "the platform's listener ended");
        }
    });
    Ok(address)
}
