//! What a runner promises, whatever the store.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use eventstore::RecordedEvent;
use kernel::{Position, TenantId, Timestamp};
use readmodel::{Lead, Model, ModelState, Progress, ReadModelError, WaitError, skips};

use crate::{
    tally::{NAME, Tally, assert_folded, key},
    world::{LONG, World, facts_counted},
};

/// A world, or the end of the test where there is none to be had.
macro_rules! world {
    () => {
        match crate::store::world() {
            Some(world) => world,
            None => return,
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fact_is_applied_once_however_often_the_runner_restarts() {
    let (world, tally) = (world!(), Tally::version(1));
    for round in 1..=6 {
        let running = world.run(std::slice::from_ref(&tally));
        let before = world.log.facts().len() as u64;
        let head = world.append(700);
        // Stopped amid its work, but for the last round.
        let far = Position(if round == 6 { head.0 } else { before + round * 100 });
        running.until(|it| it.applied >= far || it.built.is_some_and(|built| built >= far)).await;
        running.stop().await;
    }
    let slot = tally.slot(1);
    assert_eq!(world.models.checkpoint(slot).await.unwrap(), Position(4200));
    assert_folded(&*world.models, slot, &tally, &world.log.facts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_nothing_until_the_first_build_is_whole() {
    let (world, tally) = (world!(), Tally::version(1));
    let head = world.append(1000);
    world.log.hold(Position(500));
    let running = world.run(std::slice::from_ref(&tally));
    let view = running.view(&tally);
    running.until(|it| it.built >= Some(Position(200))).await;
    let read = view.get(&key("things", "a0")).await;
    assert!(matches!(read, Err(ReadModelError::Building(NAME))), "{read:?}");
    let waited = view.wait(Position(1), Duration::ZERO).await;
    assert_eq!(waited, Err(WaitError::TimedOut { model: NAME, position: Position(1) }));
    assert!(!running.runner.progress()[0].is_ready());

    world.log.release();
    view.wait(head, LONG).await.unwrap();
    assert_eq!(facts_counted(&view).await, 858);
    let progress = running.until(Progress::is_ready).await;
    assert_eq!((progress.active, progress.building), (Some((1, 1)), None));
    assert_eq!((progress.applied, progress.head, progress.lag()), (head, head, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_is_built_beside_the_old_one_and_takes_over_whole() {
    let (world, old, new) = (world!(), Tally::version(1), Tally::version(2));
    let head = world.append(1000);
    let first = world.run(std::slice::from_ref(&old));
    let old_view = first.view(&old);
    old_view.wait(head, LONG).await.unwrap();

    world.log.hold(Position(500));
    let second = world.run(std::slice::from_ref(&new));
    let new_view = second.view(&new);
    second.until(|it| it.built >= Some(Position(200))).await;
    assert!(matches!(new_view.applied(), Err(ReadModelError::Building(NAME))));
    assert_eq!(facts_counted(&old_view).await, 858, "the old version is served meanwhile");
    assert_eq!(world.state().await, ModelState { active: Some((1, 1)), building: Some((2, 2)) });

    world.log.release();
    new_view.wait(head, LONG).await.unwrap();
    assert_folded(&*world.models, new.slot(2), &new, &world.log.facts()).await;
    second.until(Progress::is_ready).await;
    assert_eq!(world.state().await, ModelState { active: Some((2, 2)), building: None });

    // The old software notices with the next fact, and leaves its rows alone.
    let next = world.append(1);
    new_view.wait(next, LONG).await.unwrap();
    first.until(|it| it.active == Some((2, 2))).await;
    assert!(matches!(old_view.applied(), Err(ReadModelError::Building(NAME))));
    assert_eq!(world.models.checkpoint(old.slot(1)).await.unwrap(), Position::START);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_of_another_version_that_never_finished_is_dropped() {
    let (world, old, new) = (world!(), Tally::version(1), Tally::version(2));
    let head = world.append(1000);
    world.log.hold(Position(500));
    let running = world.run(std::slice::from_ref(&old));
    running.until(|it| it.built >= Some(Position(499))).await;
    running.stop().await;
    assert_eq!(world.models.checkpoint(old.slot(1)).await.unwrap(), Position(500));
    world.log.release();
    let running = world.run(std::slice::from_ref(&new));
    running.view(&new).wait(head, LONG).await.unwrap();
    assert_eq!(world.models.checkpoint(old.slot(1)).await.unwrap(), Position::START);
    assert_folded(&*world.models, new.slot(2), &new, &world.log.facts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_equals_a_fresh_fold_and_readers_keep_the_old_rows_until_then() {
    let (world, tally) = (world!(), Tally::version(1));
    let head = world.append(1000);
    let running = world.run(std::slice::from_ref(&tally));
    let view = running.view(&tally);
    view.wait(head, LONG).await.unwrap();
    // What only a rebuild puts right.
    let wrong = readmodel::Change::Add { key: key("counts", "facts"), by: 5 };
    let slot = tally.slot(1);
    world.models.apply(slot, &[wrong], head, Position(head.0)).await.unwrap();
    assert_eq!(facts_counted(&view).await, 863);

    world.log.hold(Position(500));
    running.runner.rebuild(NAME).await.unwrap();
    running.runner.rebuild(NAME).await.unwrap();
    running.runner.rebuild("unknown").await.unwrap();
    running.until(|it| it.built >= Some(Position(499))).await;
    assert_eq!(facts_counted(&view).await, 863);
    assert_eq!(view.applied().unwrap(), head);

    world.log.release();
    running.until(|it| it.active == Some((1, 2)) && it.building.is_none()).await;
    assert_eq!(facts_counted(&view).await, 858);
    assert_folded(&*world.models, tally.slot(2), &tally, &world.log.facts()).await;
    let next = world.append(3);
    view.wait(next, LONG).await.unwrap();
    assert_eq!(facts_counted(&view).await, 861);
    running.stop().await;
    assert_eq!(world.models.checkpoint(slot).await.unwrap(), Position::START);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_goes_on_after_a_restart() {
    let (world, tally) = (world!(), Tally::version(1));
    let head = world.append(1000);
    let running = world.run(std::slice::from_ref(&tally));
    running.view(&tally).wait(head, LONG).await.unwrap();
    world.log.hold(Position(500));
    running.runner.rebuild(NAME).await.unwrap();
    running.until(|it| it.built >= Some(Position(499))).await;
    running.stop().await;
    world.log.release();
    let running = world.run(std::slice::from_ref(&tally));
    running.until(|it| it.active == Some((1, 2))).await;
    assert_folded(&*world.models, tally.slot(2), &tally, &world.log.facts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_with_its_fact_or_in_time() {
    let (world, tally) = (world!(), Tally::version(1));
    let running = world.run(std::slice::from_ref(&tally));
    let view = running.view(&tally);
    view.wait(Position::START, LONG).await.unwrap();
    let beyond = Position(1);
    let waited = view.wait(beyond, Duration::from_millis(5)).await;
    assert_eq!(waited, Err(WaitError::TimedOut { model: NAME, position: beyond }));

    let (waited, position) = tokio::join!(view.wait(beyond, LONG), async {
        world.log.append("thing", "a1", "thing-made.v1", "1")
    });
    assert_eq!((waited, position), (Ok(()), beyond));
    assert_eq!(view.get(&key("things", "a1")).await.unwrap(), Some(b"1".to_vec()));

    // A fact of a category that the model does not read is applied by passing it.
    for _ in 0..3 {
        let position = world.log.append("noise", "a1", "noise-made.v1", "1");
        view.wait(position, LONG).await.unwrap();
    }
    let stranger = running.runner.view(Model { name: "unknown", version: 1 });
    assert!(stranger.wait(Position::START, LONG).await.is_err(), "nobody feeds it");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runners_of_one_model_make_a_single_fold() {
    let (world, tally) = (world!(), Tally::version(1));
    world.append(300);
    let running =
        [world.run(std::slice::from_ref(&tally)), world.run(std::slice::from_ref(&tally))];
    for _ in 0..40 {
        let head = world.append(20);
        for it in &running {
            it.view(&tally).wait(head, LONG).await.unwrap();
        }
    }
    for it in running {
        it.stop().await;
    }
    assert_folded(&*world.models, tally.slot(1), &tally, &world.log.facts()).await;
}

/// A log with a fact of another tenant that cannot be read, and one more of it behind; the newest
/// position.
fn break_a_fact(world: &World) -> (TenantId, Position) {
    let other = TenantId::from_uuid(uuid::Uuid::from_u128(7));
    world.append(200);
    world.log.append_of(other, "thing", "x1", "thing-broken.v1", "!");
    world.log.append_of(other, "thing", "x2", "thing-made.v1", "2");
    (other, world.append(200))
}

/// The facts of the log but for those.
fn without(world: &World, but: impl Fn(&RecordedEvent) -> bool) -> Vec<RecordedEvent> {
    world.log.facts().into_iter().filter(|fact| !but(fact)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_cannot_be_read_stops_its_tenant_alone_and_is_never_skipped() {
    let (world, tally) = (world!(), Tally::version(1));
    let (other, head) = break_a_fact(&world);
    for _ in 0..2 {
        let running = [(); 2].map(|()| world.run(std::slice::from_ref(&tally)));
        for it in &running {
            let view = it.view(&tally);
            view.wait_for(TenantId::PLATFORM, head, LONG).await.unwrap();
            let progress = it.until(|it| !it.standing.is_empty() && it.caught_up).await;
            assert!(!progress.is_ready() && progress.failure.is_none());
            let standing = progress.standing[0].to_string();
            assert!(standing.contains("thing-broken.v1 at position 201"), "{standing}");
            assert_eq!(progress.standing[0].tenant(), other);
            let waited = view.wait_for(other, head, LONG).await;
            assert_eq!(waited, Err(WaitError::StandsStill { model: NAME }));
            view.wait_for(other, Position(200), LONG).await.unwrap();
        }
        let others = without(&world, |fact| fact.stream.tenant() == other);
        assert_folded(&*world.models, tally.slot(1), &tally, &others).await;
        // A process that starts later knows it, too.
        for it in running {
            it.stop().await;
        }
    }
    tally.repaired.store(true, Relaxed);
    let running = world.run(std::slice::from_ref(&tally));
    running.until(|it| it.active == Some((1, 2)) && it.is_ready()).await;
    running.view(&tally).wait_for(other, head, LONG).await.unwrap();
    assert_folded(&*world.models, tally.slot(2), &tally, &world.log.facts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_an_operator_decided_to_skip_is_done_without_in_every_build() {
    let (world, tally) = (world!(), Tally::version(1));
    let (other, head) = break_a_fact(&world);
    let running = world.run(std::slice::from_ref(&tally));
    let standing = running.until(|it| !it.standing.is_empty()).await.standing.remove(0);
    for _ in 0..2 {
        let at = Timestamp::from_unix_millis(0);
        skips::skip(&*world.log, &standing, "ticket 7", "damaged", at).await.unwrap();
    }
    let decisions = world.log.facts();
    let decisions: Vec<_> = decisions.iter().filter(|fact| &*fact.kind == skips::KIND).collect();
    assert_eq!(decisions.len(), 1, "the same decision twice is one");
    let decided: skips::Skip = serde_json::from_slice(&decisions[0].data).unwrap();
    assert_eq!((&*decided.decided_by, &*decided.reason), ("ticket 7", "damaged"));
    running.until(|it| it.active == Some((1, 2)) && it.is_ready()).await;
    running.view(&tally).wait_for(other, head, LONG).await.unwrap();
    running.runner.rebuild(NAME).await.unwrap();
    running.until(|it| it.active == Some((1, 3)) && it.is_ready()).await;
    let read = without(&world, |fact| &*fact.kind == "thing-broken.v1");
    assert_folded(&*world.models, tally.slot(3), &tally, &read).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_more_than_a_hundred_tenants_would_stand_still_the_model_does() {
    let (world, tally) = (world!(), Tally::version(1));
    world.append(50);
    for tenant in 1..=101 {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(tenant));
        world.log.append_of(tenant, "thing", "x1", "thing-broken.v1", "!");
    }
    let head = world.append(50);
    let running = world.run(std::slice::from_ref(&tally));
    let progress = running.until(|it| it.failure.is_some()).await;
    assert!(progress.failure.unwrap().contains("thing-broken.v1 at position 151"));
    let waited = running.view(&tally).wait(head, Duration::ZERO).await;
    assert!(waited.is_err(), "nothing is passed over");
    tally.repaired.store(true, Relaxed);
    running.view(&tally).wait(head, LONG).await.unwrap();
    running.until(Progress::is_ready).await;
    let (_, generation) = world.state().await.active.unwrap();
    assert_folded(&*world.models, tally.slot(generation), &tally, &world.log.facts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_breaks_off_is_taken_up_where_it_ended() {
    let (world, tally) = (world!(), Tally::version(1));
    let running = world.run(std::slice::from_ref(&tally));
    for _ in 0..10 {
        let head = world.append(123);
        world.log.interrupt();
        running.view(&tally).wait(head, LONG).await.unwrap();
    }
    running.stop().await;
    assert_folded(&*world.models, tally.slot(1), &tally, &world.log.facts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_far_apart_in_the_log_all_catch_up() {
    let (world, first) = (world!(), Tally::version(1));
    let head = world.append(25_000);
    let running = world.run(std::slice::from_ref(&first));
    running.view(&first).wait(head, LONG).await.unwrap();
    running.stop().await;
    let model = Model { name: "late", version: 1 };
    let late = Arc::new(Tally { model, repaired: Arc::default() });
    let running = world.run(&[first.clone(), late.clone()]);
    let head = world.append(100);
    running.view(&first).wait(head, LONG).await.unwrap();
    running.view(&late).wait(head, LONG).await.unwrap();
    for tally in [first, late] {
        assert_folded(&*world.models, tally.slot(1), &tally, &world.log.facts()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_by_another_process_is_noticed_and_followed() {
    let (world, tally) = (world!(), Tally::version(1));
    let head = world.append(1000);
    let running = [(); 2].map(|()| world.run(std::slice::from_ref(&tally)));
    for it in &running {
        it.view(&tally).wait(head, LONG).await.unwrap();
    }
    for generation in 2..=4 {
        running[0].runner.rebuild(NAME).await.unwrap();
        // The one that did not ask for it may make it as well as the other.
        for it in &running {
            it.until(|it| it.active == Some((1, generation)) && it.building.is_none()).await;
        }
        let next = world.append(20);
        for it in &running {
            it.view(&tally).wait(next, LONG).await.unwrap();
            assert_eq!(facts_counted(&it.view(&tally)).await, world.things());
        }
        let slot = tally.slot(generation);
        assert_folded(&*world.models, slot, &tally, &world.log.facts()).await;
        assert_eq!(world.models.checkpoint(tally.slot(generation - 1)).await.unwrap(), Position(0));
    }
}

/// What two processes show of a log that went back to `kept` of its 1,000 facts and then got others;
/// stopped meanwhile, or at work.
async fn follow_a_restored_log(world: &World, kept: u64, others: u64, stopped: bool) {
    let tally = Tally::version(1);
    let head = world.append(1000);
    let start = || [(); 2].map(|()| world.run(std::slice::from_ref(&tally)));
    let mut running = start();
    for it in &running {
        it.view(&tally).wait(head, LONG).await.unwrap();
    }
    if stopped {
        for it in running {
            it.stop().await;
        }
        world.log.restore(Position(kept));
        world.append(others);
        running = start();
    } else {
        world.log.restore(Position(kept));
        world.append(others);
    }
    for it in &running {
        it.until(|it| it.active == Some((1, 2)) && it.building.is_none()).await;
        let next = world.append(7);
        it.view(&tally).wait(next, LONG).await.unwrap();
        assert_eq!(facts_counted(&it.view(&tally)).await, world.things());
        let progress = it.until(Progress::is_ready).await;
        assert!(progress.lag() == 0 && progress.head == next, "{progress:?}");
    }
    assert!(running.iter().any(|it| it.runner.progress()[0].disowned > 0), "it is counted");
    assert_eq!(world.models.checkpoint(tally.slot(1)).await.unwrap(), Position::START);
    assert_folded(&*world.models, tally.slot(2), &tally, &world.log.facts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_whose_checkpoint_lies_beyond_the_end_of_the_log_is_built_anew() {
    follow_a_restored_log(&world!(), 600, 0, true).await;
    follow_a_restored_log(&world!(), 600, 0, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_a_log_that_went_back_and_then_grew_beyond_the_checkpoint_is_built_anew() {
    follow_a_restored_log(&world!(), 990, 40, true).await;
    follow_a_restored_log(&world!(), 600, 700, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_another_log_is_built_anew() {
    follow_a_restored_log(&world!(), 0, 1500, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_on_the_same_log_builds_nothing_anew() {
    let (world, tally) = (world!(), Tally::version(1));
    for _ in 0..3 {
        let head = world.append(50);
        let running = world.run(std::slice::from_ref(&tally));
        running.view(&tally).wait(head, LONG).await.unwrap();
        // As if it were killed.
        drop(running);
        let running = world.run(std::slice::from_ref(&tally));
        let progress = running.until(Progress::is_ready).await;
        assert_eq!((progress.active, progress.disowned), (Some((1, 1)), 0));
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_be_applied_is_told_by_the_age_of_its_oldest_fact() {
    let (world, tally) = (world!(), Tally::version(1));
    world.append(5);
    let lead = Lead::new();
    let running = world.run_led(Some(&lead), vec![tally.clone()], LONG);
    // Nobody leads.
    let progress = running.until(|it| it.waiting.is_some()).await;
    assert_eq!(progress.waiting, Some(Timestamp::from_unix_millis(1)));
    assert_eq!(progress.waits_millis(Timestamp::from_unix_millis(2501)), 2500);
    assert_eq!(progress.waits_millis(Timestamp::from_unix_millis(0)), 0, "a clock went back");
    let _leading = lead.take();
    running.view(&tally).wait(Position(5), LONG).await.unwrap();
    let progress = running.until(|it| it.waiting.is_none()).await;
    assert_eq!(progress.waits_millis(Timestamp::from_unix_millis(2501)), 0);
}
