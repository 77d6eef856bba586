//! Serves the store in a folder behind KurrentDB's protocol: for its judges and for measuring.
//!
//! `serve FOLDER PORT [--tls CERTIFICATE KEY] [--may-be-shut-down] [NAME:PASSWORD]...`; port 0 takes
//! a free one. The first line that it prints is the port. It ends on the first interrupt.

use std::{
    env,
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use eventstore::{
    Embedded, EmbeddedOptions,
    server::{Server, ServerOptions, Users},
};
use futures_util::{Stream, stream};
use tokio::{
    io::{self, AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    signal,
    sync::mpsc,
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig, crypto,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
    server::TlsStream,
};
use tonic::transport::server::{Connected, TcpIncoming};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let port = arguments.next().ok_or("which port?")?.parse()?;
    let (mut tls, mut may_be_shut_down, mut users) = (None, false, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--tls" => {
                let certificate = arguments.next().ok_or("which certificate?")?;
                tls = Some(acceptor(&certificate, &arguments.next().ok_or("which key?")?)?);
            }
            "--may-be-shut-down" => may_be_shut_down = true,
            user => {
                let (name, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
                users.push((name.to_owned(), password.to_owned()));
            }
        }
    }

    let store = Arc::new(Embedded::open(EmbeddedOptions::at(folder))?);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port();
    let users = Users::new(users);
    let at = ServerOptions::at("localhost", port);
    let server = Server::new(Arc::clone(&store), ServerOptions { users, may_be_shut_down, ..at });
    println!("{port}");
    let interrupted = async {
        // When it cannot be waited for, the process is ended otherwise.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    match tls {
        None => {
            let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
            server.serve(connections, interrupted).await?;
        }
        Some(tls) => server.serve(secured(listener, tls), interrupted).await?,
    }
    store.close().await;
    Ok(())
}

fn acceptor(certificate: &str, key: &str) -> Outcome<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The connections whose handshakes succeed.
fn secured(listener: TcpListener, tls: TlsAcceptor) -> impl Stream<Item = io::Result<Secured>> {
    let (shaken, hands) = mpsc::channel(16);
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        let mut shaking = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            while shaking.try_join_next().is_some() {}
            let (tls, shaken) = (tls.clone(), shaken.clone());
            shaking.spawn(async move {
                if tcp.set_nodelay(true).is_ok()
                    && let Ok(secured) = tls.accept(tcp).await
                {
                    // Nobody waits for it when the server has ended.
                    let _ = shaken.send(Ok(Secured(secured))).await;
                }
            });
        }
    });
    // The task ends with the stream that holds it.
    stream::unfold((hands, accepting), async |(mut hands, accepting)| {
        hands.recv().await.map(|connection| (connection, (hands, accepting)))
    })
}

struct Secured(TlsStream<TcpStream>);

impl Connected for Secured {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
