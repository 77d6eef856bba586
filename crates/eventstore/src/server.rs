//! The embedded store behind KurrentDB's public protocol, so that several processes share the
//! store of one machine and every client of KurrentDB can be used with it.
//!
//! [`Server::new`] takes the store, [`Server::routes`] gives what a tonic server serves, and
//! [`Server::serve`] serves it on a stream of connections. `docs/EVENT-STORE.md` says what of the
//! protocol is there. To add a service, put its contract into `proto/`, implement it in a file
//! here, and add it to [`Server::routes`] and to what `features` tells clients.

mod access;
mod appending;
mod batching;
mod convert;
mod ending;
pub(crate) mod event;
mod features;
mod filter;
mod monitoring;
mod multistream;
mod operations;
mod password;
mod persistent;
mod plain;
mod proto;
mod reading;
mod register;
mod scavenging;
mod status;
mod streams;
mod subscribing;
#[cfg(test)]
mod tests;
mod users;

use std::{sync::Arc, time::Duration};

use futures_util::Stream;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tonic::{
    service::Routes,
    transport::server::{Connected, Server as Transport},
};

use self::{
    access::{Door, Guarded},
    ending::Ending,
    features::{Alone, Features, Node},
    monitoring::MonitoringService,
    multistream::MultistreamService,
    operations::OperationsService,
    persistent::{PersistentService, Registry},
    proto::{
        gossip::gossip_server::GossipServer,
        kurrentdb::protocol::v2::streams::streams_service_server::StreamsServiceServer,
        monitoring::monitoring_server::MonitoringServer,
        operations::operations_server::OperationsServer,
        persistent_subscriptions::persistent_subscriptions_server::PersistentSubscriptionsServer,
        server_features::server_features_server::ServerFeaturesServer,
        streams::streams_server::StreamsServer, users::users_server::UsersServer,
    },
    register::Register,
    scavenging::Scavenging,
    streams::StreamsService,
    users::UsersService,
};
use crate::Embedded;

pub use self::access::Users;

/// How the store is served.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Who may call.
    pub users: Users,
    /// The name by which clients reach this server, told to those who ask for the cluster.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// Bytes of data and metadata that one append may hold; at most 60 MiB are.
    pub most_appended: usize,
    /// Whether an administrator may end the server by its protocol.
    pub may_be_shut_down: bool,
}

impl ServerOptions {
    /// Open to everybody who can reach it there.
    #[must_use]
    pub fn at(address: impl Into<String>, port: u16) -> Self {
        Self {
            users: Users::default(),
            address: address.into(),
            port,
            most_appended: 32 << 20,
            may_be_shut_down: false,
        }
    }
}

/// What one append may hold.
#[derive(Clone, Copy)]
struct Limits {
    append: usize,
    event: usize,
}

/// Bytes of data and metadata of one event.
const EVENT: usize = 16 << 20;
/// What the store takes at once.
const MOST_APPENDED: usize = 60 << 20;
/// Bytes of one message, so that an event that is a little too large is refused by name.
const MESSAGE: usize = 18 << 20;

/// An embedded store that is served.
pub struct Server {
    store: Arc<Embedded>,
    options: ServerOptions,
    end: watch::Sender<bool>,
    ending: Ending,
    asked: watch::Sender<bool>,
    node: Arc<Node>,
}

impl Server {
    /// Serves that store.
    #[must_use]
    pub fn new(store: Arc<Embedded>, options: ServerOptions) -> Self {
        let (end, ending) = Ending::pair();
        let (address, port) = (options.address.clone(), options.port);
        let node = Arc::new(Node::at(address, port, Arc::clone(&store)));
        Self { store, options, end, ending, asked: watch::Sender::new(false), node }
    }

    /// The services, guarded by the users of the options, and what is asked by plain HTTP.
    #[must_use]
    pub fn routes(&self) -> Routes {
        let append = self.options.most_appended.min(MOST_APPENDED);
        let limits = Limits { append, event: EVENT };
        let store = || Arc::clone(&self.store);
        let ending = || self.ending.clone();
        let node = Arc::clone(&self.node);
        let register = Arc::new(Register::of(store()));
        let groups = Arc::new(Registry::of(store()));
        let door = Door { users: self.options.users.clone(), register: Arc::clone(&register) };

        let streams = StreamsService { store: store(), limits, ending: ending() };
        let streams = StreamsServer::new(streams)
            .max_decoding_message_size(MESSAGE)
            .max_encoding_message_size(2 * MESSAGE);
        let persistent = PersistentService::new(store(), Arc::clone(&groups), ending());
        let persistent = PersistentSubscriptionsServer::new(persistent);
        let multistream = MultistreamService { store: store(), limits };
        let multistream = StreamsServiceServer::new(multistream)
            .max_decoding_message_size(MOST_APPENDED + MESSAGE);
        let scavenging = Scavenging::of(store(), ending());
        let end = self.options.may_be_shut_down.then(|| self.asked.clone());
        let operations = OperationsService { node: Arc::clone(&node), scavenging, groups, end };
        let operations = OperationsServer::new(operations);
        let monitoring = MonitoringService { node: Arc::clone(&node), ending: ending() };
        let monitoring = MonitoringServer::new(monitoring);
        let users = UsersService { fixed: self.options.users.clone(), register };
        let users = UsersServer::new(users);

        let services = Routes::new(Guarded { door: door.clone(), inner: streams })
            .add_service(Guarded { door: door.clone(), inner: persistent })
            .add_service(Guarded { door: door.clone(), inner: multistream })
            .add_service(Guarded { door: door.clone(), inner: operations })
            .add_service(Guarded { door: door.clone(), inner: monitoring })
            .add_service(Guarded { door, inner: users })
            .add_service(ServerFeaturesServer::new(Features))
            .add_service(GossipServer::new(Alone(Arc::clone(&node))));
        plain::beside(services.into_axum_router(), node).into()
    }

    /// Returns when a client that may has asked the server to end; [`Server::serve`] ends by
    /// itself then.
    pub fn shut_down(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut asked = self.asked.subscribe();
        async move {
            if asked.wait_for(|asked| *asked).await.is_err() {
                // Nobody can ask any more.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends the calls that would go on for ever, and takes no more writes in those that carry many:
    /// for whoever serves the routes and wants the connections to come to an end.
    pub fn end(&self) {
        self.end.send_replace(true);
    }

    /// Serves connections until told to stop, then finishes what is under way. What they carry is
    /// already in clear: TLS is for the caller. Connections over TCP want `TCP_NODELAY`.
    ///
    /// # Errors
    /// [`tonic::transport::Error`].
    pub async fn serve<I, C, E>(
        &self,
        connections: I,
        stopped: impl Future<Output = ()>,
    ) -> Result<(), tonic::transport::Error>
    where
        I: Stream<Item = Result<C, E>>,
        C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
        C::ConnectInfo: Clone + Send + Sync + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.node.lead().await;
        let asked = self.shut_down();
        Transport::builder()
            .accept_http1(true)
            .tcp_nodelay(true)
            .http2_keepalive_interval(Some(Duration::from_secs(10)))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .add_routes(self.routes())
            .serve_with_incoming_shutdown(connections, async {
                tokio::select! {
                    () = stopped => {}
                    () = asked => {}
                }
                self.end();
            })
            .await
    }
}

/// Bytes that a client may send ahead on one call, and on all calls of a connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
