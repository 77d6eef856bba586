//! What it costs to apply the changes of award facts to the embedded store, everything included:
//! CPU time of all threads, until everything is written out and merged.
//!
//! `cargo bench -p readmodel -- [facts] [facts a batch] [MiB a memtable]`

use std::{fs, path::Path, time::Instant};

use kernel::{Position, TenantId};
use readmodel::{Change, Direction, Embedded, EmbeddedOptions, Key, Model, ReadModels, Scan, Slot};

const MODELS: [&str; 4] = ["awards", "status", "counts", "backpack"];

/// The n-th award, as four models see it: eight changes.
fn award(n: u64) -> [Vec<Change>; 4] {
    let tenant = TenantId::derived([u8::try_from(n % 3).unwrap_or(0); 16]);
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let id = [(1_700_000_000_000 + n).to_be_bytes(), mixed.to_be_bytes()].concat();
    let (badge, person) = ((mixed % 40).to_be_bytes(), mixed.rotate_left(20) % 500_000);
    let mut member = [7; 16];
    member[..8].copy_from_slice(&person.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let put = |table, id: Vec<u8>, size: usize| {
        let row = (0..size).map(|i| u8::try_from((mixed >> (i % 8 * 8)) & 0xff).unwrap_or(0));
        Change::Put { key: Key::new(tenant, table, id), row: row.collect() }
    };
    let add = |id: Vec<u8>| Change::Add { key: Key::new(tenant, "issued", id), by: 1 };
    let counter = Key::new(tenant, "earners", badge);
    [
        vec![
            put("awards", id.clone(), 250),
            put("by-badge", [&badge[..], &id].concat(), 0),
            put("by-earner", [&member[..], &id].concat(), 0),
        ],
        vec![put("entries", n.to_be_bytes().to_vec(), 24)],
        vec![
            add(badge.to_vec()),
            add([&badge[..], &(n / 5000).to_be_bytes()].concat()),
            Change::Distinct { key: counter, member },
        ],
        vec![put("held", [&member[..], &id].concat(), 90)],
    ]
}

/// Microseconds of CPU that this process has used.
fn cpu() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("this runs on Linux");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10_000
}

fn resident_mib() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("this runs on Linux");
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) / 256
}

fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).expect("the folder is ours").flatten();
    let one = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(one).sum()
}

#[tokio::main]
async fn main() {
    let arguments: Vec<u64> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let argument = |n: usize, default| arguments.get(n).copied().unwrap_or(default);
    let (facts, batch) = (argument(0, 200_000), argument(1, 10_000));
    let folder = tempfile::TempDir::new().expect("a folder for temporary files");
    let mut options = EmbeddedOptions::new(folder.path());
    options.memtable = argument(2, options.memtable >> 20) << 20;
    let store = Embedded::open(&options).expect("a fresh store");
    let slots = MODELS.map(|name| Slot { model: Model { name, version: 1 }, generation: 1 });

    let (wall, before, mut making) = (Instant::now(), cpu(), 0);
    for first in (0..facts).step_by(usize::try_from(batch).unwrap_or(1)) {
        let next = (first + batch).min(facts);
        let start = cpu();
        let mut changes: [Vec<Change>; 4] = Default::default();
        for n in first..next {
            for (all, more) in changes.iter_mut().zip(award(n)) {
                all.extend(more);
            }
        }
        making += cpu() - start;
        for (slot, changes) in slots.iter().zip(&changes) {
            let applied = store.apply(*slot, changes, Position(first), Position(next)).await;
            applied.expect("a fresh store takes it");
        }
    }
    report("applied", facts, cpu() - before, &wall);
    store.flush().await.expect("it can be written");
    // What is being merged in the background counts, too.
    let mut used = cpu();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = cpu();
        if now - used <= 10_000 {
            break;
        }
        used = now;
    }
    report("applied, written out and merged", facts, cpu() - before, &wall);
    println!("  of which making the changes: {:.2} us", per(making, facts));
    println!("  {} MiB resident, {} MiB on disk", resident_mib(), size(folder.path()) >> 20);

    let tenant = TenantId::derived([1; 16]);
    let (wall, before) = (Instant::now(), cpu());
    for n in 0..2000_u64 {
        let mixed = (n * 3 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (direction, prefix) = (Direction::Backward, (mixed % 40).to_be_bytes().to_vec());
        let (after, before) = (None, None);
        let scan = Scan { tenant, table: "by-badge", prefix, after, before, direction, limit: 50 };
        let page = store.scan(slots[0], &scan).await.expect("it can be read");
        let keys: Vec<Key> =
            page.into_iter().map(|(id, _)| Key::new(tenant, "awards", &id[8..])).collect();
        let rows = store.get_many(slots[0], &keys).await.expect("it can be read");
        assert!(rows.iter().all(Option::is_some));
    }
    report("pages of 50 (index and rows)", 2000, cpu() - before, &wall);

    drop(store);
    let (wall, before) = (Instant::now(), cpu());
    let store = Embedded::open(&options).expect("it was there before");
    assert_eq!(store.checkpoint(slots[0]).await.expect("it can be read"), Position(facts));
    report("reopening", 1, cpu() - before, &wall);
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn per(total: u64, each: u64) -> f64 {
    total as f64 / each as f64
}

fn report(what: &str, each: u64, cpu: u64, wall: &Instant) {
    let wall = u64::try_from(wall.elapsed().as_micros()).unwrap_or(u64::MAX);
    println!("{what}: {:.2} us CPU, {:.2} us wall each", per(cpu, each), per(wall, each));
}
