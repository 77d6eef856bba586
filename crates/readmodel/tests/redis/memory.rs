//! What rows take is what the manual says.

use std::ops::Range;

use kernel::Position;
use readmodel::{Change, Model, ReadModels, Redis, RedisOptions, Slot};

use crate::{
    awards,
    servers::{Server, installed},
};

/// The first awards pay for connections and scripts, too.
const FIRST: u64 = 1000;
const AWARDS: u64 = 6000;
/// What is promised; of many awards it is less, since more is shared.
const MOST: u64 = 600;

fn memory(server: &Server) -> u64 {
    let told = server.tell("INFO memory");
    let used = told.lines().find_map(|line| line.strip_prefix("used_memory_dataset:"));
    used.unwrap().trim().parse().unwrap()
}

async fn award(store: &Redis, awards: Range<u64>) {
    for first in awards.step_by(500) {
        let mut changes: [Vec<Change>; 4] = Default::default();
        for n in first..first + 500 {
            for (all, more) in changes.iter_mut().zip(awards::award(n, AWARDS)) {
                all.extend(more);
            }
        }
        for (name, changes) in awards::MODELS.into_iter().zip(&changes) {
            let slot = Slot { model: Model { name, version: 1 }, generation: 1 };
            let (at, next) = (Position(first), Position(first + 500));
            store.apply(slot, changes, at, next).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_takes_no_more_memory_than_the_manual_says() {
    if !installed() {
        return;
    }
    let server = Server::start(&[]);
    let store = Redis::open(&RedisOptions::new(server.url())).unwrap();
    store.check().await.unwrap();
    award(&store, 0..FIRST).await;
    let before = memory(&server);
    award(&store, FIRST..AWARDS).await;
    let each = (memory(&server) - before) / (AWARDS - FIRST);
    eprintln!("{each} bytes an award");
    assert!(each <= MOST, "{each} bytes an award");
}
