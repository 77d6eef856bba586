//! The embedded store keeps the promises of the port, and some of its own.

use std::sync::{Arc, Mutex};

use eventstore::{Embedded, EmbeddedOptions, EventStore};
use tempfile::TempDir;

fn open(folder: &TempDir) -> Embedded {
    Embedded::open(EmbeddedOptions::at(folder.path())).expect("the store opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_keeps_every_promise_of_the_port() {
    let folders = Mutex::new(Vec::new());
    eventstore::conformance::all(async || {
        let folder = TempDir::new().expect("a folder");
        let store = Arc::new(open(&folder));
        folders.lock().expect("not poisoned").push(folder);
        store as Arc<dyn EventStore>
    })
    .await;
}
