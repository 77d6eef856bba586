use std::fs;

use eventstore::{
    AppendError, Deletion, Embedded, EmbeddedOptions, EventStore, Expected, Filter, OpenError,
    Signal, StoreError, Write,
};
use futures_util::StreamExt;
use kernel::Position;
use rusqlite::Connection;

use super::{append, event, folder, open, stream};

#[tokio::test]
async fn a_store_opened_again_holds_what_it_held() {
    let folder = folder();
    let store = open(folder.path());
    append(&store, &stream(1), Expected::NoStream, &["a", "b"]).await;
    append(&store, &stream(2), Expected::NoStream, &["c"]).await;
    store.delete(&stream(2), Expected::Revision(0), Deletion::Tombstone).await.expect("deletes");
    append(&store, &stream(3), Expected::NoStream, &["d"]).await;
    store.delete(&stream(3), Expected::Revision(0), Deletion::Soft).await.expect("deletes");
    store.close().await;
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.head().await.expect("a head"), Position(4));
    let facts = store.read(&stream(1), 0, 10).await.expect("facts");
    assert_eq!(
        facts.iter().map(|fact| fact.id).collect::<Vec<_>>(),
        [event("a").id, event("b").id]
    );
    assert!(matches!(store.read(&stream(2), 0, 10).await, Err(StoreError::Deleted)));
    assert!(append(&store, &stream(1), Expected::NoStream, &["a", "b"]).await.repeated);
    let on = append(&store, &stream(3), Expected::NoStream, &["e"]).await;
    assert_eq!((on.position, on.revision), (Position(5), 1));
}

#[tokio::test]
async fn a_folder_in_use_is_refused_until_it_is_released() {
    let folder = folder();
    let store = open(folder.path());
    let second = Embedded::open(EmbeddedOptions::at(folder.path()));
    assert!(matches!(second, Err(OpenError::InUse(_))));
    store.close().await;
    let second = open(folder.path());
    append(&second, &stream(1), Expected::NoStream, &["a"]).await;
    drop(second);
    drop(open(folder.path()));
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = folder();
    let store = open(folder.path());
    append(&store, &stream(1), Expected::NoStream, &["a"]).await;
    let mut signals = store.subscribe(Position(1), Filter::every_tenant(&[]));
    assert!(matches!(signals.next().await, Some(Ok(Signal::CaughtUp(Position(1))))));
    store.close().await;
    assert!(matches!(signals.next().await, Some(Err(StoreError::Closed))));
    assert!(signals.next().await.is_none());
    assert!(matches!(store.head().await, Err(StoreError::Closed)));
    assert!(matches!(store.read(&stream(1), 0, 1).await, Err(StoreError::Closed)));
    let filter = Filter::every_tenant(&[]);
    assert!(matches!(store.read_all(Position(0), &filter, 1).await, Err(StoreError::Closed)));
    let events = vec![event("b")];
    let write = Write { stream: stream(2), expected: Expected::NoStream, events };
    let answers = store.append(vec![write]).await;
    assert!(matches!(answers[..], [Err(AppendError::Unavailable(_))]));
    store.close().await;
}

#[test]
fn a_file_of_newer_software_or_of_something_else_is_refused_untouched() {
    let folder = folder();
    drop(open(folder.path()));
    let file = folder.path().join("log.sqlite");
    let change = |sql| {
        Connection::open(&file).and_then(|conn| conn.execute_batch(sql)).expect("the change");
        (fs::read(&file).expect("the file"), Embedded::open(EmbeddedOptions::at(folder.path())))
    };
    let (before, opened) = change("PRAGMA user_version = 99");
    assert!(matches!(opened, Err(OpenError::Newer { found: 99, .. })));
    assert_eq!(fs::read(&file).expect("the file"), before);
    let (before, opened) = change("PRAGMA application_id = 5");
    assert!(matches!(opened, Err(OpenError::Foreign(_))));
    assert_eq!(fs::read(&file).expect("the file"), before);

    fs::write(&file, [7; 9000]).expect("no database");
    let opened = Embedded::open(EmbeddedOptions::at(folder.path()));
    assert!(matches!(opened, Err(OpenError::Database { .. })));
}

#[tokio::test]
async fn the_bytes_of_a_deleted_stream_are_in_no_file() {
    let folder = folder();
    let store = open(folder.path());
    let secret = |n: usize| format!("s3cret-{n}-{}", "x".repeat(n * 700));
    for n in 0..20 {
        append(&store, &stream(n % 2), Expected::after(n as u64 / 2), &[&secret(n)]).await;
    }
    let held = |needle: &str| {
        let files = fs::read_dir(folder.path()).expect("the folder");
        files
            .filter_map(|file| fs::read(file.ok()?.path()).ok())
            .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle.as_bytes()))
    };
    assert!(held("s3cret-5-") && held("s3cret-6-"), "the search finds what is there");
    store.delete(&stream(1), Expected::Revision(9), Deletion::Soft).await.expect("deletes");
    for n in 0..20 {
        assert_eq!(held(&format!("s3cret-{n}-")), n % 2 == 0, "fact {n}");
    }
    store.delete(&stream(0), Expected::Revision(9), Deletion::Tombstone).await.expect("deletes");
    assert!(!held("s3cret-"));
    drop(store);
    assert!(!held("s3cret-"));
}
