//! The roles of a process: made in the order in which they call each other, reached in the process
//! itself, over a socket of its own, or over the mesh.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use auth::ExternalIssuers;
use runtime::{Config, Context, Mesh, RoleName, RoleParts, Wire};
use tokio::net::TcpListener;
use tonic::transport::Endpoint;

use super::Wiring;

pub(super) struct Roles {
    context: Context,
    chosen: Vec<RoleName>,
    wiring: Wiring,
    mesh: Option<Arc<Mesh>>,
    here: BTreeMap<RoleName, Wire>,
    parts: Vec<RoleParts>,
}

impl Roles {
    pub(super) fn new(
        context: &Context,
        chosen: &[RoleName],
        wiring: Wiring,
        mesh: Option<Arc<Mesh>>,
    ) -> Self {
        let (here, parts) = Default::default();
        Self { context: context.clone(), chosen: chosen.to_vec(), wiring, mesh, here, parts }
    }

    /// Makes those that were chosen; they do nothing on their own yet.
    pub(super) async fn start(&mut self, config: &Config) -> anyhow::Result<()> {
        let context = self.context.clone();
        if self.chosen.contains(&RoleName::Issuers) {
            let external = if config.oidc.is_empty() {
                ExternalIssuers::none()
            } else {
                context.fetch.set_up()?;
                ExternalIssuers::new(config.oidc.clone(), Arc::new(context.fetch.clone()))
            };
            self.add(RoleName::Issuers, issuers::role(&context, Arc::new(external))).await?;
        }
        if self.chosen.contains(&RoleName::Design) {
            self.add(RoleName::Design, design::role(&context)).await?;
        }
        if self.chosen.contains(&RoleName::Awarding) {
            let issuers = self.way_to(RoleName::Issuers)?;
            self.add(RoleName::Awarding, awarding::role(&context, issuers)).await?;
        }
        if self.chosen.contains(&RoleName::Backpack) {
            let awarding = self.way_to(RoleName::Awarding)?;
            self.add(RoleName::Backpack, backpack::role(&context, awarding)).await?;
        }
        if self.chosen.contains(&RoleName::Analytics) {
            self.add(RoleName::Analytics, analytics::role(&context)).await?;
        }
        Ok(())
    }

    async fn add(&mut self, name: RoleName, parts: RoleParts) -> anyhow::Result<()> {
        let wire = match self.wiring {
            Wiring::Local => runtime::local(parts.guarded(&self.context)),
            Wiring::Remote => {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let endpoint = Endpoint::from_shared(format!("http://{}", listener.local_addr()?))?;
                let serving = runtime::serve(&self.context, std::slice::from_ref(&parts), listener);
                self.context.tasks.spawn_door(parts.name, async move {
                    if let Err(error) = serving.await {
                        tracing::error!(%error, "a role's listener ended");
                    }
                });
                runtime::remote(&endpoint)
            }
        };
        self.here.insert(name, wire);
        self.parts.push(parts);
        Ok(())
    }

    fn way_to(&self, role: RoleName) -> anyhow::Result<Wire> {
        if let Some(wire) = self.here.get(&role) {
            return Ok(wire.clone());
        }
        let mesh = self.mesh.as_ref().map(|mesh| mesh.wire(role)).transpose()?.flatten();
        mesh.with_context(|| {
            format!(
                "the role {role} is not in this process: say where it is, as mesh.roles.{role} in \
                 the configuration"
            )
        })
    }

    /// The gateway's ways to all of them.
    pub(super) fn wires(&self) -> anyhow::Result<gateway::Wires> {
        Ok(gateway::Wires {
            issuers: self.way_to(RoleName::Issuers)?,
            design: self.way_to(RoleName::Design)?,
            awarding: self.way_to(RoleName::Awarding)?,
            backpack: self.way_to(RoleName::Backpack)?,
            analytics: self.way_to(RoleName::Analytics)?,
        })
    }

    /// Offers them to the roles of other processes.
    pub(super) fn listen(
        &self,
        mesh: &Arc<Mesh>,
        listener: TcpListener,
    ) -> anyhow::Result<SocketAddr> {
        let address = listener.local_addr()?;
        let serving = runtime::serve_mesh(&self.context, &self.parts, mesh, listener);
        self.context.tasks.spawn_door("mesh", async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the listener of the mesh ended");
            }
        });
        Ok(address)
    }

    /// Starts what they do on their own.
    pub(super) fn begin(self) {
        for parts in self.parts {
            parts.start(&self.context);
        }
    }
}
