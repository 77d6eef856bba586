//! `laurel key`: the root key, which is above all others.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, ensure};
use clap::Subcommand;
use keyvault::{RootKey, RootKeyError, RootKeyState, Rotation};
use runtime::{Clock, Config, Flags, SystemClock};
use serde_json::json;

use crate::say::{Unsaid, say};

/// What can be done with the root key.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Wraps the keys of all tenants under another root key, after which the present one opens
    /// nothing any more. Of a stopped Laurel; where the key vault has a process of its own, that
    /// process alone must be stopped.
    ///
    /// Whatever ends it in the middle, the keys are under one of the two root keys: run it again.
    /// Backups that were made before need the root key of before.
    ///
    /// Exit codes: 0 done, also when an earlier run did it; 1 not done; 2 wrong usage.
    Rotate(Rotate),
    /// Shows under which root key the key vault is; also while Laurel serves.
    ///
    /// Exit codes: 0 it is the configured one, 1 it is another, 2 wrong usage, 3 the configured one
    /// cannot be read.
    Status {
        /// Which installation.
        #[command(flatten)]
        flags: Flags,
        /// Print it as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// To which root key.
#[derive(clap::Args, Clone, Debug)]
pub struct Rotate {
    /// The file of the next root key, 32 random bytes; made when there is none.
    #[arg(long, value_name = "FILE")]
    new_root_key: PathBuf,
    /// Say what would be done, and change nothing. Also while Laurel serves.
    #[arg(long)]
    dry_run: bool,
    /// Which installation, under the present root key.
    #[command(flatten)]
    flags: Flags,
    /// Print what was done as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The exit code when the configured root key cannot be read.
const UNDETERMINED: u8 = 3;

/// Runs one of them.
///
/// # Errors
/// When there is no vault here, it is in use, or no root key opens it.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    tokio::task::spawn_blocking(move || match command {
        Command::Rotate(options) => rotate(&options),
        Command::Status { flags, json } => status(&Config::load(&flags)?, json),
    })
    .await?
}

/// The vault of the installation, which must be this machine's.
fn vault(config: &Config) -> anyhow::Result<PathBuf> {
    ensure!(
        config.stores.keys.url().is_none(),
        "the keys are another role's: run this where `laurel serve keyvault` runs, with its \
         configuration"
    );
    Ok(config.data.join("keys/keys.sqlite"))
}

fn rotate(options: &Rotate) -> anyhow::Result<ExitCode> {
    let config = Config::load(&options.flags)?;
    let path = vault(&config)?;
    let (old_file, next_file) = (config.root_key_file(), &options.new_root_key);
    let old = RootKey::load(&old_file).context("the present root key")?;
    let there = next_file.try_exists()?.then(|| RootKey::load(next_file)).transpose()?;
    let rehearsed = keyvault::rehearse(&path, &old, there.as_ref())?;
    let (next, rotation) = if options.dry_run {
        (there, rehearsed)
    } else {
        let next = RootKey::load_or_create(next_file).context("the next root key")?;
        let rotation = keyvault::rotate(&path, &old, &next, SystemClock.now())?;
        (Some(next), rotation)
    };
    let (outcome, tenants) = match rotation {
        Rotation::Done { tenants } if options.dry_run => ("rehearsed", tenants),
        Rotation::Done { tenants } => ("done", tenants),
        Rotation::Already { tenants } => ("already", tenants),
    };
    let name = next.map_or_else(|| "that will be made".to_owned(), |next| next.name());
    if options.json {
        let (from, to) = (old.name(), next_file.try_exists()?.then_some(&name));
        say!(
            "{}",
            json!({ "outcome": outcome, "tenants": tenants, "from": from, "to": to,
                    "newRootKey": next_file, "rootKey": old_file })
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let old = old.name();
    match outcome {
        "rehearsed" => say!(
            "the keys of {tenants} tenants would be taken from root key {old} to the one {name}; \
             nothing was changed"
        )?,
        "done" => say!(
            "the keys of {tenants} tenants are under root key {name} now; {old} opens none of them"
        )?,
        _ => say!("the keys of {tenants} tenants are under root key {name} already")?,
    }
    if !options.dry_run {
        let (next, place) = (next_file.display(), old_file.display());
        say!("before you start, put {next} in the place of {place}, and a copy of it elsewhere")?;
        say!("keep {old} for as long as you keep backups of before: they need it")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the configured root key is the vault's.
enum Fit {
    Fits,
    Another,
    Unreadable(RootKeyError),
}

fn status(config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let path = vault(config)?;
    let state = keyvault::root_key_of(&path)?;
    let file = config.root_key_file();
    let (configured, fit) = match RootKey::load(&file) {
        Ok(root) if keyvault::fits(&path, &root)? => (Some(root.name()), Fit::Fits),
        Ok(root) => (Some(root.name()), Fit::Another),
        Err(error) => (None, Fit::Unreadable(error)),
    };
    // A vault that no newer Laurel has opened does not know the name of its key yet.
    let name = state.name.clone().or_else(|| match fit {
        Fit::Fits => configured.clone(),
        Fit::Another | Fit::Unreadable(_) => None,
    });
    if json {
        let time = |at: Option<kernel::Timestamp>| at.map(|at| at.whole_second().to_string());
        say!(
            "{}",
            json!({ "vault": name, "since": time(state.since), "configured": configured,
                    "fits": matches!(fit, Fit::Fits), "tenants": state.tenants,
                    "oldestTenant": time(state.oldest) })
        )?;
    } else {
        tell(&state, name.as_deref(), &fit, &file)?;
    }
    Ok(match fit {
        Fit::Fits => ExitCode::SUCCESS,
        Fit::Another => ExitCode::FAILURE,
        Fit::Unreadable(_) => ExitCode::from(UNDETERMINED),
    })
}

fn tell(state: &RootKeyState, name: Option<&str>, fit: &Fit, file: &Path) -> Result<(), Unsaid> {
    let since = match state.since {
        Some(since) => format!("since {}", since.whole_second()),
        None => "since it was made".to_owned(),
    };
    say!("vault       under root key {} {since}", name.unwrap_or("without a name"))?;
    let file = file.display();
    match fit {
        Fit::Fits => say!("configured  {file} is that key")?,
        Fit::Another => say!("configured  {file} is ANOTHER key, and opens nothing")?,
        Fit::Unreadable(error) => say!("configured  {error}")?,
    }
    match state.oldest {
        Some(oldest) => {
            let day = oldest.day();
            say!("tenants     {} have a key, the oldest of {day}", state.tenants)
        }
        None => say!("tenants     {} have a key", state.tenants),
    }
}
