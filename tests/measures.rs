//! What a process measures can be read, and is what the manual lists.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use laurel::{demo, process::Wiring};
use runtime::config::Ops;
use serde_json::json;
use tests::{House, config, payload};

use super::{ERRORS, award_create, logs};

/// What is there after the journey, however little happens besides; the rest takes certificates,
/// other processes, or a collector.
const EXPECTED: [&str; 12] = [
    "laurel_graphql_duration_seconds_count{operation=\"mutation\",outcome=\"done\"}",
    "laurel_graphql_duration_seconds_count{operation=\"query\",outcome=\"rejected\"}",
    "laurel_graphql_unreadable_total",
    "laurel_throttled_total{limit=\"sign_in_link\"}",
    "laurel_allowance_used_ratio{limit=\"graphql\"}",
    "laurel_flush_duration_seconds_count",
    "laurel_outbox_waiting{policy=\"awarding-mail\"}",
    "laurel_outbox_oldest_timestamp_seconds{policy=\"awarding-mail\"}",
    "laurel_status_lists_total{outcome=\"given\"}",
    "laurel_status_list_age_seconds",
    "laurel_status_list_valid_seconds",
    "laurel_signing_key_age_seconds{kind=\"ed25519\"}",
];

/// The value of a series.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured_can_be_read_and_stands_in_the_manual() {
    let data = tempfile::tempdir().unwrap();
    let config = runtime::Config {
        ops: Some(Ops { listen: ([127, 0, 0, 1], 0).into() }),
        ..config(data.path()).unwrap()
    };
    let house = House::open_as(config, data, Wiring::Local).await.unwrap();
    let (partner, outbox) = (&house.seeded.partner, house.folder().join("outbox"));
    logs::journey(partner, &house.guest, &house.seeded.badge, &outbox).await;
    let people = "email,name\nhedy@example.org,Hedy Lamarr\n";
    let outcome = demo::award_everyone(&house.seeded, people, "measured").await.unwrap();
    // Who verifies it asks for its status list.
    demo::first_award(&house.seeded, &outcome, &house.folder()).await.unwrap();
    let link = format!(
        "mutation($input: SignInLinkCreateInput!) {{ signInLinkCreate(input: $input) {{ {ERRORS} }} }}"
    );
    for _ in 0..6 {
        let input = json!({ "input": { "email": logs::ADDRESS, "audience": "EARNER" } });
        payload(&house.guest, "signInLinkCreate", &link, input).await.unwrap();
    }
    partner.send(&award_create(), json!({ "input": 7 })).await.unwrap();
    partner.send("{ viewer { id ", json!({})).await.unwrap();
    partner.send("query($x: Int!) { viewer { __typename } }", json!({})).await.unwrap();

    let ops = house.process.addresses()["ops"].as_str().unwrap().to_owned();
    let read = async || {
        let answer = house.guest.http().get(format!("http://{ops}/metrics")).send().await.unwrap();
        answer.text().await.unwrap()
    };
    let waiting = async {
        loop {
            let text = read().await;
            if EXPECTED.iter().all(|series| value(&text, series).is_some()) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let Ok(text) = tokio::time::timeout(Duration::from_secs(30), waiting).await else {
        panic!("not all of {EXPECTED:#?} in\n{}", read().await)
    };
    assert!(value(&text, "laurel_signing_key_age_seconds{kind=\"ed25519\"}").unwrap() < 600.0);
    assert!(value(&text, "laurel_status_list_valid_seconds").unwrap() > 86_000.0);
    assert!(value(&text, "laurel_status_list_age_seconds").unwrap() < 600.0);
    assert!(value(&text, "laurel_allowance_used_ratio{limit=\"graphql\"}").unwrap() <= 1.0);
    assert_eq!(logs::tells(&text), None);

    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/TELEMETRY.md");
    let manual = fs::read_to_string(manual).unwrap();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let unknown: BTreeSet<_> =
        types.filter(|name| !manual.contains(&format!("`{name}`"))).collect();
    assert_eq!(unknown, BTreeSet::new(), "the manual lists what there is");
    house.close().await;
}
