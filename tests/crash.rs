//! A process that is killed loses nothing that it acknowledged and does nothing twice.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::{Arc, Mutex},
};

use laurel::{
    demo::{self, Seeded},
    partner::Partner,
    process,
};
use serde_json::json;
use tests::{
    config, fold, load,
    victim::{Victim, serve_if_told},
};
use tokio::{sync::Notify, task::JoinSet};

const KILLS: usize = 25;
const ROWS: usize = 120;
const AT_ONCE: usize = 6;

/// Addresses whose award was acknowledged, with the award's id.
#[derive(Default)]
struct Acknowledged {
    awards: Mutex<BTreeMap<String, String>>,
    more: Notify,
}

#[tokio::test]
async fn the_victim() {
    serve_if_told().await.unwrap();
}

async fn back(victim: &Victim, operator: &str, data: &std::path::Path) -> Seeded {
    demo::organization(&Partner::new(&victim.url).unwrap(), operator, data).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled_by_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let operator = process::operator_token(&config(data.path()).unwrap()).await.unwrap();
    let acknowledged = Arc::new(Acknowledged::default());
    let mut batches = Vec::new();

    for round in 0..KILLS {
        let victim = Victim::start("the_victim", data.path()).unwrap();
        let seeded = back(&victim, &operator, data.path()).await;

        let mut csv = String::from("email,name\n");
        for row in 0..ROWS {
            writeln!(csv, "batch{round}.row{row}@example.org,Row {row}").unwrap();
        }
        let key = format!("batch/{round}");
        let input = json!({ "input": { "idempotencyKey": key, "badgeId": seeded.badge, "csv": csv, "notify": false } });
        let made = seeded.partner.ask(load::BATCH, input).await.unwrap();
        batches.push(made["awardBatchCreate"]["start"]["batch"]["id"].as_str().unwrap().to_owned());

        // Each round kills after another number of acknowledged awards, while the batch runs.
        let before = acknowledged.awards.lock().unwrap().len();
        let mut givers = JoinSet::new();
        for giver in 0..AT_ONCE {
            givers.spawn(give_for_ever(
                seeded.partner.clone(),
                seeded.badge.clone(),
                format!("{round}.{giver}"),
                acknowledged.clone(),
            ));
        }
        while acknowledged.awards.lock().unwrap().len() < before + round * 2 {
            acknowledged.more.notified().await;
        }
        victim.kill().unwrap();
        givers.shutdown().await;
    }

    let victim = Victim::start("the_victim", data.path()).unwrap();
    let seeded = back(&victim, &operator, data.path()).await;
    for batch in &batches {
        let state = load::finished(&seeded.partner, batch).await;
        assert_eq!(
            (&state["awardedCount"], &state["rejectedCount"]),
            (&json!(ROWS), &json!(0)),
            "{state}"
        );
    }
    let listed = load::every_award(&seeded.partner).await;
    let ids: BTreeSet<&str> = listed.iter().map(|award| award["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), listed.len(), "no award is listed twice");
    let mut holders = BTreeMap::new();
    for award in &listed {
        let address = award["recipient"]["email"].as_str().unwrap().to_owned();
        let twice = holders.insert(address, award["id"].as_str().unwrap());
        assert_eq!(twice, None, "nobody holds the badge twice");
    }
    for (address, id) in acknowledged.awards.lock().unwrap().iter() {
        assert_eq!(
            holders.get(address.as_str()).copied(),
            Some(id.as_str()),
            "{address} was told of an award"
        );
    }
    for round in 0..KILLS {
        for row in 0..ROWS {
            let address = format!("batch{round}.row{row}@example.org");
            assert!(holders.contains_key(&address), "{address} is in an acknowledged batch");
        }
    }
    victim.kill().unwrap();

    let context = process::open(&config(data.path()).unwrap()).await.unwrap();
    context.tasks.spawn("projections", context.views.run(context.tasks.cancelled()));
    let compared = fold::equals_the_read_models(&context).await.unwrap();
    assert!(compared > KILLS * ROWS, "only {compared} rows were compared");
}

/// Awards one person after the other until the process is gone.
async fn give_for_ever(
    partner: Partner,
    badge: String,
    name: String,
    acknowledged: Arc<Acknowledged>,
) {
    for n in 0.. {
        let address = format!("single.{name}.{n}@example.org");
        let input = json!({ "input": {
            "idempotencyKey": address,
            "badgeId": badge,
            "recipient": { "email": { "address": address } },
            "notify": false,
        } });
        let Ok(data) = partner.ask(load::AWARD, input).await else { return };
        let id = data["awardCreate"]["award"]["id"].as_str().unwrap().to_owned();
        acknowledged.awards.lock().unwrap().insert(address, id);
        acknowledged.more.notify_one();
    }
}
