//! `laurel serve keyvault`: the embedded key vault, offered to the roles of other processes.

use std::sync::Arc;

use anyhow::Context as _;
use kernel::TenantId;
use keyvault::{
    KeyVault,
    server::{LEASE, Service, Shared},
};
use readmodel::Room;
use runtime::{Config, Mesh, RoleName, Stores, Tasks, health::Report, mesh::Peer};
use tonic::service::Routes;

use crate::{ops, process};

/// Serves until it is told to end; with `json` it says where it listens as soon as it does.
///
/// # Errors
/// When the vault does not open, or an address is taken.
pub(crate) async fn serve(config: Config, json: bool) -> anyhow::Result<()> {
    let settings = config.mesh.clone().context("the key vault is reached over [mesh]: say how")?;
    let address = settings.listen.context("say mesh.listen in the configuration")?;
    let mesh = Arc::new(Mesh::new(settings)?);
    let listener = process::bind(address).await?;
    let address = listener.local_addr()?;
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot make the folder {}", config.data.display()))?;
    let room = Stores::folder(&config)?;
    let vault = Stores::embedded_vault(&config)?;

    let tasks = Tasks::new();
    if let Some(telemetry) = &config.telemetry {
        runtime::trace::install(telemetry, RoleName::KeyVault.as_str(), &tasks)?;
    }
    let ops = match &config.ops {
        Some(ops) => {
            let (vault, ending) = (Arc::clone(&vault), tasks.clone());
            let report = move || report(Arc::clone(&vault), Arc::clone(&room), ending.clone());
            Some(ops::listen(process::bind(ops.listen).await?, &tasks, None, report)?)
        }
        None => None,
    };
    let (shared, caretaker) = Shared::new(vault, LEASE);
    tasks.spawn("keyvault", caretaker.run(tasks.closing().cancelled_owned()));
    let service = Service::new(shared).admitting(|caller, _| {
        caller.get::<Peer>().is_some_and(|peer| peer.may_call(RoleName::KeyVault))
    });
    let routes = Routes::new(service.into_server());
    let serving = runtime::serve_without_tokens(routes, &mesh, listener, tasks.closing());
    tasks.spawn_door("mesh", async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the listener of the mesh ended");
        }
    });
    process::announce(&serde_json::json!({ "mesh": address, "ops": ops }), json);
    process::until_signal(process::end(&tasks)).await
}

async fn report(vault: Arc<dyn KeyVault>, room: Arc<Room>, tasks: Tasks) -> Report {
    let answer = vault.get(TenantId::PLATFORM, "readiness").await.map(drop);
    Report::of_store("keys", answer, &room, &tasks)
}
