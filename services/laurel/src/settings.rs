//! `laurel config`: what is configured, and whether it can be.

use std::process::ExitCode;

use clap::Subcommand;
use runtime::{
    Config, Flags,
    config::{Problem, unusable},
};

use crate::say::{self, say};

/// What can be done with a configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Says everything that is wrong with the configuration and the files that it names.
    ///
    /// Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage.
    Check {
        /// Which configuration.
        #[command(flatten)]
        flags: Flags,
        /// Print the problems as one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Prints the effective settings, from defaults, file, environment and flags, in TOML. Secrets are
    /// masked.
    Show {
        /// Which configuration.
        #[command(flatten)]
        flags: Flags,
        /// Print them as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them.
///
/// # Errors
/// When settings that are to be shown cannot be read.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { flags, json } => {
            let problems = problems(flags);
            if *json {
                say!("{}", serde_json::to_string(&problems)?)?;
            } else if problems.is_empty() {
                say!("nothing is wrong with the configuration")?;
            }
            for Problem { key, problem } in problems.iter().filter(|_| !json) {
                say!("{key}: {problem}")?;
            }
            Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Show { flags, json } => {
            let config = Config::load(flags)?;
            if *json {
                say!("{}", serde_json::to_string(&config)?)?;
            } else {
                say::text(&config.shown()?)?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Everything that is wrong.
#[must_use]
pub fn problems(flags: &Flags) -> Vec<Problem> {
    match Config::check(flags) {
        Ok(config) => unusable(&config),
        Err(problems) => problems,
    }
}
