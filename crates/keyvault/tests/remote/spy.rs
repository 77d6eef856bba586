use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use kernel::TenantId;
use keyvault::{DataKey, KeyVault, Owner, Secret, VaultError};
use tokio::sync::watch;

use crate::world::PATIENCE;

/// A vault that counts questions and can be made to wait.
pub struct Spy {
    vault: Arc<dyn KeyVault>,
    asked: AtomicUsize,
    /// Before an answer to `key` goes out.
    pub answer: Gate,
    /// Before a destruction.
    pub destruction: Gate,
}

impl Spy {
    pub fn on(vault: Arc<dyn KeyVault>) -> Arc<Self> {
        let (answer, destruction) = (Gate::open(), Gate::open());
        Arc::new(Self { vault, asked: AtomicUsize::new(0), answer, destruction })
    }

    /// How many keys were asked for, by `key` or `ensure`, so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Lets callers through when it is open, and tells how many came.
pub struct Gate {
    open: watch::Sender<bool>,
    came: watch::Sender<usize>,
}

impl Gate {
    fn open() -> Self {
        Self { open: watch::Sender::new(true), came: watch::Sender::new(0) }
    }

    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// Waits until so many have come in all.
    pub async fn came(&self, count: usize) {
        let mut came = self.came.subscribe();
        let reached = tokio::time::timeout(PATIENCE, came.wait_for(|came| *came >= count)).await;
        reached.expect("in time").expect("the gate is there");
    }

    pub fn count(&self) -> usize {
        *self.came.borrow()
    }

    async fn pass(&self) {
        self.came.send_modify(|came| *came += 1);
        self.open.subscribe().wait_for(|open| *open).await.expect("the gate is there");
    }
}

#[async_trait::async_trait]
impl KeyVault for Spy {
    async fn ensure(&self, owners: &[Owner]) -> Result<Vec<DataKey>, VaultError> {
        self.asked.fetch_add(owners.len(), Ordering::SeqCst);
        self.vault.ensure(owners).await
    }

    async fn key(&self, owner: &Owner, version: u32) -> Result<Option<DataKey>, VaultError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let found = self.vault.key(owner, version).await;
        self.answer.pass().await;
        found
    }

    async fn destroy(&self, owner: &Owner) -> Result<(), VaultError> {
        self.destruction.pass().await;
        self.vault.destroy(owner).await
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
