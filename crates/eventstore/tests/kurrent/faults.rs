//! Nothing lost, nothing repeated, whatever happens to the line.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use eventstore::{
    AppendError, Appended, EventStore, Expected, Filter, Kurrent, KurrentHealth, KurrentOptions,
    NewEvent, RecordedEvent, Signal, StoreError, StreamId, Write,
};
use futures_util::{StreamExt, future::join_all};
use kernel::{CommandId, Position, TenantId};

use super::{
    behaviour::Behaviour,
    connect,
    proxy::{Line, Proxy},
    server::Server,
};

fn stream(id: impl std::fmt::Display) -> StreamId {
    StreamId::named("thing", TenantId::PLATFORM, id)
}

fn event(label: &str) -> NewEvent {
    let id = CommandId::derived(&[label.as_bytes()]).uuid();
    let data = format!(r#"{{"label":"{label}"}}"#).into_bytes();
    NewEvent { id, kind: "thing-made.v1".into(), data, metadata: b"{}".to_vec() }
}

fn write(stream: &StreamId, expected: Expected, label: &str) -> Write {
    Write { stream: stream.clone(), expected, events: vec![event(label)] }
}

async fn append(
    store: &Kurrent,
    stream: &StreamId,
    expected: Expected,
    label: &str,
) -> Result<Appended, AppendError> {
    store.append(vec![write(stream, expected, label)]).await.remove(0)
}

fn impatient(connection: String) -> Kurrent {
    let patience = Duration::from_secs(1);
    Kurrent::connect(&KurrentOptions { patience, ..KurrentOptions::at(connection) })
        .expect("no trouble")
}

/// As [`append`], until somebody knows what became of it.
async fn append_at_last(
    store: &Kurrent,
    stream: &StreamId,
    expected: Expected,
    label: &str,
) -> Appended {
    loop {
        match append(store, stream, expected, label).await {
            Ok(done) => return done,
            Err(AppendError::Unknown(_) | AppendError::Unavailable(_)) => {}
            Err(error) => panic!("{label}: {error:?}"),
        }
    }
}

/// The labels of a stream's facts, in order.
async fn labels(store: &Kurrent, stream: &StreamId) -> Vec<String> {
    store.read(stream, 0, 1000).await.expect("no trouble").iter().map(label).collect()
}

fn label(fact: &RecordedEvent) -> String {
    let data: serde_json::Value = serde_json::from_slice(&fact.data).expect("no trouble");
    data["label"].as_str().expect("no trouble").to_owned()
}

/// Waits until the condition holds, which the test is sure that it will.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    while !holds().await {
        tokio::task::yield_now().await;
    }
}

/// Ten facts for each of eight streams, by eight writers.
async fn write_all(store: &Kurrent, mut after_each: impl FnMut(usize)) {
    let (told, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let writing = join_all((0..8).map(async |writer| {
        let stream = stream(writer);
        for n in 0..10 {
            let label = format!("{writer} {n}");
            let done = append(store, &stream, Expected::after(n), &label).await;
            let done = done.unwrap_or_else(|error| panic!("{label}: {error:?}"));
            assert_eq!((done.revision, done.repeated), (n, false), "{label}");
            told.send(()).expect("no trouble");
        }
    }));
    let hearing = async {
        for count in 1..=80 {
            hear.recv().await;
            after_each(count);
        }
    };
    tokio::join!(writing, hearing);
}

async fn assert_all_written_once(store: &Kurrent) {
    for writer in 0..8 {
        let expected: Vec<_> = (0..10).map(|n| format!("{writer} {n}")).collect();
        assert_eq!(labels(store, &stream(writer)).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_again_and_again_loses_and_repeats_nothing() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let store = connect(proxy.connection());
    write_all(&store, |count| {
        if count % 8 == 0 {
            proxy.cut();
        }
    })
    .await;
    assert_all_written_once(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_outlives_its_connections_and_gives_each_fact_once() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let (store, writer) = (connect(proxy.connection()), connect(server.connection()));
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&["thing"]));
    let (hearing, writing) = tokio::join!(
        async {
            let (mut heard, mut seen) = (Vec::new(), Position::START);
            while heard.len() < 80 {
                if let Signal::Facts(facts) = signals.next().await.unwrap().unwrap() {
                    for fact in facts {
                        assert!(fact.position > seen, "in order, each once");
                        seen = fact.position;
                        heard.push(label(&fact));
                        if heard.len() % 7 == 0 {
                            proxy.cut();
                        }
                    }
                }
            }
            heard
        },
        write_all(&writer, |_| {}),
    );
    let () = writing;
    assert_eq!(hearing.iter().collect::<BTreeSet<_>>().len(), 80, "and all of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_answer_was_lost_is_answered_as_done_once() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let (store, witness) = (connect(proxy.connection()), connect(server.connection()));
    let thing = stream(1);
    append(&store, &thing, Expected::NoStream, "before").await.unwrap();
    proxy.set(Line::Mute);
    let (done, ()) = tokio::join!(append(&store, &thing, Expected::Revision(0), "lost"), async {
        until(async || labels(&witness, &thing).await.len() == 2).await;
        proxy.cut();
        proxy.set(Line::Flows);
    });
    let done = done.unwrap();
    assert_eq!((done.revision, done.repeated), (1, false), "it is this call that did it");
    assert_eq!(labels(&store, &thing).await, ["before", "lost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_nobody_answers_is_unknown_and_sent_again_is_a_repeat() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let (store, witness) = (impatient(proxy.connection()), connect(server.connection()));
    until(async || matches!(store.health(), KurrentHealth::Connected { .. })).await;
    let thing = stream(1);
    append(&store, &thing, Expected::NoStream, "before").await.unwrap();
    proxy.set(Line::Mute);
    let unknown = append(&store, &thing, Expected::Revision(0), "unheard").await;
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    until(async || labels(&witness, &thing).await.len() == 2).await;
    proxy.cut();
    proxy.set(Line::Flows);
    let again = append_at_last(&store, &thing, Expected::Revision(0), "unheard").await;
    assert_eq!((again.revision, again.repeated), (1, true), "it was there already");
    assert_eq!(labels(&store, &thing).await, ["before", "unheard"]);

    proxy.set(Line::Dead);
    let unknown = append(&store, &thing, Expected::Revision(1), "unsent").await;
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    proxy.cut();
    proxy.set(Line::Flows);
    let again = append_at_last(&store, &thing, Expected::Revision(1), "unsent").await;
    assert_eq!(again.revision, 2);
    assert_eq!(labels(&store, &thing).await, ["before", "unheard", "unsent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_there_yet_is_reached_when_it_comes() {
    let server = Server::start().await;
    let mut proxy = Proxy::closed(server.address()).await;
    let store = impatient(proxy.connection());
    let refused = append(&store, &stream(1), Expected::NoStream, "early").await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "it was not sent: {refused:?}");
    let unreadable = store.read(&stream(1), 0, 1).await;
    assert!(matches!(unreadable, Err(StoreError::Unavailable(_))), "{unreadable:?}");
    assert!(store.head().await.is_err());
    match store.health() {
        KurrentHealth::Unreachable { attempts, reason, .. } => {
            assert!(attempts > 0 && reason.contains(&proxy.address.to_string()), "{reason}");
        }
        connected @ KurrentHealth::Connected { .. } => panic!("{connected:?}"),
    }
    proxy.open().await;
    until(async || matches!(store.health(), KurrentHealth::Connected { .. })).await;
    append_at_last(&store, &stream(1), Expected::NoStream, "late").await;
    assert_eq!(labels(&store, &stream(1)).await, ["late"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_again_on_the_same_port_is_found_again() {
    let mut server = Server::start().await;
    let mut proxy = Proxy::to(server.address()).await;
    let store = connect(proxy.connection());
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&[]));
    let thing = stream(1);
    for round in 0..3_u64 {
        let done = append(&store, &thing, Expected::after(round), &round.to_string()).await;
        assert_eq!(done.unwrap().revision, round);
        loop {
            if let Signal::Facts(facts) = signals.next().await.unwrap().unwrap() {
                let heard: Vec<_> = facts.iter().map(label).collect();
                assert_eq!(heard, [round.to_string()], "each once, across restarts");
                break;
            }
        }
        proxy.close().await;
        server = server.restart().await;
        proxy.lead_to(server.address());
        proxy.open().await;
    }
    assert_eq!(labels(&store, &thing).await, ["0", "1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_the_one_that_lives_is_used() {
    let server = Server::start().await;
    let (mut one, mut other) =
        (Proxy::to(server.address()).await, Proxy::to(server.address()).await);
    let nodes = format!("kurrentdb://{},{}?tls=false", one.address, other.address);
    one.close().await;
    let store = connect(nodes);
    let thing = stream(1);
    append(&store, &thing, Expected::NoStream, "on the second").await.unwrap();
    let connected = KurrentHealth::Connected { node: other.address.to_string() };
    assert_eq!(store.health(), connected);

    one.open().await;
    other.close().await;
    append(&store, &thing, Expected::Revision(0), "on the first").await.unwrap();
    let connected = KurrentHealth::Connected { node: one.address.to_string() };
    assert_eq!(store.health(), connected);
    assert_eq!(labels(&store, &thing).await, ["on the second", "on the first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_unnoticed_is_replaced() {
    let server = Server::start().await;
    let (dying, well) = (Proxy::to(server.address()).await, Proxy::to(server.address()).await);
    let nodes =
        format!("kurrentdb://{},{}?tls=false&gossipTimeout=500", dying.address, well.address);
    let store = connect(nodes);
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&[]));
    let thing = stream(1);
    append(&store, &thing, Expected::NoStream, "before").await.unwrap();
    dying.set(Line::Dead);
    let done = append(&store, &thing, Expected::Revision(0), "after").await.unwrap();
    assert_eq!((done.revision, done.repeated), (1, false));
    let mut heard = Vec::new();
    while heard.len() < 2 {
        if let Signal::Facts(facts) = signals.next().await.unwrap().unwrap() {
            heard.extend(facts.iter().map(label));
        }
    }
    assert_eq!(heard, ["before", "after"]);
    let connected = KurrentHealth::Connected { node: well.address.to_string() };
    assert_eq!(store.health(), connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_beside_it_do_not_disturb_an_append() {
    let server = Server::start().await;
    let store = connect(server.connection());
    let contended = stream("contended");
    append(&store, &contended, Expected::NoStream, "first").await.unwrap();
    let over = AtomicBool::new(false);
    let conflicts = async {
        let mut count = 0;
        while !over.load(Ordering::Relaxed) || count < 20 {
            let conflict = append(&store, &contended, Expected::NoStream, &count.to_string()).await;
            let at = Expected::Revision(0);
            assert!(
                matches!(conflict, Err(AppendError::Conflict { actual, .. }) if actual == at),
                "{conflict:?}"
            );
            count += 1;
        }
    };
    let writing = async {
        write_all(&store, |_| {}).await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(conflicts, writing);
    assert_all_written_once(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_second_with_the_same_id_is_told() {
    let server = Server::start().await;
    let (first, second) = (connect(server.connection()), connect(server.connection()));
    let thing = stream(1);
    // Both have connected before anything is there.
    assert_eq!(first.head().await.unwrap(), second.head().await.unwrap());
    let done = append(&first, &thing, Expected::NoStream, "asked").await.unwrap();
    let other = NewEvent { data: br#"{"label":"asked otherwise"}"#.to_vec(), ..event("asked") };
    let write = Write { stream: thing.clone(), expected: Expected::NoStream, events: vec![other] };
    let answer = second.append(vec![write]).await.remove(0).unwrap();
    assert_eq!(answer, Appended { repeated: true, ..done });
    assert_eq!(labels(&second, &thing).await, ["asked"]);
    // And whoever connects later knows the newest position, and so that this was before.
    let third = connect(server.connection());
    let answer = append(&third, &thing, Expected::NoStream, "asked").await.unwrap();
    assert_eq!(answer, Appended { repeated: true, ..done });
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_the_log_appends_without_reading() {
    const APPENDS: usize = 100;
    let behaviour = Behaviour::default();
    let server = Server::behaving(behaviour.clone()).await;
    let (store, other) = (connect(server.connection()), connect(server.connection()));
    let head = store.head().await.unwrap();
    let mut followed = store.subscribe(head, Filter::every_tenant(&["thing"]));
    while !matches!(followed.next().await.unwrap().unwrap(), Signal::CaughtUp(_)) {}

    let before = behaviour.reads.load(Ordering::Relaxed);
    for n in 0..APPENDS {
        let done = append(&store, &stream(n), Expected::NoStream, &n.to_string()).await.unwrap();
        assert!(!done.repeated);
        // Whoever comes second is told so, whether it follows or not.
        let asked = append(&store, &stream(n), Expected::NoStream, &n.to_string()).await.unwrap();
        assert_eq!(asked, Appended { repeated: true, ..done });
    }
    let reads = behaviour.reads.load(Ordering::Relaxed) - before;
    assert!(reads < APPENDS / 2, "{reads} reads, though each fact was sent to who follows");

    let before = behaviour.reads.load(Ordering::Relaxed);
    append(&other, &stream("other"), Expected::NoStream, "other").await.unwrap();
    assert!(behaviour.reads.load(Ordering::Relaxed) > before, "who does not follow has to ask");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_the_server_ends_in_good_order_begins_again() {
    let behaviour = Behaviour::default();
    let server = Server::behaving(behaviour.clone()).await;
    let (writer, store) = (connect(server.connection()), connect(server.connection()));
    write_all(&writer, |_| {}).await;
    behaviour.curt.store(5, Ordering::Relaxed);
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&["thing"]));
    let mut heard = BTreeSet::new();
    let mut hear = async |count: usize| {
        while heard.len() < count {
            if let Signal::Facts(facts) = signals.next().await.unwrap().unwrap() {
                heard.extend(facts.iter().map(label));
            }
        }
    };
    hear(80).await;
    for n in 10..30 {
        append(&writer, &stream(0), Expected::after(n), &n.to_string()).await.unwrap();
    }
    hear(100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_brings_nothing_is_given_up_and_not_begun_for_ever() {
    let behaviour = Behaviour::default();
    let server = Server::behaving(behaviour.clone()).await;
    let (writer, store) = (connect(server.connection()), connect(server.connection()));
    write_all(&writer, |_| {}).await;
    // The tail stands; what is before it comes from the server.
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&[]));
    let caught_up = |signal: &_| matches!(signal, Some(Ok(Signal::CaughtUp(_))));
    while !caught_up(&signals.next().await) {}
    behaviour.curt.store(1, Ordering::Relaxed);
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&["thing"]));
    let ended = signals.next().await;
    assert!(matches!(ended, Some(Err(StoreError::Unavailable(_)))));
    assert!(signals.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_left_for_the_leader_that_it_names() {
    let behaviour = Behaviour::default();
    let (leader, follower) = (Server::start().await, Server::behaving(behaviour.clone()).await);
    let store = connect(follower.connection());
    append(&store, &stream(1), Expected::NoStream, "left behind").await.unwrap();
    *behaviour.leader.lock().unwrap() = Some(leader.address());
    assert!(labels(&store, &stream(1)).await.is_empty(), "the leader is asked");
    let connected = KurrentHealth::Connected { node: leader.address().to_string() };
    assert_eq!(store.health(), connected);
    append(&store, &stream(1), Expected::NoStream, "led").await.unwrap();
    let witness = connect(leader.connection());
    assert_eq!(labels(&witness, &stream(1)).await, ["led"]);
    // From the start, too.
    let late = connect(follower.connection());
    assert_eq!(labels(&late, &stream(1)).await, ["led"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_adapter_says_so() {
    let server = Server::start().await;
    let store = Arc::new(connect(server.connection()));
    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&[]));
    assert!(matches!(signals.next().await, Some(Ok(Signal::CaughtUp(_)))));
    store.close();
    assert!(matches!(signals.next().await, Some(Err(StoreError::Closed))));
    assert!(signals.next().await.is_none());
    assert!(matches!(store.read(&stream(1), 0, 1).await, Err(StoreError::Closed)));
    assert!(matches!(store.head().await, Err(StoreError::Closed)));
    let refused = append(&store, &stream(1), Expected::NoStream, "late").await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))));
}
