//! A whole Laurel on a disk without room, on one that is read only, and in a folder that is locked.

use std::time::{Duration, Instant};

use laurel::{
    demo,
    partner::Partner,
    process::{Process, Wiring, operator_token_of},
};
use serde_json::{Value, json};
use tests::{
    disk::{Disk, Locked},
    load,
};

use crate::{observed, platform};

/// How long something may take to show.
const PATIENCE: Duration = Duration::from_mins(1);

/// The check of that name in what the platform is told, once the process is ready or is not.
async fn check(process: &Process, ready: bool, name: &str) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let (status, text) = platform(process, "/-/ready").await;
        if (status == 200) == ready {
            let report: Value = serde_json::from_str(&text).unwrap();
            let checks = report["checks"].as_array().unwrap();
            return checks.iter().find(|check| check["name"] == name).unwrap().clone();
        }
        assert!(Instant::now() < until, "{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks for an award; its id, or the code of the refusal, which says that another try may succeed.
async fn give(partner: &Partner, badge: &str, address: &str) -> Result<String, String> {
    let answer = partner.send(load::AWARD, load::award(badge, address, false)).await.unwrap();
    if let Some(id) = answer["data"]["awardCreate"]["award"]["id"].as_str() {
        return Ok(id.to_owned());
    }
    let refused = &answer["errors"][0]["extensions"];
    assert_eq!(refused["retryable"], json!(true), "{answer}");
    Err(refused["code"].as_str().unwrap().to_owned())
}

async fn give_in_the_end(partner: &Partner, badge: &str, address: &str) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        match give(partner, badge, address).await {
            Ok(id) => return id,
            Err(code) => assert!(Instant::now() < until, "{code}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks until everything that was given is listed.
async fn listed(partner: &Partner, given: usize) -> Vec<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let listed = load::every_award(partner).await;
        if listed.len() >= given {
            return listed;
        }
        assert!(Instant::now() < until, "{} of {given} are listed", listed.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_commands_are_refused_whole_reads_go_on_and_all_heals_with_room() {
    let Some(disk) = Disk::of(128) else { return };
    let data = disk.path().join("data");
    let process = Process::start(observed(&data), Wiring::Local).await.unwrap();
    process.ready().await;
    let guest = Partner::new(process.front().unwrap().url()).unwrap();
    let operator = operator_token_of(process.context());
    let demo::Seeded { partner, badge, .. } =
        demo::organization(&guest, &operator, &data).await.unwrap();
    let mut given = std::collections::BTreeMap::new();
    let first = "first@example.org".to_owned();
    given.insert(first.clone(), give(&partner, &badge, &first).await.unwrap());
    listed(&partner, 1).await;

    disk.fill();
    let mut number = 0;
    let refused = loop {
        let address = format!("person.{number}@example.org");
        match give(&partner, &badge, &address).await {
            Ok(id) => given.insert(address, id),
            Err(code) => {
                assert_eq!(code, "UNAVAILABLE");
                break address;
            }
        };
        number += 1;
    };
    let check_of_disk = check(&process, false, "disk").await;
    assert!(check_of_disk["why"].as_str().unwrap().contains("is full"), "{check_of_disk}");
    let seen = load::every_award(&partner).await;
    assert!(seen.iter().any(|award| award["recipient"]["email"] == *first), "{seen:?}");

    disk.make_room();
    let id = give_in_the_end(&partner, &badge, &refused).await;
    given.insert(refused, id);
    check(&process, true, "disk").await;
    let holders = load::holders(&listed(&partner, given.len()).await, &given);
    assert_eq!(holders.len(), given.len(), "what was refused was not half done");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_read_only_disk_it_does_not_start_and_says_why() {
    let Some(disk) = Disk::of(128) else { return };
    let data = disk.path().join("data");
    let process = Process::start(observed(&data), Wiring::Local).await.unwrap();
    process.ready().await;
    process.stop().await;
    let until = Instant::now() + PATIENCE;
    while !disk.set_read_only(true) {
        assert!(Instant::now() < until, "files stay open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let refused = Process::start(observed(&data), Wiring::Local).await.err();
    let refused = format!("{:#}", refused.expect("nothing can be written"));
    assert!(refused.contains("mount it for writing"), "{refused}");
    assert!(disk.set_read_only(false));
    let process = Process::start(observed(&data), Wiring::Local).await.unwrap();
    process.ready().await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_folder_that_is_locked_under_it_nothing_is_lost_and_all_heals_when_it_is_open() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(observed(data.path()), Wiring::Local).await.unwrap();
    process.ready().await;
    let guest = Partner::new(process.front().unwrap().url()).unwrap();
    let operator = operator_token_of(process.context());
    let demo::Seeded { partner, badge, .. } =
        demo::organization(&guest, &operator, data.path()).await.unwrap();
    let first = give(&partner, &badge, "first@example.org").await.unwrap();
    listed(&partner, 1).await;

    let Some(locked) = Locked::at(data.path()) else { return };
    let check_of_disk = check(&process, false, "disk").await;
    let why = check_of_disk["why"].as_str().unwrap();
    assert!(why.contains("nothing can be written"), "{why}");
    // Either it is in the log, or it was refused whole.
    let second = give(&partner, &badge, "second@example.org").await;
    let seen = load::every_award(&partner).await;
    assert!(seen.iter().any(|award| award["id"] == *first), "{seen:?}");

    drop(locked);
    let again = give_in_the_end(&partner, &badge, "second@example.org").await;
    assert!(second.is_err() || second == Ok(again.clone()), "{second:?}");
    check(&process, true, "disk").await;
    let given = [("first@example.org".into(), first), ("second@example.org".into(), again)].into();
    assert_eq!(load::holders(&listed(&partner, 2).await, &given).len(), 2);
    process.stop().await;
}
