//! The scenarios.

use std::{
    fmt::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio_stream::StreamExt;

use super::{
    Load, Meter, Processes, Scenario,
    ground::{Ground, Running, stores_alone},
    limits,
    load::many,
    server::Server,
    standards,
};
use crate::{
    demo::{self, Seeded},
    partner::Partner,
    process, projection,
};

/// Runs one on an empty folder.
pub async fn run(
    scenario: Scenario,
    ground: Ground,
    scale: f64,
    folder: &Path,
) -> anyhow::Result<Load> {
    let times = |count: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let count = (count * scale).max(1.0) as usize;
        count
    };
    let json = "application/vc+ld+json";
    match scenario {
        Scenario::AwardBulk => award_bulk(ground, folder, times(10_000.0)).await,
        Scenario::AwardSingle => award_single(ground, folder, times(6_000.0)).await,
        Scenario::Journey => journey(ground, folder, times(2_000.0)).await,
        Scenario::PublicJson => public(ground, folder, times(30_000.0), json).await,
        Scenario::PublicPage => public(ground, folder, times(30_000.0), "text/html").await,
        Scenario::Append => append(ground, folder, 64, scale).await,
        Scenario::AppendOne => append(ground, folder, 1, scale).await,
        Scenario::Replay => replay(ground, folder, times(20_000.0)).await,
        Scenario::IssueTemplate
        | Scenario::IssueGeneral
        | Scenario::VerifyRdfc
        | Scenario::VerifyJcs
        | Scenario::VerifyJwt
        | Scenario::BakePng => standards::run(scenario, times(20_000.0)),
        Scenario::Start => start(folder, times(1_000_000.0)).await,
    }
}

/// A Laurel with a badge to award.
async fn ready(ground: Ground, folder: &Path) -> anyhow::Result<(Running, Seeded)> {
    let laurel = Running::start(ground, folder).await?;
    let operator = process::operator_token(&laurel.config()?).await?;
    let guest = Partner::new(&laurel.url())?;
    let seeded = demo::organization(&guest, &operator, &laurel.data()).await?;
    Ok((laurel, seeded))
}

/// A CSV of that many people nobody has met.
fn people(count: usize, from: usize) -> String {
    let mut csv = String::from("email,name\n");
    for n in from..from + count {
        let _ = writeln!(csv, "learner.{n}@bench.example,Learner Number {n}");
    }
    csv
}

/// The most rows sent in one batch.
const BATCH: usize = 1_000;

/// Awards so many, a batch after the other; for each batch, what one award took, in microseconds.
async fn award(seeded: &Seeded, count: usize) -> anyhow::Result<Vec<f64>> {
    let (mut from, mut times) = (0, Vec::new());
    while from < count {
        let start = Instant::now();
        let rows = BATCH.min(count - from);
        let key = format!("bench/{from}");
        let outcome = demo::award_everyone(seeded, &people(rows, from), &key).await?;
        ensure!(outcome.awarded == rows as u64, "{} of {rows} were awarded", outcome.awarded);
        from += rows;
        #[expect(clippy::cast_precision_loss, reason = "a batch has a thousand rows")]
        times.push(limits::micros(start.elapsed()) / rows as f64);
    }
    Ok(times)
}

async fn award_bulk(ground: Ground, folder: &Path, count: usize) -> anyhow::Result<Load> {
    let (laurel, seeded) = ready(ground, folder).await?;
    // One batch beforehand, so that what is made once is made.
    demo::award_everyone(&seeded, &people(10, usize::MAX / 2), "bench/warm").await?;
    let meter = Meter::start(laurel.processes()?)?;
    let times = award(&seeded, count).await?;
    let load = meter.read_for(count, times)?;
    laurel.stop().await?;
    Ok(load)
}

const AWARD: &str = "mutation($input: AwardCreateInput!) {
  awardCreate(input: $input) { award { id } consistencyToken userErrors { ...on UserError { code message path } } } }";

/// Gives the badge to the n-th learner.
async fn give(seeded: &Seeded, n: usize) -> anyhow::Result<Value> {
    let address = format!("learner.{n}@bench.example");
    let input = json!({ "input": {
        "idempotencyKey": format!("bench/{n}"),
        "badgeId": seeded.badge,
        "recipient": { "email": { "address": address, "displayName": "A Learner" } },
        "notify": false,
    } });
    seeded.partner.ask(AWARD, input).await
}

async fn award_single(ground: Ground, folder: &Path, count: usize) -> anyhow::Result<Load> {
    let (laurel, seeded) = ready(ground, folder).await?;
    let seeded = Arc::new(seeded);
    let go = move |n: usize| {
        let seeded = seeded.clone();
        async move { give(&seeded, n).await.map(drop) }
    };
    measured(laurel, count, 64, go).await
}

/// What it costs to do that so often with so many in flight, once it is warm.
async fn measured<F>(
    laurel: Running,
    count: usize,
    in_flight: usize,
    go: impl Fn(usize) -> F + Clone + Send + Sync + 'static,
) -> anyhow::Result<Load>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let warm = go.clone();
    many(64, 16, move |n| warm(usize::MAX / 2 + n)).await?;
    let meter = Meter::start(laurel.processes()?)?;
    let times = many(count, in_flight, go).await?;
    let load = meter.read(times)?;
    laurel.stop().await?;
    Ok(load)
}

const READ: &str = "query($id: ID!) { node(id: $id) {
  ...on Award { id status badge { name } recipient { name } publicUrl } } }";

/// A learner's award: made, read back by who made it, and relied on by others.
async fn journey(ground: Ground, folder: &Path, count: usize) -> anyhow::Result<Load> {
    let (laurel, seeded) = ready(ground, folder).await?;
    let seeded = Arc::new(seeded);
    let go = {
        let (seeded, base) = (seeded.clone(), laurel.url());
        move |n: usize| {
            let (seeded, base) = (seeded.clone(), base.clone());
            async move {
                let made = give(&seeded, n).await?;
                let token = made["awardCreate"]["consistencyToken"].as_str().unwrap_or_default();
                let id = &made["awardCreate"]["award"]["id"];
                let reader = seeded.partner.consistent_with(token);
                let award = reader.ask(READ, json!({ "id": id })).await?;
                let url = award["node"]["publicUrl"].as_str().context("no address")?;
                let at = url.find("/c/").context("no address of an award")?;
                let url = format!("{base}{}", &url[at..]);
                for _ in 0..2 {
                    seeded.partner.fetch(&url, "text/html").await?;
                }
                let credential = seeded.partner.fetch(&url, "application/vc+ld+json").await?;
                let credential: Value = serde_json::from_slice(&credential)?;
                let list = &credential["credentialStatus"]["statusListCredential"];
                let list = list.as_str().context("no status list")?;
                let at = list.find("/status/").context("no address of a status list")?;
                let list = format!("{base}{}", &list[at..]);
                seeded.partner.fetch(&list, "application/vc+ld+json").await.map(drop)
            }
        }
    };
    measured(laurel, count, 32, go).await
}

async fn public(
    ground: Ground,
    folder: &Path,
    count: usize,
    accept: &'static str,
) -> anyhow::Result<Load> {
    let (laurel, seeded) = ready(ground, folder).await?;
    let outcome = demo::award_everyone(&seeded, &people(50, 0), "bench/public").await?;
    ensure!(outcome.awarded == 50, "the awards to look at were not made");
    let listed =
        seeded.partner.ask("{ awards(first: 50) { nodes { publicUrl } } }", json!({})).await?;
    let nodes = listed["awards"]["nodes"].as_array().cloned().unwrap_or_default();
    let urls: Vec<String> = nodes
        .iter()
        .filter_map(|node| node["publicUrl"].as_str())
        .filter_map(|url| Some(format!("{}{}", laurel.url(), &url[url.find("/c/")?..])))
        .collect();
    ensure!(urls.len() == 50, "the awards to look at are not listed");
    let http = seeded.partner.http().clone();
    let urls = Arc::new(urls);
    let get = move |n: usize| {
        let (http, urls) = (http.clone(), urls.clone());
        async move {
            let response = http.get(&urls[n % urls.len()]).header("accept", accept).send().await?;
            let status = response.status();
            let body = response.bytes().await?;
            ensure!(status.is_success() && body.len() > 500, "{status} with {} bytes", body.len());
            Ok(())
        }
    };
    let warm = get.clone();
    many(500, 16, warm).await?;
    let meter = Meter::start(laurel.processes()?)?;
    let times = many(count, 16, get).await?;
    let load = meter.read(times)?;
    laurel.stop().await?;
    Ok(load)
}

async fn append(ground: Ground, folder: &Path, writers: usize, scale: f64) -> anyhow::Result<Load> {
    let duration = Duration::from_secs_f64(4.0 * scale);
    match ground {
        Ground::Embedded => {
            let options = eventstore::EmbeddedOptions::at(folder.join("events"));
            let store = Arc::new(eventstore::Embedded::open(options)?);
            let load = limits::append(store.clone(), Processes::this(), writers, duration).await;
            store.close().await;
            load
        }
        Ground::Apart => {
            let laurel = Running::start(ground, folder).await?;
            let context = process::open(&laurel.config()?).await?;
            // As every role does.
            let everything = eventstore::Filter::every_tenant(&[]);
            let mut news = context.stores.events.subscribe(kernel::Position::START, everything);
            context.tasks.spawn("follower", async move { while news.next().await.is_some() {} });
            let Running::Apart(mut fleet) = laurel else { bail!("the processes are one") };
            let processes = stores_alone(&mut fleet).await?.and_this();
            let events = context.stores.events.clone();
            let load = limits::append(events, processes, writers, duration).await;
            context.tasks.shutdown(Duration::from_secs(10)).await.ok();
            fleet.stop().await?;
            load
        }
    }
}

async fn replay(ground: Ground, folder: &Path, count: usize) -> anyhow::Result<Load> {
    let (laurel, seeded) = ready(ground, folder).await?;
    award(&seeded, count).await?;
    let config = laurel.config()?;
    match laurel {
        Running::Embedded(server, _) => {
            server.stop().await?;
            std::fs::remove_dir_all(folder.join("models")).context("dropping the read models")?;
            projection::replay(&config, Processes::default()).await
        }
        Running::Apart(mut fleet) => {
            let stores = stores_alone(&mut fleet).await?;
            fleet.tell_redis(&["FLUSHALL"]).await?;
            let load = projection::replay(&config, stores).await;
            fleet.stop().await?;
            load
        }
    }
}

async fn start(folder: &Path, facts: usize) -> anyhow::Result<Load> {
    limits::fill(folder, facts).await?;
    // The first start builds the indexes and read models; the second is what is measured.
    Server::start(folder).await?.stop().await?;
    let server = Server::start(folder).await?;
    let took = limits::micros(server.ready_after);
    let processes = Processes::one(server.pid()?);
    let mut load = Meter::start(processes.clone())?.read(vec![took])?;
    load.wall_us_per_op = took;
    load.cpu_us_per_op = processes.cpu_us()?;
    server.stop().await?;
    Ok(load)
}
