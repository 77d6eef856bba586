//! Roles in processes of their own: who may call whom, renewed certificates, peers that come and go.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use keyvault::{
    remote::{Remote, RemoteOptions},
    server::{LEASE, Service, Shared},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use runtime::{
    Context, Mesh, RoleName, RoleParts, Wire, install_cryptography, mesh::Peer, serve_mesh,
    serve_without_tokens, testing::Rig,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};
use tonic::{Code, Request, Status, body::Body, service::Routes};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::ServiceExt;

/// An authority and the folder in which its certificates lie.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        install_cryptography();
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate for these names, in the files of that name.
    fn certify(&self, name: &str, names: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let signed = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        fs::write(self.path(&format!("{name}.pem")), signed.pem()).unwrap();
        let file = self.path(&format!("{name}.key"));
        fs::write(&file, key.serialize_pem()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The part of whoever has that certificate; issuers, or the key vault, are at that address.
    fn mesh(&self, name: &str, at: SocketAddr, authority: &Path) -> Arc<Mesh> {
        let config = runtime::config::Mesh {
            listen: None,
            certificate: self.path(&format!("{name}.pem")),
            key: self.path(&format!("{name}.key")),
            authority: authority.to_owned(),
            roles: [RoleName::Issuers, RoleName::KeyVault]
                .map(|role| (role, format!("https://{at}")))
                .into(),
        };
        Arc::new(Mesh::new(config).unwrap())
    }

    fn role(&self, role: RoleName, at: SocketAddr) -> Arc<Mesh> {
        self.certify(role.as_str(), &[&role.dns_name()]);
        self.mesh(role.as_str(), at, &self.path("ca.pem"))
    }
}

/// The issuers role, with nothing in it but one method that anybody may call.
fn parts() -> RoleParts {
    let public = &["/laurel.issuers.v1.Issuers/Public"];
    RoleParts { name: "issuers", routes: Routes::default(), public, policies: vec![] }
}

async fn bound() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn listen(context: &Context, mesh: &Arc<Mesh>, listener: TcpListener) {
    let serving = serve_mesh(context, &[parts()], mesh, listener);
    context.tasks.spawn("mesh", async { serving.await.unwrap() });
}

/// What a call of the one method says: `Unimplemented` from routes that were reached.
async fn call(wire: &Wire) -> Status {
    let request = http::Request::post("http://issuers.laurel/laurel.issuers.v1.Issuers/Public")
        .header("content-type", "application/grpc");
    match wire.clone().oneshot(request.body(Body::empty()).unwrap()).await {
        Ok(response) => Status::from_header_map(response.headers()).expect("a refusal"),
        Err(status) => status,
    }
}

#[tokio::test]
async fn a_role_keeps_keys_in_memory_while_it_watches_the_key_vault() {
    let (authority, rig, (listener, at)) = (Authority::new(), Rig::new(vec![]), bound().await);
    let tasks = &rig.context.tasks;
    let (shared, caretaker) = Shared::new(Arc::clone(&rig.context.stores.vault), LEASE);
    tasks.spawn("keyvault", caretaker.run(tasks.closing().cancelled_owned()));
    let service = Service::new(shared).admitting(|caller, _| {
        caller.get::<Peer>().is_some_and(|peer| peer.may_call(RoleName::KeyVault))
    });
    let routes = Routes::new(service.into_server());
    let server = authority.role(RoleName::KeyVault, at);
    let serving = serve_without_tokens(routes, &server, listener, tasks.closing());
    tasks.spawn("mesh", async { serving.await.unwrap() });

    let caller = authority.role(RoleName::Awarding, at);
    let channel = caller.channel(RoleName::KeyVault).unwrap().unwrap();
    let (vault, keeper) = Remote::new(channel, RemoteOptions::default());
    tasks.spawn("keys", keeper.run(tasks.cancelled().cancelled_owned()));
    let mut whole = vault.whole();
    let kept = tokio::time::timeout(Duration::from_secs(20), whole.wait_for(|whole| *whole));
    assert!(kept.await.expect("a lease").is_ok());
}

#[tokio::test]
async fn a_role_is_called_by_those_that_may_and_by_nobody_else() {
    let (authority, rig, (listener, at)) = (Authority::new(), Rig::new(vec![]), bound().await);
    let server = authority.role(RoleName::Issuers, at);
    listen(&rig.context, &server, listener);
    for (caller, code) in [
        (RoleName::Gateway, Code::Unimplemented),
        (RoleName::Awarding, Code::Unimplemented),
        (RoleName::Design, Code::PermissionDenied),
        (RoleName::KeyVault, Code::PermissionDenied),
    ] {
        let wire = authority.role(caller, at).wire(RoleName::Issuers).unwrap().unwrap();
        assert_eq!(call(&wire).await.code(), code, "{caller}");
        let asked = HealthClient::new(wire).check(HealthCheckRequest::default()).await;
        assert!(asked.is_ok(), "{caller} may ask for health: {asked:?}");
    }
    authority.certify("many", &["gateway.laurel", "design.laurel", "host.example"]);
    let many = authority.mesh("many", at, &authority.path("ca.pem"));
    let wire = many.wire(RoleName::Issuers).unwrap().unwrap();
    assert_eq!(call(&wire).await.code(), Code::Unimplemented, "one of its roles may");
    authority.certify("none", &["host.example", "*.laurel.example", "xgateway.laurel"]);
    let none = authority.mesh("none", at, &authority.path("ca.pem"));
    let wire = none.wire(RoleName::Issuers).unwrap().unwrap();
    assert_eq!(call(&wire).await.code(), Code::PermissionDenied);
    assert!(none.wire(RoleName::Design).unwrap().is_none(), "nobody said where it is");
}

#[tokio::test]
async fn strangers_get_no_connection_and_impostors_no_call() {
    let (authority, rig, (listener, at)) = (Authority::new(), Rig::new(vec![]), bound().await);
    let server = authority.role(RoleName::Issuers, at);
    listen(&rig.context, &server, listener);
    let stranger = Authority::new();
    stranger.certify("gateway", &["gateway.laurel"]);
    let wire = stranger.mesh("gateway", at, &authority.path("ca.pem"));
    let wire = wire.wire(RoleName::Issuers).unwrap().unwrap();
    assert_eq!(call(&wire).await.code(), Code::Unavailable, "of another authority");

    let (listener, elsewhere) = bound().await;
    let impostor = authority.role(RoleName::Design, elsewhere);
    listen(&rig.context, &impostor, listener);
    let wire = authority.role(RoleName::Gateway, elsewhere).wire(RoleName::Issuers);
    let refused = call(&wire.unwrap().unwrap()).await;
    assert_eq!(refused.code(), Code::Unavailable, "it shows the name of another role");
}

#[tokio::test]
async fn renewed_certificates_are_used_without_a_restart_and_broken_ones_are_not() {
    let (authority, rig, (listener, at)) = (Authority::new(), Rig::new(vec![]), bound().await);
    let server = authority.role(RoleName::Issuers, at);
    listen(&rig.context, &server, listener);
    authority.certify("caller", &["design.laurel"]);
    let caller = authority.mesh("caller", at, &authority.path("ca.pem"));
    let wire = || caller.wire(RoleName::Issuers).unwrap().unwrap();
    assert_eq!(call(&wire()).await.code(), Code::PermissionDenied);
    let stamp = |seconds| {
        let file = fs::File::options().append(true).open(authority.path("caller.pem")).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written + Duration::from_secs(seconds)).unwrap();
    };
    authority.certify("caller", &["gateway.laurel"]);
    stamp(5);
    assert_eq!(call(&wire()).await.code(), Code::Unimplemented, "the new name counts");
    fs::write(authority.path("caller.pem"), "half of a cert").unwrap();
    stamp(10);
    assert_eq!(call(&wire()).await.code(), Code::Unimplemented, "the last good one goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_the_role_is_replaced() {
    let (authority, (listener, at)) = (Authority::new(), bound().await);
    let server = authority.role(RoleName::Issuers, at);
    let mut rig = Rig::new(vec![]);
    listen(&rig.context, &server, listener);
    let wire = authority.role(RoleName::Gateway, at).wire(RoleName::Issuers).unwrap().unwrap();
    let (done, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut caller = JoinSet::new();
    caller.spawn({
        let (done, calls) = (done.clone(), calls.clone());
        async move {
            let mut failed = Vec::new();
            while !done.load(Relaxed) {
                let status = call(&wire).await;
                if status.code() != Code::Unimplemented {
                    failed.push(status);
                }
                calls.fetch_add(1, Relaxed);
            }
            failed
        }
    });
    let more = async |count: u32| {
        let wanted = calls.load(Relaxed) + count;
        while calls.load(Relaxed) < wanted {
            tokio::task::yield_now().await;
        }
    };
    for _ in 0..3 {
        more(20).await;
        // The old one ends in good order, the new one takes its place.
        let old = std::mem::replace(&mut rig, Rig::new(vec![]));
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        let ended = old.context.tasks.shutdown(Duration::from_secs(10)).await;
        assert_eq!(ended, Ok(()));
        socket.bind(at).unwrap();
        listen(&rig.context, &server, socket.listen(64).unwrap());
    }
    more(20).await;
    done.store(true, Relaxed);
    let failed = caller.join_next().await.unwrap().unwrap();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
async fn a_call_that_nobody_answers_ends_at_its_deadline() {
    let authority = Authority::new();
    // Accepts connections and says nothing.
    let (listener, at) = bound().await;
    let wire = authority.role(RoleName::Gateway, at).wire(RoleName::Issuers).unwrap().unwrap();
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_millis(200));
    let answer = HealthClient::new(wire).check(request).await;
    assert_eq!(answer.unwrap_err().code(), Code::DeadlineExceeded);
    drop(listener);
}
