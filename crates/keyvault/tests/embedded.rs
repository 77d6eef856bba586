//! The embedded vault: the port's promises, and those of its files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path, sync::Arc};

use kernel::TenantId;
use keyvault::{
    Embedded, EmbeddedOptions, KeyVault, OpenError, Owner, RootKey, VaultError, conformance,
    glance, unseal,
};
use rusqlite::{Connection, params};

fn open(folder: &Path) -> Embedded {
    open_with(folder, [7; 32]).unwrap()
}

fn open_with(folder: &Path, root: [u8; 32]) -> Result<Embedded, OpenError> {
    let path = folder.join("keys.sqlite");
    Embedded::open(EmbeddedOptions { path, root_key: RootKey::from_bytes(root) })
}

fn tenant(n: u8) -> TenantId {
    TenantId::derived([n; 16])
}

fn people(tenant: TenantId, count: usize) -> Vec<Owner> {
    // Scattered, as keyed hashes are.
    (0..count).map(|n| Owner::new(tenant, format!("person_{:08x}", n * 0x9e37_79b1))).collect()
}

fn rows(folder: &Path) -> Connection {
    Connection::open(folder.join("keys.sqlite")).unwrap()
}

fn wrapped(folder: &Path, owner: &Owner) -> Vec<u8> {
    rows(folder)
        .query_row(
            "SELECT k.wrapped FROM owners o JOIN wrapped_keys k ON k.id = o.key
             WHERE o.tenant = ?1 AND o.subject = ?2",
            params![owner.tenant.bytes(), owner.subject],
            |row| row.get(0),
        )
        .unwrap()
}

fn copies(folder: &Path, bytes: &[u8]) -> usize {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.map(|file| file.windows(bytes.len()).filter(|part| *part == bytes).count()).sum()
}

#[tokio::test]
async fn the_embedded_vault_keeps_the_ports_promises() {
    let folder = tempfile::tempdir().unwrap();
    conformance::all(&open(folder.path())).await;
}

#[tokio::test]
async fn a_glance_reads_a_secret_of_a_vault_that_is_open_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.sqlite");
    let root = RootKey::from_bytes([7; 32]);
    assert!(glance(&path, &root, tenant(1), "token").unwrap().is_none(), "there is no vault");
    assert!(!path.exists(), "and none was made");
    let vault = open(folder.path());
    assert!(glance(&path, &root, tenant(1), "token").unwrap().is_none());
    vault.put(tenant(1), "token", b"secret").await.unwrap();
    let seen = glance(&path, &root, tenant(1), "token").unwrap().unwrap();
    assert_eq!(seen.expose(), b"secret");
    assert!(glance(&path, &root, tenant(2), "token").unwrap().is_none(), "of its tenant alone");
    let other = glance(&path, &RootKey::from_bytes([8; 32]), tenant(1), "token");
    assert!(matches!(other, Err(VaultError::Corrupt(_))), "{other:?}");
}

#[tokio::test]
async fn keys_and_secrets_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let owner = Owner::new(tenant(1), "person_a");
    let vault = open(folder.path());
    let key = vault.ensure(std::slice::from_ref(&owner)).await.unwrap().remove(0);
    let sealed = key.seal(&owner, "name", b"Ada", [1; 24]);
    vault.put(owner.tenant, "seed", b"secret").await.unwrap();
    let lookup = vault.secret(owner.tenant, "email-lookup").await.unwrap();
    drop(vault);

    let vault = open(folder.path());
    let name = unseal(&vault, owner.tenant, "name", &sealed).await.unwrap();
    assert_eq!(name.as_deref(), Some(&b"Ada"[..]));
    assert_eq!(vault.get(owner.tenant, "seed").await.unwrap().unwrap().expose(), b"secret");
    let again = vault.secret(owner.tenant, "email-lookup").await.unwrap();
    assert_eq!(again.expose(), lookup.expose());
    vault.destroy(&owner).await.unwrap();
    drop(vault);
    assert!(unseal(&open(folder.path()), owner.tenant, "name", &sealed).await.unwrap().is_none());
}

#[tokio::test]
async fn no_file_holds_a_destroyed_key_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(folder.path());
    let owners = people(tenant(1), 2_000);
    for some in owners.chunks(97) {
        vault.ensure(some).await.unwrap();
    }
    let doomed: Vec<_> = owners.iter().step_by(50).collect();
    let copy = |owner: &&Owner| wrapped(folder.path(), owner);
    let before: Vec<_> = doomed.iter().map(copy).collect();
    assert!(before.iter().all(|key| copies(folder.path(), key) > 0), "the test can see keys");
    for owner in &doomed {
        vault.destroy(owner).await.unwrap();
    }
    for key in &before {
        assert_eq!(copies(folder.path(), &key[24..]), 0, "while the vault is open");
    }
    for owner in &owners {
        let there = vault.key(owner, 1).await.unwrap().is_some();
        assert_eq!(there, !doomed.contains(&owner));
    }
    drop(vault);
    for key in &before {
        assert_eq!(copies(folder.path(), &key[24..]), 0, "after it was closed");
    }
    let vault = open(folder.path());
    for owner in &owners {
        let there = vault.key(owner, 1).await.unwrap().is_some();
        assert_eq!(there, !doomed.contains(&owner), "from the file");
    }
}

#[tokio::test]
async fn keys_moved_between_owners_tenants_or_versions_do_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (Owner::new(tenant(1), "person_a"), Owner::new(tenant(1), "person_b"));
    let elsewhere = Owner::new(tenant(2), "person_a");
    open(folder.path()).ensure(&[a.clone(), b.clone(), elsewhere.clone()]).await.unwrap();
    let foreign = wrapped(folder.path(), &elsewhere);
    let (key_a, key_b) = (wrapped(folder.path(), &a), wrapped(folder.path(), &b));
    for (transplant, version) in [(key_b, 1), (foreign, 1), (key_a.clone(), 2)] {
        let set = |wrapped: &[u8], version: u32| {
            let rows = rows(folder.path());
            let key = "(SELECT key FROM owners WHERE tenant = ?2 AND subject = 'person_a')";
            let statement = format!("UPDATE wrapped_keys SET wrapped = ?1 WHERE id = {key}");
            rows.execute(&statement, params![wrapped, a.tenant.bytes()]).unwrap();
            let statement =
                "UPDATE owners SET version = ?1 WHERE tenant = ?2 AND subject = 'person_a'";
            rows.execute(statement, params![version, a.tenant.bytes()]).unwrap();
        };
        set(&transplant, version);
        let vault = open(folder.path());
        assert!(matches!(vault.key(&a, version).await, Err(VaultError::Corrupt(_))));
        let outcome = vault.ensure(std::slice::from_ref(&a)).await;
        assert!(matches!(outcome, Err(VaultError::Corrupt(_))));
        vault.ensure(std::slice::from_ref(&b)).await.expect("the neighbour is well");
        drop(vault);
        set(&key_a, 1);
    }
    assert!(open(folder.path()).key(&a, 1).await.unwrap().is_some());
}

#[tokio::test]
async fn a_tenants_key_and_secrets_do_not_open_in_another_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(folder.path());
    vault.put(tenant(1), "seed", b"one").await.unwrap();
    vault.put(tenant(2), "seed", b"two").await.unwrap();
    drop(vault);
    let (one, two) = (tenant(1).bytes(), tenant(2).bytes());
    let swap = "UPDATE secrets SET wrapped = (SELECT wrapped FROM secrets WHERE tenant = ?1)
                WHERE tenant = ?2";
    rows(folder.path()).execute(swap, params![one, two]).unwrap();
    let outcome = open(folder.path()).get(tenant(2), "seed").await;
    assert!(matches!(outcome, Err(VaultError::Corrupt(_))));
    let swap = "UPDATE tenants SET wrapped = (SELECT wrapped FROM tenants WHERE tenant = ?1)
                WHERE tenant = ?2";
    rows(folder.path()).execute(swap, params![one, two]).unwrap();
    let outcome = open(folder.path()).secret(tenant(2), "email-lookup").await;
    assert!(matches!(outcome, Err(VaultError::Corrupt(_))));
    assert!(open(folder.path()).get(tenant(1), "seed").await.unwrap().is_some());
}

#[tokio::test]
async fn another_root_key_does_not_open_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    assert!(matches!(open_with(folder.path(), [8; 32]), Err(OpenError::WrongRootKey)));
    open(folder.path());
}

#[tokio::test]
async fn a_vault_is_open_once_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(folder.path());
    assert!(matches!(open_with(folder.path(), [7; 32]), Err(OpenError::InUse)));
    drop(vault);
    open(folder.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_once_agree_on_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(open(folder.path()));
    let owners = people(tenant(1), 64);
    let calls = (0..16).map(|n| {
        let (vault, mut mine) = (Arc::clone(&vault), owners.clone());
        mine.rotate_left(n * 4);
        async move {
            let keys = vault.ensure(&mine).await.unwrap();
            let sealed = mine.iter().zip(keys).map(|(o, k)| k.seal(o, "name", b"x", [1; 24]));
            sealed.collect::<Vec<_>>()
        }
    });
    for sealed in futures_util::future::join_all(calls).await.into_iter().flatten() {
        assert_eq!(sealed.key_version, 1);
        assert!(unseal(&*vault, tenant(1), "name", &sealed).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_destroyed_key_does_not_come_back_by_reads_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(open(folder.path()));
    let owner = Owner::new(tenant(1), "person_a");
    for version in 1..=40 {
        let key = vault.ensure(std::slice::from_ref(&owner)).await.unwrap().remove(0);
        assert_eq!(key.version, version);
        let reads = (0..8).map(|_| vault.key(&owner, version));
        let (outcome, _) =
            tokio::join!(vault.destroy(&owner), futures_util::future::join_all(reads));
        outcome.unwrap();
        assert!(vault.key(&owner, version).await.unwrap().is_none());
    }
}
