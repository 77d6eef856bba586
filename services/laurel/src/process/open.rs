//! What a process works with, by its configuration.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use auth::{Principal, Revocations, Tokens};
use kernel::{TenantId, Timestamp};
use keyvault::{KeyVault, Secret, VaultError};
use readmodel::{Runner, RunnerOptions};
use runtime::{
    Clock, Config, Context, Fetch, Ids, Mesh, RoleName, Stands, Stores, SystemClock, Tasks,
    TlsError, trace::watch_projections,
};
use uuid::Uuid;

use super::leads::Leads;

/// The name in `iss` of every token of ours; the key is what tells deployments apart.
const TOKEN_ISSUER: &str = "urn:laurel";
const TOKEN_KEY: &str = "token-key";
const OPERATOR_HOUR: i64 = 3_600_000;
/// Bytes of rows that are remembered of each read model, where it is kept by another process.
const RECALLED: u64 = 8 << 20;
/// From one batch of facts to the next, where read models are kept by another process.
const PACE: Duration = Duration::from_millis(10);

/// Opens what every role works with.
///
/// # Errors
/// When a store does not open.
pub async fn open(config: &Config) -> anyhow::Result<Context> {
    let mesh = mesh(config)?;
    open_for(config, &RoleName::APPLICATION, mesh.as_ref(), &Leads::none()).await
}

/// This process's part of the mesh, if it has one.
pub(super) fn mesh(config: &Config) -> Result<Option<Arc<Mesh>>, TlsError> {
    Ok(config.mesh.clone().map(Mesh::new).transpose()?.map(Arc::new))
}

/// Opens what these roles work with.
pub(super) async fn open_for(
    config: &Config,
    roles: &[RoleName],
    mesh: Option<&Arc<Mesh>>,
    leads: &Leads,
) -> anyhow::Result<Context> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot make the folder {}", config.data.display()))?;
    let tasks = Tasks::new();
    if let Some(telemetry) = &config.telemetry {
        runtime::trace::install(telemetry, &service(roles), &tasks)?;
    }
    let stores = Stores::configured(config, mesh, Arc::new(SystemClock), &tasks)?;
    let tokens = Arc::new(tokens(&*stores.vault).await?);
    let platform = TenantId::PLATFORM;
    let fingerprint_key = Arc::new(stores.vault.secret(platform, Context::FINGERPRINTS).await?);
    let verifier = Arc::new(tokens.verifier(Arc::new(Revocations::new())));
    let embedded = config.stores.models == runtime::config::Place::Embedded;
    let (pace, recalled) = if embedded { (Duration::ZERO, 0) } else { (PACE, RECALLED) };
    let runner = Runner::led(
        stores.events.clone(),
        stores.models.clone(),
        leads.groups(roles),
        RunnerOptions { observer: watch_projections(), pace, recalled, ..RunnerOptions::default() },
    );
    Ok(Context {
        stores,
        views: Arc::new(runner),
        tokens,
        verifier,
        tasks,
        stands: Stands::default(),
        public_url: config.public_url.as_str().into(),
        limits: config.limits,
        fetch: Fetch::new(&config.egress),
        trusted_issuers: config.trusted_issuers.as_slice().into(),
        directory: runtime::lookup::Directory::default(),
        fingerprint_key,
    })
}

/// What a process with these roles is called among others.
fn service(roles: &[RoleName]) -> String {
    if roles == RoleName::APPLICATION {
        return "laurel".to_owned();
    }
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join("+")
}

/// The signer of tokens, with the key that the vault keeps; made on the first start.
async fn tokens(vault: &dyn KeyVault) -> anyhow::Result<Tokens> {
    if vault.get(TenantId::PLATFORM, TOKEN_KEY).await?.is_none() {
        let seed: [u8; 32] = rand::random();
        match vault.put(TenantId::PLATFORM, TOKEN_KEY, &seed).await {
            // Another process was first: its key is the one.
            Ok(()) | Err(VaultError::Taken) => {}
            Err(error) => return Err(error.into()),
        }
    }
    signer(&vault.get(TenantId::PLATFORM, TOKEN_KEY).await?.context("the token key is gone")?)
}

fn signer(seed: &Secret) -> anyhow::Result<Tokens> {
    let seed = seed.expose().try_into().context("the token key has another length")?;
    Ok(Tokens::from_seed(seed, TOKEN_ISSUER)?)
}

/// A token, valid for an hour, that may create organisations. Needs the key vault alone, and a
/// process that has it open is no obstacle.
///
/// # Errors
/// When the vault does not open.
pub async fn operator_token(config: &Config) -> anyhow::Result<String> {
    let tokens = if let Some(seed) = Stores::glance(config, TOKEN_KEY)? {
        signer(&seed)?
    } else {
        let mesh = mesh(config)?;
        tokens(&*Stores::vault(config, mesh.as_ref())?).await?
    };
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
