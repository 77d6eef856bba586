//! A batch cut into parts that are small enough for one script each, as bytes that a stored batch
//! consists of.
//!
//! ```text
//! part    bucket:2 entries
//! entry   shared suffix-length suffix kind …      row: length row; add: by:8; member: member:16
//! ```

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    failure::Refused,
    names::{self, Bucket, Names},
    page::{number, put_number, shared},
};
use crate::{Change, effect::Effect, port::LONGEST_ID};

/// Most changes of a part: each may cost Redis two pages.
const MOST_CHANGES: usize = 1000;
/// A part ends behind so many bytes.
const MOST_BYTES: usize = 256 << 10;
/// The longest row.
const LONGEST_ROW: usize = 16 << 20;

/// Some changes of a batch, all in one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) bucket: Bucket,
    entries: Vec<u8>,
}

/// The changes of a part, read: sorted by row, those of one row in their order.
pub(super) struct Edits<'a>(Vec<(Vec<u8>, Edit<'a>)>);

#[derive(Clone, Copy)]
enum Edit<'a> {
    Put(&'a [u8]),
    Delete,
    Add(i64),
    Distinct(&'a [u8; 16]),
}

/// Cuts changes into parts, in the order of buckets.
pub(super) fn cut(changes: &[Change], names: &Names) -> Result<Vec<Part>, Refused> {
    let mut sorted = Vec::with_capacity(changes.len());
    for change in changes {
        let (Change::Put { key, .. }
        | Change::Delete { key }
        | Change::Add { key, .. }
        | Change::Distinct { key, .. }) = change;
        if key.id.len() > LONGEST_ID {
            return Err(Refused::LongId(key.table));
        }
        if key.table.is_empty()
            || !key.table.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        {
            return Err(Refused::Table(key.table));
        }
        if matches!(change, Change::Put { row, .. } if row.len() > LONGEST_ROW) {
            return Err(Refused::LongRow(key.table));
        }
        sorted.push((names.bucket(key), key, change));
    }
    // Stable: the changes of one row stay in their order.
    sorted.sort_by(|(a, k, _), (b, l, _)| {
        (a, k.table, k.tenant, &k.id).cmp(&(b, l.table, l.tenant, &l.id))
    });
    let mut parts: Vec<(Part, usize)> = Vec::new();
    let (mut before, mut name) = (Vec::new(), Vec::new());
    for (bucket, key, change) in sorted {
        let full = |(part, count): &(Part, usize)| {
            part.bucket != bucket || *count >= MOST_CHANGES || part.entries.len() >= MOST_BYTES
        };
        if parts.last().is_none_or(full) {
            parts.push((Part { bucket, entries: Vec::new() }, 0));
            before.clear();
        }
        let Some((Part { entries, .. }, count)) = parts.last_mut() else { continue };
        *count += 1;
        name.clear();
        names::write_row(&mut name, key);
        let same = shared(&before, &name);
        put_number(entries, same);
        put_number(entries, name.len() - same);
        entries.extend_from_slice(&name[same..]);
        std::mem::swap(&mut before, &mut name);
        match change {
            Change::Put { row, .. } => {
                entries.push(0);
                put_number(entries, row.len());
                entries.extend_from_slice(row);
            }
            Change::Delete { .. } => entries.push(1),
            Change::Add { by, .. } => {
                entries.push(2);
                entries.extend_from_slice(&by.to_be_bytes());
            }
            Change::Distinct { member, .. } => {
                entries.push(3);
                entries.extend_from_slice(member);
            }
        }
    }
    Ok(parts.into_iter().map(|(part, _)| part).collect())
}

impl Part {
    /// As it is stored.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.bucket.to_be_bytes().to_vec();
        bytes.extend_from_slice(&lz4_flex::block::compress_prepend_size(&self.entries));
        bytes
    }

    /// As it was stored; none when the bytes are no part.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (bucket, packed) = bytes.split_first_chunk()?;
        let (length, _) = lz4_flex::block::uncompressed_size(packed).ok()?;
        if length > 2 * LONGEST_ROW {
            return None;
        }
        let entries = lz4_flex::block::decompress_size_prepended(packed).ok()?;
        Some(Self { bucket: Bucket::from_be_bytes(*bucket), entries })
    }

    /// The changes; none when they cannot be read.
    pub(super) fn edits(&self) -> Option<Edits<'_>> {
        let (bytes, mut at) = (&self.entries[..], 0);
        let mut edits: Vec<(Vec<u8>, Edit<'_>)> = Vec::new();
        while at < bytes.len() {
            let same = number(bytes, &mut at)?;
            let suffix = take(bytes, &mut at, None)?;
            let before = edits.last().map_or(&[][..], |(key, _)| key);
            let key = [before.get(..same)?, suffix].concat();
            let kind = take(bytes, &mut at, Some(1))?[0];
            let edit = match kind {
                0 => Edit::Put(take(bytes, &mut at, None)?),
                1 => Edit::Delete,
                2 => Edit::Add(i64::from_be_bytes(take(bytes, &mut at, Some(8))?.try_into().ok()?)),
                3 => Edit::Distinct(take(bytes, &mut at, Some(16))?.try_into().ok()?),
                _ => return None,
            };
            edits.push((key, edit));
        }
        Some(Edits(edits))
    }
}

/// So many bytes, or as many as the number there says.
fn take<'a>(bytes: &'a [u8], at: &mut usize, length: Option<usize>) -> Option<&'a [u8]> {
    let length = match length {
        Some(length) => length,
        None => number(bytes, at)?,
    };
    let taken = bytes.get(*at..at.checked_add(length)?)?;
    *at += length;
    Some(taken)
}

impl Edits<'_> {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys of rows and members that must be seen before, each once, in order.
    pub(super) fn keys(&self) -> Vec<Vec<u8>> {
        let mut keys: Vec<Vec<u8>> = Vec::with_capacity(self.0.len());
        for (key, edit) in &self.0 {
            if keys.last() != Some(key) {
                keys.push(key.clone());
            }
            if let Edit::Distinct(member) = edit {
                keys.push(names::member(key, member));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// One effect for each row, counter or member, sorted by key. `is_new` tells of a member's key
    /// whether it was never counted before this part.
    pub(super) fn effects(
        &self,
        is_new: impl Fn(&[u8]) -> bool,
    ) -> Vec<(Cow<'_, [u8]>, Effect<'_>)> {
        let mut effects: Vec<(Cow<'_, [u8]>, Effect<'_>)> = Vec::with_capacity(self.0.len());
        let mut members = BTreeMap::new();
        for (key, edit) in &self.0 {
            let effect = match edit {
                Edit::Put(row) => Effect::Put(row),
                Edit::Delete => Effect::Delete,
                Edit::Add(by) => Effect::Add(*by),
                Edit::Distinct(member) => {
                    let name = names::member(key, member);
                    if members.contains_key(&name) || !is_new(&name) {
                        continue;
                    }
                    members.insert(name, Effect::Put(&[]));
                    Effect::Add(1)
                }
            };
            match effects.last_mut() {
                Some((last, before)) if **last == **key => *before = before.then(effect),
                _ => effects.push((key.into(), effect)),
            }
        }
        if !members.is_empty() {
            effects.extend(members.into_iter().map(|(name, effect)| (Cow::Owned(name), effect)));
            effects.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        effects
    }
}
