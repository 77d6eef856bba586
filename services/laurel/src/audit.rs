//! `laurel audit`: whether the log is whole and unaltered, as far as that can be proven.

mod anchor;
mod credentials;
mod examined;
mod lists;
mod sealed;
mod served;

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use keyvault::RootKey;
use runtime::{Config, Flags};
use serde::Serialize;

pub use self::examined::Asked;
use self::examined::examine;
use crate::{
    backup::Outcome,
    say::{Unsaid, say},
    verify_backup::code,
};

/// What can be asked of the log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads the log from end to end and says what is wrong with it. Changes nothing; Laurel may
    /// serve meanwhile.
    ///
    /// Asked is: do the pages of the file fit together, are positions and revisions without gaps,
    /// can each fact be read, does everything sealed open with its key, is each credential the one
    /// whose SHA-256 its fact states, and does its signature verify with the issuer's key; with
    /// --served, do the status lists say what the log says; with --anchor, is the log still the one
    /// of then.
    ///
    /// Exit codes: 0 sound, 1 damaged, 2 wrong usage, 3 sound as far as was asked.
    Verify(Options),
}

/// What `laurel audit verify` asks.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Compare with the digests that an earlier run wrote: they tell whether history was rewritten,
    /// if they were kept where those who can write the log cannot.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// Write the digests of the log as it is into a new file.
    #[arg(long, value_name = "FILE")]
    write_anchor: Option<PathBuf>,
    /// Compare with the status lists that are served there, such as `http://localhost:8080`.
    #[arg(long, value_name = "URL")]
    served: Option<String>,
    /// Where the stores are.
    #[command(flatten)]
    flags: Flags,
    /// Print the answers as one JSON object.
    #[arg(long)]
    json: bool,
}

/// All the answers.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The worst of them.
    pub outcome: Outcome,
    /// The position of the newest record.
    pub head: u64,
    /// Facts.
    pub facts: u64,
    /// A digest of everything up to the head: another log has another.
    pub sha256: String,
    /// One by one.
    pub checks: Vec<Check>,
}

/// What was asked, and the answer.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// The answer.
    pub outcome: Outcome,
    /// What was counted, or why nobody can tell.
    pub detail: String,
    /// How much is wrong.
    pub faults: u64,
    /// What is wrong, the first hundred.
    pub damages: Vec<String>,
}

/// The most damages of a kind that are told one by one.
const TOLD: usize = 100;

impl Check {
    fn new(name: &'static str) -> Self {
        let (detail, damages) = (String::new(), Vec::new());
        Self { name, outcome: Outcome::Sound, detail, faults: 0, damages }
    }

    fn damaged(&mut self, what: impl Into<String>) {
        self.outcome = Outcome::Damaged;
        self.faults += 1;
        if self.damages.len() < TOLD {
            self.damages.push(what.into());
        }
    }

    /// Nobody can tell, unless something else is known to be wrong.
    fn unknown(&mut self, why: impl Into<String>) {
        self.detail = why.into();
        if self.outcome == Outcome::Sound {
            self.outcome = Outcome::Unknown;
        }
    }
}

/// Asks and tells the answers.
///
/// # Errors
/// When there is no log, or a file that was named cannot be used.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Verify(options) = command;
    let config = Config::load(&options.flags)?;
    let place = config.root_key_file();
    let root = place.try_exists()?.then(|| RootKey::load(&place)).transpose()?;
    let Options { anchor, write_anchor, served, .. } = options;
    let report = verify(config, root, Asked { anchor, write_anchor, served }).await?;
    if options.json {
        say!("{}", serde_json::to_string(&report)?)?;
    } else {
        tell(&report)?;
    }
    Ok(code(report.outcome))
}

/// Reads the log of a data folder, which may be in use, and says what is wrong with it.
///
/// # Errors
/// When there is no log, or a file that was named cannot be used.
pub async fn verify(config: Config, root: Option<RootKey>, asked: Asked) -> anyhow::Result<Report> {
    let (events, served) = (config.data.join("events"), asked.served.clone());
    let (mut report, mut lists) =
        tokio::task::spawn_blocking(move || examine(&config, root, &asked)).await??;
    report.checks.push(served::compare(&mut lists, &events, served.as_deref()).await?);
    report.outcome = worst(&report.checks);
    Ok(report)
}

/// The worst of all answers.
fn worst(checks: &[Check]) -> Outcome {
    Outcome::worst(checks.iter().map(|check| check.outcome))
}

fn tell(report: &Report) -> Result<(), Unsaid> {
    say!("log up to position {}: {} facts", report.head, report.facts)?;
    for check in &report.checks {
        say!("  {:<8} {:<12} {}", check.outcome.mark(), check.name, check.detail)?;
        for damage in &check.damages {
            say!("           {damage}")?;
        }
        let more = check.faults.saturating_sub(check.damages.len() as u64);
        if more > 0 {
            say!("           and {more} more")?;
        }
    }
    say!("sha256 of all this: {}", report.sha256)
}
