//! Rows and checkpoint agree whenever the server or the projector dies.

use std::time::Duration;

use kernel::Position;
use readmodel::{Applied, ReadModels, Redis, RedisOptions};

use crate::{
    SLOT,
    servers::{Server, installed},
    steps,
};

fn open(server: &Server, buckets: u32) -> Redis {
    let options = RedisOptions::new(format!("{}?buckets={buckets}", server.url()));
    Redis::open(&RedisOptions { answer_within: Duration::from_secs(2), ..options }).unwrap()
}

/// Applies steps until the store fails.
async fn apply_until_it_fails(store: &Redis, at: &mut Position) {
    loop {
        let next = Position(at.0 + 1 + at.0 % 40);
        match store.apply(SLOT, &steps::changes(at.0..next.0), *at, next).await {
            Ok(Applied::Done) => *at = next,
            Ok(Applied::Stale { current }) => *at = current,
            Err(_) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_checkpoint_agree_after_each_kill_of_the_server() {
    if !installed() {
        return;
    }
    // With one bucket a batch is one script; with more it is several behind a record.
    for buckets in [1, 5] {
        let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
        let store = open(&server, buckets);
        let mut at = Position::START;
        for round in 1..=5 {
            let far = Position(at.0 + 150 * round);
            let kill = async {
                let other = open(&server, buckets);
                while other.checkpoint(SLOT).await.unwrap() < far {}
            };
            tokio::select! {
                () = kill => {}
                () = apply_until_it_fails(&store, &mut at) => panic!("it failed before it was killed"),
            }
            let (killed, failed) = tokio::join!(async { server.kill() }, async {
                apply_until_it_fails(&store, &mut at).await;
            });
            ((), ()) = (killed, failed);
            store.get(SLOT, &crate::steps_key()).await.expect_err("nobody answers");
            server.start_again();
            let now = loop {
                // Nobody tries to connect again and again.
                match store.checkpoint(SLOT).await {
                    Ok(now) => break now,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            assert!(now >= far, "what was acknowledged is there: {now} < {far}");
            let next = Position(now.0 + 1);
            let applied = store.apply(SLOT, &steps::changes(now.0..next.0), now, next).await;
            // A batch that was under way is completed first.
            at = match applied.unwrap() {
                Applied::Done => next,
                Applied::Stale { current } => current,
            };
            steps::assert_consistent(&store, SLOT).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_projector_dies_is_completed_by_the_next_or_never_was() {
    if !installed() {
        return;
    }
    let server = Server::start(&[]);
    let (mut at, mut left, mut patience) = (Position::START, 0, Duration::ZERO);
    while left < 8 {
        let dying = open(&server, 5);
        dying.checkpoint(SLOT).await.unwrap();
        let next = Position(at.0 + 400);
        let changes = steps::changes(at.0..next.0);
        let applied = tokio::time::timeout(patience, dying.apply(SLOT, &changes, at, next)).await;
        drop(dying);
        patience = match applied {
            Err(_) => patience + Duration::from_micros(100),
            Ok(_) => Duration::ZERO,
        };
        let pending = server.tell(&format!("HEXISTS {} p", crate::head(&server)));
        left += u32::from(pending.starts_with(":1"));

        let heir = open(&server, 5);
        let one = steps::changes(at.0..at.0 + 1);
        let applied = heir.apply(SLOT, &one, at, Position(at.0 + 1)).await.unwrap();
        at = match applied {
            Applied::Done => Position(at.0 + 1),
            Applied::Stale { current } => {
                assert_eq!(current, next, "the whole batch or none of it");
                current
            }
        };
        steps::assert_consistent(&heir, SLOT).await;
        for record in server.tell_all("KEYS *:redo:*").iter().filter(|name| !name.is_empty()) {
            let lasts = server.tell(&format!("TTL {record}"));
            assert_ne!(lasts, ":-1\r\n", "a record without a batch goes by itself");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_slot_leaves_nothing_behind() {
    if !installed() {
        return;
    }
    let server = Server::start(&[]);
    let store = open(&server, 5);
    for round in 0..3_u64 {
        let (at, next) = (Position(round * 900), Position(round * 900 + 900));
        let applied = store.apply(SLOT, &steps::changes(at.0..next.0), at, next).await.unwrap();
        assert_eq!(applied, Applied::Done);
    }
    assert_ne!(server.tell("DBSIZE"), ":0\r\n");
    store.clear(SLOT).await.unwrap();
    assert_eq!(server.tell("DBSIZE"), ":0\r\n");
}
