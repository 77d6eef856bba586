//! The embedded adapter keeps the promises of the port, and what it applied survives.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

#[path = "../../../tests/src/disk.rs"]
#[expect(dead_code, reason = "shared with tests of other stores")]
mod disk;
#[path = "embedded/full.rs"]
mod full;
#[path = "embedded/steps.rs"]
mod steps;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{Arc, LazyLock, Mutex},
};

use kernel::{Position, TenantId};
use proptest::prelude::*;
use readmodel::{
    Applied, Change, Embedded, EmbeddedOptions, Key, LocalLeases, Model, ModelState, ReadModels,
    Slot, conformance, memory::Memory,
};
use tempfile::TempDir;

const SLOT: Slot = Slot { model: Model { name: "steps", version: 1 }, generation: 1 };

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_keeps_the_promises_of_the_port() {
    let folders = Mutex::new(Vec::new());
    conformance::all(async || {
        let folder = TempDir::new().unwrap();
        let store = Embedded::open(&EmbeddedOptions::new(folder.path())).unwrap();
        folders.lock().unwrap().push(folder);
        Arc::new(store) as Arc<dyn ReadModels>
    })
    .await;
}

#[tokio::test]
async fn the_leases_of_one_process_keep_their_promises() {
    conformance::leases(&LocalLeases::default()).await;
}

fn open(folder: &TempDir) -> Embedded {
    Embedded::open(&EmbeddedOptions::new(folder.path())).unwrap()
}

#[tokio::test]
async fn what_was_applied_is_there_after_reopening() {
    let folder = TempDir::new().unwrap();
    let state = ModelState { active: Some((1, 1)), building: Some((2, 2)) };
    let cleared = Slot { generation: 9, ..SLOT };
    for round in 0..4_u64 {
        let store = open(&folder);
        assert_eq!(store.checkpoint(SLOT).await.unwrap(), Position(round * 10));
        let changes = steps::changes(round * 10..round * 10 + 10);
        let next = Position(round * 10 + 10);
        store.apply(SLOT, &changes, Position(round * 10), next).await.unwrap();
        assert_eq!(store.checkpoint(cleared).await.unwrap(), Position::START);
        store.apply(cleared, &changes, Position(0), Position(1)).await.unwrap();
        store.set_state("steps", state).await.unwrap();
        store.clear(cleared).await.unwrap();
        if round % 2 == 0 {
            store.flush().await.unwrap();
        }
    }
    let store = open(&folder);
    steps::assert_consistent(&store, SLOT).await;
    assert_eq!(store.state("steps").await.unwrap(), state);
    assert_eq!(store.checkpoint(cleared).await.unwrap(), Position::START);
}

#[tokio::test]
async fn many_rows_are_written_out_merged_and_found_again() {
    let folder = TempDir::new().unwrap();
    let options = EmbeddedOptions { memtable: 64 << 10, ..EmbeddedOptions::new(folder.path()) };
    let store = Embedded::open(&options).unwrap();
    for step in 0..100_u64 {
        let changes = steps::changes(step * 100..step * 100 + 100);
        let next = Position(step * 100 + 100);
        store.apply(SLOT, &changes, Position(step * 100), next).await.unwrap();
    }
    steps::assert_consistent(&store, SLOT).await;
    store.flush().await.unwrap();
    drop(store);
    steps::assert_consistent(&Embedded::open(&options).unwrap(), SLOT).await;
}

#[tokio::test]
async fn a_second_process_cannot_open_the_folder() {
    let folder = TempDir::new().unwrap();
    let _held = open(&folder);
    assert!(Embedded::open(&EmbeddedOptions::new(folder.path())).is_err());
}

const CHILD: &str = "READMODEL_KILLED_CHILD";

/// Applies until killed; says on standard output how far it came.
#[tokio::test]
#[ignore = "the child of the test below"]
async fn applies_until_killed() {
    let folder = std::env::var_os(CHILD).expect("is run by the test below");
    // Some applies go through the journal, some into files.
    let options = EmbeddedOptions { bulk: 60, ..EmbeddedOptions::new(folder) };
    let store = Embedded::open(&options).unwrap();
    loop {
        let at = store.checkpoint(SLOT).await.unwrap();
        let next = Position(at.0 + 1 + at.0 % 40);
        let changes = steps::changes(at.0..next.0);
        assert_eq!(store.apply(SLOT, &changes, at, next).await.unwrap(), Applied::Done);
        println!("applied");
    }
}

#[tokio::test]
async fn rows_and_checkpoint_agree_after_each_kill() {
    let folder = TempDir::new().unwrap();
    let mut reached = Position::START;
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "applies_until_killed", "--ignored", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let applied = lines.filter(|line| line.as_ref().unwrap().contains("applied"));
        assert_eq!(applied.take(10 + round * 9).count(), 10 + round * 9);
        child.kill().unwrap();
        child.wait().unwrap();

        let store = open(&folder);
        let at = store.checkpoint(SLOT).await.unwrap();
        assert!(at > reached, "what a process wrote survives its end");
        reached = at;
        steps::assert_consistent(&store, SLOT).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn however_changes_are_split_into_batches_the_rows_are_the_same(
        changes in prop::collection::vec(change(), 0..120),
        cuts in prop::collection::vec(0_usize..120, 0..6),
    ) {
        static STORE: LazyLock<(TempDir, Embedded)> = LazyLock::new(|| {
            let folder = TempDir::new().unwrap();
            let options = EmbeddedOptions { bulk: 12, ..EmbeddedOptions::new(folder.path()) };
            let store = Embedded::open(&options).unwrap();
            (folder, store)
        });
        let store = &STORE.1;
        let mut memory = Memory::default();
        for change in changes.clone() {
            memory.apply(change);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            store.clear(SLOT).await.unwrap();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(changes.len())).collect();
            cuts.extend([0, changes.len()]);
            cuts.sort_unstable();
            for (n, ends) in cuts.windows(2).enumerate() {
                let (at, next) = (Position(n as u64), Position(n as u64 + 1));
                let applied = store.apply(SLOT, &changes[ends[0]..ends[1]], at, next).await.unwrap();
                assert_eq!(applied, Applied::Done);
            }
            let counters = memory.counters.into_iter().map(|(key, n)| (key, n.to_be_bytes().to_vec()));
            let mut expected: Vec<_> = memory.rows.into_iter().chain(counters).collect();
            expected.sort();
            assert_eq!(steps::everything(store, SLOT, &["counts", "rows"]).await, expected);
        });
    }
}

/// Changes that often meet: few ids, in a table of rows and one of counters.
fn change() -> impl Strategy<Value = Change> {
    let id = prop::collection::vec(0_u8..3, 0..3);
    (id, 0..6, -3..9_i64).prop_map(|(id, kind, n)| {
        let row = Key::new(TenantId::PLATFORM, "rows", id.clone());
        let counter = Key::new(TenantId::PLATFORM, "counts", id);
        match kind {
            0 | 1 => Change::Put { key: row, row: n.to_be_bytes().to_vec() },
            2 => Change::Delete { key: row },
            3 => Change::Add { key: counter, by: n },
            _ => Change::Distinct {
                key: counter,
                member: [u8::try_from(n.unsigned_abs()).unwrap(); 16],
            },
        }
    })
}
