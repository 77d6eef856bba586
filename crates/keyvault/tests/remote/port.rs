//! The promises of the port when nothing fails.

use kernel::TenantId;
use keyvault::{KeyVault, Owner, VaultError, conformance, unseal};
use proto::keyvault::v1::{self as message, key_vault_client::KeyVaultClient};
use tonic::Code;

use crate::{
    spy::Spy,
    world::{Server, channel, embedded, forgetful, owner, remote},
};

#[tokio::test]
async fn a_remote_vault_keeps_the_ports_promises() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    conformance::all(&remote(server.address).await).await;
}

#[tokio::test]
async fn so_does_one_that_keeps_nothing_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    conformance::all(&forgetful(server.address)).await;
}

#[tokio::test]
async fn so_does_a_shared_vault_in_its_own_process() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    conformance::all(&*server.shared).await;
}

#[tokio::test]
async fn a_key_is_asked_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let spy = Spy::on(embedded(folder.path(), 7));
    let server = Server::patient(spy.clone());
    let (maker, reader) = (remote(server.address).await, remote(server.address).await);
    let ada = owner("person_ada");
    let key = maker.ensure(std::slice::from_ref(&ada)).await.unwrap().remove(0);
    let sealed = key.seal(&ada, "name", b"Ada", [1; 24]);
    for _ in 0..10 {
        let name = unseal(&reader, ada.tenant, "name", &sealed).await.unwrap();
        assert_eq!(name.as_deref(), Some(&b"Ada"[..]));
        maker.ensure(std::slice::from_ref(&ada)).await.unwrap();
        assert!(maker.key(&ada, 1).await.unwrap().is_some());
    }
    assert_eq!(spy.asked(), 2, "once by each");
    let keeps_nothing = forgetful(server.address);
    for asked in 3..6 {
        assert!(keeps_nothing.key(&ada, 1).await.unwrap().is_some());
        assert_eq!(spy.asked(), asked);
    }
}

#[tokio::test]
async fn the_keys_of_ten_thousand_owners_go_in_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    let remote = remote(server.address).await;
    let tenant = TenantId::derived([1; 16]);
    let owners: Vec<_> =
        (0..10_000).map(|n| Owner::new(tenant, format!("{n:05}{}", "x".repeat(195)))).collect();
    let keys = remote.ensure(&owners).await.unwrap();
    assert_eq!(keys.len(), owners.len());
    for (owner, key) in owners.iter().zip(&keys).step_by(997) {
        let sealed = key.seal(owner, "name", b"x", [1; 24]);
        assert!(unseal(&*server.shared, tenant, "name", &sealed).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn the_server_bounds_what_it_reads_and_judges_it_itself() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    let mut client = KeyVaultClient::new(channel(server.address));
    let ada = message::Owner { tenant: vec![1; 16], subject: "a".into() };
    let request = |owners| message::EnsureRequest { owners };
    let refused = client.ensure(request(vec![ada.clone(); 10_001])).await.map(drop).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let large = message::Owner { subject: "a".repeat(4 * 1024 * 1024), ..ada.clone() };
    let refused = client.ensure(request(vec![large])).await.map(drop).unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
    for tenant in [vec![], vec![1; 15], vec![1; 17]] {
        let strange = message::Owner { tenant: tenant.clone(), ..ada.clone() };
        let refused = client.ensure(request(vec![strange])).await.map(drop).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let refused = client.get(message::GetRequest { tenant, name: "n".into() }).await;
        assert_eq!(refused.map(drop).unwrap_err().code(), Code::InvalidArgument);
    }
    let refused = client.destroy(message::DestroyRequest { owner: None }).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_secret_is_asked_for_once_and_lives_on_without_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    let remote = remote(server.address).await;
    let tenant = TenantId::derived([1; 16]);
    let secret = remote.secret(tenant, "email-lookup").await.unwrap();
    server.kill();
    let again = remote.secret(tenant, "email-lookup").await.unwrap();
    assert_eq!(secret.expose(), again.expose());
    let other = remote.secret(tenant, "another").await;
    assert!(matches!(other, Err(VaultError::Unavailable(_))));
}
