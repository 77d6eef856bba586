//! The demo's awards: a CSV in, an outcome for each row out, and one award looked at closely.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::seed::{Seeded, text};

/// How a batch ended.
pub struct Outcome {
    /// Data rows of the CSV.
    pub rows: u64,
    /// Rows that became awards.
    pub awarded: u64,
    /// Rows that did not.
    pub rejected: u64,
    /// Each rejected row: its line, the code, the message, the column.
    pub refusals: Vec<Value>,
    /// The global id of the first award.
    pub first: String,
}

/// One award, from outside.
pub struct Looked {
    /// The public page.
    pub public_url: String,
    /// Where its signed credential lies.
    pub credential: PathBuf,
    /// Where the issuer's DID document lies.
    pub did: PathBuf,
    /// Where the signed status list lies.
    pub status_list: PathBuf,
}

/// Awards the badge to everyone in the CSV and waits until every row has its outcome.
///
/// # Errors
/// When the batch is refused.
pub async fn award_everyone(seeded: &Seeded, csv: &str, key: &str) -> anyhow::Result<Outcome> {
    let partner = &seeded.partner;
    let made = partner
        .ask(
            "mutation($input: AwardBatchCreateInput!) {
               awardBatchCreate(input: $input) { start { batch { id rowCount } } userErrors { ...on UserError { code message path } } } }",
            json!({ "input": { "idempotencyKey": key, "badgeId": seeded.badge, "csv": csv, "notify": false } }),
        )
        .await
        .context("sending the people")?;
    let made = &made["awardBatchCreate"]["start"]["batch"];
    let batch = text(&made["id"])?;
    let bar = progress(made["rowCount"].as_u64().unwrap_or_default());
    loop {
        let state = partner
            .ask(
                "query($id: ID!) { awardBatch(id: $id) { status rowCount awardedCount rejectedCount } }",
                json!({ "id": batch }),
            )
            .await?;
        let state = &state["awardBatch"];
        let count = |name: &str| state[name].as_u64().unwrap_or_default();
        bar.set_position(count("awardedCount") + count("rejectedCount"));
        if state["status"] == "FINISHED" {
            bar.finish_and_clear();
            return Ok(Outcome {
                rows: count("rowCount"),
                awarded: count("awardedCount"),
                rejected: count("rejectedCount"),
                refusals: refusals(seeded, &batch).await?,
                first: first(seeded, &batch).await?,
            });
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

fn progress(rows: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("awarding {bar:40} {pos}/{len} {eta}");
    ProgressBar::new(rows).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

const ROWS: &str = "query($id: ID!, $rejectedOnly: Boolean!, $first: Int!, $after: String) {
  awardBatch(id: $id) { rows(rejectedOnly: $rejectedOnly, first: $first, after: $after) {
    nodes { line award { id } error { code message path } }
    pageInfo { hasNextPage endCursor } } } }";

async fn refusals(seeded: &Seeded, batch: &str) -> anyhow::Result<Vec<Value>> {
    let (mut rows, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "id": batch, "rejectedOnly": true, "first": 100, "after": after });
        let mut page = seeded.partner.ask(ROWS, variables).await?;
        let page = page["awardBatch"]["rows"].take();
        rows.extend(page["nodes"].as_array().cloned().unwrap_or_default());
        if page["pageInfo"]["hasNextPage"] != true {
            return Ok(rows);
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn first(seeded: &Seeded, batch: &str) -> anyhow::Result<String> {
    let variables = json!({ "id": batch, "rejectedOnly": false, "first": 1 });
    let page = seeded.partner.ask(ROWS, variables).await?;
    text(&page["awardBatch"]["rows"]["nodes"][0]["award"]["id"])
}

/// Looks at the first award as a stranger would and keeps what a verifier needs under the data
/// folder.
///
/// # Errors
/// When something is not where it should be.
pub async fn first_award(
    seeded: &Seeded,
    outcome: &Outcome,
    data: &Path,
) -> anyhow::Result<Looked> {
    let partner = &seeded.partner;
    let award = partner
        .ask("query($id: ID!) { award(id: $id) { publicUrl } }", json!({ "id": outcome.first }))
        .await?;
    let public_url = text(&award["award"]["publicUrl"])?;
    let here = |url: &str| -> anyhow::Result<String> {
        let path = url.splitn(4, '/').nth(3).context("a URL with a path")?;
        Ok(format!("/{path}"))
    };
    let json = partner.fetch(&here(&public_url)?, "application/vc+ld+json").await?;
    let credential: Value = serde_json::from_slice(&json).context("the credential is no JSON")?;
    let did = text(&credential["issuer"]["id"])?;
    let issuer = did.rsplit(':').next().unwrap_or_default();
    let did = partner.fetch(&format!("/i/{issuer}/did.json"), "application/did+json").await?;
    let list = text(&credential["credentialStatus"]["statusListCredential"])?;
    let list = partner.fetch(&here(&list)?, "application/vc+ld+json").await?;

    let folder = data.join("demo");
    let keep = |name: &str, bytes: &[u8]| -> anyhow::Result<PathBuf> {
        let path = std::path::absolute(folder.join(name))?;
        std::fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    };
    Ok(Looked {
        public_url,
        credential: keep("credential.json", &json)?,
        did: keep("did.json", &did)?,
        status_list: keep("status-list.json", &list)?,
    })
}
