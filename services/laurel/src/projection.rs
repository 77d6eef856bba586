//! `laurel projection`: the read models of a stopped Laurel, and what its policies remember.

use std::path::Path;

use anyhow::{Context, ensure};
use clap::Subcommand;
use readmodel::{Progress, Standing};
use runtime::{Config, Flags};
use serde_json::json;

use crate::{
    bench::{Load, Meter, Processes},
    process,
    say::say,
};

/// What can be done with read models.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows how far each read model is, and who stands still in it or in a policy.
    Status {
        /// Where the stores are.
        #[command(flatten)]
        flags: Flags,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Has a read model or policy do without a fact that cannot be read, at which a tenant stands still.
    /// The decision is recorded in the log; the read model is built anew without the fact, the policy
    /// goes on when Laurel serves.
    Skip {
        /// Which read model or policy, such as `awards` or `awarding-mail`.
        model: String,
        /// Where the fact stands in the log, as `status` says.
        #[arg(long)]
        position: u64,
        /// Who decides: a handle or a ticket, not a person's name or address.
        #[arg(long, value_name = "WHO")]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Where the stores are.
        #[command(flatten)]
        flags: Flags,
        /// Say afterwards what is done without, as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Builds a read model anew from the log, beside the present one, and switches over.
    Rebuild {
        /// Which, such as `awards`; all when none is named.
        models: Vec<String>,
        /// Where the stores are.
        #[command(flatten)]
        flags: Flags,
        /// Show afterwards how far each read model is, one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them.
///
/// # Errors
/// When the stores do not open (a running process holds them), or a fact cannot be read.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Status { flags, json } => status(&Config::load(&flags)?, json).await,
        Command::Skip { model, position, by, reason, flags, json } => {
            let skipped = skip(&Config::load(&flags)?, &model, position, &by, &reason).await?;
            if json {
                say!("{}", told(&skipped))?;
            } else {
                say!("recorded: {model} does without {} at {position}", skipped.kind)?;
            }
            Ok(())
        }
        Command::Rebuild { models, flags, json } => {
            rebuild(&Config::load(&flags)?, &models, json).await
        }
    }
}

async fn status(config: &Config, json: bool) -> anyhow::Result<()> {
    let context = process::open(config).await?;
    caught_up(&context, &[]).await?;
    tell(&context, json)?;
    for standing in awarding::standing(&*context.stores.models).await? {
        let policy = standing.model.name;
        if json {
            say!("{}", json!({ "policy": policy, "standing": [told(&standing)] }))?;
        } else {
            say!("{policy:<16}  {} stands still: {standing}", standing.tenant())?;
        }
    }
    Ok(())
}

/// Says how far each read model is.
fn tell(context: &runtime::Context, json: bool) -> anyhow::Result<()> {
    for progress in context.views.progress() {
        let (name, version) = (progress.model.name, progress.model.version);
        let (applied, lag) = (progress.applied.0, progress.lag());
        if json {
            say!(
                "{}",
                json!({
                    "model": name,
                    "version": version,
                    "applied": applied,
                    "lag": lag,
                    "ready": progress.is_ready(),
                    "standing": progress.standing.iter().map(told).collect::<Vec<_>>(),
                })
            )?;
        } else {
            say!("{name:<16} v{version}  applied {applied:>10}  behind {lag:>8}")?;
            for standing in &progress.standing {
                say!("  {} stands still: {standing}", standing.tenant())?;
            }
        }
    }
    Ok(())
}

/// A fact at which a tenant stands still, as JSON.
fn told(standing: &Standing) -> serde_json::Value {
    json!({
        "tenant": standing.tenant().to_string(),
        "position": standing.position.0,
        "stream": standing.stream.as_str(),
        "fact": standing.fact,
        "kind": standing.kind,
    })
}

async fn skip(
    config: &Config,
    model: &str,
    position: u64,
    by: &str,
    reason: &str,
) -> anyhow::Result<Standing> {
    for (what, text) in [("--by", by), ("--reason", reason)] {
        ensure!((1..=500).contains(&text.trim().len()), "{what} says something, in 500 bytes");
    }
    let context = process::open(config).await?;
    context.tasks.spawn("projections", context.views.run(context.tasks.cancelled()));
    settled(&context).await?;
    let mut all: Vec<_> = context.views.progress().into_iter().flat_map(|it| it.standing).collect();
    all.extend(awarding::standing(&*context.stores.models).await?);
    let standing = all.iter().find(|it| it.model.name == model && it.position.0 == position);
    let standing = standing.cloned().with_context(|| {
        let all: Vec<String> = all.iter().map(|it| format!("{}: {it}", it.model.name)).collect();
        format!("nobody stands still in {model} at {position}: there are {all:?}")
    })?;
    let now = context.stores.clock.now();
    readmodel::skips::skip(&*context.stores.events, &standing, by, reason, now).await?;
    while context.views.progress().iter().any(|it| it.standing.contains(&standing)) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    settled(&context).await?;
    let late = context.tasks.shutdown(std::time::Duration::from_mins(1)).await;
    context.stores.models.flush().await?;
    late.map_err(|tasks| anyhow::anyhow!("did not end in time: {tasks:?}"))?;
    Ok(standing)
}

async fn rebuild(config: &Config, chosen: &[String], json: bool) -> anyhow::Result<()> {
    let context = process::open(config).await?;
    let known: Vec<&str> = context.views.progress().iter().map(|p| p.model.name).collect();
    for name in chosen {
        ensure!(
            known.contains(&name.as_str()),
            "no read model is called {name}: there are {known:?}"
        );
    }
    let all: Vec<String> = known.iter().map(ToString::to_string).collect();
    caught_up(&context, if chosen.is_empty() { &all } else { chosen }).await?;
    if json {
        tell(&context, json)?;
    }
    nobody_stands(&context)
}

/// Fails when a fact could not be read.
fn nobody_stands(context: &runtime::Context) -> anyhow::Result<()> {
    match context.views.progress().into_iter().flat_map(|it| it.standing).next() {
        Some(standing) => anyhow::bail!("{} stands still: {standing}", standing.model.name),
        None => Ok(()),
    }
}

/// Runs the projections until all have caught up, with these built anew.
async fn caught_up(context: &runtime::Context, anew: &[String]) -> anyhow::Result<()> {
    context.tasks.spawn("projections", context.views.run(context.tasks.cancelled()));
    settled(context).await?;
    for name in anew {
        context.views.rebuild(name).await?;
    }
    settled(context).await?;
    let late = context.tasks.shutdown(std::time::Duration::from_mins(1)).await;
    context.stores.models.flush().await?;
    late.map_err(|tasks| anyhow::anyhow!("did not end in time: {tasks:?}"))
}

async fn settled(context: &runtime::Context) -> anyhow::Result<()> {
    let head = context.stores.events.head().await?;
    loop {
        let progress = context.views.progress();
        if let Some(failed) = progress.iter().find_map(|p| p.failure.as_ref()) {
            anyhow::bail!("{failed}");
        }
        let done = |p: &Progress| p.is_whole() && p.building.is_none() && p.applied >= head;
        if progress.iter().all(done) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

/// The configuration of a folder by itself.
///
/// # Errors
/// When the environment says something else that makes no sense.
pub fn config(data: &Path) -> anyhow::Result<Config> {
    Ok(Config::load(&Flags { data: Some(data.to_owned()), ..Flags::default() })?)
}

/// Replays the whole log into fresh read models; what one fact cost this process and those.
///
/// # Errors
/// When the stores do not open, or a fact cannot be read.
pub async fn replay(config: &Config, others: Processes) -> anyhow::Result<Load> {
    let context = process::open(config).await?;
    let facts = usize::try_from(context.stores.events.head().await?.0).context("a count")?;
    let meter = Meter::start(others.and_this())?;
    context.tasks.spawn("projections", context.views.run(context.tasks.cancelled()));
    settled(&context).await?;
    nobody_stands(&context)?;
    let mut load = meter.read_for(facts, Vec::new())?;
    // There is one replay: its mean is all there is to say of latency.
    (load.p50_us, load.p99_us) = (load.wall_us_per_op, load.wall_us_per_op);
    context.tasks.shutdown(std::time::Duration::from_secs(10)).await.ok();
    Ok(load)
}
