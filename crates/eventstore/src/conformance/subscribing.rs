use futures_util::{StreamExt, future::join, future::join_all};
use kernel::Position;

use super::{append, assert_as_written, events, head, places, read_all, stream};
use crate::{EventStore, Expected, Filter, RecordedEvent, Signal, Signals};

async fn next(signals: &mut Signals) -> Signal {
    match signals.next().await {
        Some(Ok(signal)) => signal,
        other => panic!("a subscription goes on while the store is open, but: {other:?}"),
    }
}

/// What comes until so many facts are there and the subscription has caught up, now or before.
async fn until_caught_up(signals: &mut Signals, count: usize) -> Vec<RecordedEvent> {
    let (mut facts, mut seen, mut caught_up) = (Vec::new(), Position::START, false);
    while !caught_up || facts.len() < count {
        match next(signals).await {
            Signal::Facts(batch) => {
                assert!(!batch.is_empty(), "a batch is never empty");
                for fact in &batch {
                    assert!(fact.position > seen, "facts come in order, each once");
                    seen = fact.position;
                }
                facts.extend(batch);
            }
            Signal::Checkpoint(at) => {
                assert!(at >= seen, "a checkpoint does not go back");
                seen = at;
            }
            Signal::CaughtUp(at) => {
                assert!(at >= seen, "having caught up, nothing given is ahead");
                caught_up = true;
            }
        }
    }
    facts
}

pub(super) async fn a_subscription_starts_anywhere(store: &dyn EventStore) {
    for n in 0..30 {
        append(store, &stream("thing", n), Expected::NoStream, events(&n.to_string(), 100)).await;
    }
    let everything = Filter::every_tenant(&[]);
    let facts = read_all(store, &everything, 1000).await;
    for seen in [0, 1, 1499, 2999, 3000] {
        let after = facts[..seen].last().map_or(Position::START, |fact| fact.position);
        let mut signals = store.subscribe(after, everything.clone());
        let rest = &facts[seen..];
        let given = until_caught_up(&mut signals, rest.len()).await;
        assert_eq!(places(&given), places(rest), "all after {seen}, each once, in order");
    }
}

pub(super) async fn what_is_appended_meanwhile_comes_once_and_in_order(store: &dyn EventStore) {
    const WRITERS: usize = 8;
    const EACH: usize = 200;
    append(store, &stream("before", 0), Expected::NoStream, events("before", 500)).await;
    let writing = join_all((0..WRITERS).map(async |writer| {
        let stream = stream("thing", writer);
        for n in 0..EACH {
            let label = format!("{writer} {n}");
            append(store, &stream, Expected::after(n as u64), events(&label, 1)).await;
        }
    }));
    let reading = async {
        let mut signals = store.subscribe(Position::START, Filter::every_tenant(&[]));
        let given = until_caught_up(&mut signals, 500 + WRITERS * EACH).await;
        let stored = read_all(store, &Filter::every_tenant(&[]), 1000).await;
        assert_eq!(places(&given), places(&stored), "no gap and no repeat");
    };
    join(writing, reading).await;
}

pub(super) async fn catching_up_is_told_even_when_nothing_passes(store: &dyn EventStore) {
    let nothing = Filter::every_tenant(&["nothing"]);
    let mut signals = store.subscribe(Position::START, nothing.clone());
    let signal = next(&mut signals).await;
    // Where a server keeps events of its own, they may have been considered.
    assert!(matches!(signal, Signal::CaughtUp(_)), "on an empty log: {signal:?}");

    let end = append(store, &stream("thing", 1), Expected::NoStream, events("a", 10)).await;
    let mut signals = store.subscribe(Position::START, nothing);
    loop {
        match next(&mut signals).await {
            Signal::CaughtUp(at) => break assert!(at >= end.position, "past everything"),
            Signal::Checkpoint(at) => assert!(at > Position::START, "on the way there"),
            Signal::Facts(facts) => panic!("none of these facts passes: {facts:?}"),
        }
    }
}

pub(super) async fn what_the_filter_leaves_out_moves_the_checkpoint(store: &dyn EventStore) {
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&["wanted"]));
    assert!(matches!(next(&mut signals).await, Signal::CaughtUp(_)));
    append(store, &stream("other", 1), Expected::NoStream, events("a", 1000)).await;
    append(store, &stream("other", 2), Expected::NoStream, events("b", 1000)).await;
    let end = head(store).await;
    let mut told = Position::START;
    while told < end {
        match next(&mut signals).await {
            Signal::Checkpoint(at) | Signal::CaughtUp(at) => {
                assert!(at > told, "each goes further");
                told = at;
            }
            Signal::Facts(facts) => panic!("none of these facts passes: {facts:?}"),
        }
    }
    let wanted = stream("wanted", 1);
    append(store, &wanted, Expected::NoStream, events("c", 2)).await;
    match next(&mut signals).await {
        Signal::Facts(facts) => assert_as_written(&facts, &wanted, 0, &events("c", 2)),
        other => panic!("what passes comes at once, not {other:?}"),
    }
}

pub(super) async fn whoever_falls_far_behind_is_told_on_catching_up_again(store: &dyn EventStore) {
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&[]));
    assert!(matches!(next(&mut signals).await, Signal::CaughtUp(_)));
    for n in 0..3 {
        append(store, &stream("thing", n), Expected::NoStream, events(&n.to_string(), 1000)).await;
    }
    let given = until_caught_up(&mut signals, 3000).await;
    assert_eq!(given.len(), 3000, "everything comes, each once");
}
