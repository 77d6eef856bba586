//! A process: stores opened, roles assembled, one HTTP listener, and one with TLS if there are keys.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use auth::{ExternalIssuers, Principal, Revocations, Tokens};
use axum::serve::Listener;
use kernel::{TenantId, Timestamp};
use keyvault::KeyVault;
use readmodel::{Projection, Runner, RunnerOptions};
use runtime::{
    Clock, Config, Context, Fetch, Ids, Readiness, RoleParts, Stores, SystemClock, Tasks, Wire,
};
use tokio::net::TcpListener;
use tonic::transport::Endpoint;
use uuid::Uuid;

use crate::https::Https;

/// How the roles of this process reach each other. Callers cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wiring {
    /// By function calls.
    Local,
    /// By gRPC over sockets on the loopback interface, as between processes.
    Remote,
}

/// Every role on embedded stores, serving.
pub struct Process {
    context: Context,
    readiness: Readiness,
    wires: gateway::Wires,
    sandbox: gateway::Sandbox,
    url: String,
    tls_url: Option<String>,
}

/// How long an orderly end may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The name in `iss` of every token of ours; the key is what tells deployments apart.
const TOKEN_ISSUER: &str = "urn:laurel";
const TOKEN_KEY: &str = "token-key";
const OPERATOR_HOUR: i64 = 3_600_000;

/// The projections of every role.
#[must_use]
pub fn projections() -> Vec<Arc<dyn Projection>> {
    [
        issuers::projections(),
        design::projections(),
        awarding::projections(),
        backpack::projections(),
        analytics::projections(),
    ]
    .concat()
}

impl Process {
    /// Opens the stores and starts everything; returns when it listens.
    ///
    /// # Errors
    /// When a store does not open or the address is taken.
    pub async fn start(mut config: Config, wiring: Wiring) -> anyhow::Result<Self> {
        let listener = bind(config.listen).await?;
        let address = listener.local_addr()?;
        let https = match &config.tls {
            Some(tls) => Some(Https::new(bind(tls.listen).await?, runtime::tls_server(tls)?)),
            None => None,
        };
        let tls_address = https.as_ref().map(Listener::local_addr).transpose()?;
        if let Some(front) = config.public_url.strip_suffix(":0") {
            // The port that the system chose; the public one is that with TLS where there is one.
            config.public_url = format!("{front}:{}", tls_address.unwrap_or(address).port());
        }
        let context = open(&config).await?;
        let tasks = context.tasks.clone();
        tasks.spawn("projections", context.views.run(tasks.cancelled()));

        let external = Arc::new(if config.oidc.is_empty() {
            ExternalIssuers::none()
        } else {
            context.fetch.set_up()?;
            ExternalIssuers::new(config.oidc, Arc::new(context.fetch.clone()))
        });
        let revocations = issuers::revocations(&context);
        tasks.spawn(revocations.name, revocations.run);
        let issuers = wire(&context, issuers::role(&context, external), wiring).await?;
        let design = wire(&context, design::role(&context), wiring).await?;
        let awarding = awarding::role(&context, issuers.clone());
        let awarding = wire(&context, awarding, wiring).await?;
        let backpack = backpack::role(&context, awarding.clone());
        let backpack = wire(&context, backpack, wiring).await?;
        let analytics = wire(&context, analytics::role(&context), wiring).await?;

        let readiness =
            Readiness::new(context.stores.clone(), context.views.clone(), tasks.clone());
        let sandbox = gateway::Sandbox::default();
        let wires = gateway::Wires { issuers, design, awarding, backpack, analytics };
        let routes = gateway::routes(&context, wires.clone(), sandbox.clone());
        if let Some(https) = https {
            let serving = https.serve(routes.clone(), tasks.cancelled());
            tasks.spawn("https", async move {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "the listener with tls ended");
                }
            });
        }
        let cancelled = tasks.cancelled();
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        tasks.spawn("http", async move {
            let ended = cancelled.cancelled_owned();
            if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(ended).await {
                tracing::error!(%error, "the listener ended");
            }
        });
        Ok(Self {
            context,
            readiness,
            wires,
            sandbox,
            url: format!("http://{}", reachable(address)),
            tls_url: tls_address.map(|address| format!("https://localhost:{}", address.port())),
        })
    }

    /// Where it listens, as a URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens with TLS, if it does.
    #[must_use]
    pub fn tls_url(&self) -> Option<&str> {
        self.tls_url.as_deref()
    }

    /// What its roles work with.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The ways to its roles.
    #[must_use]
    pub fn wires(&self) -> &gateway::Wires {
        &self.wires
    }

    /// The sandbox of its VC-API, closed until it is opened.
    #[must_use]
    pub fn sandbox(&self) -> &gateway::Sandbox {
        &self.sandbox
    }

    /// Returns when the read models have caught up with the log.
    pub async fn ready(&self) {
        while !self.readiness.report().await.ready {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Serves until the first signal, then drains; the second signal ends it at once.
    ///
    /// # Errors
    /// When signals cannot be listened to, or something does not end in time.
    pub async fn run_until_signal(self) -> anyhow::Result<()> {
        runtime::shutdown::signal().await?;
        cut_short_a_hanging_end();
        tokio::select! {
            () = self.stop() => Ok(()),
            _ = runtime::shutdown::signal() => anyhow::bail!("ended by a second signal"),
        }
    }

    /// Ends everything in good order.
    pub async fn stop(self) {
        if let Err(late) = self.context.tasks.shutdown(PATIENCE).await {
            tracing::error!(tasks = ?late, "these did not end in time");
        }
        if let Err(error) = self.context.stores.models.flush().await {
            tracing::warn!(%error, "the read models were not flushed; they will catch up");
        }
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another address"))
}

/// Ends the process when its orderly end hangs, as it does on a disk that is gone. What was
/// acknowledged is on stable storage by then.
fn cut_short_a_hanging_end() {
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE + PATIENCE / 2);
        eprintln!("laurel: the orderly end hangs; ended without it, nothing acknowledged is lost");
        std::process::exit(1);
    });
}

/// An address that can be connected to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// Opens what every role works with.
///
/// # Errors
/// When a store does not open.
pub async fn open(config: &Config) -> anyhow::Result<Context> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot make the folder {}", config.data.display()))?;
    let stores = Stores::embedded(config, Arc::new(SystemClock))?;
    let tokens = Arc::new(tokens(&*stores.vault).await?);
    let platform = TenantId::PLATFORM;
    let fingerprint_key = Arc::new(stores.vault.secret(platform, Context::FINGERPRINTS).await?);
    let verifier = Arc::new(tokens.verifier(Arc::new(Revocations::new())));
    let runner = Runner::new(
        stores.events.clone(),
        stores.models.clone(),
        projections(),
        RunnerOptions::default(),
    );
    Ok(Context {
        stores,
        views: Arc::new(runner),
        tokens,
        verifier,
        tasks: Tasks::new(),
        public_url: config.public_url.as_str().into(),
        limits: config.limits,
        fetch: Fetch::new(&config.egress),
        trusted_issuers: config.trusted_issuers.as_slice().into(),
        fingerprint_key,
    })
}

/// The signer of tokens, with the key that the vault keeps; made on the first start.
async fn tokens(vault: &dyn KeyVault) -> anyhow::Result<Tokens> {
    if vault.get(TenantId::PLATFORM, TOKEN_KEY).await?.is_none() {
        let seed: [u8; 32] = rand::random();
        vault.put(TenantId::PLATFORM, TOKEN_KEY, &seed).await?;
    }
    let secret =
        vault.get(TenantId::PLATFORM, TOKEN_KEY).await?.context("the token key is gone")?;
    let seed = secret.expose().try_into().context("the token key has another length")?;
    Ok(Tokens::from_seed(seed, TOKEN_ISSUER)?)
}

/// Puts a role behind a wire and starts what it does on its own.
async fn wire(context: &Context, role: RoleParts, wiring: Wiring) -> anyhow::Result<Wire> {
    let guarded = role.guarded(context);
    let wire = match wiring {
        Wiring::Local => runtime::local(guarded),
        Wiring::Remote => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let endpoint = Endpoint::from_shared(format!("http://{}", listener.local_addr()?))?;
            let ended = context.tasks.cancelled().cancelled_owned();
            let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
            let server = tonic::transport::Server::builder();
            context.tasks.spawn(role.name, async move {
                let outcome = server.serve_with_incoming_shutdown(guarded, incoming, ended).await;
                if let Err(error) = outcome {
                    tracing::error!(%error, "a role's listener ended");
                }
            });
            runtime::remote(&endpoint)
        }
    };
    role.start(&context.tasks);
    Ok(wire)
}

/// A token, valid for an hour, that may create organisations. Needs the key vault alone, so a
/// running process is no obstacle.
///
/// # Errors
/// When the vault does not open.
pub async fn operator_token(config: &Config) -> anyhow::Result<String> {
    let vault = Stores::vault(config)?;
    let tokens = tokens(&*vault).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(operator(&tokens, clock.now(), Ids::new(clock).uuid()))
}

/// The same from an open process.
#[must_use]
pub fn operator_token_of(context: &Context) -> String {
    operator(&context.tokens, context.stores.clock.now(), context.stores.ids.uuid())
}

fn operator(tokens: &Tokens, now: Timestamp, id: Uuid) -> String {
    let until = now.plus_millis(OPERATOR_HOUR);
    tokens.access(&Principal::operator(TenantId::PLATFORM, now, until, id))
}
