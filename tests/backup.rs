//! A backup that is taken while Laurel serves has everything that was acknowledged before it began,
//! and what was erased stays erased in it.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use keyvault::RootKey;
use laurel::{
    backup::{self, Outcome, Part, judge, judge_parts},
    demo,
    fleet::Fleet,
    partner::Partner,
    process, restore,
};
use serde_json::{Value, json};
use tests::{
    House, apart_is_possible, config, member, payload,
    victim::{Victim, serve_if_told},
};
use tokio::{sync::Notify, task::JoinSet};

use super::{award_create, files_with, give};

const ERASED: &str = "erased.person@example.org";
const AWARDS: &str = "query($after: String) { awards(first: 100, after: $after) {
  nodes { id status recipient { email name } } pageInfo { hasNextPage endCursor } } }";
const EARNER: &str = "query($email: String) { earner(email: $email) { id } }";
const ERASE: &str = "mutation($input: EarnerEraseInput!) { earnerErase(input: $input) {
  earner { erasedAt } userErrors { ...on UserError { code message } } } }";

#[tokio::test]
async fn the_victim() {
    serve_if_told().await.unwrap();
}

/// Ids of awards that were acknowledged, by address.
#[derive(Default)]
struct Acknowledged {
    awards: Mutex<BTreeMap<String, String>>,
    more: Notify,
}

impl Acknowledged {
    fn now(&self) -> BTreeMap<String, String> {
        self.awards.lock().unwrap().clone()
    }

    async fn at_least(&self, count: usize) {
        while self.awards.lock().unwrap().len() < count {
            self.more.notified().await;
        }
    }
}

async fn award(partner: &Partner, badge: &str, address: &str) -> anyhow::Result<String> {
    let document = award_create();
    let made = payload(partner, "awardCreate", &document, give(badge, address, address)).await?;
    Ok(made["award"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned())
}

async fn give_for_ever(partner: Partner, badge: String, giver: usize, told: Arc<Acknowledged>) {
    for n in 0.. {
        let address = format!("person.{giver}.{n}@example.org");
        let Ok(id) = award(&partner, &badge, &address).await else { return };
        told.awards.lock().unwrap().insert(address, id);
        told.more.notify_one();
    }
}

async fn every_award(partner: &Partner) -> BTreeMap<String, Value> {
    let (mut all, mut after) = (BTreeMap::new(), Value::Null);
    loop {
        let page = partner.ask(AWARDS, json!({ "after": after })).await.unwrap();
        for award in page["awards"]["nodes"].as_array().unwrap() {
            all.insert(award["id"].as_str().unwrap().to_owned(), award.clone());
        }
        if page["awards"]["pageInfo"]["hasNextPage"] != true {
            return all;
        }
        after = page["awards"]["pageInfo"]["endCursor"].clone();
    }
}

fn put_root_key(from: &Path, data: &Path) {
    fs::create_dir_all(data.join("keys")).unwrap();
    fs::copy(from.join("keys/root.key"), data.join("keys/root.key")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_restores_elsewhere_with_all_that_was_acknowledged_before() {
    let (data, backups) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let operator = process::operator_token(&config(data.path()).unwrap()).await.unwrap();
    let mut victim = Victim::start("backup::the_victim", data.path()).unwrap();
    let guest = Partner::new(&victim.url).unwrap();
    let seeded = demo::organization(&guest, &operator, data.path()).await.unwrap();
    let erased = award(&seeded.partner, &seeded.badge, ERASED).await.unwrap();
    let earner = loop {
        let found = seeded.partner.ask(EARNER, json!({ "email": ERASED })).await.unwrap();
        if let Some(id) = found["earner"]["id"].as_str() {
            break id.to_owned();
        }
    };
    let input = json!({ "input": { "idempotencyKey": "erase", "earnerId": earner } });
    let gone = payload(&seeded.partner, "earnerErase", ERASE, input).await.unwrap();
    assert!(gone["earner"]["erasedAt"].is_string(), "{gone}");

    let told = Arc::new(Acknowledged::default());
    let mut givers = JoinSet::new();
    for giver in 0..4 {
        let (partner, badge) = (seeded.partner.clone(), seeded.badge.clone());
        givers.spawn(give_for_ever(partner, badge, giver, Arc::clone(&told)));
    }
    told.at_least(20).await;
    let before = told.now();
    let (served, to) = (config(data.path()).unwrap(), backups.path().join("today"));
    let made = to.clone();
    let manifest =
        tokio::task::spawn_blocking(move || backup::make(&served, &made)).await.unwrap().unwrap();
    let then = told.now().len();
    told.at_least(then + 8).await;
    givers.shutdown().await;
    assert!(victim.is_alive(), "it went on serving");
    let again = backup::make(&config(data.path()).unwrap(), &to);
    assert!(again.unwrap_err().to_string().contains("there already"));
    victim.kill().unwrap();

    let root = RootKey::load(data.path().join("keys/root.key")).unwrap();
    let report = judge(&to, Some(&root)).unwrap();
    assert_eq!(report.outcome, Outcome::Sound, "{report:?}");
    assert!(report.checks.iter().any(|it| it.detail.contains("1 destroyed")), "{report:?}");
    assert_eq!(judge(&to, None).unwrap().outcome, Outcome::Unknown);
    let other = RootKey::from_bytes([9; 32]);
    assert_eq!(judge(&to, Some(&other)).unwrap().outcome, Outcome::Damaged);
    let key = fs::read(data.path().join("keys/root.key")).unwrap();
    assert!(!fs::read(to.join(backup::KEYS)).unwrap().windows(32).any(|part| part == key));
    assert!(files_with(&to, ERASED).is_empty());
    let kept: Vec<_> = fs::read_dir(backups.path()).unwrap().map(|it| it.unwrap()).collect();
    assert_eq!(kept.len(), 1, "nothing is left over: {kept:?}");

    let elsewhere = tempfile::tempdir().unwrap();
    put_root_key(data.path(), elsewhere.path());
    let place = config(elsewhere.path()).unwrap();
    let restored = restore::restore(place.clone(), to.clone()).await.unwrap();
    assert_eq!((restored.outcome, restored.manifest), (Outcome::Sound, manifest));
    let refused = restore::restore(place, to.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("not empty"), "{refused}");

    let victim = Victim::start("backup::the_victim", elsewhere.path()).unwrap();
    let token = seeded.partner.token().unwrap();
    let partner = Partner::new(&victim.url).unwrap().with_token(token);
    let ready = format!("{}/-/ready", victim.url);
    while !partner.http().get(&ready).send().await.unwrap().status().is_success() {
        tokio::task::yield_now().await;
    }
    let awards = every_award(&partner).await;
    for (address, id) in &before {
        let award = awards.get(id).unwrap_or_else(|| panic!("{address} was told of an award"));
        assert_eq!(award["recipient"]["email"], address.as_str(), "{award}");
    }
    assert_eq!(awards[&erased]["status"], "ERASED");
    assert_eq!(awards[&erased]["recipient"], Value::Null);
    let fresh = award(&partner, &seeded.badge, "after.the.restore@example.org").await.unwrap();
    while !every_award(&partner).await.contains_key(&fresh) {
        tokio::task::yield_now().await;
    }
    victim.kill().unwrap();

    damaged_backups_are_refused(&to, data.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_are_copied_apart_under_load_restore_as_one() {
    if !apart_is_possible() {
        return;
    }
    let house = House::open_apart(member::starter("the_member")).await.unwrap();
    let (partner, badge) = (house.seeded.partner.clone(), house.seeded.badge.clone());
    let told = Arc::new(Acknowledged::default());
    let mut givers = JoinSet::new();
    for giver in 0..2 {
        givers.spawn(give_for_ever(partner.clone(), badge.clone(), giver, Arc::clone(&told)));
    }
    told.at_least(10).await;
    let before = told.now();
    let backups = tempfile::tempdir().unwrap();
    let at = |part: Part| backups.path().join(format!("{part:?}"));
    let folder = house.fleet.as_ref().unwrap().folder().to_owned();
    let places = [(Part::Log, "eventstore"), (Part::Keys, "keyvault"), (Part::Artwork, "shared")];
    for (part, place) in places {
        let (place, to) = (config(&folder.join(place)).unwrap(), at(part));
        let copying = tokio::task::spawn_blocking(move || {
            backup::make_parts(&place, &[part], &to).unwrap();
        });
        copying.await.unwrap();
        let now = told.now().len();
        told.at_least(now + 2).await;
    }
    givers.shutdown().await;

    let key = folder.join("keyvault/keys/root.key");
    let root = RootKey::load(&key).unwrap();
    let all = Part::ALL.map(at);
    let report = judge_parts(&all, Some(&root)).unwrap();
    assert_eq!(report.outcome, Outcome::Sound, "{report:?}");
    assert_eq!(judge(&at(Part::Log), None).unwrap().outcome, Outcome::Unknown);
    assert_eq!(judge(&at(Part::Keys), Some(&root)).unwrap().outcome, Outcome::Sound);
    let twice = [at(Part::Log), at(Part::Log)];
    assert!(judge_parts(&twice, None).unwrap_err().to_string().contains("several"));

    let fresh = tempfile::tempdir().unwrap();
    fs::create_dir_all(fresh.path().join("keyvault/keys")).unwrap();
    fs::copy(&key, fresh.path().join("keyvault/keys/root.key")).unwrap();
    house.close().await;
    for (part, place) in places {
        let place = config(&fresh.path().join(place)).unwrap();
        let restored = restore::restore(place, at(part)).await.unwrap();
        assert_ne!(restored.outcome, Outcome::Damaged, "{restored:?}");
    }
    let anywhere = ([127, 0, 0, 1], 0).into();
    let fleet = Fleet::start(fresh.path(), anywhere, member::starter("the_member")).await.unwrap();
    let token = partner.token().unwrap();
    let partner = Partner::new(&fleet.url()).unwrap().with_token(token);
    let awards = every_award(&partner).await;
    for (address, id) in &before {
        let award = awards.get(id).unwrap_or_else(|| panic!("{address} was told of an award"));
        assert_eq!(award["recipient"]["email"], address.as_str(), "{award}");
    }
    let again = award(&partner, &badge, "after.the.restore@example.org").await.unwrap();
    while !every_award(&partner).await.contains_key(&again) {
        tokio::task::yield_now().await;
    }
    fleet.stop().await.unwrap();
}

async fn damaged_backups_are_refused(backup: &Path, origin: &Path) {
    for path in [backup::LOG, backup::KEYS, backup::BLOBS] {
        let file = backup.join(path);
        let sound = fs::read(&file).unwrap();
        let mut damaged = sound.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        fs::write(&file, damaged).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        put_root_key(origin, elsewhere.path());
        let outcome = restore::restore(config(elsewhere.path()).unwrap(), backup.to_owned()).await;
        let refused = outcome.unwrap_err().to_string();
        assert!(refused.contains("nothing was restored"), "{path}: {refused}");
        let left: Vec<_> = fs::read_dir(elsewhere.path()).unwrap().map(|it| it.unwrap()).collect();
        assert_eq!(left.len(), 1, "the root key alone: {left:?}");
        fs::write(&file, sound).unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let nothing = restore::restore(config(elsewhere.path()).unwrap(), origin.to_owned()).await;
    assert!(nothing.unwrap_err().to_string().contains("is no backup"));
}
