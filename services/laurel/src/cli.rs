//! The command line. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 undetermined, 141
//! nobody reads the output any more.

use std::{ffi::OsString, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use runtime::{Config, RoleName};

use crate::{
    audit, backup, bench, demo, doctor, eventstore_role, jose, key, keyvault_role, manual, process,
    projection, restore,
    say::{self, say},
    settings, tenant, verify, verify_backup,
};

/// Issues, designs and administers Open Badges for many organisations.
#[derive(Debug, Parser)]
#[command(name = "laurel", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  laurel demo                          a running Laurel with an organisation, a badge and 200 rows of people
  laurel serve --data ./laurel-data    every role in one process on embedded stores
  laurel serve awarding --config laurel.toml
                                       one role in a process of its own
  laurel verify badge.png              a verdict on any open badge, whoever issued it
  laurel bench award-bulk --json       what one award costs on this machine
  laurel operator-token --data ./laurel-data
                                       a token that may create organisations";

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts Laurel with a small organisation, a badge and its awards, and says what to look at.
    Demo(demo::Options),
    /// Serves every role from one process, or the roles that are named.
    Serve(ServeOptions),
    /// Measures what things cost on this machine.
    Bench(bench::Options),
    /// Shows or rebuilds read models of a stopped Laurel.
    #[command(subcommand)]
    Projection(projection::Command),
    Verify(verify::Options),
    /// Signs and verifies credentials and presentations in tokens, from file to file.
    #[command(subcommand)]
    Jose(jose::Command),
    Backup(backup::Options),
    Restore(restore::Options),
    VerifyBackup(verify_backup::Options),
    /// Proves that the log is whole and unaltered.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Moves a tenant from one cell into another.
    #[command(subcommand)]
    Tenant(tenant::Command),
    Doctor(doctor::Options),
    /// Shows the root key's state, and rotates it.
    #[command(subcommand)]
    Key(key::Command),
    /// Shows and checks the configuration.
    #[command(subcommand)]
    Config(settings::Command),
    /// Prints a script that completes commands and flags in your shell.
    Completions(manual::Completions),
    /// Prints the manual page, or writes one for each command.
    Man(manual::Man),
    /// Prints a token, valid for one hour, that may create organisations and nothing else.
    OperatorToken(TokenOptions),
}

/// For which installation.
#[derive(Args, Clone, Debug)]
struct TokenOptions {
    #[command(flatten)]
    flags: runtime::Flags,
    /// Print it as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What to serve and how.
#[derive(Args, Clone, Debug)]
struct ServeOptions {
    /// gateway, issuers, design, awarding, backpack, analytics: these alone, with the others over
    /// [mesh]; or one of eventstore and keyvault. All of the application when none is named.
    #[arg(value_name = "ROLE")]
    roles: Vec<RoleName>,
    #[command(flatten)]
    flags: runtime::Flags,
    /// Print one line of JSON on stdout when ready: where it listens, as "listening", "tls", "mesh",
    /// "ops".
    #[arg(long)]
    json: bool,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    run_with(std::env::args_os())
}

/// Runs a command line; the first argument is the program's name.
#[must_use]
pub fn run_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    runtime::install_cryptography();
    let cli = Cli::parse_from(arguments);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say::failed(&error.into()),
    };
    let outcome = runtime.block_on(run(cli.command));
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => say::failed(&error),
    }
}

/// The command line as it is described.
pub(crate) fn described() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(options) => demo::run(options).await?,
        Command::Serve(options) => serve(options).await?,
        Command::Bench(options) => bench::run(options).await?,
        Command::Projection(command) => projection::run(command).await?,
        Command::Verify(options) => return verify::run(options).await,
        Command::Jose(command) => jose::run(&command)?,
        Command::Backup(options) => return backup::run(options).await,
        Command::Restore(options) => return restore::run(options).await,
        Command::VerifyBackup(options) => return verify_backup::run(options).await,
        Command::Doctor(options) => return doctor::run(options).await,
        Command::Key(command) => return key::run(command).await,
        Command::Audit(command) => return audit::run(command).await,
        Command::Tenant(command) => return tenant::run(command).await,
        Command::Config(command) => return settings::run(&command),
        Command::Completions(options) => manual::completions(&options, described())?,
        Command::Man(options) => manual::man(&options, described())?,
        Command::OperatorToken(TokenOptions { flags, json }) => {
            let token = process::operator_token(&Config::load(&flags)?).await?;
            if json {
                say!("{}", serde_json::json!({ "token": token, "validSeconds": 3600 }))?;
            } else {
                say!("{token}")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    let config = Config::load(&options.flags)?;
    doctor::refuse_unsafe(&config)?;
    tenant::refuse_interrupted(&config)?;
    runtime::telemetry::init(&config.log)?;
    let wiring = process::Wiring::Local;
    let process = match &options.roles[..] {
        [] => process::Process::start(config, wiring).await?,
        [RoleName::KeyVault] => return keyvault_role::serve(config, options.json).await,
        [RoleName::EventStore] => return eventstore_role::serve(config, options.json).await,
        roles if roles.iter().all(|role| RoleName::APPLICATION.contains(role)) => {
            process::Process::start_roles(config, roles, wiring).await?
        }
        _ => anyhow::bail!("eventstore and keyvault have processes of their own"),
    };
    if options.json {
        process.ready().await;
    }
    process::announce(&process.addresses(), options.json);
    process.run_until_signal().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands under this one that have none under them, with the names of those above.
    fn leaves(command: &clap::Command, above: &str) -> Vec<(String, bool)> {
        let name = format!("{above} {}", command.get_name());
        if command.has_subcommands() {
            return command.get_subcommands().flat_map(|it| leaves(it, &name)).collect();
        }
        let json = command.get_arguments().any(|argument| argument.get_long() == Some("json"));
        vec![(name, json)]
    }

    #[test]
    fn every_command_answers_in_json_but_those_whose_output_others_read() {
        let without = leaves(&described(), "").into_iter().filter(|(_, json)| !json);
        let without: Vec<_> = without.map(|(name, _)| name).collect();
        let known =
            ["jose issue", "jose verify", "completions", "man"].map(|it| format!(" laurel {it}"));
        assert_eq!(without, known);
    }
}
