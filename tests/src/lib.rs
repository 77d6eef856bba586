//! Starts Laurel for the journeys: real stores in a temporary folder, real HTTP, either wire; and
//! looks behind the scenes where a journey ends.

pub mod disk;
pub mod fold;
pub mod follower;
pub mod load;
pub mod member;
pub mod replica;
pub mod victim;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use laurel::{
    demo::{self, Seeded},
    fleet::{Fleet, Starter},
    partner::Partner,
    process::{Process, Wiring, operator_token_of},
};
use runtime::{Config, Flags};
use serde_json::Value;
use tempfile::TempDir;

/// A running Laurel with an organisation in it.
pub struct House {
    /// The process.
    pub process: Process,
    /// The organisation of the demo: two tenants, an issuer in each, a published badge.
    pub seeded: Seeded,
    /// Speaks to it without a token.
    pub guest: Partner,
    /// Its data; goes away with it.
    pub data: TempDir,
    /// The processes that have the roles, where the one above merely watches.
    pub fleet: Option<Fleet>,
}

/// The configuration of a Laurel on that folder and a free port.
///
/// # Errors
/// When the environment says something else that makes no sense.
pub fn config(data: &Path) -> anyhow::Result<Config> {
    runtime::install_cryptography();
    Ok(Config::load(&flags(data))?)
}

/// What makes a configuration that of a Laurel on that folder and a free port.
#[must_use]
pub fn flags(data: &Path) -> Flags {
    Flags {
        data: Some(data.to_owned()),
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..Flags::default()
    }
}

impl House {
    /// Starts one and seeds it.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn open(wiring: Wiring) -> anyhow::Result<Self> {
        Self::open_on(tempfile::tempdir()?, wiring).await
    }

    /// Starts one on a folder that may hold an earlier one's data.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn open_on(data: TempDir, wiring: Wiring) -> anyhow::Result<Self> {
        Self::open_as(config(data.path())?, data, wiring).await
    }

    /// Starts one by a configuration of its own.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn open_as(config: Config, data: TempDir, wiring: Wiring) -> anyhow::Result<Self> {
        runtime::install_cryptography();
        let process = Process::start(config, wiring).await?;
        process.ready().await;
        let guest = Partner::new(process.front()?.url())?;
        let operator = operator_token_of(process.context());
        let seeded = demo::organization(&guest, &operator, data.path()).await?;
        Ok(Self { process, seeded, guest, data, fleet: None })
    }

    /// Starts one whose roles, stores and keys have a process each, and seeds it.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn open_apart(starter: Starter) -> anyhow::Result<Self> {
        runtime::install_cryptography();
        let data = tempfile::tempdir()?;
        let fleet = Fleet::start(data.path(), ([127, 0, 0, 1], 0).into(), starter).await?;
        let process = Process::observe(fleet.observer()?).await?;
        let guest = Partner::new(&fleet.url())?;
        let operator = operator_token_of(process.context());
        let shared = fleet.folder().join("shared");
        let seeded = demo::organization(&guest, &operator, &shared).await?;
        Ok(Self { process, seeded, guest, data, fleet: Some(fleet) })
    }

    /// Where its outbox and its artwork are.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        match &self.fleet {
            Some(fleet) => fleet.folder().join("shared"),
            None => self.data.path().to_owned(),
        }
    }

    /// Returns when every read model holds what has happened so far.
    ///
    /// # Errors
    /// When one does not catch up.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let context = self.process.context();
        let head = context.stores.events.head().await?;
        for projection in laurel::process::projections() {
            context.views.view(projection.model()).wait(head, Duration::from_secs(30)).await?;
        }
        Ok(())
    }

    /// Ends every process in good order; the data stay.
    ///
    /// # Panics
    /// When a process of a fleet does not end well.
    pub async fn close(self) -> TempDir {
        self.process.stop().await;
        if let Some(fleet) = self.fleet {
            fleet.stop().await.expect("every process ends well");
        }
        self.data
    }
}

/// The payload of a mutation, whether or not it holds user errors.
///
/// # Errors
/// When the response is not a payload of that field.
pub async fn payload(
    partner: &Partner,
    field: &str,
    document: &str,
    variables: Value,
) -> anyhow::Result<Value> {
    let mut response = partner.send(document, variables).await?;
    let payload = response["data"][field].take();
    payload.is_object().then_some(payload).with_context(|| format!("no {field}: {response}"))
}

/// Whether every role can have a process of its own here: it takes a Redis. Says so when not.
///
/// # Panics
/// When it cannot and `LAUREL_TEST_REQUIRE` says that it must.
#[must_use]
pub fn apart_is_possible() -> bool {
    let version = std::process::Command::new("redis-server").arg("--version").output();
    let there = version.is_ok_and(|output| output.status.success());
    let required = std::env::var_os("LAUREL_TEST_REQUIRE").is_some();
    assert!(there || !required, "redis-server is required here and not installed");
    if !there {
        eprintln!("not tried with processes of their own: install redis-server");
    }
    there
}
