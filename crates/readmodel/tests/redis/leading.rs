//! Of several processes that feed the same models, one applies and the others follow it, until it
//! is gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use eventstore::{RecordedEvent, Unreadable};
use kernel::Position;
use readmodel::{Change, Key, Lead, Leading, Model, Projection, ReadModelError, Rows, WaitError};

use crate::{
    tally::{NAME, Tally, assert_folded, key},
    world::{LONG, Running, World, facts_counted},
};

/// So soon a follower gives up a leader that is gone.
const SOON: Duration = Duration::from_millis(50);

/// Counts how often facts are projected.
struct Counted {
    tally: Arc<Tally>,
    times: AtomicI64,
}

impl Projection for Counted {
    fn model(&self) -> Model {
        self.tally.model()
    }

    fn categories(&self) -> &'static [&'static str] {
        self.tally.categories()
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        self.tally.reads(fact)
    }

    fn project(&self, fact: &RecordedEvent, rows: &Rows) -> Result<Vec<Change>, Unreadable> {
        self.times.fetch_add(1, Relaxed);
        self.tally.project(fact, rows)
    }
}

/// A process as far as its projections go.
struct Process {
    lead: Lead,
    counted: Arc<Counted>,
    running: Running,
}

impl Process {
    fn start(world: &World, tally: &Arc<Tally>, follow_within: Duration) -> Self {
        let lead = Lead::new();
        let counted = Arc::new(Counted { tally: tally.clone(), times: AtomicI64::new(0) });
        let running = world.run_led(Some(&lead), vec![counted.clone()], follow_within);
        Self { lead, counted, running }
    }

    fn leader(world: &World, tally: &Arc<Tally>, follow_within: Duration) -> (Self, Leading) {
        let process = Self::start(world, tally, follow_within);
        let leading = process.lead.take();
        (process, leading)
    }

    /// Has everything up to there, and as many facts as the log.
    async fn has(&self, world: &World, head: Position) {
        let view = self.running.view(&self.counted.tally);
        view.wait(head, LONG).await.unwrap();
        assert_eq!(facts_counted(&view).await, world.things());
    }

    fn projected(&self) -> i64 {
        self.counted.times.load(Relaxed)
    }
}

async fn assert_whole(world: &World, tally: &Tally) {
    let (_, generation) = world.state().await.active.unwrap();
    assert_folded(&*world.models, tally.slot(generation), tally, &world.log.facts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_alone_applies_and_a_follower_answers_as_fresh() {
    let Some(world) = crate::store::world() else { return };
    let tally = Tally::version(1);
    let head = world.append(300);
    world.log.hold(Position(200));
    let (leader, _leading) = Process::leader(&world, &tally, LONG);
    let follower = Process::start(&world, &tally, LONG);
    follower.running.until(|it| it.built >= Some(Position(190))).await;
    let view = follower.running.view(&tally);
    let read = view.get(&key("things", "a0")).await;
    assert!(matches!(read, Err(ReadModelError::Building(NAME))), "{read:?}");
    world.log.release();
    follower.has(&world, head).await;
    for _ in 0..40 {
        let head = world.append(20);
        follower.has(&world, head).await;
        leader.has(&world, head).await;
    }
    assert_eq!((leader.projected(), follower.projected()), (world.things(), 0));
    let [leads, follows] = [&leader, &follower].map(|it| it.running.runner.progress()[0].leads);
    assert!(leads && !follows);
    assert_whole(&world, &tally).await;

    // What the leader has not applied, a follower does not claim to have.
    drop(leader);
    let head = world.append(1);
    let waited = view.wait(head, SOON).await;
    assert_eq!(waited, Err(WaitError::TimedOut { model: NAME, position: head }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_applies_what_a_dead_leader_left_and_then_leads() {
    let Some(world) = crate::store::world() else { return };
    let tally = Tally::version(1);
    let (leader, leading) = Process::leader(&world, &tally, SOON);
    leader.has(&world, world.append(300)).await;
    let follower = Process::start(&world, &tally, SOON);
    follower.has(&world, world.append(20)).await;
    let before = follower.projected();
    // Amid a batch; nobody says so.
    world.append(2000);
    drop(leader);
    follower.has(&world, world.append(20)).await;
    assert!(follower.projected() > before, "somebody has to apply it");
    assert_whole(&world, &tally).await;

    drop(leading);
    let leading = follower.lead.take();
    let (before, facts) = (follower.projected(), world.things());
    let third = Process::start(&world, &tally, LONG);
    for _ in 0..20 {
        third.has(&world, world.append(20)).await;
    }
    assert_eq!(third.projected(), 0);
    assert_eq!(follower.projected() - before, world.things() - facts, "each fact once");
    assert_whole(&world, &tally).await;
    drop(leading);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_lead_in_turns_or_both_at_once_make_a_single_fold() {
    let Some(world) = crate::store::world() else { return };
    let tally = Tally::version(1);
    let [first, second] = [(); 2].map(|()| Process::start(&world, &tally, SOON));
    for round in 0..30 {
        let leading = (round % 3 != 1).then(|| first.lead.take());
        let also = (round % 3 != 0).then(|| second.lead.take());
        let head = world.append(50);
        drop(leading.filter(|_| round % 2 == 0));
        first.has(&world, head).await;
        second.has(&world, head).await;
        drop(also);
    }
    assert_whole(&world, &tally).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_one_process_is_told_of_is_made_by_the_leader() {
    let Some(world) = crate::store::world() else { return };
    let tally = Tally::version(1);
    let (leader, _leading) = Process::leader(&world, &tally, LONG);
    let follower = Process::start(&world, &tally, LONG);
    let head = world.append(1000);
    follower.has(&world, head).await;
    follower.running.runner.rebuild(NAME).await.unwrap();
    for it in [&follower, &leader] {
        it.running.until(|it| it.active == Some((1, 2)) && it.building.is_none()).await;
        it.has(&world, head).await;
    }
    assert_eq!(follower.projected(), 0);
    assert_whole(&world, &tally).await;
}
