use std::{fs, path::Path, sync::Arc};

use eventstore::{
    Damage, Deletion, Embedded, EventStore, Expected, NewEvent, OpenError, Write, copy_log, glance,
    inspect_log,
};
use kernel::{Actor, CommandId, Envelope, Position, TenantId, Timestamp};
use rusqlite::Connection;

use super::{folder, open, stream};

/// What stands in the fact and nowhere else.
fn marked(n: u64) -> NewEvent {
    let id = CommandId::derived(&[&n.to_be_bytes()]);
    let envelope = Envelope {
        tenant: TenantId::PLATFORM,
        actor: Actor::system("tests"),
        command: id,
        fingerprint: None,
        correlation: None,
        causation: None,
        traceparent: None,
        at: Timestamp::from_unix_millis(1_700_000_000_000),
    };
    let metadata = serde_json::to_vec(&envelope).expect("JSON");
    let data = format!(r#"{{"label":"marker-{n}-end"}}"#).into_bytes();
    NewEvent { id: id.uuid(), kind: "thing-made.v1".into(), data, metadata }
}

async fn write(store: &Embedded, n: u64) -> Position {
    let (stream, expected) = (stream(n), Expected::NoStream);
    let mut answers = store.append(vec![Write { stream, expected, events: vec![marked(n)] }]).await;
    answers.remove(0).expect("the write succeeds").position
}

fn holds(file: &Path, text: &str) -> bool {
    let bytes = fs::read(file).expect("the file");
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_taken_under_load_is_sound_and_has_all_that_was_acknowledged_before() {
    let (data, backup) = (folder(), folder());
    let store = Arc::new(open(data.path()));
    for n in 0..200 {
        write(&store, n).await;
    }
    let (begun, mut heard) = tokio::sync::watch::channel(0);
    let writing = {
        let store = Arc::clone(&store);
        async move {
            let mut n = 200;
            while !begun.is_closed() {
                begun.send_replace(write(&store, n).await.0);
                n += 1;
            }
            n
        }
    };
    let copying = async {
        for round in 0..5 {
            heard.changed().await.expect("somebody writes");
            let acknowledged = *heard.borrow();
            let file = backup.path().join(format!("{round} ?#%.sqlite"));
            let source = data.path().to_owned();
            let into = file.clone();
            let copied = tokio::task::spawn_blocking(move || copy_log(&source, &into))
                .await
                .expect("runs")
                .expect("copies");
            assert!(copied.0 >= acknowledged, "{copied} is before {acknowledged}");
            let mut seen = 0;
            let found = inspect_log(&file, |fact| {
                seen += 1;
                assert_eq!(fact.position.0, seen);
                Ok(())
            });
            let found = found.expect("sound");
            assert_eq!((found.head, found.facts, found.deleted), (copied, copied.0, 0));
        }
        drop(heard);
    };
    let (written, ()) = tokio::join!(writing, copying);
    assert!(written > 205, "there was load: {written}");
    let beside = fs::read_dir(backup.path()).expect("the folder").count();
    assert_eq!(beside, 5, "a look makes no files");
}

#[tokio::test]
async fn a_copy_opens_as_a_store_that_goes_on_and_holds_nothing_that_was_deleted() {
    let (data, backup) = (folder(), folder());
    let store = open(data.path());
    for n in 0..3 {
        write(&store, n).await;
    }
    store.delete(&stream(1), Expected::Revision(0), Deletion::Soft).await.expect("deletes");
    fs::create_dir(backup.path().join("events")).expect("a folder");
    let file = backup.path().join("events/log.sqlite");
    assert_eq!(copy_log(data.path(), &file).expect("copies"), Position(3));
    assert!(holds(&file, "marker-0-end") && holds(&file, "marker-2-end"));
    assert!(!holds(&file, "marker-1-end"), "deleted content is in the copy");
    let seen = glance(data.path()).expect("a log in use");
    assert_eq!((seen.format, seen.head), (2, Position(3)));
    assert!(seen.written > 1_700_000_000_000);
    assert!(glance(backup.path()).is_err(), "there is no log");
    let found = inspect_log(&file, |_| Ok(())).expect("sound");
    assert_eq!((found.facts, found.deleted), (2, 1));
    assert!(matches!(copy_log(data.path(), &file), Err(OpenError::Folder { .. })), "it is there");

    let restored = open(&backup.path().join("events"));
    assert_eq!(restored.head().await.expect("a head"), Position(3));
    assert_eq!(restored.read(&stream(0), 0, 9).await.expect("facts")[0].data, marked(0).data);
    assert_eq!(write(&restored, 7).await, Position(4));
}

#[tokio::test]
async fn every_damage_is_found() {
    let (data, backup) = (folder(), folder());
    let store = open(data.path());
    for n in 0..500 {
        write(&store, n).await;
    }
    let sound = backup.path().join("sound");
    copy_log(data.path(), &sound).expect("copies");
    let damaged = |sql: &str| {
        let file = backup.path().join("damaged");
        fs::copy(&sound, &file).expect("copies");
        Connection::open(&file).expect("opens").execute_batch(sql).expect("damages");
        inspect_log(&file, |_| Ok(())).expect_err("damaged")
    };
    let gap = damaged("DELETE FROM events WHERE pos = 250");
    assert!(matches!(&gap, Damage::Gap(what) if what.contains("250")), "{gap}");
    let revision = damaged("UPDATE events SET rev = 1 WHERE pos = 250");
    assert!(matches!(&revision, Damage::Gap(_)), "{revision}");
    for sql in [
        "UPDATE events SET data = x'7b' WHERE pos = 250",
        "UPDATE events SET meta = CAST('{}' AS BLOB) WHERE pos = 250",
    ] {
        let unreadable = damaged(sql);
        assert!(matches!(&unreadable, Damage::Fact(fact) if fact.position.0 == 250), "{sql}");
    }
    for sql in ["DELETE FROM streams WHERE id = 250", "DELETE FROM kinds"] {
        let unreadable = damaged(sql);
        assert!(matches!(&unreadable, Damage::Record(..)), "{sql}: {unreadable}");
    }
    let newer = damaged("PRAGMA user_version = 99");
    assert!(matches!(newer, Damage::Open(OpenError::Newer { found: 99, .. })));
    let foreign = damaged("PRAGMA application_id = 1");
    assert!(matches!(foreign, Damage::Open(OpenError::Foreign(_))));

    let mut bytes = fs::read(&sound).expect("the copy");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0x55);
    let file = backup.path().join("scratched");
    fs::write(&file, bytes).expect("writes");
    let scratched = inspect_log(&file, |_| Ok(())).expect_err("damaged");
    assert!(matches!(scratched, Damage::Pages(_)), "{scratched}");

    let refused =
        inspect_log(
            &sound,
            |fact| {
                if fact.position.0 == 9 { Err("no key".into()) } else { Ok(()) }
            },
        );
    assert!(matches!(refused, Err(Damage::Refused(Position(9), _))));
    let nothing = copy_log(backup.path(), &backup.path().join("none"));
    assert!(matches!(nothing, Err(OpenError::Folder { .. })), "there is no store");
}
