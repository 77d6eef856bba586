//! Starts Laurel for the journeys: real stores in a temporary folder, real HTTP, either wire; and
//! looks behind the scenes where a journey ends.

pub mod fold;
pub mod victim;

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use laurel::{
    demo::{self, Seeded},
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
}

/// The configuration of a Laurel on that folder and a free port.
///
/// # Errors
/// When the environment says something else that makes no sense.
pub fn config(data: &Path) -> anyhow::Result<Config> {
    runtime::install_cryptography();
    let flags = Flags {
        data: Some(data.to_owned()),
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..Flags::default()
    };
    Ok(Config::load(&flags)?)
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
        let process = Process::start(config(data.path())?, wiring).await?;
        process.ready().await;
        let guest = Partner::new(process.url())?;
        let operator = operator_token_of(process.context());
        let seeded = demo::organization(&guest, &operator, data.path()).await?;
        Ok(Self { process, seeded, guest, data })
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

    /// Ends the process in good order; the data stay.
    pub async fn close(self) -> TempDir {
        self.process.stop().await;
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
