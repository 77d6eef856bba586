//! More than one process for a role, behind an address that leads to those that are in use, as a
//! cluster's platform arranges it.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use laurel::fleet::Starter;
use runtime::{RoleName, Tasks};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    process::Child,
};

/// A process of a role.
pub struct Replica {
    child: Child,
    /// Where callers reach it.
    pub at: SocketAddr,
}

impl Replica {
    /// Starts one with a configuration whose listeners take free ports; returns when it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn start(starter: &Starter, role: RoleName, config: &Path) -> anyhow::Result<Self> {
        let arguments = ["serve", role.as_str(), "--json", "--config"].map(str::to_owned);
        let config = config.display().to_string();
        let mut command = starter(&[&arguments[..], &[config]].concat())?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(start) = line.find('{') {
                    return Ok(serde_json::from_str::<Value>(&line[start..])?);
                }
            }
            anyhow::bail!("{role} ended before it was ready")
        };
        let told = tokio::time::timeout(Duration::from_mins(1), ready).await??;
        // What it says afterwards goes nowhere, but it can say it.
        Tasks::new().spawn("what it says", async move {
            while let Ok(Some(_)) = lines.next_line().await {}
        });
        let listening = told["listening"].as_str().and_then(|url| url.strip_prefix("http://"));
        let at = listening.or(told["mesh"].as_str()).context("it listens nowhere")?.parse()?;
        Ok(Self { child, at })
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn end(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(pid.context("it has ended already")?, Signal::TERM)?;
        let status = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await??;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}

/// Writes another configuration beside that of a member of a fleet: these keys say something else.
///
/// # Errors
/// When there is no such file, or a key does not stand in it.
pub fn configure(base: &Path, name: &str, keys: &[(&str, &str)]) -> anyhow::Result<PathBuf> {
    let mut lines: Vec<String> =
        std::fs::read_to_string(base)?.lines().map(str::to_owned).collect();
    for (key, value) in keys {
        let line = lines.iter_mut().find(|line| line.starts_with(&format!("{key} = ")));
        *line.with_context(|| format!("{key} is not said"))? = format!("{key} = {value:?}");
    }
    let path = base.with_file_name(name);
    std::fs::write(&path, lines.join("\n"))?;
    Ok(path)
}

/// One address for those that are in use, each connection to the next of them.
pub struct Balancer {
    /// Its address.
    pub at: SocketAddr,
    used: Arc<Mutex<VecDeque<SocketAddr>>>,
}

impl Balancer {
    /// Leads nowhere yet.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let at = listener.local_addr()?;
        let used = Arc::new(Mutex::new(VecDeque::new()));
        let next = Arc::clone(&used);
        let tasks = Tasks::new();
        let each = tasks.clone();
        tasks.spawn("balancer", async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let Some(chosen) = turn(&next) else { continue };
                each.spawn("connection", async move {
                    if let Ok(mut server) = TcpStream::connect(chosen).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Ok(Self { at, used })
    }

    /// Connections lead there as well.
    ///
    /// # Panics
    /// Never: nobody panics while holding the list.
    pub fn add(&self, replica: &Replica) {
        self.used.lock().expect("a list").push_back(replica.at);
    }

    /// New connections do not lead there any more.
    ///
    /// # Panics
    /// Never: nobody panics while holding the list.
    pub fn remove(&self, replica: &Replica) {
        self.used.lock().expect("a list").retain(|at| *at != replica.at);
    }
}

/// Whose turn it is.
fn turn(used: &Mutex<VecDeque<SocketAddr>>) -> Option<SocketAddr> {
    let mut used = used.lock().expect("a list");
    let next = used.pop_front()?;
    used.push_back(next);
    Some(next)
}
