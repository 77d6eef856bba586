use kernel::TenantId;

use super::{SLOT, TENANT, apply, put};
use crate::{Direction, ReadModels, Row, Scan};

/// Everything of a table, upwards.
pub(super) fn walk(tenant: TenantId, table: &'static str) -> Scan {
    let (after, before, direction) = (None, None, Direction::Forward);
    Scan { tenant, table, prefix: Vec::new(), after, before, direction, limit: 1000 }
}

fn rows() -> Scan {
    walk(TENANT, "rows")
}

async fn ids(store: &dyn ReadModels, scan: Scan) -> Vec<Vec<u8>> {
    store.scan(SLOT, &scan).await.unwrap().into_iter().map(|(id, _)| id).collect()
}

/// Rows come sorted by the bytes of their ids, whatever order they were put in, and as they are
/// after deletions.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn rows_come_in_byte_order(store: &dyn ReadModels) {
    let sorted: [&[u8]; 8] = [b"", b"\0", b"\0\xff", b"a", b"a\0", b"aa", b"b", b"\xff\xff"];
    for id in [3, 7, 0, 5, 1, 6, 2, 4].map(|i: usize| sorted[i]) {
        apply(store, SLOT, &[put(id, "row")]).await;
    }
    assert_eq!(ids(store, rows()).await, sorted);
    let mut backward = sorted;
    backward.reverse();
    assert_eq!(ids(store, Scan { direction: Direction::Backward, ..rows() }).await, backward);
    apply(store, SLOT, &[crate::Change::Delete { key: super::key("a") }]).await;
    assert_eq!(ids(store, rows()).await.len(), 7);
}

/// Prefix, both cursors and the limit hold in both directions, alone and together.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn a_scan_obeys_its_bounds(store: &dyn ReadModels) {
    let all: Vec<Vec<u8>> = ["a", "b", "b\u{0}", "b1", "b2", "b3", "c"]
        .map(|id| id.as_bytes().to_vec())
        .into_iter()
        .chain([b"b\xff".to_vec(), b"b\xff\xff".to_vec(), b"\xff".to_vec(), b"\xff\xff".to_vec()])
        .collect();
    let changes: Vec<_> = all.iter().map(|id| put(&id[..], "row")).collect();
    apply(store, SLOT, &changes).await;
    let cursors = [None, Some("a"), Some("b"), Some("b1"), Some("b2x"), Some("c"), Some("z")]
        .map(|cursor| cursor.map(|c| c.as_bytes().to_vec()));
    let prefixes = [&b""[..], b"b", b"b1", b"x", b"\xff", b"b\xff"];
    for prefix in prefixes {
        for after in &cursors {
            for before in &cursors {
                for direction in [Direction::Forward, Direction::Backward] {
                    for limit in [0, 2, 1000] {
                        let (after, before) = (after.clone(), before.clone());
                        let prefix = prefix.to_vec();
                        let scan = Scan { prefix, after, before, direction, limit, ..rows() };
                        let expected = filtered(&all, &scan);
                        assert_eq!(ids(store, scan.clone()).await, expected, "{scan:?}");
                    }
                }
            }
        }
    }
}

/// What a scan gives, said plainly.
fn filtered(all: &[Vec<u8>], scan: &Scan) -> Vec<Vec<u8>> {
    let mut ids: Vec<_> = all.iter().filter(|id| id.starts_with(&scan.prefix)).cloned().collect();
    ids.sort();
    let (low, high) = match scan.direction {
        Direction::Forward => (&scan.after, &scan.before),
        Direction::Backward => (&scan.before, &scan.after),
    };
    ids.retain(|id| low.as_ref().is_none_or(|low| id > low));
    ids.retain(|id| high.as_ref().is_none_or(|high| id < high));
    if scan.direction == Direction::Backward {
        ids.reverse();
    }
    ids.truncate(scan.limit);
    ids
}

/// Pages of any size add up to the same sequence, in both directions; no scan gives more than
/// 1,000 rows.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn pages_add_up_to_the_whole(store: &dyn ReadModels) {
    let id = |n: u32| format!("{:03}-{n}", n * 7919 % 500);
    let changes: Vec<_> = (0..1100).map(|n| put(id(n), n.to_be_bytes())).collect();
    apply(store, SLOT, &changes).await;
    let mut whole: Vec<Row> =
        (0..1100_u32).map(|n| (id(n).into_bytes(), n.to_be_bytes().to_vec())).collect();
    whole.sort();
    for direction in [Direction::Forward, Direction::Backward] {
        for size in [1, 2, 5, 16, 53, 100, 5000] {
            let mut scan = Scan { direction, limit: size, ..rows() };
            let mut read = Vec::new();
            loop {
                let page = store.scan(SLOT, &scan).await.unwrap();
                assert!(page.len() <= size.min(1000));
                let Some((last, _)) = page.last() else { break };
                scan.after = Some(last.clone());
                read.extend(page);
            }
            assert!(read == whole, "pages of {size} {direction:?}");
        }
        whole.reverse();
    }
}
