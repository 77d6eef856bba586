//! What goes wrong there reads the same here.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use kernel::TenantId;
use keyvault::{
    DataKey, KeyVault, Owner, Secret, VaultError,
    remote::{Remote, RemoteOptions},
};
use tonic::{Status, body::Body};

use crate::world::{Server, forgetful, owner};

/// A vault that can tell who it is and nothing else.
struct Failing(fn() -> VaultError);

#[async_trait::async_trait]
impl KeyVault for Failing {
    async fn ensure(&self, _: &[Owner]) -> Result<Vec<DataKey>, VaultError> {
        Err(self.0())
    }
    async fn key(&self, _: &Owner, _: u32) -> Result<Option<DataKey>, VaultError> {
        Err(self.0())
    }
    async fn destroy(&self, _: &Owner) -> Result<(), VaultError> {
        Err(self.0())
    }
    async fn secret(&self, tenant: TenantId, _: &str) -> Result<Secret, VaultError> {
        if tenant == TenantId::PLATFORM { Ok(Secret::new(vec![7; 32])) } else { Err(self.0()) }
    }
    async fn put(&self, _: TenantId, _: &str, _: &[u8]) -> Result<(), VaultError> {
        Err(self.0())
    }
    async fn get(&self, _: TenantId, _: &str) -> Result<Option<Secret>, VaultError> {
        Err(self.0())
    }
}

#[tokio::test]
async fn every_error_of_every_call_crosses_the_wire_as_it_is() {
    let errors: [fn() -> VaultError; 8] = [
        || VaultError::Taken,
        || VaultError::Closed,
        || VaultError::Unavailable("disk full: /secret/path".into()),
        || VaultError::Invalid("a secret has at most 64 KiB"),
        || VaultError::Invalid("at most 10,000 owners at once: ask in several calls"),
        || VaultError::Corrupt("an owner's key"),
        || VaultError::Corrupt("a tenant's key"),
        || VaultError::Corrupt("a secret"),
    ];
    for error in errors {
        let server = Server::start(Arc::new(Failing(error)));
        let remote = forgetful(server.address);
        let (ada, tenant) = (owner("person_ada"), TenantId::derived([1; 16]));
        for met in [
            remote.ensure(std::slice::from_ref(&ada)).await.map(drop).unwrap_err(),
            remote.key(&ada, 1).await.map(drop).unwrap_err(),
            remote.destroy(&ada).await.unwrap_err(),
            remote.secret(tenant, "purpose").await.map(drop).unwrap_err(),
            remote.put(tenant, "seed", b"x").await.unwrap_err(),
            remote.get(tenant, "seed").await.map(drop).unwrap_err(),
        ] {
            assert_eq!(met.to_string(), error().to_string());
            let kind = std::mem::discriminant::<VaultError>;
            assert_eq!(kind(&met), kind(&error()));
            assert!(!format!("{met:?}").contains("/secret/path"), "{met:?}");
        }
    }
}

/// A wire on which every call fails, and that counts them.
#[derive(Clone)]
struct Dead(Arc<AtomicUsize>, fn() -> Status);

impl tower::Service<http::Request<Body>> for Dead {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Body>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        let status = self.1();
        Box::pin(async { Err(status) })
    }
}

#[tokio::test]
async fn a_dead_vault_is_not_asked_much_more_often_than_callers_call() {
    let sent = Arc::new(AtomicUsize::new(0));
    let wire = Dead(Arc::clone(&sent), || Status::unavailable("down"));
    let remote = Remote::new(wire, RemoteOptions::default()).0;
    for call in 1..=30 {
        let outcome = remote.key(&owner("person_ada"), 1).await;
        assert!(matches!(outcome, Err(VaultError::Unavailable(_))));
        if call == 1 {
            assert_eq!(sent.load(Ordering::SeqCst), 3, "twice more");
        }
    }
    assert_eq!(sent.load(Ordering::SeqCst), 30 + 10 + 2, "what was saved and what was earned");
}

#[tokio::test]
async fn what_another_try_does_not_heal_is_sent_once() {
    for status in [
        || Status::permission_denied("no"),
        || Status::unauthenticated("who"),
        || Status::deadline_exceeded("late"),
        || Status::unimplemented("what"),
        || Status::aborted("ending"),
    ] {
        let sent = Arc::new(AtomicUsize::new(0));
        let remote = Remote::new(Dead(Arc::clone(&sent), status), RemoteOptions::default()).0;
        assert!(remote.key(&owner("person_ada"), 1).await.is_err());
        assert_eq!(sent.load(Ordering::SeqCst), 1);
    }
}
