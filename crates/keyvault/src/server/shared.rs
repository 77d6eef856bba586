use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use kernel::TenantId;
use tokio::sync::{mpsc, oneshot};

use super::register::Register;
use crate::{DataKey, KeyVault, Owner, Secret, VaultError};

/// How long other processes may use keys in their memory without hearing from the server. A
/// destruction waits for so long, and a tenth more, when one of them has fallen silent.
pub const LEASE: Duration = Duration::from_secs(3);

/// Destructions that are carried out at once, and as many that wait.
const AT_ONCE: usize = 256;

/// A vault that several processes use: what is destroyed through it is forgotten everywhere. Code in
/// the same process must use it too, not the vault below.
pub struct Shared {
    vault: Arc<dyn KeyVault>,
    pub(super) register: Arc<Register>,
    jobs: mpsc::Sender<Job>,
}

/// Carries out destructions, whether or not their callers wait for them: one that has begun must be
/// told to all.
pub struct Caretaker {
    vault: Arc<dyn KeyVault>,
    register: Arc<Register>,
    jobs: mpsc::Receiver<Job>,
}

struct Job {
    owner: Owner,
    reply: oneshot::Sender<Result<(), VaultError>>,
}

impl Shared {
    /// Shares the vault. Nothing is destroyed until the caretaker runs; run it for as long as the
    /// vault is used. The lease is [`LEASE`] but in tests.
    #[must_use]
    pub fn new(vault: Arc<dyn KeyVault>, lease: Duration) -> (Arc<Self>, Caretaker) {
        let register = Register::new(lease);
        let (sender, jobs) = mpsc::channel(AT_ONCE);
        let caretaker =
            Caretaker { vault: Arc::clone(&vault), register: Arc::clone(&register), jobs };
        (Arc::new(Self { vault, register, jobs: sender }), caretaker)
    }
}

impl Caretaker {
    /// Works until told to end: then puts the watchers out, takes no more destructions and finishes
    /// those that wait.
    pub async fn run(mut self, until: impl Future<Output = ()> + Send) {
        let mut until = pin!(until);
        let mut open = true;
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = &mut until, if open => {
                    open = false;
                    self.jobs.close();
                    self.register.close();
                }
                Some(()) = running.next() => {}
                job = self.jobs.recv(), if running.len() < AT_ONCE => match job {
                    Some(job) => running.push(destroy(&*self.vault, &self.register, job)),
                    None if running.is_empty() => return,
                    None => { running.next().await; }
                },
            }
        }
    }
}

async fn destroy(vault: &dyn KeyVault, register: &Arc<Register>, job: Job) {
    let mark = register.destroying(&job.owner);
    let outcome = vault.destroy(&job.owner).await;
    // Also when it failed: it may have happened.
    let told = register.tell(&job.owner);
    register.forgotten(&told).await;
    drop(mark);
    // A caller that went away needs no answer.
    let _ = job.reply.send(outcome);
}

#[async_trait::async_trait]
impl KeyVault for Shared {
    /// A new key is given out only when all have forgotten the one before.
    async fn ensure(&self, owners: &[Owner]) -> Result<Vec<DataKey>, VaultError> {
        loop {
            let keys = self.vault.ensure(owners).await?;
            if !self.register.settled(owners).await {
                return Ok(keys);
            }
        }
    }

    async fn key(&self, owner: &Owner, version: u32) -> Result<Option<DataKey>, VaultError> {
        self.vault.key(owner, version).await
    }

    async fn destroy(&self, owner: &Owner) -> Result<(), VaultError> {
        let (reply, answer) = oneshot::channel();
        let job = Job { owner: owner.clone(), reply };
        self.jobs.send(job).await.map_err(|_| VaultError::Closed)?;
        answer.await.map_err(|_| VaultError::Closed)?
    }

    async fn secret(&self, tenant: TenantId, purpose: &str) -> Result<Secret, VaultError> {
        self.vault.secret(tenant, purpose).await
    }

    async fn put(&self, tenant: TenantId, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        self.vault.put(tenant, name, secret).await
    }

    async fn get(&self, tenant: TenantId, name: &str) -> Result<Option<Secret>, VaultError> {
        self.vault.get(tenant, name).await
    }
}
