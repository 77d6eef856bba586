//! What a running process does when something around it fails; and the table of faults for
//! operators, whose every test is there.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

#[path = "faults/disks.rs"]
mod disks;

use std::{fs, path::Path, time::Duration};

use eventstore::{Expected, NewEvent, StreamId, Write};
use kernel::TenantId;
use laurel::{
    demo,
    partner::Partner,
    process::{self, Process, Wiring, operator_token_of},
    projection,
};
use runtime::{Config, Flags, config::Ops};
use serde_json::Value;
use tests::{fold, load};
use uuid::Uuid;

const KIND: &str = "award-broken.v1";

/// Some of those that need the fact: a read model and a policy.
const STAND: [&str; 2] = ["awards", "awarding-mail"];

fn observed(data: &Path) -> Config {
    let ops = Some(Ops { listen: ([127, 0, 0, 1], 0).into() });
    Config { ops, ..tests::config(data).unwrap() }
}

/// What the platform is told at that path.
async fn platform(process: &Process, path: &str) -> (u16, String) {
    let ops = process.addresses()["ops"].as_str().unwrap().to_owned();
    let answer = reqwest::get(format!("http://{ops}{path}")).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The models and policies in which somebody stands still, once there are these.
async fn standing(process: &Process) -> Vec<String> {
    let look = async {
        loop {
            let (status, text) = platform(process, "/-/ready").await;
            let report: Value = serde_json::from_str(&text).unwrap();
            let checks = report["checks"].as_array().unwrap();
            let stand = |check: &&Value| {
                let named = check["standing"][0].as_str().unwrap_or_default();
                assert_eq!(named.contains(KIND), named.contains("cannot be read"), "{named}");
                named.contains(KIND)
            };
            let models: Vec<_> = checks.iter().filter(stand).collect();
            let there = |name: &&str| models.iter().any(|check| check["name"] == *name);
            if STAND.iter().all(there) {
                assert_eq!(status, 503);
                assert!(models.iter().all(|check| check["ok"] == false), "{report}");
                let name = |check: &&Value| check["name"].as_str().unwrap().to_owned();
                return models.iter().map(name).collect();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), look).await.expect("it is noticed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_nobody_can_read_is_named_and_alerts_while_other_tenants_go_on_until_it_is_skipped()
{
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(observed(data.path()), Wiring::Local).await.unwrap();
    process.ready().await;
    assert_eq!(platform(&process, "/-/ready").await.0, 200);
    let guest = Partner::new(process.front().unwrap().url()).unwrap();
    let operator = operator_token_of(process.context());
    let seeded = demo::organization(&guest, &operator, data.path()).await.unwrap();

    let other = TenantId::from_uuid(Uuid::from_u128(7));
    let stream = StreamId::named("award", other, "award_01h455vb4pex5vsknk084sn02q");
    let event = NewEvent {
        id: Uuid::from_u128(7),
        kind: KIND.to_owned(),
        data: b"{}".to_vec(),
        metadata: b"{}".to_vec(),
    };
    let write = Write { stream, expected: Expected::NoStream, events: vec![event] };
    let mut written = process.context().stores.events.append(vec![write]).await;
    let position = written.remove(0).unwrap().position;
    for projection in process::projections() {
        let view = process.context().views.view(projection.model());
        view.wait(position, Duration::from_mins(1)).await.expect("others go on");
    }
    let position = position.0;

    let models = standing(&process).await;
    let (_, metrics) = platform(&process, "/metrics").await;
    for metric in ["laurel_projection_failed", "laurel_projection_standing"] {
        for model in STAND {
            let line = format!("{metric}{{model=\"{model}\"}} 1");
            assert!(metrics.contains(&line), "no {line} in {metrics}");
        }
    }
    let input = load::award(&seeded.badge, "goes.on@example.org", true);
    let before = load::every_award(&seeded.partner).await.len();
    seeded.partner.ask(load::AWARD, input).await.unwrap();
    let look = async { while load::every_award(&seeded.partner).await.len() <= before {} };
    tokio::time::timeout(Duration::from_mins(1), look).await.expect("the award is listed");
    let context = process.context();
    let told = |facts: Vec<eventstore::RecordedEvent>| {
        facts.iter().any(|fact| &*fact.kind == "award-notified.v1")
    };
    let look = async {
        while !told(fold::facts(context).await.unwrap()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), look).await.expect("the letter is sent");
    process.stop().await;

    for model in models {
        let flags = Flags { data: Some(data.path().to_owned()), ..Flags::default() };
        let (by, reason) = ("ticket 7".to_owned(), "written by a broken tool".to_owned());
        let skip = projection::Command::Skip { model, position, by, reason, flags, json: false };
        projection::run(skip).await.unwrap();
    }
    let process = Process::start(observed(data.path()), Wiring::Local).await.unwrap();
    let models = &process.context().stores.models;
    let look = async {
        while !awarding::standing(&**models).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), look).await.expect("the policy goes on");
    process.ready().await;
    assert_eq!(platform(&process, "/-/ready").await.0, 200);
    let facts = fold::facts(process.context()).await.unwrap();
    let decided = facts.iter().find(|fact| &*fact.kind == readmodel::skips::KIND).unwrap();
    let decided: readmodel::skips::Skip = serde_json::from_slice(&decided.data).unwrap();
    assert_eq!((decided.position, &*decided.decided_by), (position, "ticket 7"));
    process.stop().await;
}

/// Every `` [`test`](path) `` of the table.
fn citations(table: &str) -> Vec<(&str, &str)> {
    let cited = table.split("[`").skip(1).filter_map(|rest| {
        let (test, rest) = rest.split_once("`](")?;
        Some((test, rest.split_once(')')?.0))
    });
    cited.collect()
}

#[test]
fn every_test_that_the_table_of_faults_names_is_there_and_no_cell_is_empty() {
    let table = include_str!("../docs/operations/faults.md");
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations"));
    let cited = citations(table);
    assert!(cited.len() > 30, "only {} tests are named", cited.len());
    for (test, path) in cited {
        let source = fs::read_to_string(docs.join(path));
        let source = source.unwrap_or_else(|error| panic!("{path} cannot be read: {error}"));
        let (before, _) = source
            .split_once(&format!("fn {test}("))
            .unwrap_or_else(|| panic!("{path} has no {test}"));
        let nearby = before.lines().rev().take(4);
        let is_test = nearby.take_while(|line| *line != "}").any(|line| line.contains("test"));
        let is_conformance = path.contains("/conformance/");
        assert!(is_test || is_conformance, "{test} in {path} is no test");
    }
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.contains("---")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{line}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
    }
}
