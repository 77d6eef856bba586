//! The adapter for KurrentDB keeps the promises of the port, whatever happens to its connection.

mod behaviour;
mod examining;
#[path = "../embedded/executing.rs"]
mod executing;
mod faults;
mod guarded;
mod namespace;
mod proxy;
mod server;

use std::sync::{Arc, Mutex};

use eventstore::{EventStore, Kurrent, KurrentOptions};

use self::{namespace::Namespace, server::Server};

fn connect(connection: String) -> Kurrent {
    Kurrent::connect(&KurrentOptions::at(connection)).expect("a proper connection string")
}

/// An empty store, and the server that keeps it.
async fn fresh() -> (Arc<dyn EventStore>, Server) {
    let server = Server::start().await;
    (Arc::new(connect(server.connection())), server)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_every_promise_of_the_port_on_our_own_server() {
    let servers = Mutex::new(Vec::new());
    eventstore::conformance::all(async || {
        let (store, server) = fresh().await;
        servers.lock().expect("not poisoned").push(server);
        store
    })
    .await;
}

/// What an operator has is not empty: each promise gets tenants of its own in it.
#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_them_in_a_log_that_others_use() {
    let (shared, _server) = fresh().await;
    eventstore::conformance::all(async || Namespace::within(&shared).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_them_on_an_operators_own_cluster() {
    let Ok(connection) = std::env::var("LAUREL_TEST_KURRENTDB_URL") else {
        eprintln!("not run against a KurrentDB: LAUREL_TEST_KURRENTDB_URL is not set");
        return;
    };
    let shared: Arc<dyn EventStore> = Arc::new(connect(connection));
    eventstore::conformance::all(async || Namespace::within(&shared).await).await;
}
