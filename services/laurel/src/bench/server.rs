//! A Laurel in a process of its own, to be measured.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// This program, quiet and without an allowance for the one client that the load is: what it may
/// spend is not what is measured.
///
/// # Errors
/// When the system does not tell where this program is.
pub fn laurel() -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .env("LAUREL__LOG__LEVEL", "error")
        .env("LAUREL__LIMITS__GRAPHQL_POINTS", u32::MAX.to_string())
        .env("LAUREL__LIMITS__GRAPHQL_POINTS_PER_SECOND", u32::MAX.to_string());
    Ok(command)
}

/// The process; it is killed when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// How long it took from its start to being ready.
    pub ready_after: Duration,
}

impl Server {
    /// Starts `laurel serve` on that folder and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn start(data: &Path) -> anyhow::Result<Self> {
        let start = Instant::now();
        let mut child = laurel()?
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting the server")?;
        let stdout = child.stdout.take().context("the server has no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(Duration::from_mins(1), lines.next_line())
            .await
            .context("the server is not ready after a minute")??;
        let ready_after = start.elapsed();
        let Some(line) = line else { bail!("the server ended before it was ready") };
        let ready: Value = serde_json::from_str(&line)?;
        let url =
            ready["listening"].as_str().context("the server does not say where it listens")?;
        Ok(Self { url: url.to_owned(), child, ready_after })
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) =
            self.child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed()))
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        timeout(Duration::from_secs(30), self.child.wait())
            .await
            .context("the server does not end")??;
        Ok(())
    }
}
