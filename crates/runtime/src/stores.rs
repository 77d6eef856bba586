use std::{path::Path, sync::Arc};

use eventstore::EventStore;
use keyvault::{EmbeddedOptions as VaultOptions, KeyVault, RootKey};
use readmodel::ReadModels;

use crate::{Blobs, Clock, Config, FolderBlobs, Ids, MailError, Mailer, OutboxMailer, SmtpMailer};

/// Everything that a role keeps things in, and where its time and ids come from.
#[derive(Clone)]
pub struct Stores {
    /// The log.
    pub events: Arc<dyn EventStore>,
    /// The read side.
    pub models: Arc<dyn ReadModels>,
    /// The keys.
    pub vault: Arc<dyn KeyVault>,
    /// Artwork and other files.
    pub blobs: Arc<dyn Blobs>,
    /// Letters.
    pub mailer: Arc<dyn Mailer>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
}

/// Why the stores do not open.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// The log.
    #[error("the event store does not open")]
    Events(#[from] eventstore::OpenError),
    /// The read models.
    #[error("the read models do not open")]
    Models(#[from] readmodel::OpenError),
    /// The key vault.
    #[error("the key vault does not open")]
    Vault(#[from] keyvault::OpenError),
    /// The root key.
    #[error("the root key cannot be used")]
    RootKey(#[from] keyvault::RootKeyError),
    /// The mail settings.
    #[error("the mail settings cannot be used: see [mail] in the configuration")]
    Mail(#[from] MailError),
}

impl Stores {
    /// The embedded stores in the configured data folder: `events/`, `models/`, `keys/`, `blobs/`,
    /// `outbox/`.
    ///
    /// # Errors
    /// When one of them does not open.
    pub fn embedded(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StoresError> {
        let from = &config.mail.from;
        let mailer: Arc<dyn Mailer> = if let Some(url) = &config.mail.smtp {
            Arc::new(SmtpMailer::new(url, from, Arc::clone(&clock))?)
        } else {
            let outbox = config.data.join("outbox");
            Arc::new(OutboxMailer::new(outbox, from, Arc::clone(&clock))?)
        };
        let ids = Ids::new(Arc::clone(&clock));
        Self::open(&config.data, root_key(config)?, mailer, clock, ids)
    }

    /// The key vault alone.
    ///
    /// # Errors
    /// When it does not open.
    pub fn vault(config: &Config) -> Result<Arc<dyn KeyVault>, StoresError> {
        Ok(Arc::new(open_vault(&config.data, root_key(config)?)?))
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
        let events = eventstore::EmbeddedOptions::at(data.join("events"));
        let models = readmodel::EmbeddedOptions::new(data.join("models"));
        Ok(Self {
            events: Arc::new(eventstore::Embedded::open(events)?),
            models: Arc::new(readmodel::Embedded::open(&models)?),
            vault: Arc::new(open_vault(data, root_key)?),
            blobs: Arc::new(FolderBlobs::new(data.join("blobs"))),
            mailer,
            clock,
            ids,
        })
    }
}

/// The configured root key; made on the first start.
fn root_key(config: &Config) -> Result<RootKey, StoresError> {
    let path = config.root_key.clone().unwrap_or_else(|| config.data.join("keys/root.key"));
    Ok(RootKey::load_or_create(path)?)
}

fn open_vault(data: &Path, root_key: RootKey) -> Result<keyvault::Embedded, keyvault::OpenError> {
    keyvault::Embedded::open(VaultOptions { path: data.join("keys/keys.sqlite"), root_key })
}
