//! Our own connection to a node, for what the official client cannot do well.
//!
//! That client sends a request's head and its body in two packets and lets the system hold back the
//! second one until the first is confirmed, which costs 40 ms each time; nothing lets us set
//! `TCP_NODELAY` on its sockets. Here it is set.

use std::{io, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::Interceptor,
    transport::{Channel, Endpoint},
};

use super::settings::{Node, Settings};

/// How often to ask the other side whether it is still there.
const PING: Duration = Duration::from_secs(10);
/// How long it may take to answer.
const PONG: Duration = Duration::from_secs(5);
/// Bytes that may be on their way before somebody reads them.
const WINDOW: u32 = 8 << 20;

type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Connects to a node.
pub(super) async fn connect(settings: &Settings, node: &Node) -> Result<Channel, Trouble> {
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!("http://{node}"))?
        .origin(format!("{scheme}://{node}").parse()?)
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .connect_timeout(settings.first_answer);
    let (node, tls) = (node.clone(), settings.tls.clone());
    let dial = tower::service_fn(move |_| dial(node.clone(), tls.clone()));
    Ok(endpoint.connect_with_connector(dial).await?)
}

trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

async fn dial(
    node: Node,
    tls: Option<Arc<rustls::ClientConfig>>,
) -> io::Result<TokioIo<Box<dyn Socket>>> {
    let port = u16::try_from(node.port).map_err(io::Error::other)?;
    let host = node.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let tcp = TcpStream::connect((host.as_str(), port)).await?;
    tcp.set_nodelay(true)?;
    let Some(config) = tls else { return Ok(TokioIo::new(Box::new(tcp))) };
    let name = rustls::pki_types::ServerName::try_from(host).map_err(io::Error::other)?;
    let stream = TlsConnector::from(config).connect(name, tcp).await?;
    Ok(TokioIo::new(Box::new(stream)))
}

/// Says who asks, and that only the leader shall answer.
#[derive(Clone)]
pub(super) struct Introduction(Option<MetadataValue<Ascii>>);

impl Introduction {
    pub fn of(settings: &Settings) -> Self {
        let basic = settings.user.as_ref().and_then(|(name, password)| {
            let secret = BASE64_STANDARD.encode(format!("{name}:{password}"));
            let mut value = MetadataValue::try_from(format!("Basic {secret}")).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Self(basic)
    }
}

impl Interceptor for Introduction {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("requires-leader", MetadataValue::from_static("true"));
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}
