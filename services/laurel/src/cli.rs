//! The command line. Exit codes: 0 done, 1 failed, 2 wrong usage.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use runtime::Config;

use crate::{bench, demo, jose, process, projection, verify};

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
  laurel verify badge.png              a verdict on any open badge, whoever issued it
  laurel bench award-bulk --json       what one award costs on this machine
  laurel operator-token --data ./laurel-data
                                       a token that may create organisations";

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts Laurel with a small organisation, a badge and its awards, and says what to look at.
    Demo(demo::Options),
    /// Serves every role from one process.
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
    /// Prints a token, valid for one hour, that may create organisations and nothing else.
    OperatorToken(runtime::Flags),
}

/// How to serve.
#[derive(Args, Clone, Debug)]
struct ServeOptions {
    #[command(flatten)]
    flags: runtime::Flags,
    /// Print one line of JSON on stdout when ready: {"listening": "http://…"}.
    #[arg(long)]
    json: bool,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    runtime::install_cryptography();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(run(cli.command));
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("laurel: {error:#}");
    ExitCode::FAILURE
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(options) => demo::run(options).await?,
        Command::Serve(options) => serve(options).await?,
        Command::Bench(options) => bench::run(options).await?,
        Command::Projection(command) => projection::run(command).await?,
        Command::Verify(options) => return verify::run(options).await,
        Command::Jose(command) => jose::run(&command)?,
        Command::OperatorToken(flags) => {
            println!("{}", process::operator_token(&Config::load(&flags)?).await?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    let config = Config::load(&options.flags)?;
    runtime::telemetry::init(&config.log)?;
    let process = process::Process::start(config, process::Wiring::Local).await?;
    if options.json {
        process.ready().await;
        println!("{}", serde_json::json!({ "listening": process.url() }));
    } else {
        eprintln!("laurel listens on {}", process.url());
    }
    process.run_until_signal().await
}
