//! Whether the status lists that are served say what the facts say.

use std::{path::Path, time::Duration};

use anyhow::Context;
use awarding_domain::StatusListId;
use eventstore::Moment;
use openbadges::{STATUS_LIST_ENTRIES, StatusList};
use serde_json::Value;

use super::{Check, lists::Lists};

/// Read models follow the log within moments: how often to look again, and how long to wait.
const LOOKS: usize = 20;
const PAUSE: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(20);
/// The most bytes of a list.
const LARGEST: usize = 1 << 20;

/// Compares every list with what is served there, while Laurel goes on.
///
/// # Errors
/// When no client can be made, or the log cannot be read.
pub(super) async fn compare(
    lists: &mut Lists,
    events: &Path,
    served: Option<&str>,
) -> anyhow::Result<Check> {
    let mut check = Check::new("served");
    let Some(served) = served else {
        check.unknown("not compared: say where they are served with --served URL");
        return Ok(check);
    };
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let ids = lists.ids();
    for id in &ids {
        match settled(&client, served, lists, events, *id).await {
            Ok((missing, extra)) => {
                for place in missing {
                    check.damaged(format!("place {place} of {id} is withdrawn and served as good"));
                }
                for place in extra {
                    check.damaged(format!("place {place} of {id} is good and served as withdrawn"));
                }
            }
            Err(error) => check.damaged(format!("{id}: {error:#}")),
        }
    }
    check.detail = format!("{} lists at {served}", ids.len());
    Ok(check)
}

/// How a list differs when what is under way has arrived: a list that was fetched says nothing that
/// is not in the log by now, and what is in the log shows in the list in a moment.
async fn settled(
    client: &reqwest::Client,
    served: &str,
    lists: &mut Lists,
    events: &Path,
    id: StatusListId,
) -> anyhow::Result<(Vec<u32>, Vec<u32>)> {
    for _ in 1..LOOKS {
        let bits = fetch(client, served, id).await?;
        lists.catch_up(&Moment::of(events)?)?;
        let differ = differences(&bits, lists.withdrawn(id));
        if differ.0.is_empty() {
            return Ok(differ);
        }
        tokio::time::sleep(PAUSE).await;
    }
    let bits = fetch(client, served, id).await?;
    Ok(differences(&bits, lists.withdrawn(id)))
}

/// What should be set and is not, and what is set and should not be.
fn differences(served: &StatusList, withdrawn: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    for place in 0..STATUS_LIST_ENTRIES {
        let set = served.get(place.into()).unwrap_or_default();
        match (withdrawn.binary_search(&place).is_ok(), set) {
            (true, false) => missing.push(place),
            (false, true) => extra.push(place),
            _ => {}
        }
    }
    (missing, extra)
}

async fn fetch(
    client: &reqwest::Client,
    served: &str,
    id: StatusListId,
) -> anyhow::Result<StatusList> {
    let url = format!("{}/status/{id}", served.trim_end_matches('/'));
    let mut answer = client.get(&url).send().await?.error_for_status()?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        anyhow::ensure!(bytes.len() <= LARGEST, "{url} is too large for a status list");
    }
    let list: Value = serde_json::from_slice(&bytes).context("it is no JSON")?;
    let encoded = list["credentialSubject"]["encodedList"].as_str().context("it has no list")?;
    StatusList::decode(encoded).context("its list cannot be read")
}
