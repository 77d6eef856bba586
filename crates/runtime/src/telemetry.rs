//! Log lines: pretty on a terminal, JSON otherwise, on standard error. Ids may stand in them;
//! personal data, tokens and keys never.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// Why there are no log lines.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level makes no sense.
    #[error("log.level in the configuration is no filter such as info or info,awarding=debug")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody else has set it up.
    #[error("log lines are set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Begins to write log lines. Once per process.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&log.level)?;
    let registry = tracing_subscriber::registry().with(filter);
    let terminal = stderr().is_terminal();
    let pretty = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    if pretty {
        let lines = fmt::layer().compact().with_writer(stderr).with_ansi(terminal);
        registry.with(lines).try_init()?;
    } else {
        let lines = fmt::layer().json().flatten_event(true).with_writer(stderr);
        registry.with(lines).try_init()?;
    }
    Ok(())
}
