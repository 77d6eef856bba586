use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use kernel::TenantId;
use keyvault::{
    Embedded, EmbeddedOptions, KeyVault, Owner, RootKey,
    remote::{Remote, RemoteOptions},
    server::{Service, Shared},
};
use tokio::{runtime::Runtime, sync::oneshot};
use tonic::{
    body::Body,
    service::Routes,
    transport::{Channel, Endpoint, Error, server::TcpIncoming},
};
use tower::ServiceExt;

/// Long enough for a slow machine, short enough to wait for.
pub const LEASE: Duration = Duration::from_millis(300);
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn embedded(folder: &Path, root: u8) -> Arc<Embedded> {
    let path = folder.join("keys.sqlite");
    let root_key = RootKey::from_bytes([root; 32]);
    Arc::new(Embedded::open(EmbeddedOptions { path, root_key }).unwrap())
}

pub fn owner(name: &str) -> Owner {
    Owner::new(TenantId::derived([1; 16]), name)
}

/// A server with threads of its own, like another process.
pub struct Server {
    pub address: SocketAddr,
    pub shared: Arc<Shared>,
    runtime: Option<Runtime>,
    end: Option<oneshot::Sender<()>>,
}

impl Server {
    /// One that admits everybody.
    pub fn start(vault: Arc<dyn KeyVault>) -> Self {
        Self::with(vault, "127.0.0.1:0".parse().unwrap(), LEASE, everybody)
    }

    /// One with the lease of production.
    pub fn usual(vault: Arc<dyn KeyVault>) -> Self {
        Self::with(vault, "127.0.0.1:0".parse().unwrap(), keyvault::server::LEASE, everybody)
    }

    /// One whose leases do not lapse in a test.
    pub fn patient(vault: Arc<dyn KeyVault>) -> Self {
        Self::with(vault, "127.0.0.1:0".parse().unwrap(), PATIENCE, everybody)
    }

    pub fn start_at(address: SocketAddr, vault: Arc<dyn KeyVault>) -> Self {
        Self::with(vault, address, LEASE, everybody)
    }

    pub fn with(
        vault: Arc<dyn KeyVault>,
        address: SocketAddr,
        lease: Duration,
        service: impl FnOnce(Service) -> Routes,
    ) -> Self {
        let (shared, caretaker) = Shared::new(vault, lease);
        let routes = service(Service::new(Arc::clone(&shared)));
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        let runtime = Runtime::new().unwrap();
        runtime.spawn(caretaker.run(async { ended.await.unwrap_or_default() }));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            let serving = tonic::transport::Server::builder().add_routes(routes);
            serving.serve_with_incoming(incoming).await.unwrap();
        });
        Self { address, shared, runtime: Some(runtime), end: Some(end) }
    }

    /// Tells the caretaker to end.
    pub fn end(&mut self) {
        self.end.take().unwrap().send(()).unwrap();
    }

    /// Ends everything where it stands, as `kill -9` does, and lets go of the vault.
    pub fn kill(mut self) {
        let runtime = self.runtime.take().unwrap();
        std::thread::spawn(|| runtime.shutdown_timeout(PATIENCE)).join().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn everybody(service: Service) -> Routes {
    Routes::new(service.admitting(|_, _| true).into_server())
}

pub fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}

/// Calls may take long on a machine that has other things to do.
fn unhurried() -> RemoteOptions {
    RemoteOptions { deadline: PATIENCE * 3, ..RemoteOptions::default() }
}

/// A remote whose keeper does not run.
pub fn forgetful(address: SocketAddr) -> Remote {
    Remote::new(channel(address), unhurried()).0
}

/// A remote that uses its memory.
pub async fn remote(address: SocketAddr) -> Remote {
    over(Split { watch: channel(address), calls: channel(address) }).await
}

/// The same over two ways: one of the stream of destructions, one of all other calls.
pub async fn over(split: Split) -> Remote {
    let (remote, keeper) = Remote::new(split, unhurried());
    spawn(keeper.run(std::future::pending()));
    until_whole(&remote, true).await;
    remote
}

pub async fn until_whole(remote: &Remote, wanted: bool) {
    let mut whole = remote.whole();
    let reached = tokio::time::timeout(PATIENCE, whole.wait_for(|whole| *whole == wanted)).await;
    reached.expect("in time").expect("the keeper runs");
}

#[expect(clippy::disallowed_methods, reason = "a test's own task, which ends with its runtime")]
pub fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}

#[derive(Clone)]
pub struct Split {
    pub watch: Channel,
    pub calls: Channel,
}

impl tower::Service<http::Request<Body>> for Split {
    type Response = http::Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let watch = request.uri().path().ends_with("/Watch");
        let way = if watch { &self.watch } else { &self.calls };
        Box::pin(way.clone().oneshot(request))
    }
}
