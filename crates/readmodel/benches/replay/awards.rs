//! What one award changes in the read models that are made of awards: rows of the sizes that the
//! awarding, backpack and analytics roles write.

use kernel::TenantId;
use readmodel::{Change, Key};

/// The models, in the order of what [`award`] gives.
pub const MODELS: [&str; 4] = ["awards", "holdings", "activity", "batches"];
/// Badges of a tenant.
const BADGES: u64 = 40;
/// Awards a person holds, on average.
const EACH: u64 = 2;
/// Bytes that are sealed for each award beside the address and the name, and the tag.
const SEALED: usize = 64 + 16 + 5 + 16;

fn random(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// So many bytes that nothing makes smaller.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    (0..length.div_ceil(8) as u64)
        .flat_map(|n| random(seed.wrapping_mul(1009) + n).to_be_bytes())
        .take(length)
        .collect()
}

/// An id as version 8 derives it: random.
fn derived(kind: u64, n: u64) -> Vec<u8> {
    noise(kind << 48 | n, 16)
}

/// An id as version 7 makes it: six bytes of time, ten at random.
fn made(kind: u64, n: u64) -> Vec<u8> {
    let millis = (1_700_000_000_000 + n * 3).to_be_bytes();
    [&millis[2..], &noise(kind << 48 | n, 10)].concat()
}

/// Who gets the n-th award of so many: a person, whom one tenant knows.
fn person(n: u64, of: u64) -> u64 {
    random(n ^ 0xabcd) % (of / EACH).max(1)
}

/// The tenant of the n-th award of so many.
pub fn tenant(n: u64, of: u64) -> TenantId {
    TenantId::derived([u8::try_from(person(n, of) % 3).unwrap_or(0) + 1; 16])
}

/// The badge of the n-th award of so many.
pub fn badge(n: u64, of: u64) -> Vec<u8> {
    made(1, number(n, of))
}

/// Which of all the badges it is.
fn number(n: u64, of: u64) -> u64 {
    person(n, of) % 3 * BADGES + random(n) % BADGES
}

fn put(tenant: TenantId, table: &'static str, id: impl Into<Vec<u8>>, row: Vec<u8>) -> Change {
    Change::Put { key: Key::new(tenant, table, id), row }
}

fn add(tenant: TenantId, table: &'static str, id: impl Into<Vec<u8>>) -> Change {
    Change::Add { key: Key::new(tenant, table, id), by: 1 }
}

/// The changes of the n-th award of so many.
pub fn award(n: u64, of: u64) -> [Vec<Change>; 4] {
    let (who, tenant, badge, number) = (person(n, of), tenant(n, of), badge(n, of), number(n, of));
    let (id, issuer) = (derived(2, n), made(3, who % 3));
    let (person, earner) = (derived(4, who), derived(5, who));
    let position = (n * 2 + 1).to_be_bytes();
    let millis = (1_700_000_000_000 + n * 3).to_le_bytes();
    let list = n / 393_216 * 3 + who % 3;
    let (list, index) =
        (derived(6, list), u32::try_from(random(n ^ 0x5555) % 131_072).unwrap_or(0));
    let letters = 36 + usize::try_from(random(who ^ 0x7777) % 21).unwrap_or(0);
    let row = [
        &badge[..],
        &[1],
        &issuer,
        &derived(8, number),
        &derived(9, number),
        &list,
        &index.to_le_bytes()[..3],
        &person,
        &millis[..6],
        &millis[..6],
        &[0, 0, 0],
        &[1, 1, 24],
        &noise(n ^ 1 << 50, 24),
        &[0x92, 1],
        &noise(n ^ 1 << 51, SEALED + letters),
    ]
    .concat();
    let held = [&id[..], &tenant.bytes(), &badge, &[1], &issuer, &person, &[1], &millis[..6], &[0]]
        .concat();
    let earner_row = [&[1][..], &millis[..6], &[1], &id, &[1, 0, 0]].concat();
    let mut awards = vec![
        put(tenant, "earner", person.clone(), earner_row),
        put(tenant, "award", id.clone(), row),
        put(TenantId::PLATFORM, "directory", id.clone(), tenant.bytes().to_vec()),
        put(tenant, "time", [&position[..], &id].concat(), vec![]),
        put(tenant, "badge", [&badge[..], &position, &id].concat(), vec![]),
        put(tenant, "person", [&person[..], &position, &id].concat(), vec![]),
        add(tenant, "count", []),
        add(tenant, "count", badge.clone()),
    ];
    if n.is_multiple_of(EACH) {
        awards.push(put(tenant, "earners", [&position[..], &person].concat(), vec![]));
        awards.push(add(tenant, "count", *b"earners"));
    }
    let day = u32::try_from(n / 5000).unwrap_or(0).to_be_bytes();
    [
        awards,
        vec![put(TenantId::PLATFORM, "held", [&earner[..], &position].concat(), held)],
        vec![
            add(tenant, "badgedays", [&badge[..], &day, &[1]].concat()),
            add(tenant, "days", [&day[..], &[1]].concat()),
            add(tenant, "totals", [&badge[..], &[1]].concat()),
            add(tenant, "totals", [1]),
        ],
        vec![put(
            tenant,
            "line",
            [&made(10, n / 1000)[..], &u32::try_from(n % 1000).unwrap_or(0).to_be_bytes()].concat(),
            [&[0][..], &u16::try_from(n % 1000).unwrap_or(0).to_le_bytes(), &id].concat(),
        )],
    ]
}
