//! The embedded adapter keeps the promises of the port, and what it applied survives.

use std::sync::{Arc, Mutex};

use readmodel::{Embedded, EmbeddedOptions, ReadModels, conformance};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_keeps_the_promises_of_the_port() {
    let folders = Mutex::new(Vec::new());
    conformance::all(async || {
        let folder = TempDir::new().unwrap();
        let store = Embedded::open(&EmbeddedOptions::new(folder.path())).unwrap();
        folders.lock().unwrap().push(folder);
        Arc::new(store) as Arc<dyn ReadModels>
    })
    .await;
}
