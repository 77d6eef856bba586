use std::{
    collections::HashMap,
    env,
    io::{self, BufRead, BufReader, Write as _},
    process::{Command, Stdio},
    sync::Arc,
};

use eventstore::{EventStore, Expected, Filter};
use kernel::{CommandId, Position};
use rusqlite::Connection;
use tokio::task::JoinSet;

use super::{append, folder, open, stream};

const FOLDER: &str = "EVENTSTORE_CRASH_FOLDER";
const ROUND: &str = "EVENTSTORE_CRASH_ROUND";
const WRITERS: usize = 16;
const ROUNDS: usize = 10;

/// Appends until it is killed, and says what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the victim of the crash test, which starts and kills it"]
async fn victim() {
    let (folder, round) = (env::var(FOLDER).expect("set"), env::var(ROUND).expect("set"));
    let store = Arc::new(open(folder.as_ref()));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (store, round) = (Arc::clone(&store), round.clone());
        writers.spawn(async move {
            let stream = stream(format!("{round}.{writer}"));
            for n in 0.. {
                let labels = [format!("{round} {writer} {n} a"), format!("{round} {writer} {n} b")];
                let expected = Expected::after(2 * n);
                let labels = [labels[0].as_str(), labels[1].as_str()];
                let position = append(&store, &stream, expected, &labels).await.position;
                let line = format!("{} {position}\n", labels[1]);
                io::stderr().write_all(line.as_bytes()).expect("somebody listens");
            }
        });
    }
    writers.join_next().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_kill_is_there_once() {
    let folder = folder();
    let mut acknowledged = HashMap::new();
    for round in 0..ROUNDS {
        let mut victim = Command::new(env::current_exe().expect("this test"))
            .args(["--ignored", "--exact", "crashing::victim"])
            .env(FOLDER, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the victim starts");
        let lines = BufReader::new(victim.stderr.take().expect("piped")).lines();
        let mut heard = 0;
        for line in lines {
            let line = line.expect("text");
            let (label, position) = line.rsplit_once(' ').expect("a label and a position");
            let id = CommandId::derived(&[label.as_bytes()]).uuid();
            acknowledged.insert(id, Position(position.parse().expect("a position")));
            heard += 1;
            if heard == 40 + 37 * round {
                victim.kill().expect("it is alive");
            }
        }
        victim.wait().expect("it is dead");
        assert!(heard >= 40 + 37 * round, "the victim was killed, it did not end by itself");

        let store = open(folder.path());
        let (mut after, mut last) = (Position::START, HashMap::new());
        let mut missing = acknowledged.clone();
        loop {
            let page =
                store.read_all(after, &Filter::every_tenant(&[]), 500).await.expect("a page");
            for fact in page.facts {
                assert_eq!(fact.position.0, after.0 + 1, "positions have no gap");
                after = fact.position;
                let next = last.entry(fact.stream.clone()).or_insert(0);
                assert_eq!(fact.revision, *next, "revisions have no gap");
                *next += 1;
                if let Some(position) = missing.remove(&fact.id) {
                    assert_eq!(position, fact.position, "where it was said to be");
                }
            }
            if page.at_head {
                break;
            }
        }
        assert!(missing.is_empty(), "round {round}: {} writes are lost", missing.len());
        assert!(last.values().all(|count| count % 2 == 0), "writes are there wholly or not at all");
        store.close().await;
        let file = Connection::open(folder.path().join("log.sqlite")).expect("the file");
        let check = file.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
        assert_eq!(check.expect("a check"), "ok", "round {round}");
    }
}
