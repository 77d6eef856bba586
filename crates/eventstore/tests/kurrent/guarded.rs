//! Behind TLS and a password.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use base64::prelude::{BASE64_STANDARD, Engine};
use eventstore::{
    AppendError, Deletion, EventStore, Expected, Filter, Kurrent, KurrentHealth, KurrentOptions,
    NewEvent, Signal, Signals, StreamId, Write,
};
use futures_util::StreamExt;
use kernel::{CommandId, Position, TenantId};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, pki_types::PrivateKeyDer},
};
use tonic::transport::Endpoint;
use tonic_prost::ProstCodec;

use super::{connect, server::Server};

/// A server that takes TLS alone, and the certificate to trust.
struct Front {
    /// Ends with this.
    server: Server,
    /// Connections end when this changes.
    cuts: watch::Sender<()>,
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
        let (cuts, cut) = watch::channel(());
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, mut cut) = (acceptor.clone(), cut.clone());
                cut.mark_unchanged();
                connections.spawn(async move {
                    let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                    let mut plain = TcpStream::connect(behind).await.expect("the front works");
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut tls, &mut plain) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { server, cuts, address, folder, _accepting: accepting }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Has the administrator make the user `laurel`, or give them another password; connections end.
    async fn administer(&self, method: &'static str, password: &str) {
        let channel = Endpoint::from_shared(format!("http://{}", self.server.address()));
        let channel = channel.expect("an address").connect().await.expect("the server works");
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.expect("the server works");
        let options = User {
            login_name: "laurel".into(),
            password: password.into(),
            full_name: "Laurel".into(),
            groups: vec!["$admins".into()],
        };
        let mut request = tonic::Request::new(Administer { options: Some(options) });
        let basic = format!("Basic {}", BASE64_STANDARD.encode("ops:p@ss:w/rd"));
        request.metadata_mut().insert("authorization", basic.parse().expect("ASCII"));
        let codec = ProstCodec::<Administer, Done>::default();
        let path = http::uri::PathAndQuery::from_static(method);
        client.unary(request, path, codec).await.expect("the administrator may");
        self.cuts.send_replace(());
    }

    fn connection(&self, user: &str, parameters: &str) -> String {
        format!("kurrentdb://{user}@localhost:{}?tls=true{parameters}", self.address.port())
    }
}

/// A user as the service of users takes them.
#[derive(Clone, PartialEq, prost::Message)]
struct User {
    #[prost(string, tag = "1")]
    login_name: String,
    #[prost(string, tag = "2")]
    password: String,
    #[prost(string, tag = "3")]
    full_name: String,
    #[prost(string, repeated, tag = "4")]
    groups: Vec<String>,
}

/// What makes or changes a user.
#[derive(Clone, PartialEq, prost::Message)]
struct Administer {
    #[prost(message, optional, tag = "1")]
    options: Option<User>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Done {}

const CREATE: &str = "/event_store.client.users.Users/Create";
const UPDATE: &str = "/event_store.client.users.Users/Update";

fn thing(number: u8) -> Write {
    let stream = StreamId::named("thing", TenantId::PLATFORM, number);
    let id = CommandId::derived(&[&[number]]).uuid();
    let (data, metadata) = (b"{}".to_vec(), b"{}".to_vec());
    let events = vec![NewEvent { id, kind: "thing-made.v1".into(), data, metadata }];
    Write { stream, expected: Expected::NoStream, events }
}

/// The streams of the next facts, as many as asked for.
async fn heard(signals: &mut Signals, count: usize) -> Vec<StreamId> {
    let mut heard = Vec::new();
    while heard.len() < count {
        if let Signal::Facts(facts) = signals.next().await.expect("it goes on").expect("it heals") {
            heard.extend(facts.into_iter().map(|fact| fact.stream));
        }
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_changed_under_a_store_refuses_all_until_it_is_right_again() {
    let front = Front::start().await;
    front.administer(CREATE, "first").await;
    let trusting = format!("&tlsCaFile={}", front.certificate().display());
    let connection = front.connection("laurel:first", &trusting);
    let patience = Duration::from_millis(500);
    let options = KurrentOptions { patience, ..KurrentOptions::at(connection) };
    let store = Kurrent::connect(&options).expect("an address");
    store.append(vec![thing(0)]).await.remove(0).expect("the password is right");
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&["thing"]));
    assert_eq!(heard(&mut signals, 1).await, [thing(0).stream]);

    front.administer(UPDATE, "second").await;
    let refused = store.append(vec![thing(1)]).await.remove(0);
    let may_succeed = matches!(refused, Err(AppendError::Unavailable(_) | AppendError::Unknown(_)));
    assert!(may_succeed, "{refused:?}");
    let reason = loop {
        assert!(store.head().await.is_err(), "nothing is read");
        if let KurrentHealth::Unreachable { reason, .. } = store.health() {
            break reason;
        }
    };
    assert!(reason.contains("does not let this user in") && !reason.contains("first"), "{reason}");

    front.administer(UPDATE, "first").await;
    let until = tokio::time::Instant::now() + Duration::from_mins(1);
    while let Err(error) = store.append(vec![thing(1)]).await.remove(0) {
        assert!(tokio::time::Instant::now() < until, "{error:?}");
    }
    store.append(vec![thing(2)]).await.remove(0).expect("the password is right");
    assert_eq!(heard(&mut signals, 2).await, [thing(1).stream, thing(2).stream], "each once");
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
