//! `laurel demo`: a running Laurel with something in it.

mod apart;
mod awards;
mod certificate;
mod sandbox;
mod seed;
mod story;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use runtime::{Clock, Config, Flags, SystemClock, config::Tls};
use serde_json::Value;

use awards::{Looked, Outcome};
use certificate::{SelfSigned, self_signed};

pub use awards::{award_everyone, first_award};
pub(crate) use seed::private_file;
pub use seed::{PEOPLE, Seeded, links, organization, text};

use crate::{
    partner::Partner,
    process::{Process, Wiring, operator_token_of},
    say::{self, say},
};

/// How to run the demo.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options {
    /// The folder that holds everything; the next run goes on from there.
    #[arg(long, value_name = "DIR", default_value = "laurel-data")]
    data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Listen with TLS as well, with a certificate that the demo signs itself; the public address is
    /// then `https://localhost` and its port.
    #[arg(long)]
    tls: bool,
    /// Where to listen with TLS; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443", requires = "tls")]
    tls_listen: SocketAddr,
    /// Open a tenant whose VC-API needs no token, with issuers under did:key.
    #[arg(long)]
    vc_api: bool,
    /// Run each role in a process of its own, with the event store, the key vault and a Redis (of the
    /// package redis-server) beside them.
    #[arg(long, conflicts_with_all = ["tls", "vc_api"])]
    apart: bool,
    /// Seed, print one JSON object on stdout, end.
    #[arg(long)]
    once: bool,
    /// Print the JSON object instead of the story, and go on serving.
    #[arg(long)]
    json: bool,
}

/// Starts Laurel, seeds it, says what to look at, serves until told to stop.
///
/// # Errors
/// When it cannot start, or a step of the seeding is refused.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let flags = Flags {
        data: Some(options.data.clone()),
        listen: Some(options.listen),
        log_level: Some("warn".into()),
        ..Flags::default()
    };
    let mut config = Config::load(&flags)?;
    runtime::telemetry::init(&config.log)?;
    if options.apart {
        return apart::run(&options).await;
    }
    if options.tls {
        serve_tls(&mut config, &options)?;
    }
    let process = Process::start(config, Wiring::Local).await?;
    let seeded = seed(&process, &options).await;
    let outcome = match seeded {
        Ok(()) if !options.once => return process.run_until_signal().await,
        outcome => outcome,
    };
    process.stop().await;
    outcome
}

/// Adds the listener with TLS, and makes it the public one unless another address is configured.
fn serve_tls(config: &mut Config, options: &Options) -> anyhow::Result<()> {
    let now = SystemClock.now().whole_second().date_time();
    let SelfSigned { certificate, key } = self_signed(&options.data, now)?;
    if config.public_url.starts_with("http://localhost:") {
        config.public_url = format!("https://localhost:{}", options.tls_listen.port());
    }
    config.tls = Some(Tls { listen: options.tls_listen, certificate, key });
    Ok(())
}

async fn seed(process: &Process, options: &Options) -> anyhow::Result<()> {
    process.ready().await;
    let front = process.front()?;
    let guest = Partner::new(front.url())?;
    let operator = operator_token_of(process.context());
    let scene = Scene::play(&guest, &operator, &options.data).await?;
    let sandbox = if options.vc_api {
        let opened = sandbox::open(process, &guest, &scene.seeded).await;
        Some(opened.context("opening the sandbox")?)
    } else {
        None
    };
    if options.once || options.json {
        let mut summary = scene.summary(front.url());
        summary["tlsUrl"] = front.tls_url().into();
        summary["vcApi"] = sandbox.map_or(Value::Null, |sandbox| sandbox.json());
        say!("{summary}")?;
    } else {
        say::text(&scene.told(&process.context().public_url, &options.data))?;
        say::text(&sandbox.map_or_else(String::new, |sandbox| sandbox.told()))?;
    }
    Ok(())
}

/// What the demo shows: an organisation, a batch of awards, a look at one of them.
struct Scene {
    seeded: Seeded,
    batch: Outcome,
    award: Looked,
}

impl Scene {
    async fn play(guest: &Partner, operator: &str, data: &Path) -> anyhow::Result<Self> {
        let seeded = organization(guest, operator, data).await?;
        let batch = award_everyone(&seeded, PEOPLE, "demo/people").await?;
        let award = first_award(&seeded, &batch, data).await?;
        Ok(Self { seeded, batch, award })
    }

    fn summary(&self, url: &str) -> Value {
        story::summary(url, &self.seeded, &self.batch, &self.award)
    }

    fn told(&self, public_url: &str, data: &Path) -> String {
        story::told(public_url, &self.seeded, &self.batch, &self.award, data)
    }
}
