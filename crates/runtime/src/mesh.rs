//! The mesh: how roles in processes of their own reach each other, by gRPC over mutual TLS.
//!
//! A process shows a certificate of the deployment's authority that names `ROLE.laurel` for each
//! role that it may act as. Callers look for the name of the role that they mean, wherever it is
//! reached; listeners let a role be called by those that [`RoleName::callers`] lists, and nobody
//! else. Files that change are read again, so certificates can be renewed without a restart.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use futures_util::{Stream, future::Either, stream};
use http::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, ServerConfig, client::verify_server_name, pki_types::ServerName,
    server::ParsedCertificate,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsConnector, client, server};
use tonic::{
    Status,
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::{Layer, Service, service_fn};

use crate::{
    RoleName, TlsConnection, TlsError, TlsListener, Wire, config, remote::Remote, tls::tls_mesh,
    wire,
};

/// How long connecting may take, handshake included.
const CONNECT: Duration = Duration::from_secs(5);
/// How often a quiet connection is looked after.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Bytes under way before the other end says that it took them: of one call, and of all together.
/// Fixed, because to find out what suits takes a ping with every answer.
pub(crate) const STREAM_WINDOW: u32 = 1 << 20;
pub(crate) const CONNECTION_WINDOW: u32 = 8 << 20;

/// One process's part of the mesh.
pub struct Mesh {
    config: config::Mesh,
    current: Mutex<Current>,
}

/// What was read last.
struct Current {
    stamps: [Option<SystemTime>; 3],
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// A URL of the mesh cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("mesh.roles.{role} in the configuration: not a URL such as https://{role}:7443")]
pub struct MeshUrl {
    role: RoleName,
}

impl Mesh {
    /// Reads certificates and key.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn new(config: config::Mesh) -> Result<Self, TlsError> {
        let stamps = stamps(&config);
        let (server, client) = tls_mesh(&config)?;
        Ok(Self { config, current: Mutex::new(Current { stamps, server, client }) })
    }

    /// The way to a role that another process runs; none when the configuration does not say where.
    ///
    /// # Errors
    /// [`MeshUrl`].
    pub fn wire(self: &Arc<Self>, role: RoleName) -> Result<Option<Wire>, MeshUrl> {
        Ok(self.channel(role)?.map(|channel| wire::over(Remote::new(channel))))
    }

    /// The same without what repeats calls of one message: for callers that do so themselves and
    /// send many.
    ///
    /// # Errors
    /// [`MeshUrl`].
    pub fn channel(self: &Arc<Self>, role: RoleName) -> Result<Option<Channel>, MeshUrl> {
        let Some(url) = self.config.roles.get(&role) else { return Ok(None) };
        let uri: Uri = url.parse().map_err(|_| MeshUrl { role })?;
        let (Some("https"), Some(host), Some(port)) =
            (uri.scheme_str(), uri.host(), uri.port_u16())
        else {
            return Err(MeshUrl { role });
        };
        let at = (host.trim_matches(['[', ']']).to_owned(), port);
        let mesh = Arc::clone(self);
        let connector = service_fn(move |_: Uri| {
            let (mesh, at) = (Arc::clone(&mesh), at.clone());
            async move { mesh.connect(role, at).await.map(TokioIo::new) }
        });
        // The connector speaks TLS itself.
        let endpoint = Endpoint::from_shared(format!("http://{role}.laurel"))
            .map_err(|_| MeshUrl { role })?
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE / 2)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        Ok(Some(endpoint.connect_with_connector_lazy(connector)))
    }

    async fn connect(
        &self,
        role: RoleName,
        at: (String, u16),
    ) -> Result<client::TlsStream<TcpStream>, NotConnected> {
        let connecting = async {
            let name = ServerName::try_from(role.dns_name()).map_err(io::Error::other)?;
            let stream = TcpStream::connect(at).await?;
            stream.set_nodelay(true)?;
            TlsConnector::from(self.client()).connect(name, stream).await
        };
        let outcome = tokio::time::timeout(CONNECT, connecting).await;
        outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(|error| {
            tracing::warn!(%role, %error, "a role cannot be reached");
            NotConnected(error)
        })
    }

    /// The connections of other roles. Never ends.
    pub fn incoming(
        self: &Arc<Self>,
        listener: TcpListener,
    ) -> impl Stream<Item = io::Result<TlsConnection<Peer>>> + Send + use<> {
        let mesh = Arc::clone(self);
        let listener = TlsListener::new(listener, move || mesh.server());
        stream::unfold(listener, |mut listener| async {
            let (stream, _) = listener.accept().await;
            let peer = Peer::of(&stream);
            Some((Ok(TlsConnection::new(stream, peer)), listener))
        })
    }

    fn server(&self) -> Arc<ServerConfig> {
        self.refreshed(|current| Arc::clone(&current.server))
    }

    fn client(&self) -> Arc<ClientConfig> {
        self.refreshed(|current| Arc::clone(&current.client))
    }

    /// Reads the files again when they changed; what cannot be used leaves all as it was.
    fn refreshed<T>(&self, part: impl Fn(&Current) -> T) -> T {
        let now = stamps(&self.config);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.stamps != now {
            current.stamps = now;
            match tls_mesh(&self.config) {
                Ok((server, client)) => {
                    tracing::info!("the mesh's certificates were renewed");
                    (current.server, current.client) = (server, client);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "the mesh's new certificates cannot be used");
                }
            }
        }
        part(&current)
    }
}

fn stamps(config: &config::Mesh) -> [Option<SystemTime>; 3] {
    let stamp = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    [&config.certificate, &config.key, &config.authority].map(|path| stamp(path))
}

/// No connection was made: nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("the role cannot be reached")]
pub(crate) struct NotConnected(#[source] io::Error);

/// Who is at the other end of a connection: the roles that its certificate names.
#[derive(Clone, Debug)]
pub struct Peer {
    roles: Arc<[RoleName]>,
}

impl Peer {
    fn of(stream: &server::TlsStream<TcpStream>) -> Self {
        let certificates = stream.get_ref().1.peer_certificates();
        let certificate = certificates.and_then(|chain| chain.first());
        let parsed = certificate.and_then(|first| ParsedCertificate::try_from(first).ok());
        let named = |role: &RoleName| {
            let (Some(parsed), Ok(name)) = (&parsed, ServerName::try_from(role.dns_name())) else {
                return false;
            };
            verify_server_name(parsed, &name).is_ok()
        };
        Self { roles: RoleName::ALL.into_iter().filter(named).collect() }
    }

    /// Whether it may call that role.
    #[must_use]
    pub fn may_call(&self, role: RoleName) -> bool {
        self.roles.iter().any(|caller| role.callers().contains(caller))
    }
}

/// Stands before the routes of a listener of the mesh: lets roles be called by those that may.
/// Health may be asked by every holder of a certificate.
#[derive(Clone, Copy, Debug)]
pub struct CallersOnly;

impl<S> Layer<S> for CallersOnly {
    type Service = CallersOnlyService<S>;

    fn layer(&self, inner: S) -> CallersOnlyService<S> {
        CallersOnlyService { inner }
    }
}

/// What [`CallersOnly`] makes of a service.
#[derive(Clone, Debug)]
pub struct CallersOnlyService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for CallersOnlyService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, std::future::Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let peer = request.extensions().get::<Peer>();
        let may = match (RoleName::serving(request.uri().path()), peer) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(role), Some(peer)) => peer.may_call(role),
        };
        if may {
            return Either::Left(self.inner.call(request));
        }
        tracing::warn!(path = request.uri().path(), "a role was called by one that may not");
        let status = Status::permission_denied("this role is not for the caller's certificate");
        Either::Right(std::future::ready(Ok(status.into_http())))
    }
}
