//! What rows take is what the manual says.

use kernel::Position;
use readmodel::{Change, Model, ReadModels, Redis, RedisOptions, Slot};

use crate::{
    awards,
    servers::{Server, installed},
};

const AWARDS: u64 = 3000;
/// What the manual says, and a fifth: of few awards, more is not shared.
const MOST: u64 = 1200;

fn memory(server: &Server) -> u64 {
    let told = server.tell("INFO memory");
    let used = told.lines().find_map(|line| line.strip_prefix("used_memory_dataset:"));
    used.unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_takes_no_more_memory_than_the_manual_says() {
    if !installed() {
        return;
    }
    let server = Server::start(&[]);
    let store = Redis::open(&RedisOptions::new(server.url())).unwrap();
    store.check().await.unwrap();
    let before = memory(&server);
    for first in (0..AWARDS).step_by(500) {
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
    let each = (memory(&server) - before) / AWARDS;
    assert!(each <= MOST, "{each} bytes an award");
}
