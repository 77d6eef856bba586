//! Disks without room and folders that take nothing: nothing is half applied, what is there can be
//! read, and all goes on, without being opened again by anybody, when the fault is over.

use std::{error::Error, time::Duration};

use kernel::Position;
use readmodel::{Applied, Embedded, EmbeddedOptions, ReadModelError, ReadModels};
use tempfile::TempDir;

use crate::{
    SLOT,
    disk::{Disk, Locked},
    steps,
};

/// How long the store may take to find that it can go on.
const PATIENCE: Duration = Duration::from_mins(1);

/// Takes the next so many steps.
async fn step(store: &Embedded, count: u64) -> Result<(), ReadModelError> {
    let at = store.checkpoint(SLOT).await?;
    let next = Position(at.0 + count);
    let applied = store.apply(SLOT, &steps::changes(at.0..next.0), at, next).await?;
    assert_eq!(applied, Applied::Done);
    Ok(())
}

/// Why nothing is applied.
fn why(refused: &ReadModelError) -> String {
    assert!(matches!(refused, ReadModelError::Unavailable(_)), "{refused:?}");
    refused.source().map(ToString::to_string).unwrap_or_default()
}

async fn goes_on(store: &Embedded) {
    let trying = async {
        while step(store, 10).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, trying).await.expect("it goes on");
    steps::assert_consistent(store, SLOT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_disk_is_nearly_full_nothing_is_applied_until_there_is_room() {
    let Some(disk) = Disk::of(64) else { return };
    let store = Embedded::open(&EmbeddedOptions::new(disk.path().join("models"))).unwrap();
    step(&store, 10).await.unwrap();
    disk.fill_but(16 << 20);
    // What was seen a moment ago holds for a moment.
    let refused = loop {
        if let Err(refused) = step(&store, 10).await {
            break refused;
        }
    };
    assert!(why(&refused).contains("is full"), "{refused:?}");
    steps::assert_consistent(&store, SLOT).await;
    assert!(store.flush().await.is_err(), "an end in good order does not wait for room");
    disk.make_room();
    step(&store, 10).await.expect("it goes on at once");
    steps::assert_consistent(&store, SLOT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_writes_that_failed_on_a_full_disk_the_store_goes_on_when_there_is_room() {
    // Through the journal, and into files of their own.
    for bulk in [usize::MAX, 30] {
        let Some(disk) = Disk::of(64) else { return };
        let options = EmbeddedOptions::new(disk.path().join("models"));
        let options = EmbeddedOptions { reserve: 0, memtable: 64 << 10, bulk, ..options };
        let store = Embedded::open(&options).unwrap();
        for round in 0..3 {
            step(&store, 10).await.unwrap();
            disk.fill();
            while step(&store, 100).await.is_ok() {}
            let refused = step(&store, 100).await.expect_err("the disk is full still");
            assert!(!why(&refused).contains("is full"), "nobody looked: {refused:?}");
            steps::assert_consistent(&store, SLOT).await;
            disk.make_room();
            goes_on(&store).await;
            assert!(store.checkpoint(SLOT).await.unwrap() > Position(round * 10));
        }
        store.flush().await.unwrap();
        drop(store);
        steps::assert_consistent(&Embedded::open(&options).unwrap(), SLOT).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_folder_that_is_locked_nothing_is_applied_until_it_is_open() {
    let folder = TempDir::new().unwrap();
    let store = Embedded::open(&EmbeddedOptions::new(folder.path())).unwrap();
    step(&store, 10).await.unwrap();
    let Some(locked) = Locked::at(folder.path()) else { return };
    let refused = loop {
        if let Err(refused) = step(&store, 10).await {
            break refused;
        }
    };
    assert!(why(&refused).contains("nothing can be written"), "{refused:?}");
    steps::assert_consistent(&store, SLOT).await;
    drop(locked);
    goes_on(&store).await;
}
