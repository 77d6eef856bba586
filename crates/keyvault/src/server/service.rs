use std::sync::Arc;

use kernel::TenantId;
use proto::keyvault::v1::{
    self as message,
    key_vault_server::{KeyVault as Protocol, KeyVaultServer},
};
use tokio::sync::OnceCell;
use tonic::{
    Extensions, Request, Response, Status, Streaming,
    metadata::{BinaryMetadataValue, MetadataMap, MetadataValue},
};

use super::{
    Call, Shared,
    access::Access,
    watch::{Watching, watch},
};
use crate::{DataKey, KeyVault, VaultError, texts, wire};

/// The gRPC service over a [`Shared`] vault.
pub struct Service {
    vault: Arc<Shared>,
    access: Access,
    identity: OnceCell<[u8; 16]>,
}

impl Service {
    /// The service, which admits nobody yet.
    #[must_use]
    pub fn new(vault: Arc<Shared>) -> Self {
        Self { vault, access: Access::nobody(), identity: OnceCell::new() }
    }

    /// Admits callers by what the listener put into the extensions of their requests.
    #[must_use]
    pub fn admitting(
        self,
        admits: impl Fn(&Extensions, Call) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { access: Access::new(admits), ..self }
    }

    /// For `Routes` and `Server`; messages are bounded.
    #[must_use]
    pub fn into_server(self) -> KeyVaultServer<Self> {
        KeyVaultServer::new(self)
            .max_decoding_message_size(wire::REQUEST)
            .max_encoding_message_size(wire::ANSWER)
    }

    /// Whether the caller may, and speaks to the vault that it means to speak to.
    async fn admit<T>(&self, request: Request<T>, call: Call) -> Result<(T, Door), Status> {
        let (metadata, extensions, message) = request.into_parts();
        if !self.access.admits(&extensions, call) {
            tracing::warn!(?call, "the key vault refused a caller");
            return Err(Status::permission_denied("the caller's certificate does not allow this"));
        }
        let identity = self.identity().await.map_err(status)?;
        match metadata.get_bin(wire::VAULT).map(MetadataValue::to_bytes) {
            Some(Ok(known)) if known[..] == identity => {}
            None => {}
            Some(_) => return Err(status(VaultError::Corrupt(texts::ANOTHER_VAULT))),
        }
        Ok((message, Door { identity }))
    }

    /// What no other vault has: derived from the platform's key, and of no other use.
    async fn identity(&self) -> Result<[u8; 16], VaultError> {
        let identity = self.identity.get_or_try_init(async || {
            let secret = self.vault.secret(TenantId::PLATFORM, "key-vault-identity").await?;
            let first = secret.expose().first_chunk::<16>();
            first.copied().ok_or(VaultError::Corrupt(texts::TENANT_KEY))
        });
        identity.await.copied()
    }
}

/// Lets answers out, each with the vault's identity.
struct Door {
    identity: [u8; 16],
}

impl Door {
    fn answer<T>(&self, message: T) -> Response<T> {
        let identity = BinaryMetadataValue::from_bytes(&self.identity);
        let mut metadata = MetadataMap::new();
        metadata.insert_bin(wire::VAULT, identity);
        Response::from_parts(metadata, message, Extensions::new())
    }
}

#[tonic::async_trait]
impl Protocol for Service {
    async fn ensure(
        &self,
        request: Request<message::EnsureRequest>,
    ) -> Result<Response<message::EnsureResponse>, Status> {
        let (asked, door) = self.admit(request, Call::Ensure).await?;
        let owners = asked.owners.into_iter().map(|owner| wire::read_owner(Some(owner)));
        let owners = owners.collect::<Result<Vec<_>, _>>().map_err(status)?;
        let keys = self.vault.ensure(&owners).await.map_err(status)?;
        Ok(door.answer(message::EnsureResponse { keys: keys.iter().map(key).collect() }))
    }

    async fn key(
        &self,
        request: Request<message::KeyRequest>,
    ) -> Result<Response<message::KeyResponse>, Status> {
        let (asked, door) = self.admit(request, Call::Key).await?;
        let owner = wire::read_owner(asked.owner).map_err(status)?;
        let found = self.vault.key(&owner, asked.version).await.map_err(status)?;
        Ok(door.answer(message::KeyResponse { key: found.as_ref().map(key) }))
    }

    async fn destroy(
        &self,
        request: Request<message::DestroyRequest>,
    ) -> Result<Response<message::DestroyResponse>, Status> {
        let (asked, door) = self.admit(request, Call::Destroy).await?;
        let owner = wire::read_owner(asked.owner).map_err(status)?;
        self.vault.destroy(&owner).await.map_err(status)?;
        Ok(door.answer(message::DestroyResponse {}))
    }

    async fn secret(
        &self,
        request: Request<message::SecretRequest>,
    ) -> Result<Response<message::SecretResponse>, Status> {
        let (asked, door) = self.admit(request, Call::Secret).await?;
        let tenant = wire::read_tenant(&asked.tenant).map_err(status)?;
        let secret = self.vault.secret(tenant, &asked.purpose).await.map_err(status)?;
        Ok(door.answer(message::SecretResponse { secret: secret.expose().to_vec() }))
    }

    async fn put(
        &self,
        request: Request<message::PutRequest>,
    ) -> Result<Response<message::PutResponse>, Status> {
        let (asked, door) = self.admit(request, Call::Put).await?;
        let tenant = wire::read_tenant(&asked.tenant).map_err(status)?;
        self.vault.put(tenant, &asked.name, &asked.secret).await.map_err(status)?;
        Ok(door.answer(message::PutResponse {}))
    }

    async fn get(
        &self,
        request: Request<message::GetRequest>,
    ) -> Result<Response<message::GetResponse>, Status> {
        let (asked, door) = self.admit(request, Call::Get).await?;
        let tenant = wire::read_tenant(&asked.tenant).map_err(status)?;
        let found = self.vault.get(tenant, &asked.name).await.map_err(status)?;
        let secret = found.map(|secret| secret.expose().to_vec());
        Ok(door.answer(message::GetResponse { secret }))
    }

    type WatchStream = Watching;

    async fn watch(
        &self,
        request: Request<Streaming<message::WatchRequest>>,
    ) -> Result<Response<Watching>, Status> {
        let (asks, door) = self.admit(request, Call::Watch).await?;
        let (seat, said) = self.vault.register.join().map_err(status)?;
        let millis = u32::try_from(self.vault.register.lease.as_millis()).unwrap_or(u32::MAX);
        Ok(door.answer(watch(asks, said, seat, millis)))
    }
}

fn key(key: &DataKey) -> message::Key {
    message::Key { version: key.version, key: key.bytes().to_vec() }
}

/// Each error has a code of its own; what failed inside stays here, in the log.
fn status(error: VaultError) -> Status {
    match error {
        VaultError::Unavailable(source) => {
            tracing::warn!(error = %source, "the key vault could not answer");
            Status::unavailable("the key vault cannot be reached: try again later")
        }
        VaultError::Closed => Status::aborted("the key vault is shutting down"),
        VaultError::Corrupt(what) => {
            tracing::error!(what, "the key vault holds what does not open");
            Status::data_loss(what)
        }
        VaultError::Taken => Status::already_exists("another secret stands under this name"),
        VaultError::Invalid(what) => Status::invalid_argument(what),
    }
}
