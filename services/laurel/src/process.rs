//! A process: stores opened, roles assembled, and listeners: for the public (with TLS if there are
//! keys), for the other roles, for the platform.

mod closing;
mod front;
mod leads;
mod open;
mod roles;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use readmodel::Projection;
use runtime::{Config, Context, Readiness, RoleName, Tasks};
use tokio::net::TcpListener;

pub use front::Front;
pub use open::{open, operator_token, operator_token_of};

use crate::{
    ops,
    say::{self, say},
};

/// How the roles of this process reach each other. Callers cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wiring {
    /// By function calls.
    Local,
    /// By gRPC over sockets on the loopback interface, as between processes.
    Remote,
}

/// Roles, serving.
pub struct Process {
    context: Context,
    readiness: Readiness,
    front: Option<Front>,
    mesh: Option<SocketAddr>,
    ops: Option<SocketAddr>,
}

/// How long an orderly end may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The projections of every role.
#[must_use]
pub fn projections() -> Vec<Arc<dyn Projection>> {
    RoleName::APPLICATION.into_iter().flat_map(projections_of).collect()
}

/// The projections of a role.
#[must_use]
pub fn projections_of(role: RoleName) -> Vec<Arc<dyn Projection>> {
    match role {
        RoleName::Issuers => issuers::projections(),
        RoleName::Design => design::projections(),
        RoleName::Awarding => awarding::projections(),
        RoleName::Backpack => backpack::projections(),
        RoleName::Analytics => analytics::projections(),
        RoleName::Gateway | RoleName::EventStore | RoleName::KeyVault => Vec::new(),
    }
}

impl Process {
    /// Starts every role in this process; returns when it listens.
    ///
    /// # Errors
    /// When a store does not open or an address is taken.
    pub async fn start(config: Config, wiring: Wiring) -> anyhow::Result<Self> {
        Self::start_roles(config, &RoleName::APPLICATION, wiring).await
    }

    /// Starts these roles of the application; the others are reached over the mesh. Returns when it
    /// listens.
    ///
    /// # Errors
    /// When a store does not open, an address is taken, or it is not said where another role is.
    pub async fn start_roles(
        mut config: Config,
        chosen: &[RoleName],
        wiring: Wiring,
    ) -> anyhow::Result<Self> {
        let doors = if chosen.contains(&RoleName::Gateway) {
            Some(front::Doors::open(&mut config).await?)
        } else {
            None
        };
        let mesh = open::mesh(&config)?;
        let inner = match config.mesh.as_ref().and_then(|mesh| mesh.listen) {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        ensure!(
            doors.is_some() || inner.is_some(),
            "roles without the gateway are reached over the mesh: say mesh.listen in the \
             configuration"
        );
        let leads = leads::Leads::of(&config, chosen);
        let context = open::open_for(&config, chosen, mesh.as_ref(), &leads).await?;
        let tasks = context.tasks.clone();
        leads.start(&context);
        tasks.spawn("projections", context.views.run(tasks.cancelled()));
        context.start(issuers::revocations(&context));

        let mut roles = roles::Roles::new(&context, chosen, wiring, mesh.clone());
        roles.start(&config).await?;
        let readiness = Readiness::of(&context);
        let ops = match &config.ops {
            Some(ops) => {
                let readiness = readiness.clone();
                let measured = Some(readiness.clone());
                let report = move || {
                    let readiness = readiness.clone();
                    async move { readiness.report().await }
                };
                Some(ops::listen(bind(ops.listen).await?, &tasks, measured, report)?)
            }
            None => None,
        };
        let front = match doors {
            Some(doors) => Some(doors.serve(&context, roles.wires()?)),
            None => None,
        };
        let mesh = match (mesh, inner) {
            (Some(mesh), Some(inner)) => Some(roles.listen(&mesh, inner)?),
            _ => None,
        };
        roles.begin();
        Ok(Self { context, readiness, front, mesh, ops })
    }

    /// Watches: follows the projections of every role and does nothing else, beside the processes that
    /// have the roles.
    ///
    /// # Errors
    /// When a store does not open.
    pub async fn observe(config: Config) -> anyhow::Result<Self> {
        let roles = &RoleName::APPLICATION;
        let (mesh, leads) = (open::mesh(&config)?, leads::Leads::of(&config, roles));
        let context = open::open_for(&config, roles, mesh.as_ref(), &leads).await?;
        let tasks = &context.tasks;
        tasks.spawn("projections", context.views.run(tasks.cancelled()));
        let readiness = Readiness::of(&context);
        Ok(Self { context, readiness, front: None, mesh: None, ops: None })
    }

    /// What it shows to the public.
    ///
    /// # Errors
    /// When this process has no gateway.
    pub fn front(&self) -> anyhow::Result<&Front> {
        self.front.as_ref().context("this process has no gateway")
    }

    /// Where it listens, as one JSON object: `listening` and `tls` for the public, `mesh` for other
    /// roles, `ops` for the platform; null where it does not.
    #[must_use]
    pub fn addresses(&self) -> serde_json::Value {
        serde_json::json!({
            "listening": self.front.as_ref().map(Front::url),
            "tls": self.front.as_ref().and_then(Front::tls_url),
            "mesh": self.mesh,
            "ops": self.ops,
        })
    }

    /// What its roles work with.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
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
        until_signal(self.stop()).await
    }

    /// Ends everything in good order.
    pub async fn stop(self) {
        end(&self.context.tasks).await;
        if let Err(error) = self.context.stores.models.flush().await {
            tracing::warn!(%error, "the read models were not flushed; they will catch up");
        }
    }
}

/// Says where the process listens: to a program on stdout, or to people.
pub(crate) fn announce(addresses: &serde_json::Value, json: bool) {
    if json {
        // It serves, whether or not somebody wants to know where.
        let _ = say!("{addresses}");
    } else {
        say::complain(format_args!("listens: {addresses}"));
    }
}

/// Tells the tasks to end and waits until they have, or have taken too long.
pub(crate) async fn end(tasks: &Tasks) {
    if let Err(late) = tasks.shutdown(PATIENCE).await {
        tracing::error!(tasks = ?late, "these did not end in time");
    }
}

/// Waits for the first signal, then for the end; the second signal ends it at once.
///
/// # Errors
/// When signals cannot be listened to, or the end was cut short.
pub async fn until_signal(end: impl Future<Output = ()>) -> anyhow::Result<()> {
    until_signal_or(std::future::pending(), end).await
}

/// The same, when it may be `asked` to end by other means than a signal.
///
/// # Errors
/// As [`until_signal`].
pub(crate) async fn until_signal_or(
    asked: impl Future<Output = ()>,
    end: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    tokio::select! {
        signal = runtime::shutdown::signal() => signal?,
        () = asked => {}
    }
    cut_short_a_hanging_end();
    tokio::select! {
        () = end => Ok(()),
        _ = runtime::shutdown::signal() => anyhow::bail!("ended by a second signal"),
    }
}

/// Takes an address.
///
/// # Errors
/// When it is taken already.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another address"))
}

/// Ends the process when its orderly end hangs, as it does on a disk that is gone. What was
/// acknowledged is on stable storage by then.
fn cut_short_a_hanging_end() {
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE + PATIENCE / 2);
        say::complain(format_args!(
            "the orderly end hangs; ended without it, nothing acknowledged is lost"
        ));
        std::process::exit(1);
    });
}
