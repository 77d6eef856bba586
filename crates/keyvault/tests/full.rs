//! A disk without room under the vault: keys are made and destroyed wholly or not at all, those that
//! are there open what they sealed, and all goes on when there is room.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/src/disk.rs"]
#[expect(dead_code, reason = "shared with tests of other stores")]
mod disk;

use std::path::Path;

use disk::Disk;
use kernel::TenantId;
use keyvault::{Embedded, EmbeddedOptions, KeyVault, Owner, RootKey, VaultError};

const TENANT: TenantId = TenantId::PLATFORM;

fn open(folder: &Path) -> Embedded {
    let (path, root_key) = (folder.join("keys.sqlite"), RootKey::from_bytes([7; 32]));
    Embedded::open(EmbeddedOptions { path, root_key }).unwrap()
}

fn owner(number: usize) -> Owner {
    Owner::new(TENANT, format!("person_{number}"))
}

fn unavailable<T: std::fmt::Debug>(answer: &Result<T, VaultError>) {
    assert!(matches!(answer, Err(VaultError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn on_a_full_disk_no_key_is_given_out_or_half_destroyed_and_all_goes_on_with_room() {
    let Some(disk) = Disk::of(16) else { return };
    let vault = open(disk.path());
    let first = vault.ensure(&[owner(0)]).await.unwrap().remove(0);
    let sealed = first.seal(&owner(0), "name", b"Ada", [1; 24]);
    vault.put(TENANT, "token", b"secret").await.unwrap();
    disk.fill();

    // What the write-ahead log has room for is taken.
    let mut given = 1;
    let refused = loop {
        let owners: Vec<_> = (given..given + 100).map(owner).collect();
        match vault.ensure(&owners).await {
            Ok(keys) => given += keys.len(),
            refused => break refused,
        }
    };
    unavailable(&refused);
    let large = vec![7; 60_000];
    unavailable(&vault.put(TENANT, "another", &large).await);
    // What is there can be read, also where it is not held in memory.
    let read = vault.key(&owner(0), first.version).await.unwrap().unwrap();
    assert_eq!(read.unseal(&owner(0), "name", &sealed).unwrap(), b"Ada");
    assert_eq!(vault.get(TENANT, "token").await.unwrap().unwrap().expose(), b"secret");
    assert!(vault.get(TENANT, "another").await.unwrap().is_none(), "refused is refused");
    for number in given..given + 100 {
        assert!(vault.key(&owner(number), 1).await.unwrap().is_none(), "no key was made");
    }
    // A destruction that cannot be made durable is not told to be done.
    let destroyed = vault.destroy(&owner(0)).await;
    if destroyed.is_ok() {
        assert!(vault.key(&owner(0), first.version).await.unwrap().is_none());
    }

    disk.make_room();
    let keys = vault.ensure(&(given..given + 100).map(owner).collect::<Vec<_>>()).await.unwrap();
    assert!(keys.iter().all(|key| key.version == 1), "none was made before");
    vault.put(TENANT, "another", &large).await.unwrap();
    vault.destroy(&owner(0)).await.unwrap();
    assert!(vault.key(&owner(0), first.version).await.unwrap().is_none());
    drop(vault);
    let vault = open(disk.path());
    assert!(vault.key(&owner(0), first.version).await.unwrap().is_none());
    assert!(vault.key(&owner(given + 99), 1).await.unwrap().is_some());
}
