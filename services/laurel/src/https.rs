//! The listener with TLS: handshakes beside each other, each bounded in time.

use std::{convert::Infallible, future::ready, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::ConnectInfo,
    serve::{IncomingStream, Listener},
};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use tower::{Layer, service_fn};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many may be under way; further connections wait in the kernel's queue.
const HANDSHAKES: usize = 1024;
/// How long to wait when the system has no more sockets to give.
const BREATH: Duration = Duration::from_millis(100);

type Handshake = Option<(TlsStream<TcpStream>, SocketAddr)>;

/// Accepts connections and gives those whose handshake succeeded. A slow or silent peer holds up
/// nobody else.
pub struct Https {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    under_way: JoinSet<Handshake>,
}

impl Https {
    /// Puts TLS before the connections of a listener.
    pub fn new(tcp: TcpListener, server: Arc<ServerConfig>) -> Self {
        Self { tcp, acceptor: TlsAcceptor::from(server), under_way: JoinSet::new() }
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

    fn shake_hands(&mut self, (stream, peer): (TcpStream, SocketAddr)) {
        let acceptor = self.acceptor.clone();
        self.under_way.spawn(async move {
            let _ = stream.set_nodelay(true);
            let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await.ok()?.ok()?;
            Some((stream, peer))
        });
    }
}

impl Listener for Https {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                Some(outcome) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    if let Ok(Some(connection)) = outcome {
                        return connection;
                    }
                }
                accepted = self.tcp.accept(), if self.under_way.len() < HANDSHAKES => match accepted {
                    Ok(connection) => self.shake_hands(connection),
                    // The peer went away, or there are no more sockets: both pass.
                    Err(_) => tokio::time::sleep(BREATH).await,
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
