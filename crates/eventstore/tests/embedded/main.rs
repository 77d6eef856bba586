//! The embedded store keeps the promises of the port, and some of its own.

mod crashing;
mod executing;
mod model;
mod opening;
mod raw;
mod snapshots;
mod sweeping;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use eventstore::{
    Appended, Embedded, EmbeddedOptions, EventStore, Expected, NewEvent, StreamId, Write,
};
use kernel::{CommandId, TenantId};
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

/// An empty store, and what must stay for as long as it.
async fn fresh() -> (Arc<dyn EventStore>, TempDir) {
    let folder = folder();
    (Arc::new(open(folder.path())), folder)
}

fn open(folder: &Path) -> Embedded {
    Embedded::open(EmbeddedOptions::at(folder)).expect("the store opens")
}

fn stream(id: impl std::fmt::Display) -> StreamId {
    StreamId::named("thing", TenantId::PLATFORM, id)
}

fn event(label: &str) -> NewEvent {
    let id = CommandId::derived(&[label.as_bytes()]).uuid();
    let data = format!(r#"{{"label":"{label}"}}"#).into_bytes();
    NewEvent { id, kind: "thing-made.v1".into(), data, metadata: b"{}".to_vec() }
}

async fn append(
    store: &Embedded,
    stream: &StreamId,
    expected: Expected,
    labels: &[&str],
) -> Appended {
    let events = labels.iter().map(|label| event(label)).collect();
    let mut answers = store.append(vec![Write { stream: stream.clone(), expected, events }]).await;
    answers.remove(0).expect("the write succeeds")
}

async fn conformance(options: impl Fn(&Path) -> EmbeddedOptions) {
    let folders = Mutex::new(Vec::new());
    eventstore::conformance::all(async || {
        let folder = folder();
        let store = Embedded::open(options(folder.path())).expect("the store opens");
        folders.lock().expect("not poisoned").push(folder);
        Arc::new(store) as Arc<dyn EventStore>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_keeps_every_promise_of_the_port() {
    conformance(|path| EmbeddedOptions::at(path)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_them_too_when_every_read_goes_to_the_files() {
    conformance(|path| EmbeddedOptions { held: 0, readers: 2, ..EmbeddedOptions::at(path) }).await;
}
