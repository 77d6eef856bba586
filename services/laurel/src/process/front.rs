//! What a process with the gateway shows to the public.

use std::{net::SocketAddr, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn},
    response::Response,
    serve::Listener,
};
use metrics::histogram;
use runtime::{
    Config, Context,
    trace::{Span, SpanKind, TraceContext, within},
};
use tokio::net::TcpListener;

use super::{bind, closing::announced};
use crate::https::Https;

/// A gateway that listens.
pub struct Front {
    wires: gateway::Wires,
    sandbox: gateway::Sandbox,
    url: String,
    tls_url: Option<String>,
}

impl Front {
    /// Where it listens, as a URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens with TLS, if it does.
    #[must_use]
    pub fn tls_url(&self) -> Option<&str> {
        self.tls_url.as_deref()
    }

    /// Its ways to the roles.
    #[must_use]
    pub fn wires(&self) -> &gateway::Wires {
        &self.wires
    }

    /// The sandbox of its VC-API, closed until it is opened.
    #[must_use]
    pub fn sandbox(&self) -> &gateway::Sandbox {
        &self.sandbox
    }
}

/// The public listeners, taken before anything else is done.
pub(super) struct Doors {
    plain: TcpListener,
    https: Option<Https>,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
}

impl Doors {
    /// Takes the addresses; a public URL on port 0 gets the port that the system chose.
    pub(super) async fn open(config: &mut Config) -> anyhow::Result<Self> {
        let plain = bind(config.listen).await?;
        let address = plain.local_addr()?;
        let https = match &config.tls {
            Some(tls) => Some(Https::new(bind(tls.listen).await?, runtime::tls_server(tls)?)),
            None => None,
        };
        let tls_address = https.as_ref().map(Listener::local_addr).transpose()?;
        if let Some(front) = config.public_url.strip_suffix(":0") {
            // The public port is that with TLS where there is one.
            config.public_url = format!("{front}:{}", tls_address.unwrap_or(address).port());
        }
        Ok(Self { plain, https, address, tls_address })
    }

    /// Serves the gateway until the tasks are told to end.
    pub(super) fn serve(self, context: &Context, wires: gateway::Wires) -> Front {
        let tasks = &context.tasks;
        let sandbox = gateway::Sandbox::default();
        let routes = gateway::routes(context, wires.clone(), sandbox.clone());
        // A request that nobody measures or traces should not pay for it.
        let measures = runtime::metrics::is_on() || runtime::trace::is_on();
        let routes = if measures { routes.layer(from_fn(measured)) } else { routes };
        let (routes, may_end) = announced(routes, tasks);
        if let Some(https) = self.https {
            let serving = https.serve(routes.clone(), may_end.clone());
            tasks.spawn_door("https", async move {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "the listener with tls ended");
                }
            });
        }
        let plain = self.plain;
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        tasks.spawn_door("http", async move {
            let ended = may_end.cancelled_owned();
            if let Err(error) = axum::serve(plain, routes).with_graceful_shutdown(ended).await {
                tracing::error!(%error, "the listener ended");
            }
        });
        Front {
            wires,
            sandbox,
            url: format!("http://{}", reachable(self.address)),
            tls_url: self.tls_address.map(|it| format!("https://localhost:{}", it.port())),
        }
    }
}

/// Records how long a request took, under the route that it matched, and makes a span of it, within
/// which the roles are called.
async fn measured(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let parent = TraceContext::of(request.headers());
    let name = || match &route {
        Some(route) => format!("{method} {}", route.as_str()),
        None => method.clone(),
    };
    let mut span = Span::begin(SpanKind::Server, parent, name);
    if let Some(span) = &span {
        span.context().write(request.headers_mut());
    }
    let response = within(span.as_ref(), next.run(request)).await;
    let status = response.status();
    if let Some(span) = &mut span {
        span.set(
            "http.request.method",
            if method == "other" { "_OTHER".into() } else { method.clone() },
        )
        .set("http.response.status_code", i64::from(status.as_u16()));
        if let Some(route) = &route {
            span.set("http.route", route.as_str().to_owned());
        }
        if status.is_server_error() {
            span.fail(status.as_str().to_owned());
        }
    }
    let labels = [
        ("route", route.as_ref().map_or("none", MatchedPath::as_str).to_owned()),
        ("method", method),
        ("status", status.as_str().to_owned()),
    ];
    histogram!("laurel_http_duration_seconds", &labels).record(began.elapsed());
    response
}

/// An address that can be connected to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}
