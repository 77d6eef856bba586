use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, stream};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::Connected;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many may be under way; further connections wait in the kernel's queue.
const HANDSHAKES: usize = 1024;
/// How long to wait when the system has no more sockets to give.
const BREATH: Duration = Duration::from_millis(100);

type Handshake = Option<(TlsStream<TcpStream>, SocketAddr)>;

/// Accepts connections and gives those whose handshake succeeded. Handshakes go on beside each
/// other, each bounded in time: a slow or silent peer holds up nobody else.
pub struct TlsListener {
    tcp: TcpListener,
    /// Asked for each connection, so that certificates can change while it listens.
    server: Box<dyn Fn() -> Arc<ServerConfig> + Send + Sync>,
    under_way: JoinSet<Handshake>,
}

impl TlsListener {
    /// Puts TLS before the connections of a listener.
    pub fn new(
        tcp: TcpListener,
        server: impl Fn() -> Arc<ServerConfig> + Send + Sync + 'static,
    ) -> Self {
        Self { tcp, server: Box::new(server), under_way: JoinSet::new() }
    }

    /// The next connection and who is at its other end. Never fails: what does not become a
    /// connection is forgotten. May be dropped at any time without losing one.
    pub async fn accept(&mut self) -> (TlsStream<TcpStream>, SocketAddr) {
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

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    fn shake_hands(&mut self, (stream, peer): (TcpStream, SocketAddr)) {
        let acceptor = TlsAcceptor::from((self.server)());
        self.under_way.spawn(async move {
            let _ = stream.set_nodelay(true);
            let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await.ok()?.ok()?;
            Some((stream, peer))
        });
    }

    /// The connections as a tonic server takes them. Never ends.
    pub fn connections(self) -> impl Stream<Item = io::Result<TlsConnection<SocketAddr>>> + Send {
        stream::unfold(self, |mut listener| async {
            let (stream, peer) = listener.accept().await;
            Some((Ok(TlsConnection::new(stream, peer)), listener))
        })
    }
}

/// A connection with TLS and what is known of its other end, which a tonic server puts into the
/// extensions of each request.
pub struct TlsConnection<P> {
    stream: TlsStream<TcpStream>,
    peer: P,
}

impl<P> TlsConnection<P> {
    pub(crate) fn new(stream: TlsStream<TcpStream>, peer: P) -> Self {
        Self { stream, peer }
    }
}

impl<P: Clone + Send + Sync + 'static> Connected for TlsConnection<P> {
    type ConnectInfo = P;

    fn connect_info(&self) -> P {
        self.peer.clone()
    }
}

impl<P: Unpin> AsyncRead for TlsConnection<P> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<P: Unpin> AsyncWrite for TlsConnection<P> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
