use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kernel::TenantId;
use moka::sync::Cache;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::{
    DataKey, Owner, RootKey, VaultError, rows,
    wrap::{self, TenantKey},
};

/// A call on the writer and where its answer goes.
pub(crate) struct Job {
    pub(crate) ask: Ask,
    pub(crate) reply: oneshot::Sender<Result<Told, VaultError>>,
}

pub(crate) enum Ask {
    Ensure(Vec<Owner>),
    Destroy(Owner),
    Tenant(TenantId),
    Put { tenant: TenantId, name: String, secret: Zeroizing<Vec<u8>> },
}

pub(crate) enum Told {
    Keys(Vec<DataKey>),
    Tenant(TenantKey),
    Done,
}

/// Unwrapped keys in memory, and the connection that reads. Whoever holds a key here that was read
/// from the file does so under the connection's lock; the writer takes destroyed keys out under the
/// same lock, after the commit. So no key appears here after its destruction.
pub(crate) struct Held {
    pub(crate) owners: Cache<Owner, DataKey>,
    pub(crate) tenants: Cache<TenantId, TenantKey>,
    pub(crate) reading: Mutex<Connection>,
}

impl Held {
    pub(crate) fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one thread that writes: takes what is waiting, makes it one transaction, answers after the
/// flush.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) root: RootKey,
    pub(crate) held: Arc<Held>,
}

/// Most jobs in one transaction.
const BATCH: usize = 256;

type Tenants = HashMap<TenantId, TenantKey>;

impl Writer {
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Ok(job) = jobs.try_recv()
            {
                batch.push(job);
            }
            self.commit(batch);
        }
    }

    fn commit(&mut self, batch: Vec<Job>) {
        let mut tenants = Tenants::new();
        match self.transact(&batch, &mut tenants) {
            Ok(outcomes) => {
                let purged = self.publish(&batch, &outcomes, tenants);
                for (job, outcome) in batch.into_iter().zip(outcomes) {
                    let outcome = match (&job.ask, &purged) {
                        (Ask::Destroy(_), Err(error)) => Err(shared(error)),
                        _ => outcome,
                    };
                    // A caller that went away needs no answer.
                    let _ = job.reply.send(outcome);
                }
            }
            Err(error) => {
                // Nothing to roll back is as good as rolled back.
                let _ = self.connection.execute_batch("ROLLBACK");
                tracing::error!(%error, "the key vault did not commit");
                let error = Arc::new(error);
                for job in batch {
                    let _ = job.reply.send(Err(shared(&error)));
                }
            }
        }
    }

    /// All jobs in one transaction: either each has its own outcome, or the file failed and nothing
    /// happened.
    fn transact(
        &self,
        batch: &[Job],
        tenants: &mut Tenants,
    ) -> Result<Vec<Result<Told, VaultError>>, rusqlite::Error> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for job in batch {
            outcomes.push(match self.perform(&job.ask, tenants) {
                Err(Trouble::File(error)) => return Err(error),
                Err(Trouble::Refused(error)) => Err(error),
                Ok(told) => Ok(told),
            });
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(outcomes)
    }

    fn perform(&self, ask: &Ask, tenants: &mut Tenants) -> Result<Told, Trouble> {
        match ask {
            Ask::Ensure(owners) => {
                let keys = owners.iter().map(|owner| self.ensure(owner, tenants));
                keys.collect::<Result<_, _>>().map(Told::Keys)
            }
            Ask::Destroy(owner) => {
                rows::destroy(&self.connection, owner)?;
                Ok(Told::Done)
            }
            Ask::Tenant(tenant) => self.tenant(*tenant, tenants).cloned().map(Told::Tenant),
            Ask::Put { tenant, name, secret } => {
                let key = self.tenant(*tenant, tenants)?;
                if let Some(there) = rows::secret(&self.connection, *tenant, name)? {
                    let there = wrap::unwrap_secret(key, *tenant, name, &there)?;
                    let same = there == *secret;
                    return if same { Ok(Told::Done) } else { Err(VaultError::Taken.into()) };
                }
                let wrapped = wrap::wrap_secret(key, *tenant, name, secret);
                rows::add_secret(&self.connection, *tenant, name, &wrapped)?;
                Ok(Told::Done)
            }
        }
    }

    fn ensure(&self, owner: &Owner, tenants: &mut Tenants) -> Result<DataKey, Trouble> {
        let tenant = self.tenant(owner.tenant, tenants)?;
        let version = match rows::known(&self.connection, owner)? {
            Some(rows::Known { version, wrapped: Some(wrapped) }) => {
                return Ok(wrap::unwrap_owner(tenant, owner, version, &wrapped)?);
            }
            Some(rows::Known { version, wrapped: None }) => version + 1,
            None => 1,
        };
        let key = DataKey::new(version, rand::random());
        rows::add(&self.connection, owner, version, &wrap::wrap_owner(tenant, owner, &key))?;
        Ok(key)
    }

    fn tenant<'t>(
        &self,
        tenant: TenantId,
        tenants: &'t mut Tenants,
    ) -> Result<&'t TenantKey, Trouble> {
        use std::collections::hash_map::Entry;
        let slot = match tenants.entry(tenant) {
            Entry::Occupied(there) => return Ok(there.into_mut()),
            Entry::Vacant(slot) => slot,
        };
        if let Some(held) = self.held.tenants.get(&tenant) {
            return Ok(slot.insert(held));
        }
        let key = if let Some(wrapped) = rows::tenant(&self.connection, tenant)? {
            wrap::unwrap_tenant(&self.root, tenant, &wrapped)?
        } else {
            let key = TenantKey::new(rand::random());
            let wrapped = wrap::wrap_tenant(&self.root, tenant, &key);
            rows::add_tenant(&self.connection, tenant, &wrapped)?;
            key
        };
        Ok(slot.insert(key))
    }

    /// After the commit: what was made is held, what was destroyed is not, and the write-ahead log,
    /// which may still carry copies of destroyed keys, is cut.
    fn publish(
        &self,
        batch: &[Job],
        outcomes: &[Result<Told, VaultError>],
        tenants: Tenants,
    ) -> Result<(), Arc<rusqlite::Error>> {
        let reader = self.held.reader();
        for (tenant, key) in tenants {
            self.held.tenants.insert(tenant, key);
        }
        let mut destroyed = false;
        for (job, outcome) in batch.iter().zip(outcomes) {
            match (&job.ask, outcome) {
                (Ask::Ensure(owners), Ok(Told::Keys(keys))) => {
                    for (owner, key) in owners.iter().zip(keys) {
                        self.held.owners.insert(owner.clone(), key.clone());
                    }
                }
                (Ask::Destroy(owner), _) => {
                    self.held.owners.invalidate(owner);
                    destroyed = true;
                }
                _ => {}
            }
        }
        if destroyed {
            rows::truncate_log(&self.connection)?;
        }
        drop(reader);
        Ok(())
    }
}

/// Why a job did not go through: the file, which ends the transaction, or the request.
enum Trouble {
    File(rusqlite::Error),
    Refused(VaultError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::File(error)
    }
}

impl From<VaultError> for Trouble {
    fn from(error: VaultError) -> Self {
        Trouble::Refused(error)
    }
}

fn shared(error: &Arc<rusqlite::Error>) -> VaultError {
    VaultError::Unavailable(Box::new(Arc::clone(error)))
}
