//! A process that is killed loses nothing that it acknowledged and does nothing twice.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    collections::BTreeMap,
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

        let input = load::batch(&seeded.badge, round, ROWS);
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
    let holders = load::holders(&listed, &acknowledged.awards.lock().unwrap());
    for round in 0..KILLS {
        for row in 0..ROWS {
            let address = load::row_address(round, row);
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
        let input = load::award(&badge, &address, false);
        let Ok(data) = partner.ask(load::AWARD, input).await else { return };
        let id = data["awardCreate"]["award"]["id"].as_str().unwrap().to_owned();
        acknowledged.awards.lock().unwrap().insert(address, id);
        acknowledged.more.notify_one();
    }
}
