//! Scavenges: records that the metadata of their streams hides are overwritten, in the background.
//! One goes on at a time. That it began and how it ended is in the stream `$scavenges`.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    convert::{self, fresh_id},
    ending::Ending,
};
use crate::{
    Embedded, Sweep,
    embedded::clock,
    raw::{Batch, Content, NewRecord, Refused, Standing, StreamName},
};

/// The scavenges of a store.
pub(super) struct Scavenging {
    store: Arc<Embedded>,
    ending: Ending,
    last: Mutex<Option<Scavenge>>,
    /// What does it. It ends with this.
    working: Mutex<JoinSet<()>>,
}

/// One that goes on or has ended.
#[derive(Clone)]
struct Scavenge {
    id: String,
    stopped: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

/// What is answered to who asks for one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// It has begun.
    Started(String),
    /// One goes on already.
    GoesOn(String),
}

const STREAM: &str = "$scavenges";

impl Scavenging {
    pub fn of(store: Arc<Embedded>, ending: Ending) -> Self {
        Self { store, ending, last: Mutex::default(), working: Mutex::default() }
    }

    /// Begins one, unless one goes on.
    pub fn start(&self) -> Begun {
        let mut last = lock(&self.last);
        if let Some(last) = last.as_ref().filter(|last| !last.ended.load(Ordering::Acquire)) {
            return Begun::GoesOn(last.id.clone());
        }
        let id = fresh_id().to_string();
        let scavenge = Scavenge { id: id.clone(), stopped: Arc::default(), ended: Arc::default() };
        *last = Some(scavenge.clone());
        let (store, ending) = (Arc::clone(&self.store), self.ending.clone());
        let mut working = lock(&self.working);
        while working.try_join_next().is_some() {}
        working.spawn(run(store, ending, scavenge));
        Begun::Started(id)
    }

    /// Stops one, or takes note that it has ended; whether there was one of that id.
    pub fn stop(&self, id: &str) -> bool {
        let last = lock(&self.last);
        let found = last.as_ref().filter(|last| last.id == id);
        if let Some(scavenge) = found {
            scavenge.stopped.store(true, Ordering::Release);
        }
        found.is_some()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run(store: Arc<Embedded>, mut ending: Ending, scavenge: Scavenge) {
    let began = clock::now();
    let id = &scavenge.id;
    say(&store, "$scavengeStarted", &json!({ "scavengeId": id })).await;
    let mut sweep = Sweep::default();
    let outcome = tokio::select! {
        () = ending.wait() => {
            // The store may be closing: there is nobody left to tell.
            scavenge.ended.store(true, Ordering::Release);
            return;
        }
        outcome = go_on(&store, &mut sweep, &scavenge.stopped) => outcome,
    };
    let (result, error) = match outcome {
        Ok(()) if sweep.done => ("Success", None),
        Ok(()) => ("Stopped", None),
        Err(error) => ("Errored", Some(error.to_string())),
    };
    let took = clock::now().saturating_sub(began);
    tracing::info!(scavenge = %id, result, erased = sweep.erased, took, "a scavenge ended");
    let said = json!({
        "scavengeId": id, "result": result, "error": error,
        "erased": sweep.erased, "milliseconds": took,
    });
    say(&store, "$scavengeCompleted", &said).await;
    scavenge.ended.store(true, Ordering::Release);
}

async fn go_on(store: &Embedded, sweep: &mut Sweep, stopped: &AtomicBool) -> Result<(), Refused> {
    while !sweep.done && !stopped.load(Ordering::Acquire) {
        *sweep = store.sweep(sweep.clone()).await?;
    }
    Ok(())
}

async fn say(store: &Embedded, kind: &str, said: &Value) {
    let (id, data) = (convert::fresh_id(), said.to_string().into_bytes());
    let (kind, content) = (kind.to_owned(), Content::Json);
    let record = NewRecord { id, kind, content, data, metadata: Vec::new() };
    let batch = Batch::one(StreamName::new(STREAM), Standing::Any, vec![record]);
    if let Err(error) = store.write(batch).await {
        tracing::warn!(%error, "a scavenge could not be recorded");
    }
}
