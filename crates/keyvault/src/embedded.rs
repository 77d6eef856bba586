use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use hkdf::Hkdf;
use kernel::TenantId;
use moka::sync::Cache;
use rusqlite::Connection;
use sha2::Sha256;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::{
    DataKey, KeyVault, Owner, RootKey, Secret, VaultError, bounds, rows,
    wrap::{self, TenantKey},
    writer::{Ask, Held, Job, Told, Writer},
};

/// How to open an [`Embedded`] vault.
#[derive(Debug)]
pub struct EmbeddedOptions {
    /// The database file; its folder is made where it is missing.
    pub path: PathBuf,
    /// The key above all others, from another place than the file.
    pub root_key: RootKey,
}

/// Why the vault does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or the thread not started.
    #[error("cannot open the key vault")]
    Io(#[from] std::io::Error),
    /// The database cannot be opened.
    #[error("cannot open the key vault's database")]
    Database(#[from] rusqlite::Error),
    /// Another process has it open; it would not learn of destroyed keys.
    #[error("another process has the key vault open: end it first")]
    InUse,
    /// The vault was made under another root key.
    #[error("the root key is not the one that this key vault was made with: restore it")]
    WrongRootKey,
}

/// The vault on one machine and in one process: a SQLite file, one thread that writes with group
/// commit, unwrapped keys of up to 16,384 owners in memory.
pub struct Embedded {
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    held: Arc<Held>,
    root: RootKey,
    /// By tenant and purpose.
    secrets: Cache<Owner, Secret>,
    /// Last, so that nobody else opens the file before the writer has closed it.
    _lock: File,
}

/// Calls that wait for the writer before the next ones wait for room.
const WAITING: usize = 256;

impl Embedded {
    /// Opens the vault; makes it where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened, is open in another process, or was made under another root
    /// key.
    pub fn open(options: EmbeddedOptions) -> Result<Self, OpenError> {
        let EmbeddedOptions { path, root_key } = options;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let lock = lock(&path)?;
        let connection = connect(&path)?;
        match rows::proof(&connection)? {
            Some(proof) if wrap::proves(&root_key, &proof) => {}
            Some(_) => return Err(OpenError::WrongRootKey),
            None => rows::add_proof(&connection, &wrap::wrap_proof(&root_key))?,
        }
        rows::name_root_key(&connection, &root_key.name())?;
        // A destruction that was interrupted before the log was cut ends here.
        rows::truncate_log(&connection)?;
        let held = Arc::new(Held {
            owners: Cache::new(16_384),
            tenants: Cache::new(16_384),
            reading: Mutex::new(connect(&path)?),
        });
        let (jobs, waiting) = mpsc::channel(WAITING);
        let writer = Writer { connection, root: root_key.clone(), held: Arc::clone(&held) };
        let writer =
            std::thread::Builder::new().name("keyvault".into()).spawn(|| writer.run(waiting))?;
        let secrets = Cache::new(16_384);
        Ok(Self {
            jobs: Some(jobs),
            writer: Some(writer),
            held,
            root: root_key,
            secrets,
            _lock: lock,
        })
    }

    async fn ask(&self, ask: Ask) -> Result<Told, VaultError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(VaultError::Closed)?;
        jobs.send(Job { ask, reply }).await.map_err(|_| VaultError::Closed)?;
        answer.await.map_err(|_| VaultError::Closed)?
    }

    /// The secret of the platform that was taken over for that purpose from another vault.
    async fn taken_over(
        &self,
        tenant: TenantId,
        purpose: &str,
    ) -> Result<Option<Secret>, VaultError> {
        if tenant == TenantId::PLATFORM {
            self.get(tenant, &adopted(purpose)).await
        } else {
            Ok(None)
        }
    }

    /// Reads the file away from the executor's threads.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, &Held, &RootKey) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let (held, root) = (Arc::clone(&self.held), self.root.clone());
        tokio::task::spawn_blocking(move || read(&held.reader(), &held, &root))
            .await
            .map_err(|_| VaultError::Closed)?
    }
}

#[async_trait::async_trait]
impl KeyVault for Embedded {
    async fn ensure(&self, owners: &[Owner]) -> Result<Vec<DataKey>, VaultError> {
        bounds::owners(owners)?;
        let mut keys = Vec::with_capacity(owners.len());
        let mut missing = Vec::new();
        for owner in owners {
            let key = self.held.owners.get(owner);
            if key.is_none() {
                missing.push(owner.clone());
            }
            keys.push(key);
        }
        let mut made = Vec::new();
        if !missing.is_empty() {
            let Told::Keys(keys) = self.ask(Ask::Ensure(missing)).await? else {
                return Err(VaultError::Closed);
            };
            made = keys;
        }
        let mut made = made.into_iter();
        let keys = keys.into_iter().map(|held| held.or_else(|| made.next()));
        keys.collect::<Option<_>>().ok_or(VaultError::Closed)
    }

    async fn key(&self, owner: &Owner, version: u32) -> Result<Option<DataKey>, VaultError> {
        let live = if let Some(key) = self.held.owners.get(owner) {
            Some(key)
        } else {
            let owner = owner.clone();
            self.read(move |rows, held, root| live(rows, held, root, owner)).await?
        };
        Ok(live.filter(|key| key.version == version))
    }

    async fn destroy(&self, owner: &Owner) -> Result<(), VaultError> {
        self.ask(Ask::Destroy(owner.clone())).await.map(drop)
    }

    async fn secret(&self, tenant: TenantId, purpose: &str) -> Result<Secret, VaultError> {
        bounds::named(purpose)?;
        let place = Owner::new(tenant, purpose);
        if let Some(held) = self.secrets.get(&place) {
            return Ok(held);
        }
        let key = match self.held.tenants.get(&tenant) {
            Some(key) => key,
            None => match self.ask(Ask::Tenant(tenant)).await? {
                Told::Tenant(key) => key,
                _ => return Err(VaultError::Closed),
            },
        };
        let secret = match self.taken_over(tenant, purpose).await? {
            Some(secret) => secret,
            None => Secret::new(derived(&key, purpose).to_vec()),
        };
        self.secrets.insert(place, secret.clone());
        Ok(secret)
    }

    async fn put(&self, tenant: TenantId, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        bounds::named(name)?;
        bounds::sized(secret)?;
        let secret = Zeroizing::new(secret.to_vec());
        self.ask(Ask::Put { tenant, name: name.to_owned(), secret }).await.map(drop)
    }

    async fn get(&self, tenant: TenantId, name: &str) -> Result<Option<Secret>, VaultError> {
        let name = name.to_owned();
        self.read(move |rows, held, root| {
            let Some(wrapped) = rows::secret(rows, tenant, &name).map_err(unavailable)? else {
                return Ok(None);
            };
            let key = tenant_key(rows, held, root, tenant)?;
            let secret = wrap::unwrap_secret(&key, tenant, &name, &wrapped)?;
            Ok(Some(Secret::new(secret.to_vec())))
        })
        .await
    }
}

impl Drop for Embedded {
    /// Lets the writer finish what was asked and close the file.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so already.
            let _ = writer.join();
        }
    }
}

/// Claims the vault for this process, until the file is closed.
pub(crate) fn lock(path: &Path) -> Result<File, OpenError> {
    let lock = path.with_extension("lock");
    let file = File::options().create(true).truncate(false).write(true).open(lock)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// What a secret that was taken over for a purpose is called.
pub(crate) fn adopted(purpose: &str) -> String {
    format!("lookup:{purpose}")
}

/// What a tenant's key yields for a purpose.
pub(crate) fn derived(key: &TenantKey, purpose: &str) -> Zeroizing<Vec<u8>> {
    let mut derived = Zeroizing::new(vec![0; 32]);
    Hkdf::<Sha256>::new(Some(b"laurel tenant secret"), key.as_slice())
        .expand(purpose.as_bytes(), &mut derived)
        .expect("32 bytes are less than HKDF's limit of 8,160");
    derived
}

pub(crate) fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    rows::prepare(&connection)?;
    Ok(connection)
}

/// The owner's live key from the file, held from now on. Runs under the reader's lock.
fn live(
    rows: &Connection,
    held: &Held,
    root: &RootKey,
    owner: Owner,
) -> Result<Option<DataKey>, VaultError> {
    let known = rows::known(rows, &owner).map_err(unavailable)?;
    let Some(rows::Known { version, wrapped: Some(wrapped) }) = known else { return Ok(None) };
    let tenant = tenant_key(rows, held, root, owner.tenant)?;
    let key = wrap::unwrap_owner(&tenant, &owner, version, &wrapped)?;
    held.owners.insert(owner, key.clone());
    Ok(Some(key))
}

/// The key of a tenant that has one.
fn tenant_key(
    rows: &Connection,
    held: &Held,
    root: &RootKey,
    tenant: TenantId,
) -> Result<TenantKey, VaultError> {
    if let Some(key) = held.tenants.get(&tenant) {
        return Ok(key);
    }
    let wrapped = rows::tenant(rows, tenant).map_err(unavailable)?;
    let key = wrap::unwrap_tenant(root, tenant, &wrapped.unwrap_or_default())?;
    held.tenants.insert(tenant, key.clone());
    Ok(key)
}

pub(crate) fn unavailable(error: rusqlite::Error) -> VaultError {
    VaultError::Unavailable(Box::new(error))
}
