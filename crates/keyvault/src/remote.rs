//! A vault in another process, served there by `server`.
//!
//! [`Remote`] keeps keys in memory as the port promises, as long as its [`Keeper`] holds a lease of
//! the server's; while it does not, every key is asked for. Memory is emptied when the stream of
//! destructions breaks, and filled anew.
//!
//! Keys are wiped when they leave the memory, and messages when they are dropped. What stays behind
//! on both sides until it is overwritten are copies on the stack and the buffers of the transport:
//! tonic's, those of HTTP/2 and of TLS.

mod budget;
mod keeper;
mod link;
mod memory;

use std::{fmt, sync::Arc, time::Duration};

use http::{Request, Response};
use kernel::TenantId;
use moka::sync::Cache;
use proto::keyvault::v1 as message;
use tokio::sync::watch;
use tonic::body::Body;
use tower::Service;

pub use self::keeper::Keeper;
use self::{link::Link, memory::Memory};
use crate::{DataKey, KeyVault, Owner, Secret, VaultError, bounds, wire};

/// How to use a vault in another process.
#[derive(Clone, Copy, Debug)]
pub struct RemoteOptions {
    /// How long a call may take, its retries included. More than the server's lease, for which a
    /// destruction may have to wait.
    pub deadline: Duration,
    /// Of how many owners keys are kept in memory.
    pub owners: usize,
}

impl Default for RemoteOptions {
    /// Ten seconds; 16,384 owners.
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), owners: 16_384 }
    }
}

/// The vault of another process.
pub struct Remote {
    link: Arc<Link>,
    memory: Arc<Memory>,
    /// By tenant and purpose; they never change.
    secrets: Cache<Owner, Secret>,
    whole: watch::Receiver<bool>,
}

impl Remote {
    /// The vault behind that service, such as a channel; nothing is sent before the first call.
    /// Without the keeper running it works, but keeps nothing in memory.
    pub fn new<S>(service: S, options: RemoteOptions) -> (Self, Keeper)
    where
        S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        S::Future: Send + 'static,
    {
        let link = Arc::new(Link::new(service, options.deadline));
        let memory = Arc::new(Memory::new(options.owners));
        let (told, whole) = watch::channel(false);
        let keeper = Keeper::new(Arc::clone(&link), Arc::clone(&memory), told);
        (Self { link, memory, secrets: Cache::new(16_384), whole }, keeper)
    }

    /// Whether keys are kept in memory at the moment, and a way to wait for it.
    #[must_use]
    pub fn whole(&self) -> watch::Receiver<bool> {
        self.whole.clone()
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("whole", &*self.whole.borrow()).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl KeyVault for Remote {
    async fn ensure(&self, owners: &[Owner]) -> Result<Vec<DataKey>, VaultError> {
        bounds::owners(owners)?;
        let since = self.memory.since();
        let mut keys: Vec<_> = owners.iter().map(|owner| self.memory.get(owner)).collect();
        let missing: Vec<_> = owners.iter().zip(&keys).filter(|(_, key)| key.is_none()).collect();
        let missing: Vec<&Owner> = missing.into_iter().map(|(owner, _)| owner).collect();
        if !missing.is_empty() {
            let ask = || message::EnsureRequest {
                owners: missing.iter().map(|owner| wire::owner(owner)).collect(),
            };
            let answer =
                self.link.call(ask, |client, request| Box::pin(client.ensure(request))).await?;
            if answer.keys.len() != missing.len() {
                return Err(malformed());
            }
            let made = answer.keys.iter().map(read_key).collect::<Result<Vec<_>, _>>()?;
            self.memory.keep(since, missing.into_iter().zip(&made));
            let mut made = made.into_iter();
            for key in keys.iter_mut().filter(|key| key.is_none()) {
                *key = made.next();
            }
        }
        keys.into_iter().collect::<Option<_>>().ok_or_else(malformed)
    }

    async fn key(&self, owner: &Owner, version: u32) -> Result<Option<DataKey>, VaultError> {
        let since = self.memory.since();
        if let Some(key) = self.memory.get(owner)
            && key.version >= version
        {
            return Ok(Some(key).filter(|key| key.version == version));
        }
        let ask = || message::KeyRequest { owner: Some(wire::owner(owner)), version };
        let answer = self.link.call(ask, |client, request| Box::pin(client.key(request))).await?;
        let Some(key) = answer.key.as_ref().map(read_key).transpose()? else { return Ok(None) };
        if key.version != version {
            return Err(malformed());
        }
        self.memory.keep(since, [(owner, &key)]);
        Ok(Some(key))
    }

    async fn destroy(&self, owner: &Owner) -> Result<(), VaultError> {
        let ask = || message::DestroyRequest { owner: Some(wire::owner(owner)) };
        self.link.call(ask, |client, request| Box::pin(client.destroy(request))).await?;
        Ok(())
    }

    async fn secret(&self, tenant: TenantId, purpose: &str) -> Result<Secret, VaultError> {
        bounds::named(purpose)?;
        let place = Owner::new(tenant, purpose);
        if let Some(held) = self.secrets.get(&place) {
            return Ok(held);
        }
        let ask =
            || message::SecretRequest { tenant: wire::tenant(tenant), purpose: purpose.to_owned() };
        let mut answer =
            self.link.call(ask, |client, request| Box::pin(client.secret(request))).await?;
        if answer.secret.len() != 32 {
            return Err(malformed());
        }
        let secret = Secret::new(std::mem::take(&mut answer.secret));
        self.secrets.insert(place, secret.clone());
        Ok(secret)
    }

    async fn put(&self, tenant: TenantId, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        bounds::named(name)?;
        bounds::sized(secret)?;
        let ask = || message::PutRequest {
            tenant: wire::tenant(tenant),
            name: name.to_owned(),
            secret: secret.to_vec(),
        };
        self.link.call(ask, |client, request| Box::pin(client.put(request))).await?;
        Ok(())
    }

    async fn get(&self, tenant: TenantId, name: &str) -> Result<Option<Secret>, VaultError> {
        let ask = || message::GetRequest { tenant: wire::tenant(tenant), name: name.to_owned() };
        let mut answer =
            self.link.call(ask, |client, request| Box::pin(client.get(request))).await?;
        Ok(answer.secret.take().map(Secret::new))
    }
}

fn read_key(key: &message::Key) -> Result<DataKey, VaultError> {
    let bytes = key.key.as_slice().try_into().map_err(|_| malformed())?;
    Ok(DataKey::new(key.version, bytes))
}

fn malformed() -> VaultError {
    VaultError::Unavailable("the key vault answered something else than was asked".into())
}
