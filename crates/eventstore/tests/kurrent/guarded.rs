//! Behind TLS and a password.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use eventstore::{
    Deletion, EventStore, Expected, Filter, Kurrent, KurrentHealth, KurrentOptions, NewEvent,
    Signal, StreamId, Write,
};
use futures_util::StreamExt;
use kernel::{CommandId, Position, TenantId};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, pki_types::PrivateKeyDer},
};

use super::{connect, server::Server};

/// A server that takes TLS alone, and the certificate to trust.
struct Front {
    /// Ends with this.
    _server: Server,
    address: SocketAddr,
    folder: TempDir,
    /// Ends with this.
    _accepting: JoinSet<()>,
}

impl Front {
    async fn start() -> Self {
        let server = Server::guarded("ops", "p@ss:w/rd").await;
        let own =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("the front works");
        let folder = TempDir::new().expect("the front works");
        std::fs::write(folder.path().join("ca.pem"), own.cert.pem()).expect("the front works");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key =
            PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("the front works");
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the front works")
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .expect("the front works");
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the front works");
        let (address, behind) = (listener.local_addr().expect("the front works"), server.address());
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                    let mut plain = TcpStream::connect(behind).await.expect("the front works");
                    let _ = tokio::io::copy_bidirectional(&mut tls, &mut plain).await;
                });
            }
        });
        Self { _server: server, address, folder, _accepting: accepting }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn connection(&self, user: &str, parameters: &str) -> String {
        format!("kurrentdb://{user}@localhost:{}?tls=true{parameters}", self.address.port())
    }
}

async fn refused(connection: String) -> String {
    let patience = Duration::from_millis(200);
    let options = KurrentOptions { patience, ..KurrentOptions::at(connection) };
    let store = Kurrent::connect(&options).expect("the front works");
    loop {
        assert!(store.head().await.is_err(), "nothing is read");
        if let KurrentHealth::Unreachable { attempts: 1.., reason, .. } = store.health() {
            return reason;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_server_knows_it_serves_over_tls() {
    let front = Front::start().await;
    let trusting = format!("&tlsCaFile={}", front.certificate().display());
    for parameters in [&*trusting, "&tlsVerifyCert=false"] {
        let store = connect(front.connection("ops:p%40ss%3Aw%2Frd", parameters));
        let thing = StreamId::named("thing", TenantId::PLATFORM, parameters.len());
        let id = CommandId::derived(&[parameters.as_bytes()]).uuid();
        let (data, metadata) = (b"{}".to_vec(), b"{}".to_vec());
        let events = vec![NewEvent { id, kind: "thing-made.v1".into(), data, metadata }];
        let write = Write { stream: thing.clone(), expected: Expected::NoStream, events };
        let done = store.append(vec![write]).await.remove(0).unwrap();
        let facts = store.read(&thing, 0, 10).await.unwrap();
        assert_eq!((facts.len(), facts[0].id), (1, id));
        let mut signals = store.subscribe(Position::START, Filter::every_tenant(&["thing"]));
        loop {
            if let Signal::CaughtUp(at) = signals.next().await.unwrap().unwrap() {
                break assert!(at >= done.position);
            }
        }
        store.delete(&thing, Expected::Revision(0), Deletion::Tombstone).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_it_does_not_know_is_told_what_to_look_at() {
    let front = Front::start().await;
    let trusting = format!("&tlsCaFile={}", front.certificate().display());
    let reason = refused(front.connection("ops:wrong", &trusting)).await;
    assert!(reason.contains("does not let this user in"), "{reason}");
    assert!(!reason.contains("wrong"), "and the password is not told: {reason}");

    let reason = refused(front.connection("ops:p%40ss%3Aw%2Frd", "")).await;
    assert!(reason.contains("certificate"), "{reason}");
    let reason = refused(format!("kurrentdb://{}?tls=false", front.address)).await;
    assert!(reason.contains("does not answer"), "{reason}");
}
