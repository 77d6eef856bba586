use std::{
    fmt,
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use runtime::RoleName;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// A process of a fleet. In the order in which they are started: those that are called before those
/// that call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The read models.
    Redis,
    /// A role of ours.
    Role(RoleName),
}

impl Member {
    /// All of them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let roles = [
            RoleName::EventStore,
            RoleName::KeyVault,
            RoleName::Issuers,
            RoleName::Design,
            RoleName::Awarding,
            RoleName::Backpack,
            RoleName::Analytics,
            RoleName::Gateway,
        ];
        [Self::Redis].into_iter().chain(roles.map(Self::Role)).collect()
    }

    /// Whether it keeps what the others work with.
    pub(super) fn is_store(self) -> bool {
        matches!(self, Self::Redis | Self::Role(RoleName::EventStore | RoleName::KeyVault))
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redis => f.write_str("redis"),
            Self::Role(role) => role.fmt(f),
        }
    }
}

/// A member that was started.
pub(super) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts it; what it says goes to the end of its log.
    pub(super) fn start(member: Member, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(log)?;
        let errors = out.try_clone()?;
        command.stdin(Stdio::null()).stdout(out).stderr(errors).kill_on_drop(true);
        let child = command.spawn().with_context(|| {
            format!("cannot start {member}; Redis is in the package redis-server of Debian")
        })?;
        Ok(Self { child, log: log.to_owned() })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns when it says that it is ready.
    pub(super) async fn ready(&mut self, member: Member, ops: u16) -> anyhow::Result<()> {
        if member == Member::Redis {
            return Ok(());
        }
        let url = format!("http://127.0.0.1:{ops}/-/ready");
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("{member} ended before it was ready ({status}): {}", self.last_words());
            }
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The last lines of its log.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    pub(super) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    pub(super) async fn stop(mut self, member: Member) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(pid.with_context(|| format!("{member} has ended already"))?, Signal::TERM)?;
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        let status = ended.with_context(|| format!("{member} does not end"))??;
        if !status.success() {
            bail!("{member} ended with {status}: see its log");
        }
        Ok(())
    }
}
