//! Copies of a vault in use have every key that was made and none that was destroyed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path, sync::Arc};

use kernel::TenantId;
use keyvault::{
    Embedded, EmbeddedOptions, KeyVault, Opened, Owner, RootKey, Snapshot, SnapshotError, Standing,
    copy_vault, fits,
};
use rusqlite::{Connection, params};

const ROOT: [u8; 32] = [7; 32];

fn open(folder: &Path) -> Embedded {
    let (path, root_key) = (folder.join("keys.sqlite"), RootKey::from_bytes(ROOT));
    Embedded::open(EmbeddedOptions { path, root_key }).unwrap()
}

fn person(n: usize) -> Owner {
    Owner::new(TenantId::derived([1; 16]), format!("person_{n}"))
}

fn wrapped(file: &Path, owner: &Owner) -> Vec<u8> {
    Connection::open(file)
        .unwrap()
        .query_row(
            "SELECT k.wrapped FROM owners o JOIN wrapped_keys k ON k.id = o.key
             WHERE o.tenant = ?1 AND o.subject = ?2",
            params![owner.tenant.bytes(), owner.subject],
            |row| row.get(0),
        )
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_taken_under_load_opens_and_has_every_key_that_was_made_before() {
    let (data, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vault = Arc::new(open(data.path()));
    vault.put(person(0).tenant, "signing", b"secret").await.unwrap();
    let (made, mut heard) = tokio::sync::watch::channel(0);
    let making = async {
        for n in 0.. {
            if made.is_closed() {
                break;
            }
            vault.ensure(&[person(n)]).await.unwrap();
            if n % 7 == 3 {
                vault.destroy(&person(n - 1)).await.unwrap();
            }
            made.send_replace(n + 1);
        }
    };
    let copying = async {
        for round in 0..5 {
            heard.changed().await.unwrap();
            let before = *heard.borrow();
            let source = data.path().join("keys.sqlite");
            let file = backup.path().join(format!("{round} ?#%"));
            let copied = file.clone();
            tokio::task::spawn_blocking(move || copy_vault(&source, &copied))
                .await
                .unwrap()
                .unwrap();
            let copy = Snapshot::open(&file).unwrap();
            let opened = copy.open_all(&RootKey::from_bytes(ROOT)).unwrap();
            assert_eq!((opened.tenants, opened.secrets), (1, 1));
            assert!(opened.live + opened.destroyed >= before as u64);
            for n in 0..before {
                let gone = n % 7 == 2 && n + 1 < before;
                let standing = copy.standing(&person(n), 1).unwrap();
                assert!(standing != Standing::Unknown, "{n} of {before}");
                assert!(!gone || standing == Standing::Destroyed, "{n} of {before}");
            }
        }
        drop(heard);
    };
    tokio::join!(making, copying);
    assert_eq!(fs::read_dir(backup.path()).unwrap().count(), 5, "a look makes no files");
}

#[tokio::test]
async fn a_copy_holds_no_destroyed_key_and_opens_as_a_vault() {
    let (data, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vault = open(data.path());
    let keys = vault.ensure(&[person(1), person(2)]).await.unwrap();
    let source = data.path().join("keys.sqlite");
    let gone = wrapped(&source, &person(1));
    let kept = wrapped(&source, &person(2));
    vault.destroy(&person(1)).await.unwrap();
    let file = backup.path().join("keys.sqlite");
    copy_vault(&source, &file).unwrap();
    let bytes = fs::read(&file).unwrap();
    let copies = |key: &[u8]| bytes.windows(key.len()).filter(|part| *part == key).count();
    assert_eq!((copies(&gone), copies(&kept)), (0, 1));
    assert_eq!(copies(&ROOT), 0, "the root key is elsewhere");

    let copy = Snapshot::open(&file).unwrap();
    assert_eq!(copy.standing(&person(1), 1).unwrap(), Standing::Destroyed);
    assert_eq!(copy.standing(&person(2), 1).unwrap(), Standing::Live);
    assert_eq!(copy.standing(&person(2), 2).unwrap(), Standing::Unknown);
    assert_eq!(copy.standing(&person(3), 1).unwrap(), Standing::Unknown);
    let opened = copy.open_all(&RootKey::from_bytes(ROOT)).unwrap();
    assert_eq!(opened, Opened { tenants: 1, live: 1, destroyed: 1, secrets: 0 });
    assert!(fits(&source, &RootKey::from_bytes(ROOT)).unwrap());
    assert!(!fits(&source, &RootKey::from_bytes([8; 32])).unwrap());
    let other = copy.open_all(&RootKey::from_bytes([8; 32]));
    assert!(matches!(other, Err(SnapshotError::WrongRootKey)));
    drop(copy);

    let restored = open(backup.path());
    assert!(restored.key(&person(1), 1).await.unwrap().is_none());
    let again = restored.key(&person(2), 1).await.unwrap().unwrap();
    let sealed = keys[1].seal(&person(2), "name", b"Ada", [1; 24]);
    assert_eq!(again.unseal(&person(2), "name", &sealed).unwrap(), b"Ada");
}

#[tokio::test]
async fn a_damaged_copy_is_found_out() {
    let (data, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vault = open(data.path());
    let people: Vec<Owner> = (0..500).map(person).collect();
    vault.ensure(&people).await.unwrap();
    vault.put(person(0).tenant, "signing", b"secret").await.unwrap();
    let sound = backup.path().join("sound");
    copy_vault(&data.path().join("keys.sqlite"), &sound).unwrap();
    let root = RootKey::from_bytes(ROOT);
    let damaged = |sql: &str| {
        let file = backup.path().join("damaged");
        fs::copy(&sound, &file).unwrap();
        Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        Snapshot::open(&file).unwrap().open_all(&root).unwrap_err()
    };
    for sql in [
        "UPDATE wrapped_keys SET wrapped = randomblob(72) WHERE id = 9",
        "UPDATE owners SET version = 2 WHERE subject = 'person_7'",
        "DELETE FROM wrapped_keys WHERE id = 9",
        "UPDATE tenants SET wrapped = randomblob(72)",
        "UPDATE secrets SET wrapped = zeroblob(46)",
        "DELETE FROM tenants",
    ] {
        let found = damaged(sql);
        assert!(matches!(found, SnapshotError::Corrupt(_)), "{sql}: {found}");
    }
    let mut bytes = fs::read(&sound).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0x55);
    fs::write(&sound, bytes).unwrap();
    assert!(matches!(Snapshot::open(&sound), Err(SnapshotError::Pages(_))));
    let nowhere = copy_vault(&backup.path().join("none"), &backup.path().join("copy"));
    assert!(matches!(nowhere, Err(SnapshotError::Io(..))));
}
