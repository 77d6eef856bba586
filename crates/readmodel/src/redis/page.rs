//! A page: entries sorted by key, each key without what it shares with the one before, and the whole
//! packed with LZ4 where that makes it smaller.
//!
//! ```text
//! page   0 entries | 1 length LZ4(entries)
//! entry  shared suffix-length row-length suffix row      (numbers in LEB128)
//! ```

use std::ops::Range;

/// Longer than any page that is written.
const LONGEST: usize = 1 << 30;
const PLAIN: u8 = 0;
const PACKED: u8 = 1;

/// A page taken apart.
#[derive(Debug, Default)]
pub(super) struct Page {
    keys: Vec<u8>,
    rows: Vec<u8>,
    entries: Vec<(Range<usize>, Range<usize>)>,
}

impl Page {
    /// The page in these bytes; none when they are no page.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let rows = match bytes.split_first()? {
            (&PLAIN, entries) => entries.to_vec(),
            (&PACKED, packed) => {
                let mut at = 0;
                let length = number(packed, &mut at)?;
                if length > LONGEST {
                    return None;
                }
                lz4_flex::block::decompress(&packed[at..], length).ok()?
            }
            _ => return None,
        };
        let mut page = Self { keys: Vec::new(), rows, entries: Vec::new() };
        let (mut at, mut before) = (0, 0..0);
        while at < page.rows.len() {
            let shared = number(&page.rows, &mut at)?;
            let suffix = number(&page.rows, &mut at)?;
            let row = number(&page.rows, &mut at)?;
            if shared > before.len() {
                return None;
            }
            let start = page.keys.len();
            page.keys.extend_from_within(before.start..before.start + shared);
            page.keys.extend_from_slice(page.rows.get(at..at.checked_add(suffix)?)?);
            at += suffix;
            page.rows.get(at..at.checked_add(row)?)?;
            before = start..page.keys.len();
            page.entries.push((before.clone(), at..at + row));
            at += row;
        }
        Some(page)
    }

    /// How many entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The n-th entry: its key and its row.
    pub(super) fn entry(&self, n: usize) -> (&[u8], &[u8]) {
        let (key, row) = &self.entries[n];
        (&self.keys[key.clone()], &self.rows[row.clone()])
    }

    /// The entries in order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> {
        (0..self.len()).map(|n| self.entry(n))
    }

    /// The row with this key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let found = self.entries.binary_search_by(|(at, _)| self.keys[at.clone()].cmp(key));
        found.ok().map(|n| self.entry(n).1)
    }
}

/// Writes a page of these entries, whose keys ascend.
pub(super) fn write<'a>(entries: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut plain = vec![PLAIN];
    let mut before: &[u8] = &[];
    for (key, row) in entries {
        let same = shared(before, key);
        put_number(&mut plain, same);
        put_number(&mut plain, key.len() - same);
        put_number(&mut plain, row.len());
        plain.extend_from_slice(&key[same..]);
        plain.extend_from_slice(row);
        before = key;
    }
    let mut packed = Vec::with_capacity(plain.len());
    packed.push(PACKED);
    put_number(&mut packed, plain.len() - 1);
    let start = packed.len();
    let most = lz4_flex::block::get_maximum_output_size(plain.len() - 1);
    packed.resize(start + most, 0);
    match lz4_flex::block::compress_into(&plain[1..], &mut packed[start..]) {
        Ok(length) if start + length < plain.len() => {
            packed.truncate(start + length);
            packed
        }
        _ => plain,
    }
}

/// How many bytes two keys begin with in common.
pub(super) fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Appends a number in LEB128.
#[expect(clippy::cast_possible_truncation, reason = "seven bits are kept on purpose")]
pub(super) fn put_number(into: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Reads a number in LEB128, and steps behind it.
pub(super) fn number(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let (mut number, mut shift) = (0_usize, 0);
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_page_reads_back_as_it_was_written(
            entries in prop::collection::btree_map(
                prop::collection::vec(0_u8..4, 0..12),
                prop::collection::vec(any::<u8>(), 0..200),
                0..60,
            ),
        ) {
            let page = write(entries.iter().map(|(key, row)| (&key[..], &row[..])));
            let page = Page::read(&page).expect("it is a page");
            let read: BTreeMap<_, _> =
                page.iter().map(|(key, row)| (key.to_vec(), row.to_vec())).collect();
            prop_assert_eq!(page.len(), entries.len());
            prop_assert_eq!(&read, &entries);
            for (key, row) in &entries {
                prop_assert_eq!(page.get(key), Some(&row[..]));
            }
            prop_assert_eq!(page.get(b"\xff"), None);
        }

        #[test]
        fn bytes_of_any_kind_are_a_page_or_none(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Page::read(&bytes);
        }
    }
}
