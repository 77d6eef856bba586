//! What is measured: one process on its embedded stores, or a process for each role on KurrentDB's
//! protocol and Redis.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context as _;
use clap::ValueEnum;
use runtime::{Config, RoleName};
use serde::Serialize;

use super::{
    Processes,
    server::{Server, laurel},
};
use crate::{
    fleet::{Fleet, Member},
    projection,
    say::complain,
};

/// Which processes, on which stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Ground {
    /// One process with every role, on embedded stores.
    Embedded,
    /// Eight processes and a Redis: each role, the event store and the key vault by themselves.
    Apart,
}

impl Ground {
    /// Those that this machine has the programs for.
    pub fn there() -> &'static [Self] {
        let mut redis = std::process::Command::new("redis-server");
        let asked = redis.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if asked.is_ok_and(|status| status.success()) {
            &[Self::Embedded, Self::Apart]
        } else {
            complain(format_args!("not measured apart: install redis-server"));
            &[Self::Embedded]
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Apart => "apart",
        }
    }
}

/// A Laurel that runs; it is killed when dropped.
pub enum Running {
    /// One process, and its folder.
    Embedded(Box<Server>, PathBuf),
    /// Many.
    Apart(Box<Fleet>),
}

impl Running {
    /// Starts it on a folder and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn start(ground: Ground, folder: &Path) -> anyhow::Result<Self> {
        Ok(match ground {
            Ground::Embedded => {
                let server = Server::start(folder).await?;
                Self::Embedded(Box::new(server), folder.to_owned())
            }
            Ground::Apart => {
                let starter = |arguments: &[String]| {
                    let mut command = laurel()?;
                    command.args(arguments);
                    Ok(command)
                };
                let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                Self::Apart(Box::new(Fleet::start(folder, listen, Box::new(starter)).await?))
            }
        })
    }

    /// Where the public finds it.
    pub fn url(&self) -> String {
        match self {
            Self::Embedded(server, _) => server.url.clone(),
            Self::Apart(fleet) => fleet.url(),
        }
    }

    /// The folder with the outbox.
    pub fn data(&self) -> PathBuf {
        match self {
            Self::Embedded(_, folder) => folder.clone(),
            Self::Apart(fleet) => fleet.folder().join("shared"),
        }
    }

    /// The configuration of a process that sees what these see.
    ///
    /// # Errors
    /// When it does not read back.
    pub fn config(&self) -> anyhow::Result<Config> {
        match self {
            Self::Embedded(_, folder) => projection::config(folder),
            Self::Apart(fleet) => fleet.observer(),
        }
    }

    /// Every process of it.
    ///
    /// # Errors
    /// When one has ended.
    pub fn processes(&self) -> anyhow::Result<Processes> {
        match self {
            Self::Embedded(server, _) => Ok(Processes::one(server.pid()?)),
            Self::Apart(fleet) => members(fleet, &Member::all()),
        }
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(self) -> anyhow::Result<()> {
        match self {
            Self::Embedded(server, _) => server.stop().await,
            Self::Apart(fleet) => fleet.stop().await,
        }
    }
}

/// Ends the roles of the application and leaves the stores; those are the processes.
///
/// # Errors
/// When a role cannot be ended.
pub async fn stores_alone(fleet: &mut Fleet) -> anyhow::Result<Processes> {
    for role in RoleName::APPLICATION {
        fleet.kill(Member::Role(role)).await?;
    }
    members(fleet, &[Member::Redis, Member::Role(RoleName::EventStore)])
}

fn members(fleet: &Fleet, members: &[Member]) -> anyhow::Result<Processes> {
    let named = |member: &Member| {
        let pid = fleet.pid(*member).with_context(|| format!("{member} does not run"))?;
        Ok((member.to_string(), pid))
    };
    Ok(Processes::others(members.iter().map(named).collect::<anyhow::Result<_>>()?))
}
