//! Nothing that keeps a log, however talkative, learns a secret.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io,
    sync::{Arc, Mutex},
};

use kernel::TenantId;
use keyvault::{
    Embedded, EmbeddedOptions, KeyVault, Owner, RootKey,
    remote::{Remote, RemoteOptions},
    server::{LEASE, Service, Shared},
};
use tonic::transport::{Endpoint, Server, server::TcpIncoming};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How bytes look in text: as they are, in decimal, in hex.
fn looks(bytes: &[u8]) -> [Vec<u8>; 3] {
    let decimal = format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
    let hex = bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    [bytes.to_vec(), decimal.into_bytes(), hex]
}

#[tokio::test]
async fn no_log_line_of_any_crate_holds_a_secret() {
    let log = Log::default();
    let lines = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || lines.clone())
        .with_ansi(false)
        .init();
    let folder = tempfile::tempdir().unwrap();
    let (path, root_key) = (folder.path().join("keys.sqlite"), RootKey::from_bytes([7; 32]));
    let vault = Embedded::open(EmbeddedOptions { path, root_key }).unwrap();
    let (shared, caretaker) = Shared::new(Arc::new(vault), LEASE);
    let service = Service::new(shared).admitting(|_, _| true).into_server();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving =
        Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener));
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    let (remote, keeper) = Remote::new(channel, RemoteOptions::default());
    let talk = async {
        remote.whole().wait_for(|whole| *whole).await.unwrap();
        let tenant = TenantId::derived([1; 16]);
        let seed = b"seed-nobody-may-read";
        remote.put(tenant, "seed", seed).await.unwrap();
        remote.put(tenant, "seed", b"other-nobody-may-read").await.unwrap_err();
        remote.get(tenant, "seed").await.unwrap().unwrap();
        let lookup = remote.secret(tenant, "email-lookup").await.unwrap();
        remote.ensure(&[Owner::new(tenant, "person_ada")]).await.unwrap();
        remote.key(&Owner::new(tenant, "person_ada"), 1).await.unwrap();
        [seed.to_vec(), b"other-nobody-may-read".to_vec(), lookup.expose()[..8].to_vec()]
    };
    let secrets = tokio::select! {
        secrets = talk => secrets,
        _ = serving => panic!("the server ended"),
        () = caretaker.run(std::future::pending()) => panic!("the caretaker ended"),
        () = keeper.run(std::future::pending()) => panic!("the keeper ended"),
    };
    let log = log.0.lock().unwrap().clone();
    let holds = |part: &[u8]| log.windows(part.len()).any(|window| window == part);
    assert!(holds(b"h2::") && holds(b"tonic::"), "every crate was heard");
    for secret in secrets {
        for look in looks(&secret) {
            assert!(!holds(&look), "{}", String::from_utf8_lossy(&look));
        }
    }
}
