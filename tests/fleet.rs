//! Every role, the event store, the key vault and Redis have a process each, and any of them is
//! killed under load: nothing acknowledged is lost, nothing happens twice.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use laurel::{fleet::Member, partner::Partner};
use runtime::RoleName;
use serde_json::json;
use tests::{
    House, apart_is_possible, fold,
    follower::Follower,
    load, member,
    replica::{Balancer, Replica, configure},
};
use tokio::{sync::Notify, task::JoinSet};

const KILLS: usize = 50;
const ROWS: usize = 40;
const GIVERS: usize = 4;
/// Awards that are acknowledged between one kill and the next: so the fleet works again after each.
const BETWEEN: usize = 8;
/// A batch is submitted every so many kills.
const BATCH_EVERY: usize = 5;
/// How often a process of two of its role is replaced, every role in turn.
const REPLACEMENTS: usize = 8;
/// How often a process behind a watch is killed.
const BREAKS: usize = 4;
/// How long a client waits before it asks again.
const PAUSE: Duration = Duration::from_millis(20);

#[test]
fn the_member() {
    member::serve_if_told();
}

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    awards: Mutex<BTreeMap<String, String>>,
    more: Notify,
    over: AtomicBool,
}

impl Acknowledged {
    /// Takes note of an award; whether that was enough.
    fn add(&self, address: String, id: String) -> bool {
        self.awards.lock().unwrap().insert(address, id);
        self.more.notify_one();
        self.over.load(Relaxed)
    }

    /// Returns when so many more are acknowledged.
    async fn grow_by(&self, count: usize) {
        let before = self.awards.lock().unwrap().len();
        while self.awards.lock().unwrap().len() < before + count {
            self.more.notified().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_process_is_killed_and_nothing_acknowledged_is_lost_or_doubled() {
    if !apart_is_possible() {
        return;
    }
    let mut house = House::open_apart(member::starter("the_member")).await.unwrap();
    let (partner, badge) = (house.seeded.partner.clone(), house.seeded.badge.clone());
    let acknowledged = Arc::new(Acknowledged::default());
    let mut givers = JoinSet::new();
    for giver in 0..GIVERS {
        let (partner, badge) = (partner.clone(), badge.clone());
        givers.spawn(give_until_over(partner, badge, giver, Arc::clone(&acknowledged)));
    }
    let mut batches = Vec::new();
    let members = Member::all();
    for kill in 0..KILLS {
        if kill % BATCH_EVERY == 0 {
            batches.push(submit(&partner, &badge, kill).await);
        }
        acknowledged.grow_by(BETWEEN).await;
        // Every member has its turn, in another order each time.
        let member = members[(kill * 5 + kill / members.len()) % members.len()];
        let fleet = house.fleet.as_mut().unwrap();
        fleet.kill(member).await.unwrap();
        fleet.launch(member).unwrap();
        fleet.ready().await.unwrap();
    }
    acknowledged.over.store(true, Relaxed);
    while givers.join_next().await.is_some() {}

    for batch in &batches {
        let state = load::finished(&partner, batch).await;
        let counts = (&state["awardedCount"], &state["rejectedCount"]);
        assert_eq!(counts, (&json!(ROWS), &json!(0)), "{state}");
    }
    house.settle().await.unwrap();
    let listed = load::every_award(&partner).await;
    let holders = load::holders(&listed, &acknowledged.awards.lock().unwrap());
    let rows = batches.len() * ROWS;
    assert_eq!(holders.len(), rows + acknowledged.awards.lock().unwrap().len(), "and no others");
    let compared = fold::equals_the_read_models(house.process.context()).await.unwrap();
    assert!(compared > rows, "only {compared} rows were compared");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_models_that_are_flushed_in_the_middle_of_a_batch_are_built_anew() {
    if !apart_is_possible() {
        return;
    }
    let house = House::open_apart(member::starter("the_member")).await.unwrap();
    let (partner, badge) = (house.seeded.partner.clone(), house.seeded.badge.clone());
    let batch = submit(&partner, &badge, 0).await;
    // One more award at a time, so that the flush falls into the middle of the batch.
    let acknowledged = Arc::new(Acknowledged::default());
    acknowledged.over.store(true, Relaxed);
    give_until_over(partner.clone(), badge, 0, Arc::clone(&acknowledged)).await;
    house.fleet.as_ref().unwrap().tell_redis(&["FLUSHALL"]).await.unwrap();
    let state = load::finished(&partner, &batch).await;
    assert_eq!((&state["awardedCount"], &state["rejectedCount"]), (&json!(ROWS), &json!(0)));
    house.settle().await.unwrap();
    let mut listed = load::every_award(&partner).await.len();
    while listed < ROWS + 1 {
        tokio::time::sleep(PAUSE).await;
        listed = load::every_award(&partner).await.len();
    }
    assert_eq!(listed, ROWS + 1, "every award is listed again, and once");
    let compared = fold::equals_the_read_models(house.process.context()).await.unwrap();
    assert!(compared > ROWS, "only {compared} rows were compared");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_awards_hears_of_each_once_although_the_processes_behind_are_killed() {
    if !apart_is_possible() {
        return;
    }
    let mut house = House::open_apart(member::starter("the_member")).await.unwrap();
    let (partner, badge) = (house.seeded.partner.clone(), house.seeded.badge.clone());
    let mut follower = Follower::begin(&partner).await.unwrap();
    let acknowledged = Arc::new(Acknowledged::default());
    let mut givers = JoinSet::new();
    givers.spawn(give_until_over(partner, badge, 0, Arc::clone(&acknowledged)));
    let mut heard = vec![follower.next().await.unwrap()];
    for kill in 0..BREAKS {
        let role = if kill % 2 == 0 { RoleName::Awarding } else { RoleName::EventStore };
        let fleet = house.fleet.as_mut().unwrap();
        fleet.kill(Member::Role(role)).await.unwrap();
        fleet.launch(Member::Role(role)).unwrap();
        fleet.ready().await.unwrap();
        acknowledged.grow_by(BETWEEN).await;
        heard.push(follower.next().await.unwrap());
    }
    acknowledged.over.store(true, Relaxed);
    while givers.join_next().await.is_some() {}
    // One after the other: so they stand in the log.
    let given = acknowledged.awards.lock().unwrap().clone();
    let given: Vec<_> =
        (0..given.len()).map(|n| given[&format!("single.0.{n}@example.org")].clone()).collect();
    while heard.last() != given.last() {
        heard.push(follower.next().await.unwrap());
    }
    // It may have begun to follow after the first awards.
    let first = given.iter().position(|id| *id == heard[0]).unwrap();
    assert_eq!(heard, given[first..], "every award once, in order");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_are_replaced_one_by_one_and_no_request_fails() {
    if !apart_is_possible() {
        return;
    }
    let house = House::open_apart(member::starter("the_member")).await.unwrap();
    let (gateways, awardings) =
        (Balancer::start().await.unwrap(), Balancer::start().await.unwrap());
    let configs = house.fleet.as_ref().unwrap().folder().join("config");
    let free = "127.0.0.1:0";
    let awarding = [("mesh.listen", free), ("ops.listen", free)];
    let awarding = configure(&configs.join("awarding.toml"), "awarding-more.toml", &awarding);
    let way = format!("https://{}", awardings.at);
    let gateway = [("listen", free), ("ops.listen", free), ("mesh.roles.awarding", &way)];
    let gateway = configure(&configs.join("gateway.toml"), "gateway-more.toml", &gateway);
    let starter = member::starter("the_member");
    let mut replicas = VecDeque::new();
    for _ in 0..2 {
        for (role, balancer, config) in [
            (RoleName::Awarding, &awardings, awarding.as_ref().unwrap()),
            (RoleName::Gateway, &gateways, gateway.as_ref().unwrap()),
        ] {
            let replica = Replica::start(&starter, role, config).await.unwrap();
            balancer.add(&replica);
            replicas.push_back((role, balancer, config, replica));
        }
    }

    let partner = Partner::new(&format!("http://{}", gateways.at)).unwrap();
    let partner = partner.with_token(&house.seeded.token);
    let acknowledged = Arc::new(Acknowledged::default());
    let mut givers = JoinSet::new();
    for giver in 0..GIVERS {
        let (partner, badge) = (partner.clone(), house.seeded.badge.clone());
        givers.spawn(give_without_fail(partner, badge, giver, Arc::clone(&acknowledged)));
    }
    for _ in 0..REPLACEMENTS {
        acknowledged.grow_by(BETWEEN).await;
        let (role, balancer, config, replica) = replicas.pop_front().unwrap();
        balancer.remove(&replica);
        replica.end().await.unwrap();
        let replica = Replica::start(&starter, role, config).await.unwrap();
        balancer.add(&replica);
        replicas.push_back((role, balancer, config, replica));
    }
    acknowledged.over.store(true, Relaxed);
    while let Some(giver) = givers.join_next().await {
        giver.unwrap();
    }
    let acknowledged = acknowledged.awards.lock().unwrap().clone();
    // The last of them is listed where it was acknowledged, and elsewhere in a moment.
    let wait = async {
        loop {
            let listed = load::every_award(&partner).await;
            if listed.len() >= acknowledged.len() {
                return listed;
            }
        }
    };
    let listed = tokio::time::timeout(Duration::from_mins(1), wait).await.expect("all are listed");
    assert_eq!(load::holders(&listed, &acknowledged).len(), acknowledged.len());
    for (_, _, _, replica) in replicas.into_iter().rev() {
        replica.end().await.unwrap();
    }
    house.close().await;
}

/// Awards one person after the other; every request is answered the first time. An idle connection
/// may end in the moment in which it is used: then the request is sent again, as clients do.
async fn give_without_fail(
    partner: Partner,
    badge: String,
    giver: usize,
    acknowledged: Arc<Acknowledged>,
) {
    for n in 0.. {
        let address = format!("single.{giver}.{n}@example.org");
        let input = load::award(&badge, &address, false);
        let data = match partner.ask(load::AWARD, input.clone()).await {
            Err(error) if format!("{error:#}").contains("closed before message completed") => {
                partner.ask(load::AWARD, input).await.unwrap()
            }
            outcome => outcome.unwrap(),
        };
        let id = data["awardCreate"]["award"]["id"].as_str().unwrap().to_owned();
        if acknowledged.add(address, id) {
            return;
        }
    }
}

/// Awards one person after the other; what is not acknowledged is asked for again, unchanged.
async fn give_until_over(
    partner: Partner,
    badge: String,
    giver: usize,
    acknowledged: Arc<Acknowledged>,
) {
    for n in 0.. {
        let address = format!("single.{giver}.{n}@example.org");
        let input = load::award(&badge, &address, n % 4 == 0);
        let id = loop {
            if let Ok(data) = partner.ask(load::AWARD, input.clone()).await
                && let Some(id) = data["awardCreate"]["award"]["id"].as_str()
            {
                break id.to_owned();
            }
            tokio::time::sleep(PAUSE).await;
        };
        if acknowledged.add(address, id) {
            return;
        }
    }
}

async fn submit(partner: &Partner, badge: &str, number: usize) -> String {
    let input = load::batch(badge, number, ROWS);
    loop {
        if let Ok(made) = partner.ask(load::BATCH, input.clone()).await
            && let Some(id) = made["awardBatchCreate"]["start"]["batch"]["id"].as_str()
        {
            return id.to_owned();
        }
        tokio::time::sleep(PAUSE).await;
    }
}
