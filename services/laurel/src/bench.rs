//! `laurel bench`: what things cost on this machine, measured from outside.
//!
//! Scenarios that speak HTTP start a Laurel in processes of its own and count *their* CPU time; the
//! load comes from this process and is not counted. `append`, `append-one` and `replay` are done by
//! this process, and what the stores' processes use is added. Scenarios with stores run on one
//! process and on a process for each role.

mod ground;
mod limits;
mod load;
mod meter;
mod scenarios;
mod server;
mod standards;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;

pub use limits::Limits;
pub use meter::{Load, Meter, Processes};

use ground::Ground;

use crate::say::say;

/// What to measure and how to say it.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Which scenarios; all when none is named.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<Scenario>,
    /// Where: in one process on embedded stores, or in a process for each role on KurrentDB's
    /// protocol and Redis, of which all is counted. Both by default, where redis-server is installed.
    #[arg(long, value_name = "GROUND", value_delimiter = ',')]
    on: Vec<Ground>,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
    /// Do that many times as much as by default.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Where to put the stores that are measured; a folder of its own is made and removed there.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// A CSV of people to signed, durable and projected awards, per award.
    AwardBulk,
    /// The mutation awardCreate over HTTP with 64 in flight, durable when answered.
    AwardSingle,
    /// A learner's award: created over GraphQL, read back with its consistency token, its page seen
    /// twice, its credential and its status list fetched; per award.
    Journey,
    /// The signed credential of a public award over HTTP.
    PublicJson,
    /// The public page of an award over HTTP.
    PublicPage,
    /// Durable appends of one fact with 64 writers at once.
    Append,
    /// Durable appends of one fact, one after the other.
    AppendOne,
    /// All facts into fresh read models, per fact.
    Replay,
    /// One credential from its template: filled in, hashed, signed, written.
    IssueTemplate,
    /// One credential of any form: canonicalised, signed, written.
    IssueGeneral,
    /// A credential from its bytes to the answer that its `eddsa-rdfc-2022` proof holds.
    VerifyRdfc,
    /// The same with an `eddsa-jcs-2022` proof.
    VerifyJcs,
    /// The same as a JWT.
    VerifyJwt,
    /// A credential baked into a PNG of 100 KiB, and read out of it again.
    BakePng,
    /// From the start of a process to ready, on a log of a million facts; not among the defaults.
    Start,
}

impl Scenario {
    const DEFAULT: [Scenario; 14] = [
        Scenario::AwardBulk,
        Scenario::AwardSingle,
        Scenario::Journey,
        Scenario::PublicJson,
        Scenario::PublicPage,
        Scenario::Append,
        Scenario::AppendOne,
        Scenario::Replay,
        Scenario::IssueTemplate,
        Scenario::IssueGeneral,
        Scenario::VerifyRdfc,
        Scenario::VerifyJcs,
        Scenario::VerifyJwt,
        Scenario::BakePng,
    ];

    fn name(self) -> &'static str {
        match self {
            Scenario::AwardBulk => "award-bulk",
            Scenario::AwardSingle => "award-single",
            Scenario::Journey => "journey",
            Scenario::PublicJson => "public-json",
            Scenario::PublicPage => "public-page",
            Scenario::Append => "append",
            Scenario::AppendOne => "append-one",
            Scenario::Replay => "replay",
            Scenario::IssueTemplate => "issue-template",
            Scenario::IssueGeneral => "issue-general",
            Scenario::VerifyRdfc => "verify-rdfc",
            Scenario::VerifyJcs => "verify-jcs",
            Scenario::VerifyJwt => "verify-jwt",
            Scenario::BakePng => "bake-png",
            Scenario::Start => "start",
        }
    }

    /// On which of these grounds it can be told apart: what needs no store is measured once.
    fn on(self, grounds: &[Ground]) -> &[Ground] {
        match self {
            Scenario::AwardBulk
            | Scenario::AwardSingle
            | Scenario::Journey
            | Scenario::PublicJson
            | Scenario::PublicPage
            | Scenario::Append
            | Scenario::AppendOne
            | Scenario::Replay => grounds,
            Scenario::IssueTemplate
            | Scenario::IssueGeneral
            | Scenario::VerifyRdfc
            | Scenario::VerifyJcs
            | Scenario::VerifyJwt
            | Scenario::BakePng
            | Scenario::Start => &[Ground::Embedded],
        }
    }
}

/// One line of the result.
#[derive(Serialize)]
struct Measurement {
    scenario: &'static str,
    ground: Ground,
    operations: usize,
    cpu_us_per_op: f64,
    wall_us_per_op: f64,
    p50_us: f64,
    p99_us: f64,
    rss_mib: f64,
    /// Who used the CPU time, in microseconds per operation.
    cpu_us_of: BTreeMap<String, f64>,
    limits: Limits,
}

/// Measures and prints.
///
/// # Errors
/// When a scenario cannot be run to its end.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let parent = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = parent.join(format!("laurel-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let outcome = measure(&options, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    outcome
}

async fn measure(options: &Options, folder: &Path) -> anyhow::Result<()> {
    let scenarios = match &options.scenarios[..] {
        [] => &Scenario::DEFAULT[..],
        named => named,
    };
    let grounds = match &options.on[..] {
        [] => Ground::there(),
        named => named,
    };
    let limits = Limits::measure(folder).await?;
    if !options.json {
        say!(
            "limits: Ed25519 sign {:.1} µs, verify {:.1} µs; fsync {:.0} µs; append at 64 writers {:.0} µs",
            limits.ed25519_sign_us,
            limits.ed25519_verify_us,
            limits.fsync_us,
            limits.store_append_us
        )?;
    }
    for scenario in scenarios {
        let mut first = None;
        for ground in scenario.on(grounds) {
            let place = folder.join(scenario.name());
            std::fs::create_dir_all(&place)?;
            let load =
                scenarios::run(*scenario, *ground, options.scale, &place).await.with_context(
                    || format!("the scenario {} failed ({})", scenario.name(), ground.name()),
                )?;
            std::fs::remove_dir_all(&place)?;
            if options.json {
                say!("{}", serde_json::to_string(&told(*scenario, *ground, &load, limits))?)?;
            } else {
                let times = first.map(|first: f64| load.cpu_us_per_op / first);
                first.get_or_insert(load.cpu_us_per_op);
                say_line(*scenario, *ground, &load, times)?;
            }
        }
    }
    Ok(())
}

fn told(scenario: Scenario, ground: Ground, load: &Load, limits: Limits) -> Measurement {
    Measurement {
        scenario: scenario.name(),
        ground,
        operations: load.operations,
        cpu_us_per_op: load.cpu_us_per_op,
        wall_us_per_op: load.wall_us_per_op,
        p50_us: load.p50_us,
        p99_us: load.p99_us,
        rss_mib: load.rss_mib,
        cpu_us_of: load.shares.iter().cloned().collect(),
        limits,
    }
}

/// `times` as much CPU time as on the ground before.
fn say_line(
    scenario: Scenario,
    ground: Ground,
    load: &Load,
    times: Option<f64>,
) -> anyhow::Result<()> {
    let ratio = times.map(|times| format!("  {times:.2} × the CPU")).unwrap_or_default();
    say!(
        "{:<14} {:<8} {:>8} operations  {:>9.1} µs CPU  {:>9.1} µs wall  p50 {:>9.0} µs  p99 {:>9.0} µs  {:>6.1} MiB{ratio}",
        scenario.name(),
        ground.name(),
        load.operations,
        load.cpu_us_per_op,
        load.wall_us_per_op,
        load.p50_us,
        load.p99_us,
        load.rss_mib
    )?;
    if load.shares.len() > 1 {
        let mut shares = load.shares.clone();
        shares.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let shares = shares.iter().map(|(name, share)| format!("{name} {share:.1}"));
        say!("{:<14} of which {}", "", shares.collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}
