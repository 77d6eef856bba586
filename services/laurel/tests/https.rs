//! The listener with TLS, met as clients meet it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, routing::get};
use laurel::https::Https;
use rcgen::generate_simple_self_signed;
use reqwest::{Certificate, Client, ClientBuilder, Version, tls};
use runtime::{Tasks, config::Tls, tls_server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

struct World {
    address: SocketAddr,
    certificate: Certificate,
    tasks: Tasks,
    entered: Arc<Notify>,
    go_on: Arc<Notify>,
}

/// A listener with a page that says who asks, and one that takes its time.
async fn world() -> World {
    runtime::install_cryptography();
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&files.0, made.cert.pem()).unwrap();
    std::fs::write(&files.1, made.signing_key.serialize_pem()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&files.1, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = Tls { listen: address, certificate: files.0, key: files.1 };
    let https = Https::new(listener, tls_server(&tls).unwrap());

    let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&entered), Arc::clone(&go_on));
    let slow = move || async move {
        tell.notify_one();
        wait.notified().await;
        "done"
    };
    let who = |peer: ConnectInfo<SocketAddr>| async move { peer.0.ip().to_string() };
    let routes = Router::new().route("/who", get(who)).route("/slow", get(slow));
    let tasks = Tasks::new();
    let serving = https.serve(routes, tasks.cancelled());
    tasks.spawn("https", async move { serving.await.unwrap() });
    let certificate = Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    World { address, certificate, tasks, entered, go_on }
}

impl World {
    fn client(&self, with: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        let builder = Client::builder().tls_certs_only([self.certificate.clone()]);
        with(builder.resolve("localhost", self.address)).build().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }
}

#[tokio::test]
async fn both_versions_of_tls_and_of_http_are_spoken_and_the_peer_is_known() {
    let world = world().await;
    for version in [tls::Version::TLS_1_2, tls::Version::TLS_1_3] {
        let only =
            |builder: ClientBuilder| builder.tls_version_min(version).tls_version_max(version);
        let answer = world.client(only).get(world.url("/who")).send().await.unwrap();
        assert_eq!(answer.version(), Version::HTTP_2, "by ALPN");
        assert_eq!(answer.text().await.unwrap(), "127.0.0.1");
    }
    let old = world.client(ClientBuilder::http1_only);
    let answer = old.get(world.url("/who")).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_11);
    assert!(Client::new().get(world.url("/who")).send().await.is_err(), "nobody else trusts it");
}

#[tokio::test]
async fn silent_and_babbling_peers_hold_up_nobody() {
    let world = world().await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(world.address).await.unwrap());
    }
    let mut babbling = TcpStream::connect(world.address).await.unwrap();
    babbling.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    // An alert, perhaps, then the end.
    let _ = babbling.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP"));
    let answer = world.client(|builder| builder).get(world.url("/who")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_request_that_has_begun_is_finished_when_the_end_is_told() {
    let world = world().await;
    let client = world.client(|builder| builder);
    let asking = client.get(world.url("/slow")).send();
    let ending = async {
        world.entered.notified().await;
        let told = world.tasks.cancelled();
        let let_go = async {
            told.cancelled().await;
            world.go_on.notify_one();
        };
        tokio::join!(world.tasks.shutdown(Duration::from_secs(20)), let_go).0
    };
    let (answer, ended) = tokio::join!(asking, ending);
    assert_eq!(answer.unwrap().text().await.unwrap(), "done");
    assert_eq!(ended, Ok(()));
}
