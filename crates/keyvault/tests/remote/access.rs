//! Who may call what.

use kernel::TenantId;
use keyvault::{KeyVault, VaultError, server::Call};
use proto::keyvault::v1::{
    GetRequest, SecretRequest, WatchRequest, key_vault_client::KeyVaultClient,
};
use tonic::{
    Code, Request, Status,
    service::{Routes, interceptor::InterceptedService},
};

use crate::world::{LEASE, Server, channel, embedded, forgetful, owner};

fn denied<T>(outcome: Result<T, VaultError>) -> bool {
    let Err(VaultError::Unavailable(source)) = outcome else { return false };
    source.downcast_ref::<Status>().is_some_and(|s| s.code() == Code::PermissionDenied)
}

#[tokio::test]
async fn nobody_is_admitted_unless_the_process_says_whom() {
    let folder = tempfile::tempdir().unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::with(embedded(folder.path(), 7), address, LEASE, |service| {
        Routes::new(service.into_server())
    });
    let (remote, ada) = (forgetful(server.address), owner("person_ada"));
    assert!(denied(remote.ensure(std::slice::from_ref(&ada)).await));
    assert!(denied(remote.key(&ada, 1).await));
    assert!(denied(remote.destroy(&ada).await));
    assert!(denied(remote.secret(ada.tenant, "email-lookup").await));
    assert!(denied(remote.put(ada.tenant, "seed", b"x").await));
    assert!(denied(remote.get(ada.tenant, "seed").await));
    let mut client = KeyVaultClient::new(channel(server.address));
    let refused = client.watch(tokio_stream::empty::<WatchRequest>()).await;
    assert_eq!(refused.map(drop).unwrap_err().code(), Code::PermissionDenied);
    assert!(server.shared.key(&ada, 1).await.unwrap().is_none());
}

/// The names of the caller's certificate, as a listener would put them there.
#[derive(Clone)]
struct Names(Vec<String>);

#[tokio::test]
async fn each_caller_may_do_what_its_certificate_allows() {
    let folder = tempfile::tempdir().unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::with(embedded(folder.path(), 7), address, LEASE, |service| {
        let service = service.admitting(|extensions, call| {
            let names = extensions.get::<Names>().map(|Names(names)| names.as_slice());
            names.unwrap_or_default().iter().any(|name| match name.as_str() {
                "awarding.laurel" => true,
                "analytics.laurel" => call == Call::Secret,
                _ => false,
            })
        });
        // Stands for the listener: takes the caller at its word.
        let listener = |mut request: Request<()>| {
            let names = request.metadata().get("names").and_then(|names| names.to_str().ok());
            let names = names.unwrap_or_default().split(' ').map(String::from).collect();
            request.extensions_mut().insert(Names(names));
            Ok(request)
        };
        Routes::new(InterceptedService::new(service.into_server(), listener))
    });
    let tenant = TenantId::derived([1; 16]).bytes().to_vec();
    let mut client = KeyVaultClient::new(channel(server.address));
    for (names, secret, get) in [
        ("", false, false),
        ("gateway.laurel.example", false, false),
        ("analytics.laurel", true, false),
        ("awarding.laurel", true, true),
        ("analytics.laurel awarding.laurel", true, true),
    ] {
        let purpose = "email-lookup".into();
        let mut request = Request::new(SecretRequest { tenant: tenant.clone(), purpose });
        request.metadata_mut().insert("names", names.parse().unwrap());
        assert_eq!(client.secret(request).await.is_ok(), secret, "{names}");
        let mut request = Request::new(GetRequest { tenant: tenant.clone(), name: "seed".into() });
        request.metadata_mut().insert("names", names.parse().unwrap());
        assert_eq!(client.get(request).await.is_ok(), get, "{names}");
    }
}
