//! Whatever happens to the servers, the rows end as a fold of the log makes them, and no reader sees
//! less than it saw before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use kernel::Position;
use readmodel::{ReadModelError, Redis, RedisOptions, View};
use tokio::task::JoinHandle;

use crate::{
    servers::{CALM, Cluster, Server, Watched, installed},
    tally::{NAME, Tally, assert_folded, key},
    world::{LONG, Running, World},
};

/// The store at this address; each who opens it has connections of its own.
fn world(held: impl std::any::Any, url: String) -> World {
    World::on(held, move || {
        let answer_within = Duration::from_secs(2);
        let options = RedisOptions { answer_within, ..RedisOptions::new(&*url) };
        Arc::new(Redis::open(&options).unwrap())
    })
}

/// A runner that has applied so many facts.
async fn fed(world: &World, tally: &Arc<Tally>, facts: u64) -> Running {
    let head = world.append(facts);
    let running = world.run(std::slice::from_ref(tally));
    running.view(tally).wait(head, LONG).await.unwrap();
    running
}

/// Reads all the time; fails when it sees less than it saw before. `lasting` tells whether what was
/// acknowledged stays; where a failover may go back, a reader may see less again.
struct Reader {
    done: Arc<AtomicBool>,
    reading: JoinHandle<u64>,
}

impl Reader {
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    fn start(view: View, lasting: bool) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let ends = done.clone();
        let reading = tokio::spawn(async move {
            let (mut seen, mut answers) = (0, 0);
            while !ends.load(Relaxed) {
                match view.count(&key("counts", "facts")).await {
                    Ok(now) => {
                        assert!(now >= seen || !lasting, "{now} after {seen}");
                        assert!(now > 0 || seen == 0, "empty after {seen}");
                        (seen, answers) = (now, answers + 1);
                    }
                    Err(ReadModelError::Unreadable(_)) => panic!("a row cannot be read"),
                    Err(_) => tokio::task::yield_now().await,
                }
            }
            answers
        });
        Self { done, reading }
    }

    async fn stop(self) {
        self.done.store(true, Relaxed);
        assert!(self.reading.await.unwrap() > 0, "nothing was read");
    }
}

/// Waits until the store has applied every fact for the model: a failover may go back once more.
async fn applied(world: &World, tally: &Tally) {
    let facts = world.log.facts();
    let last = facts.iter().rfind(|fact| fact.stream.category() == "thing").unwrap().position;
    let look = async {
        loop {
            let active = world.models.state(NAME).await.ok().and_then(|state| state.active);
            let slot = active.map(|(_, generation)| tally.slot(generation));
            if let Some(slot) = slot
                && world.models.checkpoint(slot).await.is_ok_and(|at| at >= last)
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, look).await.expect("everything is applied");
}

/// The active build equals a fold of the log.
async fn assert_active_is_folded(world: &World, tally: &Tally) {
    let (version, generation) = world.state().await.active.expect("a build is whole");
    assert_eq!(version, tally.model.version);
    let facts = world.log.facts();
    assert_folded(&*world.models, tally.slot(generation), tally, &facts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_emptied_amid_batches_is_filled_again_and_never_read_as_empty() {
    if !installed() {
        return;
    }
    for buckets in [1, 8] {
        let server = Arc::new(Server::start(&[]));
        let world = world(server.clone(), format!("{}?buckets={buckets}", server.url()));
        let tally = Tally::version(1);
        let head = world.append(600);
        let running = [(); 2].map(|()| world.run(std::slice::from_ref(&tally)));
        let readers = running.each_ref().map(|it| Reader::start(it.view(&tally), true));
        for it in &running {
            it.view(&tally).wait(head, LONG).await.unwrap();
        }
        for round in 1..=6_u64 {
            let before = world.log.facts().len() as u64;
            let head = world.append(900);
            // Somewhere in the middle, but for every second time, when all is quiet.
            let far = if round % 2 == 0 { head } else { Position(before + 100 * round) };
            running[0].until(|it| it.applied.max(it.built.unwrap_or_default()) >= far).await;
            assert!(server.tell("FLUSHALL").starts_with("+OK"));
            let next = world.append(7);
            for it in &running {
                it.view(&tally).wait(next, LONG).await.unwrap();
            }
        }
        for it in readers {
            it.stop().await;
        }
        for it in running {
            it.stop().await;
        }
        assert_active_is_folded(&world, &tally).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_emptied_while_nothing_happens_is_filled_again_unasked() {
    if !installed() {
        return;
    }
    let server = Arc::new(Server::start(&[]));
    let (world, tally) = (world(server.clone(), server.url()), Tally::version(1));
    let head = world.append(500);
    let running = world.run(std::slice::from_ref(&tally));
    running.view(&tally).wait(head, LONG).await.unwrap();
    assert!(server.tell("FLUSHALL").starts_with("+OK"));
    running.until(|it| it.active.is_some_and(|(_, build)| build > 1)).await;
    running.view(&tally).wait(head, LONG).await.unwrap();
    assert_active_is_folded(&world, &tally).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_cluster_that_is_emptied_costs_a_rebuild_and_no_wrong_answer() {
    if !installed() {
        return;
    }
    let cluster = Arc::new(Cluster::start(CALM));
    let (world, tally) = (world(cluster.clone(), cluster.url()), Tally::version(1));
    let running = fed(&world, &tally, 900).await;
    let reader = Reader::start(running.view(&tally), true);
    for node in cluster.masters() {
        assert!(cluster.servers[node].tell("FLUSHALL").starts_with("+OK"));
        let head = world.append(200);
        running.view(&tally).wait(head, LONG).await.unwrap();
    }
    // A node whose rows nothing touched is found empty, too.
    running.until(|it| it.is_ready() && it.building.is_none()).await;
    reader.stop().await;
    running.stop().await;
    assert_active_is_folded(&world, &tally).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn masters_of_a_cluster_that_die_under_load_are_replaced() {
    if !installed() {
        return;
    }
    let mut cluster = Cluster::start(Duration::from_secs(2));
    let url = cluster.url();
    let (world, tally) = (world((), url), Tally::version(1));
    let head = world.append(900);
    let running = [(); 2].map(|()| world.run(std::slice::from_ref(&tally)));
    running[0].view(&tally).wait(head, LONG).await.unwrap();
    let reader = Reader::start(running[0].view(&tally), false);
    for master in cluster.masters() {
        let before = world.log.facts().len() as u64;
        world.append(900);
        let far = Position(before + 200);
        running[0].until(|it| it.applied.max(it.built.unwrap_or_default()) >= far).await;
        cluster.servers[master].kill();
        let next = world.append(500);
        for it in &running {
            it.view(&tally).wait(next, LONG).await.unwrap();
        }
        // So that the others always have a replica each to lose.
        cluster.servers[master].start_again();
        cluster.whole();
    }
    applied(&world, &tally).await;
    reader.stop().await;
    for it in running {
        it.stop().await;
    }
    assert_active_is_folded(&world, &tally).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_that_change_the_master_under_load_are_followed() {
    if !installed() {
        return;
    }
    let watched = Watched::start();
    let (world, tally) = (world((), watched.url()), Tally::version(1));
    let running = fed(&world, &tally, 900).await;
    let reader = Reader::start(running.view(&tally), false);
    for _ in 0..2 {
        world.append(900);
        watched.fail_over();
        let next = world.append(300);
        running.view(&tally).wait(next, LONG).await.unwrap();
    }
    applied(&world, &tally).await;
    reader.stop().await;
    running.stop().await;
    assert_active_is_folded(&world, &tally).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_move_to_another_node_under_load_are_followed() {
    if !installed() {
        return;
    }
    let cluster = Arc::new(Cluster::start(CALM));
    let (world, tally) = (world(cluster.clone(), cluster.url()), Tally::version(1));
    let running = fed(&world, &tally, 900).await;
    let reader = Reader::start(running.view(&tally), true);
    let masters = cluster.masters();
    for (from, to) in [(0, 1), (1, 2)] {
        let (from, to) = (masters[from], masters[to]);
        let moving = {
            let cluster = cluster.clone();
            std::thread::spawn(move || cluster.move_slots(from, to))
        };
        while !moving.is_finished() {
            let head = world.append(20);
            running.view(&tally).wait(head, LONG).await.unwrap();
        }
        moving.join().unwrap();
    }
    reader.stop().await;
    running.stop().await;
    assert_eq!(world.state().await.active, Some((1, 1)), "nothing had to be built anew");
    assert_active_is_folded(&world, &tally).await;
}
