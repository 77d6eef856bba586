//! `laurel verify-backup`: whether a backup can be restored.

use std::{path::PathBuf, process::ExitCode};

use keyvault::RootKey;

use crate::{
    backup::{Outcome, Report, judge_parts},
    say::{Unsaid, say},
};

/// Examines a backup and leaves it as it is: every file against its digest, the databases, every
/// fact and its key, every picture, and with the root key every key.
///
/// Exit codes: 0 sound, 1 damaged, 2 wrong usage, 3 sound as far as can be told without the root
/// key.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The folder of the backup; of the backup of each part, when they were copied apart.
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// The file of the root key.
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    /// Print the answers as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The exit code of a backup whose keys nobody opened.
const UNDETERMINED: u8 = 3;

/// Examines it and says what was found.
///
/// # Errors
/// When there is no backup, or the root key cannot be read.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let root = options.root_key.map(RootKey::load).transpose()?;
    let folders = options.folders;
    let judging = tokio::task::spawn_blocking(move || judge_parts(&folders, root.as_ref()));
    let report = judging.await??;
    if options.json {
        say!("{}", serde_json::to_string(&report)?)?;
    } else {
        tell(&report)?;
    }
    Ok(code(report.outcome))
}

/// The exit code that says it.
pub(crate) fn code(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Sound => ExitCode::SUCCESS,
        Outcome::Damaged => ExitCode::FAILURE,
        Outcome::Unknown => ExitCode::from(UNDETERMINED),
    }
}

/// Tells people.
pub(crate) fn tell(report: &Report) -> Result<(), Unsaid> {
    for manifest in [&report.manifest].into_iter().chain(&report.others) {
        say!("backup of {} from {}", manifest.public_url, manifest.began)?;
        if let Some(root_key) = &manifest.root_key {
            say!("needs root key {root_key}")?;
        }
    }
    for check in &report.checks {
        say!("  {:<8} {:<8} {}", check.outcome.mark(), check.name, check.detail)?;
    }
    Ok(())
}
