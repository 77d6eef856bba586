//! What a sweep takes away, and what it leaves.

use std::{fs, path::Path};

use eventstore::{
    Deletion, Embedded, EmbeddedOptions, Sweep, inspect_log,
    raw::{
        Batch, Content, Direction, METADATA, NewRecord, Query, Refused, Standing, StreamName,
        Stretch,
    },
};
use kernel::Position;
use proptest::prelude::*;
use uuid::Uuid;

use super::{folder, open};

fn record(id: u128, kind: &str, data: &str) -> NewRecord {
    let (kind, content) = (kind.to_owned(), Content::Json);
    let data = data.as_bytes().to_vec();
    NewRecord { id: Uuid::from_u128(id), kind, content, data, metadata: Vec::new() }
}

async fn write(store: &Embedded, name: &str, records: Vec<NewRecord>) {
    let batch = Batch::one(StreamName::new(name), Standing::Any, records);
    store.write(batch).await.expect("it is written");
}

/// So many records with data that is found nowhere else, from that id on.
async fn fill(store: &Embedded, name: &str, ids: std::ops::Range<u128>) {
    let made = |id: u128| record(id, "made", &format!("\"secret of {name} {id}\""));
    write(store, name, ids.map(made).collect()).await;
}

async fn describe(store: &Embedded, name: &str, id: u128, metadata: &str) {
    write(store, &format!("$${name}"), vec![record(id, METADATA, metadata)]).await;
}

/// Sweeps to the end; how many records were overwritten, in how many steps.
async fn sweep(store: &Embedded) -> (u64, usize) {
    let (mut sweep, mut steps) = (Sweep::default(), 0);
    while !sweep.done {
        sweep = store.sweep(sweep).await.expect("it goes on");
        steps += 1;
    }
    (sweep.erased, steps)
}

/// Revisions and ids that can be read, in both directions.
async fn readable(store: &Embedded, name: &str) -> Option<Vec<(u64, Uuid)>> {
    let stream = StreamName::new(name);
    let forwards = store.stretch(&stream, Some(0), Direction::Forwards, 1000).await;
    let backwards = store.stretch(&stream, None, Direction::Backwards, 1000).await;
    match (forwards.expect("it is read"), backwards.expect("it is read")) {
        (Stretch::Of { records, .. }, Stretch::Of { records: mut reversed, .. }) => {
            reversed.reverse();
            assert_eq!(records, reversed);
            Some(records.iter().map(|record| (record.revision, record.id)).collect())
        }
        _ => None,
    }
}

async fn in_log(store: &Embedded, name: &str) -> Vec<u64> {
    let page = store.log_page(Query::after(Position(0), 5000)).await.expect("a page");
    let of = page.records.iter().filter(|record| record.stream.as_str() == name);
    of.map(|record| record.revision).collect()
}

/// When the newest record of a stream was written, if there is one.
async fn created(store: &Embedded, name: &str) -> Option<u64> {
    let newest = store.stretch(&StreamName::new(name), None, Direction::Backwards, 1).await;
    let Stretch::Of { records, .. } = newest.expect("it is read") else { return None };
    records.first().map(|record| record.created)
}

fn on_disk(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).expect("the folder").any(|file| {
        let bytes = fs::read(file.expect("a file").path()).expect("its bytes");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn what_metadata_hides_is_gone_from_the_log_and_the_disk() {
    let folder = folder();
    let store = open(folder.path());
    fill(&store, "counted", 1..6).await;
    fill(&store, "truncated", 11..16).await;
    fill(&store, "old", 21..24).await;
    fill(&store, "free", 31..34).await;
    describe(&store, "counted", 101, r#"{"$maxCount":4}"#).await;
    describe(&store, "counted", 102, r#"{"$maxCount":2}"#).await;
    describe(&store, "truncated", 103, r#"{"$tb":3}"#).await;
    describe(&store, "old", 104, r#"{"$maxAge":0}"#).await;
    assert_eq!(in_log(&store, "counted").await, [0, 1, 2, 3, 4], "the log shows it until then");

    // Those are old that were written a millisecond ago.
    let written = created(&store, "old").await;
    let mut tick = 1000;
    while created(&store, "tick").await <= written {
        tick += 1;
        fill(&store, "tick", tick..tick + 1).await;
    }
    let (erased, _) = sweep(&store).await;
    assert_eq!(erased, 3 + 3 + 2 + 1, "of each stream, and the metadata that was replaced");
    assert_eq!(in_log(&store, "counted").await, [3, 4]);
    assert_eq!(in_log(&store, "truncated").await, [3, 4]);
    assert_eq!(in_log(&store, "old").await, [2], "the newest stays");
    assert_eq!(in_log(&store, "free").await, [0, 1, 2]);
    assert_eq!(in_log(&store, "$$counted").await, [1]);
    assert_eq!(sweep(&store).await.0, 0, "there is nothing left to do");

    describe(&store, "counted", 105, r#"{"$maxCount":100}"#).await;
    let left = readable(&store, "counted").await.expect("something is left");
    assert_eq!(left, [(3, Uuid::from_u128(4)), (4, Uuid::from_u128(5))], "gone for good");
    fill(&store, "counted", 6..7).await;
    assert_eq!(in_log(&store, "counted").await, [3, 4, 5], "revisions go on");

    store.close().await;
    drop(store);
    assert!(!on_disk(folder.path(), "secret of counted 3\""));
    assert!(on_disk(folder.path(), "secret of counted 4\""));
    let whole = inspect_log(&folder.path().join("log.sqlite"), |_| Ok(())).expect("it is sound");
    assert_eq!(whole.deleted, 9);
    let store = open(folder.path());
    assert_eq!(in_log(&store, "truncated").await, [3, 4], "after a restart too");
}

#[tokio::test]
async fn a_long_stream_is_swept_in_many_steps_between_which_others_write() {
    let folder = folder();
    let store = open(folder.path());
    for start in (0..3000).step_by(500) {
        fill(&store, "long", start + 1..start + 501).await;
    }
    describe(&store, "long", 9001, r#"{"$maxCount":1}"#).await;
    let (mut at, mut steps) = (Sweep::default(), 0);
    while !at.done {
        at = store.sweep(at).await.expect("it goes on");
        steps += 1;
        fill(&store, "other", 10_000 + steps..10_001 + steps).await;
    }
    assert!(steps >= 6, "{steps}");
    assert_eq!(at.erased, 2999);
    assert_eq!(in_log(&store, "long").await, [2999]);
    assert_eq!(in_log(&store, "other").await.len() as u128, steps);
}

#[tokio::test]
async fn what_a_deleted_stream_held_before_is_swept_when_it_has_begun_anew() {
    let folder = folder();
    // Nothing is held in memory, so that the disk is asked.
    let options = EmbeddedOptions { held: 0, ..EmbeddedOptions::at(folder.path()) };
    let store = Embedded::open(options).expect("the store opens");
    fill(&store, "a", 1..4).await;
    describe(&store, "a", 101, r#"{"$tb":9223372036854775807}"#).await;
    fill(&store, "a", 4..6).await;
    assert_eq!(in_log(&store, "a").await, [0, 1, 2, 3, 4]);
    sweep(&store).await;
    assert_eq!(in_log(&store, "a").await, [3, 4]);
    fill(&store, "b", 11..13).await;
    let b = StreamName::new("b");
    store.erase(&b, Standing::Any, Deletion::Tombstone).await.expect("it is deleted");
    sweep(&store).await;
    let again = Batch::one(b, Standing::Any, vec![record(14, "made", "1")]);
    assert!(matches!(store.write(again).await, Err(Refused::Tombstoned { .. })), "it stays so");
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize, u8),
    Describe(usize, &'static str),
    Delete(usize),
    Sweep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let said = prop::sample::select(vec![
        r#"{"$maxCount":1}"#,
        r#"{"$maxCount":3}"#,
        r#"{"$tb":2}"#,
        r#"{"$tb":100}"#,
        r#"{"$tb":1,"$maxCount":2}"#,
        r#"{"owner":"x"}"#,
        r#"{"$tb":9223372036854775807}"#,
        "{}",
        "junk",
    ]);
    let step = prop_oneof![
        4 => (0..3_usize, 1..4_u8).prop_map(|(at, count)| Step::Append(at, count)),
        2 => (0..3_usize, said).prop_map(|(at, said)| Step::Describe(at, said)),
        1 => (0..3_usize).prop_map(Step::Delete),
        2 => Just(Step::Sweep),
    ];
    prop::collection::vec(step, 1..30)
}

const STREAMS: [&str; 3] = ["a", "b", "c"];

async fn everything(store: &Embedded) -> Vec<Option<Vec<(u64, Uuid)>>> {
    let mut all = Vec::new();
    for name in STREAMS {
        all.push(readable(store, name).await);
        all.push(readable(store, &format!("$${name}")).await);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happened before, a sweep changes nothing of what can be read from streams, and the
    /// log shows nothing that cannot.
    #[test]
    fn a_sweep_takes_nothing_that_can_be_read(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let folder = folder();
            let store = open(folder.path());
            let mut id = 0;
            for step in steps.into_iter().chain([Step::Sweep]) {
                match step {
                    Step::Append(at, count) => {
                        let ids = id + 1..id + 1 + u128::from(count);
                        id = ids.end;
                        fill(&store, STREAMS[at], ids).await;
                    }
                    Step::Describe(at, said) => {
                        id += 1;
                        describe(&store, STREAMS[at], id, said).await;
                    }
                    Step::Delete(at) => {
                        let stream = StreamName::new(STREAMS[at]);
                        drop(store.erase(&stream, Standing::Any, Deletion::Soft).await);
                    }
                    Step::Sweep => {
                        let before = everything(&store).await;
                        sweep(&store).await;
                        assert_eq!(everything(&store).await, before);
                        for name in STREAMS {
                            let held = in_log(&store, name).await;
                            let read = readable(&store, name).await.unwrap_or_default();
                            let read: Vec<u64> = read.into_iter().map(|(at, _)| at).collect();
                            assert!(held == read || held.len() == 1 && read.is_empty(), "{name}");
                        }
                    }
                }
            }
        });
    }
}
