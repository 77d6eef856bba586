//! Servers that die, come back, end, or are another vault's.

use kernel::TenantId;
use keyvault::{KeyVault, VaultError, conformance, unseal};

use crate::{
    proxy::Proxy,
    world::{Server, embedded, forgetful, owner, remote, spawn, until_whole},
};

#[tokio::test]
async fn a_server_that_was_killed_and_comes_back_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(embedded(folder.path(), 7));
    let address = server.address;
    let (whole, forgets) = (remote(address).await, forgetful(address));
    let ada = owner("person_ada");
    let key = whole.ensure(std::slice::from_ref(&ada)).await.unwrap().remove(0);
    let sealed = key.seal(&ada, "name", b"Ada", [1; 24]);
    for _ in 0..3 {
        server.kill();
        until_whole(&whole, false).await;
        for vault in [&whole, &forgets] {
            let down = vault.key(&ada, 1).await;
            assert!(matches!(down, Err(VaultError::Unavailable(_))), "{down:?}");
            let down = vault.destroy(&ada).await;
            assert!(matches!(down, Err(VaultError::Unavailable(_))));
        }
        server = Server::start_at(address, embedded(folder.path(), 7));
        for vault in [&whole, &forgets] {
            let name = unseal(vault, ada.tenant, "name", &sealed).await.unwrap();
            assert_eq!(name.as_deref(), Some(&b"Ada"[..]));
        }
        until_whole(&whole, true).await;
    }
    conformance::all(&whole).await;
}

#[tokio::test]
async fn calls_outlive_a_connection_that_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    let proxy = Proxy::to(server.address).await;
    let remote = forgetful(proxy.address);
    let ada = owner("person_ada");
    for _ in 0..5 {
        let key = remote.ensure(std::slice::from_ref(&ada)).await.unwrap().remove(0);
        assert_eq!(key.version, 1);
        proxy.cut();
    }
}

#[tokio::test]
async fn another_vault_behind_the_address_is_refused_and_nothing_is_made_there() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(embedded(folder.path(), 7));
    let address = server.address;
    let (whole, forgets) = (remote(address).await, forgetful(address));
    let ada = owner("person_ada");
    for vault in [&whole, &forgets] {
        vault.ensure(std::slice::from_ref(&ada)).await.unwrap();
    }
    server.kill();
    let server = Server::start_at(address, embedded(elsewhere.path(), 8));
    until_whole(&whole, false).await;
    for vault in [&whole, &forgets] {
        let eve = owner("person_eve");
        let outcome = vault.ensure(std::slice::from_ref(&eve)).await;
        assert!(matches!(outcome, Err(VaultError::Corrupt(_))), "{outcome:?}");
        let outcome = vault.key(&ada, 1).await;
        assert!(matches!(outcome, Err(VaultError::Corrupt(_))), "and not: erased");
        let outcome = vault.put(ada.tenant, "seed", b"x").await;
        assert!(matches!(outcome, Err(VaultError::Corrupt(_))));
        assert!(server.shared.key(&eve, 1).await.unwrap().is_none());
        assert!(server.shared.get(ada.tenant, "seed").await.unwrap().is_none());
    }
    server.kill();
    let _server = Server::start_at(address, embedded(folder.path(), 7));
    for vault in [&whole, &forgets] {
        assert!(vault.key(&ada, 1).await.unwrap().is_some(), "the right one is back");
    }
}

#[tokio::test]
async fn an_ending_server_puts_watchers_out_and_still_answers_what_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(embedded(folder.path(), 7));
    let remote = remote(server.address).await;
    let ada = owner("person_ada");
    remote.ensure(std::slice::from_ref(&ada)).await.unwrap();
    server.end();
    until_whole(&remote, false).await;
    assert!(remote.key(&ada, 1).await.unwrap().is_some());
    assert!(matches!(remote.destroy(&ada).await, Err(VaultError::Closed)));
    assert!(matches!(server.shared.destroy(&ada).await, Err(VaultError::Closed)));
}

#[tokio::test]
async fn a_remote_that_ends_says_goodbye_and_asks_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    let options = keyvault::remote::RemoteOptions::default();
    let (remote, keeper) =
        keyvault::remote::Remote::new(crate::world::channel(server.address), options);
    let (end, ended) = tokio::sync::oneshot::channel();
    let keeping = spawn(keeper.run(async { ended.await.unwrap_or_default() }));
    until_whole(&remote, true).await;
    let ada = owner("person_ada");
    remote.ensure(std::slice::from_ref(&ada)).await.unwrap();
    end.send(()).unwrap();
    keeping.await.unwrap();
    server.shared.destroy(&ada).await.unwrap();
    assert!(remote.key(&ada, 1).await.unwrap().is_none());
    assert!(remote.secret(TenantId::PLATFORM, "x").await.is_ok());
}
