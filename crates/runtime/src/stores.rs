use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eventstore::{Embedded, EmbeddedOptions, EventStore, Kurrent, KurrentOptions};
use kernel::TenantId;
use keyvault::{
    EmbeddedOptions as VaultOptions, KeyVault, RootKey, Secret,
    remote::{Keeper, Remote, RemoteOptions},
};
use readmodel::{Leases, LocalLeases, NoRoom, ReadModels, Redis, RedisOptions, Room};

use crate::{
    Blobs, Clock, Config, FolderBlobs, Ids, MailError, Mailer, Mesh, OutboxMailer, RoleName,
    SmtpMailer, Tasks,
    config::Place,
    mesh::MeshUrl,
    metrics::{self, MeasuredEvents, MeasuredMailer},
};

/// Everything that a role keeps things in, and where its time and ids come from.
#[derive(Clone)]
pub struct Stores {
    /// The log.
    pub events: Arc<dyn EventStore>,
    /// The read side.
    pub models: Arc<dyn ReadModels>,
    /// Who of several processes does what one alone should do.
    pub leases: Arc<dyn Leases>,
    /// The keys.
    pub vault: Arc<dyn KeyVault>,
    /// Artwork and other files.
    pub blobs: Arc<dyn Blobs>,
    /// Letters.
    pub mailer: Arc<dyn Mailer>,
    /// The folder of those that are embedded, and how much of its disk has to be free; none where all
    /// are elsewhere.
    pub room: Option<Arc<Room>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
}

/// So much of the disk stays free: with less, read models take nothing, and the process is not ready.
const FREE: u64 = 32 << 20;

/// Why the stores do not open.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// Their folder.
    #[error("the data folder takes nothing")]
    Folder(#[source] NoRoom),
    /// The log.
    #[error("the event store does not open")]
    Events(#[from] eventstore::OpenError),
    /// The read models.
    #[error("the read models do not open")]
    Models(#[from] readmodel::OpenError),
    /// The key vault.
    #[error("the key vault does not open")]
    Vault(#[from] keyvault::OpenError),
    /// Nobody said where the role is that has the keys.
    #[error("stores.keys are another role's: say mesh.roles.keyvault in the configuration")]
    NoVault,
    /// The address of that role.
    #[error(transparent)]
    VaultUrl(#[from] MeshUrl),
    /// The log of another server.
    #[error("stores.events in the configuration cannot be used")]
    Kurrent(#[from] eventstore::ConnectError),
    /// The read models of another server.
    #[error("stores.models in the configuration cannot be used")]
    Redis(#[from] readmodel::AddressError),
    /// A secret of it.
    #[error("the key vault cannot be read")]
    Secret(#[from] keyvault::VaultError),
    /// The root key.
    #[error("the root key cannot be used")]
    RootKey(#[from] keyvault::RootKeyError),
    /// The mail settings.
    #[error("the mail settings cannot be used: see [mail] in the configuration")]
    Mail(#[from] MailError),
}

impl Stores {
    /// The stores where the configuration says. What is embedded lies in the data folder: `events/`,
    /// `models/`, `keys/`, `blobs/`, `outbox/`; the vault of another process is reached over the
    /// mesh.
    ///
    /// # Errors
    /// When one of them does not open.
    pub fn configured(
        config: &Config,
        mesh: Option<&Arc<Mesh>>,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Result<Self, StoresError> {
        let places = [&config.stores.events, &config.stores.models, &config.stores.keys];
        let embedded = places.contains(&&Place::Embedded);
        let room = embedded.then(|| Self::folder(config)).transpose()?;
        let from = &config.mail.from;
        let mailer: Arc<dyn Mailer> = if let Some(url) = &config.mail.smtp {
            Arc::new(SmtpMailer::new(url, from, Arc::clone(&clock))?)
        } else {
            let outbox = config.data.join("outbox");
            Arc::new(OutboxMailer::new(outbox, from, Arc::clone(&clock))?)
        };
        let ids = Ids::new(Arc::clone(&clock));
        let events: Arc<dyn EventStore> = match &config.stores.events {
            Place::Embedded => {
                let flushes = config.ops.as_ref().map(|_| metrics::flushes());
                let options = EmbeddedOptions::at(config.data.join("events"));
                Arc::new(Embedded::open(EmbeddedOptions { flushes, ..options })?)
            }
            Place::At(url) => Arc::new(Kurrent::connect(&KurrentOptions::at(url))?),
        };
        let (models, leases): (Arc<dyn ReadModels>, Arc<dyn Leases>) = match &config.stores.models {
            Place::Embedded => {
                (Arc::new(embedded_models(&config.data)?), Arc::new(LocalLeases::default()))
            }
            Place::At(url) => {
                let redis = Arc::new(Redis::open(&RedisOptions::new(url))?);
                (Arc::clone(&redis) as _, redis)
            }
        };
        // Where nobody can ask for metrics and no spans are exported, nothing is measured.
        let asked = config.ops.is_some() || config.telemetry.is_some();
        let (events, mailer): (Arc<dyn EventStore>, Arc<dyn Mailer>) = if asked {
            let embedded = config.stores.events == Place::Embedded;
            let system = if embedded { "sqlite" } else { "kurrentdb" };
            (Arc::new(MeasuredEvents { events, system }), Arc::new(MeasuredMailer(mailer)))
        } else {
            (events, mailer)
        };
        let vault = match &config.stores.keys {
            Place::Embedded => Self::embedded_vault(config)?,
            Place::At(_) => {
                let (vault, keeper) = remote_vault(mesh)?;
                tasks.spawn("keys", keeper.run(tasks.cancelled().cancelled_owned()));
                Arc::new(vault)
            }
        };
        Ok(Self {
            events,
            models,
            leases,
            vault,
            blobs: Arc::new(FolderBlobs::new(config.data.join("blobs"))),
            mailer,
            room,
            clock,
            ids,
        })
    }

    /// The data folder, which must take something. Full it may be, for what is there can be read.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn folder(config: &Config) -> Result<Arc<Room>, StoresError> {
        let room = Room::new(&config.data, FREE);
        match room.look() {
            Ok(()) | Err(NoRoom::Full { .. }) => Ok(Arc::new(room)),
            Err(error) => Err(StoresError::Folder(error)),
        }
    }

    /// The key vault alone, for a call or two.
    ///
    /// # Errors
    /// When it does not open.
    pub fn vault(
        config: &Config,
        mesh: Option<&Arc<Mesh>>,
    ) -> Result<Arc<dyn KeyVault>, StoresError> {
        match &config.stores.keys {
            Place::Embedded => Self::embedded_vault(config),
            Place::At(_) => Ok(Arc::new(remote_vault(mesh)?.0)),
        }
    }

    /// The key vault of the data folder.
    ///
    /// # Errors
    /// When it does not open.
    pub fn embedded_vault(config: &Config) -> Result<Arc<dyn KeyVault>, StoresError> {
        Ok(Arc::new(open_vault(&config.data, root_key(config)?)?))
    }

    /// A secret of the platform in the embedded vault, which another process may have open. None
    /// when there is none yet, and where the keys are another role's.
    ///
    /// # Errors
    /// When the root key or the vault cannot be read.
    pub fn glance(config: &Config, name: &str) -> Result<Option<Secret>, StoresError> {
        let path = config.data.join("keys/keys.sqlite");
        if config.stores.keys != Place::Embedded || !path.exists() {
            return Ok(None);
        }
        Ok(keyvault::glance(&path, &root_key(config)?, TenantId::PLATFORM, name)?)
    }

    /// The embedded stores in a folder.
    ///
    /// # Errors
    /// When one of them does not open.
    pub fn open(
        data: &Path,
        root_key: RootKey,
        mailer: Arc<dyn Mailer>,
        clock: Arc<dyn Clock>,
        ids: Ids,
    ) -> Result<Self, StoresError> {
        Ok(Self {
            events: Arc::new(Embedded::open(EmbeddedOptions::at(data.join("events")))?),
            models: Arc::new(embedded_models(data)?),
            leases: Arc::new(LocalLeases::default()),
            vault: Arc::new(open_vault(data, root_key)?),
            blobs: Arc::new(FolderBlobs::new(data.join("blobs"))),
            mailer,
            room: Some(Arc::new(Room::new(data, FREE))),
            clock,
            ids,
        })
    }
}

fn embedded_models(data: &Path) -> Result<readmodel::Embedded, readmodel::OpenError> {
    let options = readmodel::EmbeddedOptions::new(data.join("models"));
    readmodel::Embedded::open(&readmodel::EmbeddedOptions { reserve: FREE, ..options })
}

/// The vault of the role that has it, and what keeps its memory right.
fn remote_vault(mesh: Option<&Arc<Mesh>>) -> Result<(Remote, Keeper), StoresError> {
    let channel = mesh.map(|mesh| mesh.channel(RoleName::KeyVault)).transpose()?.flatten();
    let channel = channel.ok_or(StoresError::NoVault)?;
    Ok(Remote::new(channel, RemoteOptions::default()))
}

impl Config {
    /// The file of the root key.
    #[must_use]
    pub fn root_key_file(&self) -> PathBuf {
        self.root_key.clone().unwrap_or_else(|| self.data.join("keys/root.key"))
    }
}

/// The configured root key; made on the first start. Where there is a vault already, as after a
/// restore, a new key would be a wrong one.
fn root_key(config: &Config) -> Result<RootKey, StoresError> {
    let path = config.root_key_file();
    let vault = config.data.join("keys/keys.sqlite").exists();
    Ok(if vault { RootKey::load(path)? } else { RootKey::load_or_create(path)? })
}

fn open_vault(data: &Path, root_key: RootKey) -> Result<keyvault::Embedded, keyvault::OpenError> {
    keyvault::Embedded::open(VaultOptions { path: data.join("keys/keys.sqlite"), root_key })
}
