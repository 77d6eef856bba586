//! A tenant that moves into another cell keeps everything that was given and sends nothing twice;
//! and an audit names whatever was changed in a log behind Laurel's back.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use eventstore::{EventStore, Filter};
use kernel::{Position, TenantId};
use keyvault::RootKey;
use laurel::{
    audit::{self, Asked, Report},
    backup::{self, Outcome},
    partner::Partner,
    process::{Process, Wiring},
    tenant,
};
use runtime::Config;
use serde_json::{Value, json};
use tests::{House, config, load, payload};

use super::{ERRORS, files_with};

const PEOPLE: [&str; 4] =
    ["kept@example.org", "revoked@example.org", "erased@example.org", "late@example.org"];
const AWARD: &str = "mutation($input: AwardCreateInput!) {
  awardCreate(input: $input) { award { id publicUrl earner { id } } userErrors { ...on UserError { code } } } }";

/// What strangers read there.
async fn read(partner: &Partner, url: &str, accept: &str) -> (u16, Vec<u8>) {
    let path = url.splitn(4, '/').nth(3).unwrap();
    let request = partner.http().get(format!("{}/{path}", partner.base()));
    let response = request.header("accept", accept).send().await.unwrap();
    (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
}

/// Returns when so many letters about awards were sent, as the facts tell.
async fn letters(events: &dyn EventStore, tenant: TenantId, count: usize) {
    let awards = Filter::tenant(tenant, &["award"]);
    loop {
        let page = events.read_all(Position::START, &awards, 10_000).await.unwrap();
        let sent = page.facts.iter().filter(|fact| &*fact.kind == "award-notified.v1").count();
        assert!(sent <= count, "{sent} letters were sent");
        if sent == count {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Gives everybody the badge, takes it from one and forgets another; the awards' pages.
async fn story(house: &House, tenant: TenantId) -> BTreeMap<&'static str, String> {
    let (partner, events) = (&house.seeded.partner, &house.process.context().stores.events);
    let mut made = Vec::new();
    for address in PEOPLE {
        let input = load::award(&house.seeded.badge, address, true);
        let award = payload(partner, "awardCreate", AWARD, input).await.unwrap();
        made.push(award["award"].clone());
    }
    letters(&**events, tenant, PEOPLE.len()).await;
    let revoke = format!(
        "mutation($input: AwardRevokeInput!) {{ awardRevoke(input: $input) {{ award {{ id }} {ERRORS} }} }}"
    );
    let input =
        json!({ "input": { "idempotencyKey": "r", "awardId": made[1]["id"], "reason": "x" } });
    payload(partner, "awardRevoke", &revoke, input).await.unwrap();
    let erase = format!(
        "mutation($input: EarnerEraseInput!) {{ earnerErase(input: $input) {{ earner {{ id }} {ERRORS} }} }}"
    );
    let input = json!({ "input": { "idempotencyKey": "e", "earnerId": made[2]["earner"]["id"] } });
    let gone = payload(partner, "earnerErase", &erase, input).await.unwrap();
    assert_eq!(gone["userErrors"], json!([]), "{gone}");
    house.settle().await.unwrap();
    let page = |award: &Value| award["publicUrl"].as_str().unwrap().to_owned();
    PEOPLE.into_iter().zip(made.iter().map(page)).collect()
}

/// Everything that the public reads of the awards that were given.
async fn shown(
    partner: &Partner,
    pages: &BTreeMap<&'static str, String>,
) -> BTreeMap<String, (u16, Vec<u8>)> {
    let mut shown = BTreeMap::new();
    for page in pages.values() {
        let credential = read(partner, page, "application/vc+ld+json").await;
        let told: Value = serde_json::from_slice(&credential.1).unwrap_or_default();
        if let Some(did) = told["issuer"]["id"].as_str() {
            let picture = told["credentialSubject"]["achievement"]["image"]["id"].as_str();
            let picture = picture.unwrap_or("http://x/none").to_owned();
            let did = format!("http://x/i/{}/did.json", did.rsplit(':').next().unwrap());
            for url in [picture, did] {
                shown.insert(url.clone(), read(partner, &url, "*/*").await);
            }
        }
        shown.insert(page.clone(), credential);
    }
    shown
}

async fn audited(data: &Path, root: &RootKey, asked: Asked) -> Report {
    audit::verify(config(data).unwrap(), Some(root.clone()), asked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_moves_to_another_cell_as_it_was_and_nothing_is_sent_twice() {
    let (house, away) = (House::open(Wiring::Local).await.unwrap(), tempfile::tempdir().unwrap());
    // As a proxy would have it: both cells are found at the address of the first.
    let address = house.process.context().public_url.to_string();
    let here = Config { public_url: address.clone(), ..config(house.data.path()).unwrap() };
    let tenants = tenant::list(&here).await.unwrap();
    let moving = tenants.iter().find(|it| it.name == "School of Engineering").unwrap().tenant;
    let stays = tenants.iter().find(|it| it.name == "School of Arts").unwrap().tenant;
    let pages = story(&house, moving).await;
    let before = shown(&house.guest, &pages).await;
    assert!(before.values().filter(|(code, _)| *code == 200).count() >= 5, "{:?}", before.keys());

    // While Laurel serves: an audit that finds nothing wrong, its anchor, and the export.
    let root = RootKey::load(here.root_key_file()).unwrap();
    let anchor = away.path().join("anchor");
    let served = Some(house.guest.base().to_owned());
    let asked = Asked { write_anchor: Some(anchor.clone()), served, ..Asked::default() };
    let report = audited(house.data.path(), &root, asked).await;
    assert_eq!(report.outcome, Outcome::Sound, "{report:#?}");
    let told = |name: &str| &report.checks.iter().find(|it| it.name == name).unwrap().detail;
    assert!(told("credentials").starts_with("3 as they were issued"), "{report:#?}");
    assert!(told("status").ends_with("4 places given, 2 withdrawn"), "{report:#?}");
    let (file, key) = (away.path().join("tenant"), away.path().join("key"));
    tenant::export(&here, moving, &file, &key).await.unwrap();
    for address in PEOPLE {
        assert!(files_with(away.path(), address).is_empty(), "{address} is in the export");
    }
    let copy = away.path().join("copy");
    let (from, to) = (here.clone(), copy.clone());
    tokio::task::spawn_blocking(move || backup::make(&from, &to)).await.unwrap().unwrap();
    let (client, badge) = (house.seeded.client.clone(), house.seeded.badge.clone());
    house.close().await;

    let cell = tempfile::tempdir().unwrap();
    let there = Config { public_url: address, ..config(cell.path()).unwrap() };
    let imported = tenant::import(&there, &file, &key).await.unwrap();
    assert_eq!((imported.tenant, imported.pictures), (moving, 2), "as drawn and as rendered");
    let process = Process::start(there.clone(), Wiring::Local).await.unwrap();
    process.ready().await;
    let guest = Partner::new(process.front().unwrap().url()).unwrap();
    let after = shown(&guest, &pages).await;
    let differ =
        |(url, told): (&String, &(u16, Vec<u8>))| (before[url] != *told).then(|| url.clone());
    let differing: Vec<String> = after.iter().filter_map(differ).collect();
    assert_eq!((differing, after.len()), (vec![], before.len()));

    // The same API client works on: what it gives is signed with the same key.
    let token = guest.client_token(&client.0, &client.1).await.unwrap();
    let organization = guest.with_token(&token);
    let found = organization.ask("{ tenants(first: 10) { nodes { id name } } }", json!({})).await;
    let found = found.unwrap()["tenants"]["nodes"].as_array().unwrap().clone();
    assert_eq!(found.len(), 1, "the other tenant stayed: {found:?}");
    let enter = format!(
        "mutation($input: TenantEnterInput!) {{ tenantEnter(input: $input) {{ accessToken {{ token }} {ERRORS} }} }}"
    );
    let input = json!({ "input": { "tenantId": found[0]["id"] } });
    let entered = payload(&organization, "tenantEnter", &enter, input).await.unwrap();
    let partner = guest.with_token(entered["accessToken"]["token"].as_str().unwrap());
    let again = payload(&partner, "awardCreate", AWARD, load::award(&badge, PEOPLE[0], true)).await;
    assert_eq!(again.unwrap()["award"]["publicUrl"], pages[PEOPLE[0]].as_str(), "it is a repeat");
    let input = load::award(&badge, "new@example.org", true);
    let new = payload(&partner, "awardCreate", AWARD, input).await.unwrap();
    assert_eq!(new["userErrors"], json!([]), "{new}");
    letters(&*process.context().stores.events, moving, PEOPLE.len() + 1).await;
    assert_eq!(files_with(&cell.path().join("outbox"), "Subject").len(), 1, "the new one alone");
    let facts = Filter::tenant(stays, &[]);
    let events = &process.context().stores.events;
    assert!(events.read_all(Position::START, &facts, 1).await.unwrap().facts.is_empty());
    process.stop().await;

    let its_own = RootKey::load(there.root_key_file()).unwrap();
    let report = audited(cell.path(), &its_own, Asked::default()).await;
    assert_ne!(report.outcome, Outcome::Damaged, "{report:#?}");
    let again = tenant::import(&there, &file, &key).await.unwrap_err();
    assert!(again.to_string().contains("is here already"), "{again}");

    every_change_is_named(&copy, &root, &anchor).await;
}

/// Changes a byte after every place where that text stands.
fn change(file: &Path, text: &str, after: usize) -> Vec<u8> {
    let sound = fs::read(file).unwrap();
    let mut changed = sound.clone();
    for (place, _) in
        sound.windows(text.len()).enumerate().filter(|(_, part)| *part == text.as_bytes())
    {
        changed[place + text.len() + after] ^= 1;
    }
    assert_ne!(changed, sound, "{text} is there");
    changed
}

async fn every_change_is_named(copy: &Path, root: &RootKey, anchor: &Path) {
    let log: PathBuf = copy.join(backup::LOG);
    let sound = fs::read(&log).unwrap();
    let asked = || Asked { anchor: Some(anchor.to_owned()), ..Asked::default() };
    let report = audited(copy, root, asked()).await;
    assert_eq!(report.outcome, Outcome::Unknown, "what is served alone: {report:#?}");
    for (text, after, named) in [
        (r#""credential":""#, 3, &["credentials", "anchor"][..]),
        (r#""ciphertext":""#, 9, &["sealed", "anchor"]),
        (r#""multikey":""#, 20, &["credentials", "anchor"]),
        (r#"\"name\":\"Open Learning"#, 2, &["credentials", "anchor"]),
        (r#""tenant":"tenant_"#, 9, &["facts"]),
        ("award-created.v", 0, &["facts", "anchor"]),
        // A time is whatever it is: nothing tells that it was another, but the anchor.
        (r#""at":"20"#, 0, &["anchor"]),
    ] {
        fs::write(&log, change(&log, text, after)).unwrap();
        let report = audited(copy, root, asked()).await;
        assert_eq!(report.outcome, Outcome::Damaged, "{text}");
        for name in named {
            let check = report.checks.iter().find(|check| check.name == *name).unwrap();
            assert_eq!(check.outcome, Outcome::Damaged, "{text} {name}: {report:#?}");
            assert!(!check.damages.is_empty(), "it says where: {check:?}");
        }
        fs::write(&log, &sound).unwrap();
    }
    let mut torn = sound.clone();
    let page = 8192 * (sound.len() / 8192 / 2);
    torn[page..page + 64].fill(0xff);
    fs::write(&log, torn).unwrap();
    let report = audited(copy, root, asked()).await;
    assert_eq!(report.checks[0].outcome, Outcome::Damaged, "{report:#?}");
    fs::write(&log, &sound).unwrap();

    let without = audit::verify(config(copy).unwrap(), None, asked()).await.unwrap();
    let sealed = without.checks.iter().find(|check| check.name == "sealed").unwrap();
    assert_eq!((without.outcome, sealed.outcome), (Outcome::Unknown, Outcome::Unknown));
    let other = RootKey::from_bytes([9; 32]);
    let refused = audit::verify(config(copy).unwrap(), Some(other), asked()).await;
    assert!(refused.unwrap_err().to_string().contains("root key is not the one"));
}
