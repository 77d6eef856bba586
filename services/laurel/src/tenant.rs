//! `laurel tenant`: a tenant moves from one cell into another. A cell is a whole installation, with
//! a log, keys and read models of its own.

mod belongings;
mod export;
mod import;
mod lines;
mod list;
mod package;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use kernel::TenantId;
use runtime::{Config, Flags};

use crate::say::say;

pub use self::{
    export::export,
    import::{Imported, import, refuse_interrupted},
    list::{Listed, list},
    package::{Manifest, Part},
};

/// What can be done with a tenant as a whole.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the tenants of this cell. Laurel may serve meanwhile.
    List {
        /// Which cell.
        #[command(flatten)]
        flags: Flags,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Writes a tenant into one file: its facts, its artwork, its keys, and the organisation that it
    /// belongs to. Laurel may serve meanwhile.
    ///
    /// The keys in the file open with the transport key alone. Send the two by different ways, and
    /// destroy both when the tenant has arrived.
    ///
    /// Exit codes: 0 the file is whole, 1 there is none, 2 wrong usage.
    Export {
        /// Which tenant: its id, such as `tenant_01h4…`.
        #[arg(value_name = "TENANT")]
        tenant: TenantId,
        /// The file to write; it must not exist yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// The file of the transport key, 32 random bytes; made when there is none.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Which cell.
        #[command(flatten)]
        flags: Flags,
        /// Print the manifest as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Takes a tenant in from such a file. Laurel must not serve here meanwhile; read models follow
    /// when it starts.
    ///
    /// Everything in the file is examined before anything is written. When it is cut short, Laurel
    /// does not start until the same import was run again, which goes on where it was.
    ///
    /// Exit codes: 0 the tenant is here, 1 it is not, 2 wrong usage.
    Import {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The file of the transport key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Which cell.
        #[command(flatten)]
        flags: Flags,
        /// Print what came as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them.
///
/// # Errors
/// When the tenant cannot be written or taken in; it says why.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { flags, json } => {
            for listed in list(&Config::load(&flags)?).await? {
                if json {
                    say!("{}", serde_json::to_string(&listed)?)?;
                } else {
                    let Listed { tenant, organization, name, .. } = listed;
                    say!("{tenant}  {organization}  {name}")?;
                }
            }
        }
        Command::Export { tenant, to, key, flags, json } => {
            let config = Config::load(&flags)?;
            let manifest = export(&config, tenant, &to, &key).await?;
            if json {
                say!("{}", serde_json::to_string(&manifest)?)?;
                return Ok(ExitCode::SUCCESS);
            }
            let (facts, streams) = (manifest.facts, manifest.streams);
            say!("exported {tenant} to {}: {facts} facts of {streams} streams,", to.display())?;
            say!(
                "  {} keys of people and others, {} secrets, {} pictures",
                manifest.keys,
                manifest.secrets,
                manifest.pictures
            )?;
            say!("what happens to the tenant here from now on is not in it")?;
            say!("it opens with the key in {}: send that by another way", key.display())?;
        }
        Command::Import { file, key, flags, json } => {
            let config = Config::load(&flags)?;
            let imported = import(&config, &file, &key).await?;
            if json {
                say!("{}", serde_json::to_string(&imported)?)?;
                return Ok(ExitCode::SUCCESS);
            }
            let Imported { tenant, facts, keys, secrets, pictures, .. } = &imported;
            say!("{tenant} is here: {facts} facts, {keys} keys of people and others,")?;
            say!("  {secrets} secrets, {pictures} pictures")?;
            if imported.organization_was_here {
                say!("its organisation was here: members and API clients are as they were")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
