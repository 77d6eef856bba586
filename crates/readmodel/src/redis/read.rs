//! Reading rows.

use std::{collections::BTreeMap, ops::Bound};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    names::{self, Bucket},
    store::{Store, Wanted},
};
use crate::{Direction, Key, ReadModelError, Row, Scan, Slot};

/// Most rows of one scan.
const MOST_ROWS: usize = 1000;
/// So many keys are looked for by one script: each may bring a page of 8 KiB.
pub(super) const KEYS_AT_ONCE: usize = 128;
/// So many pages are fetched by one script.
const MOST_PAGES: usize = 32;
/// So many scripts are under way at once, for one call: what they answer waits in memory, here and
/// there.
pub(super) const AT_ONCE: usize = 8;

impl Store {
    pub(super) async fn get_many(
        &self,
        slot: Slot,
        keys: &[Key],
    ) -> Result<Vec<Option<Vec<u8>>>, ReadModelError> {
        let mut wanted: BTreeMap<Bucket, Vec<(Vec<u8>, usize)>> = BTreeMap::new();
        for (index, key) in keys.iter().enumerate() {
            wanted.entry(self.names.bucket(key)).or_default().push((names::row(key), index));
        }
        let mut chunks = Vec::new();
        for (bucket, mut keys) in wanted {
            keys.sort_unstable();
            while !keys.is_empty() {
                let rest = keys.split_off(keys.len().min(KEYS_AT_ONCE));
                chunks.push((bucket, std::mem::replace(&mut keys, rest)));
            }
        }
        let get = |(bucket, keys)| self.get_some(slot, bucket, keys);
        let found: Vec<_> =
            stream::iter(chunks).map(get).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut rows = vec![None; keys.len()];
        for (index, row) in found.into_iter().flatten() {
            rows[index] = Some(row);
        }
        Ok(rows)
    }

    async fn get_some(
        &self,
        slot: Slot,
        bucket: Bucket,
        keys: Vec<(Vec<u8>, usize)>,
    ) -> Result<Vec<(usize, Vec<u8>)>, ReadModelError> {
        let (keys, indexes): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        let Some(seen) = self.look(slot, bucket, &Wanted::Keys(&keys)).await? else {
            return Ok(Vec::new());
        };
        let leaves = seen.leaves(slot)?;
        let row = |(key, index): (&Vec<u8>, _)| leaves.get(key).map(|row| (index, row.to_vec()));
        Ok(keys.iter().zip(indexes).filter_map(row).collect())
    }

    pub(super) async fn scan(&self, slot: Slot, scan: &Scan) -> Result<Vec<Row>, ReadModelError> {
        let limit = scan.limit.min(MOST_ROWS);
        let tenant = scan.tenant.bytes();
        let start = names::rows(scan.table, tenant);
        let bucket = self.names.bucket_of(scan.table.as_bytes(), &tenant);
        let Some((mut low, mut high)) = scan.stretch(&start) else { return Ok(Vec::new()) };
        let backward = scan.direction == Direction::Backward;
        let (mut rows, mut pages) = (Vec::new(), 2);
        while rows.len() < limit {
            let (Bound::Included(from) | Bound::Excluded(from)) = &low else { break };
            if *from >= high {
                break;
            }
            let wanted = Wanted::Walk { backward, low: from, high: &high, pages };
            let Some(seen) = self.look(slot, bucket, &wanted).await? else { break };
            let whole = seen.pages.len() < pages;
            let mut last = None;
            for leaf in &seen.leaves(slot)?.0 {
                let mut take = |(key, row): (&[u8], &[u8])| {
                    last = Some(key.to_vec());
                    let above = match &low {
                        Bound::Included(low) => key >= &low[..],
                        Bound::Excluded(low) => key > &low[..],
                        Bound::Unbounded => true,
                    };
                    if above && key < &high[..] && rows.len() < limit {
                        rows.push((key[start.len()..].to_vec(), row.to_vec()));
                    }
                };
                if backward {
                    leaf.page.iter().rev().for_each(&mut take);
                } else {
                    leaf.page.iter().for_each(&mut take);
                }
            }
            match last {
                Some(last) if !whole && backward => high = last.min(high),
                Some(last) if !whole => low = Bound::Excluded(last),
                _ => break,
            }
            pages = (pages * 2).min(MOST_PAGES);
        }
        Ok(rows)
    }
}
