//! Another root key takes over: whole or not at all, whatever kills the process, and for good.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::HashSet,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kernel::{Sealed, TenantId, Timestamp};
use keyvault::{
    Embedded, EmbeddedOptions, KeyVault, OpenError, Owner, RootKey, RotateError, Rotation,
    Snapshot, SnapshotError, copy_vault, rehearse, root_key_of, rotate,
};
use rusqlite::Connection;

const OLD: [u8; 32] = [7; 32];
const NEXT: [u8; 32] = [8; 32];
const TENANTS: usize = 150;

fn old() -> RootKey {
    RootKey::from_bytes(OLD)
}

fn next() -> RootKey {
    RootKey::from_bytes(NEXT)
}

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000)
}

fn vault(folder: &Path) -> PathBuf {
    folder.join("keys.sqlite")
}

fn open(folder: &Path, root_key: RootKey) -> Result<Embedded, OpenError> {
    Embedded::open(EmbeddedOptions { path: vault(folder), root_key })
}

/// Scattered, as ids of no order are: so pages of the table split.
fn tenant(n: usize) -> TenantId {
    let scattered = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    TenantId::from_uuid(uuid::Uuid::from_u64_pair(scattered, n as u64))
}

fn person(n: usize) -> Owner {
    Owner::new(tenant(n), format!("person_{n}"))
}

/// A vault of many tenants, each with a person and a secret; what was sealed for the person.
async fn furnished(folder: &Path) -> Vec<Sealed> {
    let vault = open(folder, old()).unwrap();
    let mut sealed = Vec::new();
    for n in 0..TENANTS {
        let owner = person(n);
        let key = vault.ensure(std::slice::from_ref(&owner)).await.unwrap().remove(0);
        sealed.push(key.seal(&owner, "name", n.to_string().as_bytes(), [1; 24]));
        vault.put(owner.tenant, "seed", n.to_string().as_bytes()).await.unwrap();
    }
    sealed
}

/// What is tried of everything opens with this key.
async fn opens_all(folder: &Path, root: RootKey, sealed: &[Sealed]) {
    let vault = open(folder, root).unwrap();
    for (n, sealed) in sealed.iter().enumerate().step_by(7) {
        let owner = person(n);
        let name = keyvault::unseal(&vault, owner.tenant, "name", sealed).await.unwrap();
        assert_eq!(name.as_deref(), Some(n.to_string().as_bytes()));
        let secret = vault.get(owner.tenant, "seed").await.unwrap().unwrap();
        assert_eq!(secret.expose(), n.to_string().as_bytes());
    }
}

/// The wrapped keys of all tenants as they stand in the vault.
fn wrapped(folder: &Path) -> Vec<Vec<u8>> {
    let rows = Connection::open(vault(folder)).unwrap();
    let mut wrapped = rows.prepare("SELECT wrapped FROM tenants").unwrap();
    let wrapped = wrapped.query_map([], |row| row.get(0)).unwrap();
    wrapped.collect::<Result<_, _>>().unwrap()
}

/// How many of these stand anywhere in the files.
fn left(folder: &Path, wrapped: &[Vec<u8>]) -> usize {
    let parts: HashSet<&[u8]> = wrapped.iter().map(|wrapped| &wrapped[24..40]).collect();
    let mut begins = vec![false; 1 << 16];
    for part in &parts {
        begins[usize::from(u16::from_be_bytes([part[0], part[1]]))] = true;
    }
    let mut found = HashSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let file = fs::read(entry.unwrap().path()).unwrap();
        for at in 0..file.len().saturating_sub(15) {
            let begin = usize::from(u16::from_be_bytes([file[at], file[at + 1]]));
            if begins[begin] && parts.contains(&file[at..at + 16]) {
                found.insert(file[at..at + 16].to_vec());
            }
        }
    }
    found.len()
}

#[tokio::test]
async fn the_next_key_opens_everything_and_the_old_one_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = furnished(folder.path()).await;
    let before = wrapped(folder.path());
    assert_eq!(left(folder.path(), &before), TENANTS, "the test can see keys");
    let path = vault(folder.path());
    let state = root_key_of(&path).unwrap();
    assert_eq!((state.name, state.since), (Some(old().name()), None));

    let tenants = TENANTS as u64;
    assert_eq!(rotate(&path, &old(), &next(), now()).unwrap(), Rotation::Done { tenants });
    assert_eq!(left(folder.path(), &before), 0, "no file holds what the old key opens");
    assert!(matches!(open(folder.path(), old()), Err(OpenError::WrongRootKey)));
    opens_all(folder.path(), next(), &sealed).await;
    let state = root_key_of(&path).unwrap();
    assert_eq!((state.name, state.since), (Some(next().name()), Some(now())));
    assert_eq!(state.tenants, tenants);

    let again = rotate(&path, &old(), &next(), now()).unwrap();
    assert_eq!(again, Rotation::Already { tenants }, "a second call finds it done");
    opens_all(folder.path(), next(), &sealed).await;
}

#[tokio::test]
async fn a_rehearsal_beside_a_process_tells_what_would_be_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = vault(folder.path());
    assert!(matches!(rehearse(&path, &old(), None), Err(RotateError::NoVault(_))));
    furnished(folder.path()).await;
    let before = wrapped(folder.path());
    let held = open(folder.path(), old()).unwrap();
    let tenants = TENANTS as u64;
    assert_eq!(rehearse(&path, &old(), None).unwrap(), Rotation::Done { tenants });
    assert_eq!(rehearse(&path, &old(), Some(&next())).unwrap(), Rotation::Done { tenants });
    assert_eq!(rehearse(&path, &next(), Some(&old())).unwrap(), Rotation::Already { tenants });
    assert!(matches!(rehearse(&path, &old(), Some(&old())), Err(RotateError::Same)));
    assert!(matches!(rehearse(&path, &next(), None), Err(RotateError::NeitherKey)));
    let in_use = rotate(&path, &old(), &next(), now());
    assert!(matches!(in_use, Err(RotateError::Open(OpenError::InUse))), "{in_use:?}");
    drop(held);
    let third = RootKey::from_bytes([9; 32]);
    assert!(matches!(rotate(&path, &third, &next(), now()), Err(RotateError::NeitherKey)));
    assert_eq!(wrapped(folder.path()), before);
}

#[tokio::test]
async fn a_key_that_does_not_open_stops_a_rotation_before_anything_changes() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path()).await;
    let rows = Connection::open(vault(folder.path())).unwrap();
    let last = "(SELECT max(tenant) FROM tenants)";
    rows.execute(&format!("UPDATE tenants SET wrapped = zeroblob(72) WHERE tenant = {last}"), [])
        .unwrap();
    drop(rows);
    let before = wrapped(folder.path());
    let refused = rotate(&vault(folder.path()), &old(), &next(), now());
    assert!(matches!(refused, Err(RotateError::Corrupt(_))), "{refused:?}");
    assert_eq!(wrapped(folder.path()), before);
    open(folder.path(), old()).unwrap();
}

#[tokio::test]
async fn a_copy_of_before_opens_with_the_old_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path()).await;
    let copy = folder.path().join("copy");
    copy_vault(&vault(folder.path()), &copy).unwrap();
    rotate(&vault(folder.path()), &old(), &next(), now()).unwrap();
    let copied = Snapshot::open(&copy).unwrap();
    assert_eq!(copied.open_all(&old()).unwrap().tenants, TENANTS as u64);
    assert!(matches!(copied.open_all(&next()), Err(SnapshotError::WrongRootKey)));
    assert_eq!(root_key_of(&copy).unwrap().name, Some(old().name()), "and it says so");
}

const FOLDER: &str = "LAUREL_ROTATES";
const TURN: &str = "turned ";

/// Rotates to and fro until it is killed, when this process was started for that.
#[test]
fn the_victim() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let path = vault(Path::new(&folder));
    for turn in 0_u64.. {
        let (from, to) = if turn % 2 == 0 { (old(), next()) } else { (next(), old()) };
        rotate(&path, &from, &to, now()).unwrap();
        println!("{TURN}{turn}");
    }
}

const KILLS: usize = 12;

#[tokio::test]
async fn a_kill_at_any_moment_leaves_one_key_and_a_second_run_finishes() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = furnished(folder.path()).await;
    let path = vault(folder.path());
    let mut found = [0; 2];
    for kill in 0..KILLS {
        let before = wrapped(folder.path());
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_victim", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut turns = 0;
        while turns < 1 + kill % 3 {
            let line = lines.next().expect("it goes on").unwrap();
            turns += usize::from(line.contains(TURN));
        }
        // Somewhere in the next turn.
        for _ in 0..rand::random_range(0..2_000_000) {
            std::hint::spin_loop();
        }
        victim.kill().unwrap();
        victim.wait().unwrap();

        let stands = wrapped(folder.path());
        let tenants = TENANTS as u64;
        match rotate(&path, &old(), &next(), now()).unwrap() {
            Rotation::Done { tenants: all } => {
                assert_eq!(all, tenants);
                assert_eq!(left(folder.path(), &stands), 0, "what was under the old key");
                found[0] += 1;
            }
            Rotation::Already { tenants: all } => {
                assert_eq!(all, tenants);
                found[1] += 1;
            }
        }
        assert_eq!(left(folder.path(), &before), 0, "what stood before the kill");
        assert!(matches!(open(folder.path(), old()), Err(OpenError::WrongRootKey)));
        opens_all(folder.path(), next(), &sealed).await;
        rotate(&path, &next(), &old(), now()).unwrap();
    }
    assert!(found.iter().all(|count| *count > 0), "kills came before and after: {found:?}");
}
