//! What a partner does under load, and what it finds afterwards.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    time::{Duration, Instant},
};

use laurel::partner::Partner;
use serde_json::{Value, json};

/// How long a client asks in vain.
const PATIENCE: Duration = Duration::from_mins(1);

/// Gives one award.
pub const AWARD: &str = "mutation($input: AwardCreateInput!) {
  awardCreate(input: $input) { award { id } userErrors { ...on UserError { code } } } }";
/// Gives a batch of awards.
pub const BATCH: &str = "mutation($input: AwardBatchCreateInput!) {
  awardBatchCreate(input: $input) { start { batch { id } } userErrors { ...on UserError { code } } } }";

/// The variables of [`AWARD`]: the badge for whoever has that address, which is the key as well.
#[must_use]
pub fn award(badge: &str, address: &str, notify: bool) -> Value {
    json!({ "input": {
        "idempotencyKey": address,
        "badgeId": badge,
        "recipient": { "email": { "address": address } },
        "notify": notify,
    } })
}

/// The variables of [`BATCH`]: the badge for so many people, who have [`row_address`]es.
#[must_use]
pub fn batch(badge: &str, number: usize, rows: usize) -> Value {
    let mut csv = String::from("email,name\n");
    for row in 0..rows {
        writeln!(csv, "{},Row {row}", row_address(number, row)).unwrap();
    }
    let key = format!("batch/{number}");
    json!({ "input": { "idempotencyKey": key, "badgeId": badge, "csv": csv, "notify": false } })
}

/// The address in a row of a batch.
#[must_use]
pub fn row_address(number: usize, row: usize) -> String {
    format!("batch{number}.row{row}@example.org")
}

/// Asks until there is an answer, as a client does that is told to try again: a process may have
/// come back a moment ago.
async fn patiently(partner: &Partner, query: &str, variables: &Value) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        match partner.ask(query, variables.clone()).await {
            Ok(data) => return data,
            Err(error) => assert!(Instant::now() < until, "{error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns when a batch has finished, with its counts.
///
/// # Panics
/// When it cannot be asked for.
pub async fn finished(partner: &Partner, batch: &str) -> Value {
    loop {
        let query = "query($id: ID!) { awardBatch(id: $id) { status awardedCount rejectedCount } }";
        let state = patiently(partner, query, &json!({ "id": batch })).await;
        if state["awardBatch"]["status"] == "FINISHED" {
            return state["awardBatch"].clone();
        }
        tokio::task::yield_now().await;
    }
}

/// Every award that a partner may see, with its recipient.
///
/// # Panics
/// When a page cannot be had.
pub async fn every_award(partner: &Partner) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = "query($after: String) { awards(first: 100, after: $after) {
          nodes { id recipient { email } } pageInfo { hasNextPage endCursor } } }";
        let page = patiently(partner, query, &json!({ "after": after })).await;
        all.extend(page["awards"]["nodes"].as_array().unwrap().iter().cloned());
        if page["awards"]["pageInfo"]["hasNextPage"] != true {
            return all;
        }
        after = page["awards"]["pageInfo"]["endCursor"].clone();
    }
}

/// Who holds the badge, by address, with the award's id.
///
/// # Panics
/// When an award is listed twice, somebody holds two, or somebody who was told of an award (by
/// address, with its id) does not hold that one.
#[must_use]
pub fn holders(listed: &[Value], told: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let text = |award: &Value, at: &str| award.pointer(at).unwrap().as_str().unwrap().to_owned();
    let ids: BTreeSet<String> = listed.iter().map(|award| text(award, "/id")).collect();
    assert_eq!(ids.len(), listed.len(), "no award is listed twice");
    let mut holders = BTreeMap::new();
    for award in listed {
        let twice = holders.insert(text(award, "/recipient/email"), text(award, "/id"));
        assert_eq!(twice, None, "nobody holds the badge twice");
    }
    for (address, id) in told {
        assert_eq!(holders.get(address), Some(id), "{address} was told of an award");
    }
    holders
}
