//! A Laurel in a process of its own, to be killed. The process is the test binary itself, told by an
//! environment variable to run one test that serves instead of testing.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};
use laurel::process::{Process, Wiring};

const FOLDER: &str = "LAUREL_VICTIM";
const READY: &str = "victim listens on ";

/// The process.
pub struct Victim {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Victim {
    /// Starts one on that folder; `test` is the name of the test that calls [`serve_if_told`].
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(test: &str, data: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(FOLDER, data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("a pipe")?;
        for line in BufReader::new(stdout).lines() {
            if let Some((_, url)) = line?.split_once(READY) {
                return Ok(Self { child, url: url.to_owned() });
            }
        }
        let _ = child.kill();
        bail!("the victim ended before it listened: {:?}", child.wait()?)
    }

    /// Whether it has not ended.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it at once, with nothing flushed and nobody warned.
    ///
    /// # Errors
    /// When there is nothing to kill.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves for ever when this process was started as a victim; returns at once otherwise.
///
/// # Errors
/// When it cannot serve.
pub async fn serve_if_told() -> anyhow::Result<()> {
    let Ok(folder) = std::env::var(FOLDER) else { return Ok(()) };
    let process = Process::start(crate::config(Path::new(&folder))?, Wiring::Local).await?;
    println!("{READY}{}", process.front()?.url());
    std::future::pending().await
}
