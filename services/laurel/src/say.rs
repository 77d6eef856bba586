//! The one way in which commands write to standard output.
//!
//! Whoever reads it may stop before the end, as in `laurel doctor | head -1`. That is no failure to
//! complain of: the command ends quietly, with the exit code that shells show for a program that a
//! closed pipe has ended.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

/// 128 and the number of SIGPIPE.
const CLOSED: u8 = 141;

/// Why something was not said. It ends the command.
#[derive(Debug, thiserror::Error)]
pub enum Unsaid {
    /// Nobody reads any more.
    #[error("standard output is closed")]
    Closed,
    /// It cannot be written to.
    #[error("cannot write to standard output")]
    Failed(#[source] io::Error),
}

impl From<io::Error> for Unsaid {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe { Unsaid::Closed } else { Unsaid::Failed(error) }
    }
}

/// Writes a line, as `println!` does, or says why not.
macro_rules! say {
    ($($words:tt)*) => { $crate::say::line(format_args!($($words)*)) };
}
pub(crate) use say;

/// Writes a line.
pub(crate) fn line(words: fmt::Arguments<'_>) -> Result<(), Unsaid> {
    Ok(writeln!(io::stdout().lock(), "{words}")?)
}

/// Writes text as it is.
pub(crate) fn text(text: &str) -> Result<(), Unsaid> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Complains of what ended the command, and gives its exit code.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    if matches!(error.downcast_ref(), Some(Unsaid::Closed)) {
        return ExitCode::from(CLOSED);
    }
    complain(format_args!("{error:#}"));
    ExitCode::FAILURE
}

/// Writes a line to standard error; when nobody takes it, there is nobody to tell.
pub(crate) fn complain(words: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "laurel: {words}");
}
