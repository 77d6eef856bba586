//! Our own server, in this process, on a port of its own.

use std::{net::SocketAddr, sync::Arc};

use eventstore::{
    Embedded, EmbeddedOptions,
    server::{Server as Serving, ServerOptions, Users},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};
use tonic::transport::{Server as Transport, server::TcpIncoming};

use super::behaviour::{Behaviour, Layer};

pub(crate) struct Server {
    address: SocketAddr,
    users: Users,
    store: Arc<Embedded>,
    folder: Option<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinSet<()>,
}

impl Server {
    /// Of an empty store, open to everybody.
    pub(crate) async fn start() -> Self {
        Self::of(TempDir::new().expect("the server works"), Users::default()).await
    }

    /// Of an empty store, open to one user.
    pub(crate) async fn guarded(name: &str, password: &str) -> Self {
        let users = Users::new([(name.to_owned(), password.to_owned())]);
        Self::of(TempDir::new().expect("the server works"), users).await
    }

    /// Of an empty store, behaving in some other way.
    pub(crate) async fn behaving(behaviour: Behaviour) -> Self {
        Self::serve(TempDir::new().expect("the server works"), Users::default(), behaviour).await
    }

    async fn of(folder: TempDir, users: Users) -> Self {
        Self::serve(folder, users, Behaviour::default()).await
    }

    async fn serve(folder: TempDir, users: Users, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the server works");
        let address = listener.local_addr().expect("the server works");
        let store =
            Arc::new(Embedded::open(EmbeddedOptions::at(folder.path())).expect("the server works"));
        let options = ServerOptions::at(address.ip().to_string(), address.port());
        let server =
            Serving::new(Arc::clone(&store), ServerOptions { users: users.clone(), ..options });
        let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
        let (stop, stopped) = oneshot::channel::<()>();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let odd = Layer(behaviour);
            let layered = Transport::builder().layer(odd).add_routes(server.routes());
            let ended = async {
                drop(stopped.await);
                server.end();
            };
            let outcome = layered.serve_with_incoming_shutdown(connections, ended).await;
            outcome.expect("the server works");
        });
        Self { address, users, store, folder: Some(folder), stop: Some(stop), serving }
    }

    /// Another one of the same store, on another port, after this one has ended.
    pub(crate) async fn restart(mut self) -> Self {
        self.stop.take();
        while let Some(served) = self.serving.join_next().await {
            served.expect("the server works");
        }
        self.store.close().await;
        Self::of(self.folder.take().expect("the server works"), self.users.clone()).await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connection(&self) -> String {
        format!("kurrentdb://{}?tls=false", self.address)
    }
}
