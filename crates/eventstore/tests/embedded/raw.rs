use std::{path::Path, sync::Arc};

use eventstore::{
    Deletion, Embedded, EmbeddedOptions, EventStore, Expected, Filter,
    raw::{
        Batch, Content, Direction, METADATA, NewRecord, Query, Record, Refused, Standing,
        StreamName, Stretch, TOMBSTONE, Written,
    },
};
use kernel::Position;
use rusqlite::Connection;
use uuid::Uuid;

use super::{append, event, folder, open, stream};

fn record(id: u128) -> NewRecord {
    let (data, metadata) = (id.to_be_bytes().to_vec(), vec![0xff]);
    let (id, kind) = (Uuid::from_u128(id), "Ärger 1".into());
    NewRecord { id, kind, content: Content::Binary, data, metadata }
}

fn described(json: &str) -> NewRecord {
    let (id, kind) = (Uuid::from_u128(u128::MAX), METADATA.into());
    NewRecord { id, kind, content: Content::Json, data: json.into(), metadata: Vec::new() }
}

async fn write(
    store: &Embedded,
    name: &str,
    standing: Standing,
    ids: &[u128],
) -> Result<Written, Refused> {
    let records = ids.iter().map(|id| record(*id)).collect();
    let written = store.write(Batch::one(StreamName::new(name), standing, records)).await;
    written.map(|written| written[0])
}

async fn everything(store: &Embedded) -> Vec<Arc<Record>> {
    store.log_page(Query::after(Position(0), 1000)).await.expect("a page").records
}

/// Revisions in the order in which they are read.
async fn revisions(store: &Embedded, name: &str, direction: Direction) -> Vec<u64> {
    let from = (direction == Direction::Forwards).then_some(0);
    let stretch = store.stretch(&StreamName::new(name), from, direction, 100).await;
    let Ok(Stretch::Of { records, .. }) = stretch else { panic!("{name}: {stretch:?}") };
    records.iter().map(|record| record.revision).collect()
}

#[tokio::test]
async fn any_name_type_and_content_is_read_back_as_it_was_written() {
    for held in [0, 100] {
        let folder = folder();
        let options = EmbeddedOptions { held, ..EmbeddedOptions::at(folder.path()) };
        let store = Embedded::open(options).expect("the store opens");
        let written = write(&store, "any name – at all", Standing::Any, &[1, 2]).await;
        let written = written.expect("it is written");
        assert_eq!((written.revision, written.position), (Some(1), Some(Position(2))));
        let records = everything(&store).await;
        assert_eq!(records.len(), 2);
        for (record, n) in records.iter().zip(1_u128..) {
            assert_eq!(record.id, Uuid::from_u128(n));
            assert_eq!(record.stream.as_str(), "any name – at all");
            assert_eq!((&*record.kind, record.content), ("Ärger 1", Content::Binary));
            assert_eq!(
                (&record.data[..], &record.metadata[..]),
                (&n.to_be_bytes()[..], &[0xff][..])
            );
            assert!(record.created > 1_700_000_000_000, "when it was written is known");
        }
        assert_eq!(revisions(&store, "any name – at all", Direction::Backwards).await, [1, 0]);
    }
}

#[tokio::test]
async fn each_expectation_is_kept() {
    let folder = folder();
    let store = open(folder.path());
    let refused = async |name, standing| {
        matches!(write(&store, name, standing, &[99]).await, Err(Refused::Conflict { .. }))
    };
    assert!(refused("a", Standing::Exists).await, "it does not exist");
    assert!(refused("a", Standing::Revision(0)).await);
    write(&store, "a", Standing::NoStream, &[1]).await.expect("nothing is there");
    write(&store, "a", Standing::Exists, &[2]).await.expect("it exists");
    write(&store, "a", Standing::Revision(1), &[3]).await.expect("it stands there");
    write(&store, "a", Standing::Any, &[4, 5]).await.expect("it may stand anywhere");
    assert!(refused("a", Standing::NoStream).await);
    assert!(refused("a", Standing::Revision(1)).await);
    assert!(refused("a", Standing::Revision(5)).await);
    assert_eq!(revisions(&store, "a", Direction::Forwards).await, [0, 1, 2, 3, 4]);

    let nothing = write(&store, "a", Standing::Revision(4), &[]).await.expect("it stands there");
    assert_eq!((nothing.revision, nothing.position), (Some(4), None));
    let nothing = write(&store, "b", Standing::Any, &[]).await.expect("anywhere");
    assert_eq!((nothing.revision, nothing.position), (None, None));
    let nil = write(&store, "b", Standing::Any, &[0]).await;
    assert!(matches!(nil, Err(Refused::Malformed(_))));
}

#[tokio::test]
async fn what_is_sent_again_is_answered_as_the_first_time_whatever_it_expects() {
    let folder = folder();
    let store = open(folder.path());
    for (n, standing) in [Standing::NoStream, Standing::Any, Standing::Exists].iter().enumerate() {
        let ids = [10 + 2 * n as u128, 11 + 2 * n as u128];
        let first = write(&store, "a", *standing, &ids).await.expect("it is written");
        write(&store, "a", Standing::Any, &[100 + n as u128]).await.expect("something else");
        let again = write(&store, "a", *standing, &ids).await.expect("it is known");
        assert_eq!(again, Written { repeated: true, ..first });
    }
    let partly = write(&store, "a", Standing::Any, &[10, 200]).await;
    assert!(matches!(partly, Err(Refused::Conflict { .. })), "{partly:?}");
    let elsewhere = write(&store, "b", Standing::Any, &[10]).await.expect("another stream");
    assert!(!elsewhere.repeated);
    store.close().await;
    drop(store);
    let store = open(folder.path());
    let again = write(&store, "a", Standing::Any, &[12, 13]).await.expect("it is known");
    assert!(again.repeated, "after a restart too");
}

#[tokio::test]
async fn a_batch_happens_wholly_or_not_at_all_and_in_its_order() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, "a", Standing::NoStream, &[1]).await.expect("it is written");
    let batch = |b: Standing| Batch {
        streams: vec![
            (StreamName::new("a"), Standing::Revision(0)),
            (StreamName::new("b"), b),
            (StreamName::new("c"), Standing::NoStream),
        ],
        records: vec![(1, record(2)), (0, record(3)), (1, record(4))],
        revives: true,
        thorough: false,
    };
    let refused = store.write(batch(Standing::Exists)).await;
    assert!(matches!(refused, Err(Refused::Conflict { stream: 1, .. })), "{refused:?}");
    assert_eq!(everything(&store).await.len(), 1);

    let written = store.write(batch(Standing::NoStream)).await.expect("it is written");
    let revisions: Vec<_> = written.iter().map(|written| written.revision).collect();
    assert_eq!(revisions, [Some(1), Some(1), None]);
    let order: Vec<u128> =
        everything(&store).await.iter().map(|record| record.id.as_u128()).collect();
    assert_eq!(order, [1, 2, 3, 4]);
    let again = store.write(batch(Standing::NoStream)).await.expect("it is known");
    assert!(again[0].repeated && again[1].repeated);
    assert_eq!(everything(&store).await.len(), 4);
}

#[tokio::test]
async fn the_port_sees_the_facts_of_tenants_alone() {
    let folder = folder();
    let store = open(folder.path());
    append(&store, &stream(1), Expected::NoStream, &["a"]).await;
    write(&store, "foreign", Standing::Any, &[1]).await.expect("it is written");
    write(&store, "$$thing", Standing::Any, &[2]).await.expect("it is written");
    append(&store, &stream(2), Expected::NoStream, &["b"]).await;
    let name = StreamName::new(stream(1).as_str());
    store.erase(&name, Standing::Any, Deletion::Tombstone).await.expect("it is deleted");
    let page = store.read_all(Position(0), &Filter::every_tenant(&[]), 100).await.expect("a page");
    let facts: Vec<_> = page.facts.iter().map(|fact| fact.id).collect();
    assert_eq!(facts, [event("b").id]);
    assert_eq!(page.next, Position(5), "the rest was considered");
    assert_eq!(&*everything(&store).await.last().expect("records").kind, TOMBSTONE);
}

#[tokio::test]
async fn metadata_says_what_can_be_read() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, "a", Standing::Any, &[1, 2, 3, 4, 5]).await.expect("it is written");
    for (json, left) in [
        (r#"{"$maxCount":2}"#, &[3, 4][..]),
        (r#"{"$tb":4}"#, &[4]),
        (r#"{"$maxAge":1000}"#, &[0, 1, 2, 3, 4]),
        (r#"{"$tb":1,"$maxCount":9}"#, &[1, 2, 3, 4]),
    ] {
        let name = StreamName::new("$$a");
        let mut metadata = described(json);
        metadata.id = Uuid::from_u128(json.len() as u128 + 1000);
        let batch = Batch::one(name, Standing::Any, vec![metadata]);
        store.write(batch).await.expect("it is written");
        assert_eq!(revisions(&store, "a", Direction::Forwards).await, left, "{json}");
        let mut backwards = revisions(&store, "a", Direction::Backwards).await;
        backwards.reverse();
        assert_eq!(backwards, left, "{json}");
        assert_eq!(revisions(&store, "$$a", Direction::Forwards).await.len(), 1, "the newest");
    }
}

#[tokio::test]
async fn a_deleted_stream_is_not_found_until_it_begins_anew() {
    let folder = folder();
    let store = open(folder.path());
    let name = StreamName::new("a");
    let nothing = store.erase(&name, Standing::Any, Deletion::Soft).await;
    assert!(matches!(nothing, Err(Refused::Conflict { .. })), "there is nothing to delete");
    write(&store, "a", Standing::Any, &[1, 2]).await.expect("it is written");
    let wrong = store.erase(&name, Standing::Revision(0), Deletion::Soft).await;
    assert!(matches!(wrong, Err(Refused::Conflict { .. })));
    store.erase(&name, Standing::Revision(1), Deletion::Soft).await.expect("it is deleted");
    let found = store.stretch(&name, Some(0), Direction::Forwards, 10).await;
    assert!(matches!(found, Ok(Stretch::NotFound)), "{found:?}");
    let metadata = everything(&store).await;
    assert_eq!(metadata[0].data, br#"{"$tb":9223372036854775807}"#);

    let missing = write(&store, "a", Standing::Exists, &[3]).await;
    assert!(matches!(missing, Err(Refused::Conflict { .. })));
    let anew = write(&store, "a", Standing::NoStream, &[3]).await.expect("it begins anew");
    assert_eq!(anew.revision, Some(2), "revisions go on");
    assert_eq!(revisions(&store, "a", Direction::Forwards).await, [2]);
    assert_eq!(everything(&store).await[1].data, br#"{"$tb":2}"#);
    store.erase(&name, Standing::Exists, Deletion::Tombstone).await.expect("for good");
    let found = store.stretch(&name, Some(0), Direction::Forwards, 10).await;
    assert!(matches!(found, Ok(Stretch::Tombstoned)), "{found:?}");
    let never = write(&store, "a", Standing::Any, &[4]).await;
    assert!(matches!(never, Err(Refused::Tombstoned { stream: 0 })));
}

/// Makes a file as the first format had it.
fn of_the_first_format(folder: &Path) {
    drop(open(folder));
    let conn = Connection::open(folder.join("log.sqlite")).expect("the file");
    conn.execute_batch(
        "ALTER TABLE events DROP COLUMN created; ALTER TABLE events DROP COLUMN content;
         PRAGMA user_version = 1;
         INSERT INTO streams (name) VALUES ('thing-tenant_00000000000000000000000000.1');
         INSERT INTO kinds (name) VALUES ('thing-made.v1');
         INSERT INTO events VALUES (1, 1, 0, 1, x'00000000000000000000000000000007', x'7b7d', x'7b7d');",
    )
    .expect("the first format");
}

#[tokio::test]
async fn a_file_of_the_first_format_is_upgraded_and_holds_what_it_held() {
    let folder = folder();
    of_the_first_format(folder.path());
    for _ in 0..2 {
        let store = open(folder.path());
        let facts = store.read(&stream(1), 0, 10).await.expect("facts");
        assert_eq!(facts.iter().map(|fact| fact.id.as_u128()).collect::<Vec<_>>(), [7]);
        let record = &everything(&store).await[0];
        assert_eq!((record.created, record.content), (0, Content::Json));
        store.close().await;
    }
    let store = open(folder.path());
    append(&store, &stream(1), Expected::Revision(0), &["b"]).await;
    assert!(everything(&store).await[1].created > 0);
}

#[tokio::test]
async fn a_thorough_write_tells_all_that_is_not_as_expected() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, "a", Standing::NoStream, &[1, 2]).await.expect("nothing is there");
    write(&store, "gone", Standing::NoStream, &[3]).await.expect("nothing is there");
    let gone = StreamName::new("gone");
    store.erase(&gone, Standing::Any, Deletion::Tombstone).await.expect("it is deleted");
    let batch = |expected: &[(&str, Standing)]| Batch {
        streams: [("new", Standing::Any)]
            .iter()
            .chain(expected)
            .map(|(name, standing)| (StreamName::new(name), *standing))
            .collect(),
        records: vec![(0, record(9))],
        revives: true,
        thorough: true,
    };
    let all = [
        ("a", Standing::Revision(7)),
        ("gone", Standing::Exists),
        ("none", Standing::Exists),
        ("b", Standing::NoStream),
    ];
    let refused = store.write(batch(&all)).await;
    let Err(Refused::Unmet(unmet)) = refused else { panic!("{refused:?}") };
    assert_eq!(unmet.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(unmet[0].1.newest(), Some(1), "each says where it stands");
    let stretch = store.stretch(&StreamName::new("new"), None, Direction::Backwards, 1).await;
    assert!(matches!(stretch, Ok(Stretch::NotFound)), "nothing was written");

    let met = [("a", Standing::Revision(1)), ("gone", Standing::NoStream)];
    store.write(batch(&met)).await.expect("a stream that is gone for good holds nothing");
    let mut written = batch(&[]);
    written.streams[0].0 = gone;
    let written = store.write(written).await;
    assert!(matches!(written, Err(Refused::Tombstoned { stream: 0 })), "{written:?}");
}
