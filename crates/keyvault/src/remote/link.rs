use std::{sync::OnceLock, time::Duration};

use futures_util::future::BoxFuture;
use http::{Request as HttpRequest, Response as HttpResponse};
use proto::keyvault::v1::key_vault_client::KeyVaultClient;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::{
    Code, Request, Response, Status,
    body::Body,
    metadata::{BinaryMetadataValue, MetadataMap},
};
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use super::budget::Budget;
use crate::{VaultError, texts, wire};

pub(super) type Client =
    KeyVaultClient<BoxCloneSyncService<HttpRequest<Body>, HttpResponse<Body>, Status>>;

/// What comes of a call.
pub(super) type Answer<'c, A> = BoxFuture<'c, Result<Response<A>, Status>>;

/// Most times that one call is sent.
const ATTEMPTS: u32 = 3;
/// How long the first retry waits, about; each next one twice as long.
const PAUSE: Duration = Duration::from_millis(20);

/// The way to the server: deadlines, retries, and the vault that must be there.
pub(super) struct Link {
    client: Client,
    deadline: Duration,
    budget: Budget,
    /// Which vault it is; learned from the first answer, and no other will do.
    vault: OnceLock<[u8; 16]>,
}

impl Link {
    pub(super) fn new<S>(service: S, deadline: Duration) -> Self
    where
        S: Service<HttpRequest<Body>, Response = HttpResponse<Body>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        S::Future: Send + 'static,
    {
        let service = service.map_err(|error: S::Error| Status::from_error(error.into()));
        let client = KeyVaultClient::new(BoxCloneSyncService::new(service))
            .max_encoding_message_size(wire::REQUEST)
            .max_decoding_message_size(wire::ANSWER);
        Self { client, deadline, budget: Budget::full(), vault: OnceLock::new() }
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// Asks, and asks again when the vault is unavailable: every call of the port may be repeated.
    pub(super) async fn call<Q: Send, A: Send>(
        &self,
        ask: impl Fn() -> Q + Send + Sync,
        send: for<'c> fn(&'c mut Client, Request<Q>) -> Answer<'c, A>,
    ) -> Result<A, VaultError> {
        let end = self.deadline();
        self.budget.earn();
        let mut attempt = 1;
        loop {
            let mut request = self.request(ask());
            request.set_timeout(end.saturating_duration_since(Instant::now()));
            let mut client = self.client();
            match timeout_at(end, send(&mut client, request)).await {
                Ok(Ok(response)) => {
                    self.heard(response.metadata())?;
                    return Ok(response.into_inner());
                }
                Ok(Err(status)) => {
                    let pause = PAUSE.mul_f64(f64::from(attempt) * (0.5 + rand::random::<f64>()));
                    let in_time = Instant::now() + pause < end;
                    let again = attempt < ATTEMPTS && in_time && worth_another_try(&status);
                    if !again || !self.budget.spend() {
                        return Err(refusal(status));
                    }
                    sleep(pause).await;
                    attempt += 1;
                }
                Err(late) => return Err(VaultError::Unavailable(Box::new(late))),
            }
        }
    }

    /// A request that says which vault it is for.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(vault) = self.vault.get() {
            let vault = BinaryMetadataValue::from_bytes(vault);
            request.metadata_mut().insert_bin(wire::VAULT, vault);
        }
        request
    }

    /// Remembers which vault answered first, and takes no answer of another.
    pub(super) fn heard(&self, metadata: &MetadataMap) -> Result<(), VaultError> {
        let said = metadata.get_bin(wire::VAULT).and_then(|value| value.to_bytes().ok());
        let said = said.and_then(|bytes| <[u8; 16]>::try_from(&bytes[..]).ok());
        let said = said.ok_or_else(|| VaultError::Unavailable("it is no key vault".into()))?;
        if *self.vault.get_or_init(|| said) == said {
            Ok(())
        } else {
            Err(VaultError::Corrupt(texts::ANOTHER_VAULT))
        }
    }
}

/// Whether the trouble may be over in a moment; also what the transport makes of a connection that
/// ends in the middle of a call.
fn worth_another_try(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled)
}

/// The error that the server had.
pub(super) fn refusal(status: Status) -> VaultError {
    match status.code() {
        Code::Aborted => VaultError::Closed,
        Code::DataLoss => VaultError::Corrupt(texts::known(status.message(), "something")),
        Code::AlreadyExists => VaultError::Taken,
        Code::InvalidArgument => {
            VaultError::Invalid(texts::known(status.message(), "the request is out of bounds"))
        }
        _ => VaultError::Unavailable(Box::new(status)),
    }
}
