//! The public listener with TLS.

use std::{convert::Infallible, future::ready, io, net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    extract::ConnectInfo,
    serve::{IncomingStream, Listener},
};
use runtime::TlsListener;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::{Layer, service_fn};

/// Serves routes over TLS.
pub struct Https(TlsListener);

impl Https {
    /// Puts TLS before the connections of a listener.
    pub fn new(tcp: TcpListener, server: Arc<ServerConfig>) -> Self {
        Self(TlsListener::new(tcp, move || Arc::clone(&server)))
    }

    /// Serves routes until told to end; then finishes the requests that have begun.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, routes: Router, ended: CancellationToken) -> io::Result<()> {
        // As with a plain listener, handlers find the peer's address.
        let per_connection = service_fn(move |stream: IncomingStream<'_, Self>| {
            let peer = ConnectInfo(*stream.remote_addr());
            ready(Ok::<_, Infallible>(Extension(peer).layer(routes.clone())))
        });
        axum::serve(self, per_connection).with_graceful_shutdown(ended.cancelled_owned()).await
    }
}

impl Listener for Https {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        self.0.accept().await
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}
