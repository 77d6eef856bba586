//! Pages as they were found, and what the changes of a part make of them.

use std::borrow::Cow;

use super::{
    page::{self, Page},
    part::Edits,
};
use crate::effect::{Effect, count};

/// A page is cut when it is longer than so many bytes: with its header it then fills an allocation of
/// 5 KiB, where one byte more would take six. Longer pages pack better; but every row that is read
/// or written takes its whole page along.
const FULL: usize = (5 << 10) - 8;
/// A page is cut when it is longer than so many bytes before it is packed.
const FULL_PLAIN: usize = 10 << 10;

/// A row and its key.
type Entry<'a> = (&'a [u8], Cow<'a, [u8]>);

/// A page, and where it begins.
pub(super) struct Leaf {
    pub(super) fence: Vec<u8>,
    /// Whether it is stored; an absent one is where the first keys will go.
    pub(super) stored: bool,
    pub(super) page: Page,
}

/// The pages that hold the keys asked for, in order.
#[derive(Default)]
pub(super) struct Leaves(pub(super) Vec<Leaf>);

/// What is to be stored.
#[derive(Debug)]
pub(super) enum PageWrite {
    /// A page, in place of the one that begins there.
    Replace(Vec<u8>, Vec<u8>),
    /// A page where none began before.
    Insert(Vec<u8>, Vec<u8>),
    /// The page that began there is gone.
    Remove(Vec<u8>),
}

impl Leaves {
    fn at(&self, key: &[u8]) -> Option<usize> {
        self.0.partition_point(|leaf| *leaf.fence <= *key).checked_sub(1)
    }

    /// The row with this key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.0[self.at(key)?].page.get(key)
    }

    /// What to store so that the pages are as after the edits.
    pub(super) fn after(&self, edits: &Edits<'_>) -> Vec<PageWrite> {
        let effects = edits.effects(|member| self.get(member).is_none());
        let mut writes = Vec::new();
        let mut rest = &effects[..];
        while let Some((key, _)) = rest.first() {
            let at = self.at(key).unwrap_or(0);
            let next = self.0.get(at + 1).map(|leaf| &leaf.fence);
            let end = next
                .map_or(rest.len(), |next| rest.partition_point(|(key, _)| **key < **next).max(1));
            let (here, more) = rest.split_at(end);
            self.0[at].after(here, &mut writes);
            rest = more;
        }
        writes
    }
}

impl Leaf {
    fn after(&self, effects: &[(Cow<'_, [u8]>, Effect<'_>)], writes: &mut Vec<PageWrite>) {
        let mut entries: Vec<(&[u8], Cow<'_, [u8]>)> =
            Vec::with_capacity(self.page.len() + effects.len());
        let mut old = self.page.iter().peekable();
        let (mut changed, mut appended) = (false, 0);
        for (key, effect) in effects {
            while let Some((key, row)) = old.next_if(|(before, _)| *before < &**key) {
                entries.push((key, row.into()));
            }
            let stored = old.next_if(|(same, _)| *same == &**key).map(|(_, row)| row);
            let row = match effect {
                Effect::Put(row) => Some(Cow::Borrowed(*row)),
                Effect::Delete => None,
                Effect::Count(count) => Some(count.to_be_bytes().to_vec().into()),
                Effect::Add(by) => {
                    let sum = stored.map_or(0, count).saturating_add(*by);
                    Some(sum.to_be_bytes().to_vec().into())
                }
            };
            changed |= row.as_deref() != stored;
            if let Some(row) = row {
                appended += usize::from(old.peek().is_none());
                entries.push((key, row));
            }
        }
        if !changed {
            return;
        }
        entries.extend(old.map(|(key, row)| (key, row.into())));
        // What only grows at its end leaves full pages behind.
        self.cut(&entries, appended == effects.len(), writes);
    }

    fn cut(&self, entries: &[Entry<'_>], appended: bool, writes: &mut Vec<PageWrite>) {
        if entries.is_empty() {
            if self.stored {
                writes.push(PageWrite::Remove(self.fence.clone()));
            }
            return;
        }
        let (whole, sizes) = (pack(entries), sizes(entries));
        let plain: usize = sizes.iter().sum();
        let pages = whole.len().div_ceil(FULL).max(plain.div_ceil(FULL_PLAIN));
        if pages == 1 || entries.len() == 1 {
            return writes.push(self.write(&[], entries, whole));
        }
        let full = FULL_PLAIN.min(plain * FULL / whole.len());
        let share = if appended { full } else { plain.div_ceil(pages) };
        let mut start = 0;
        while start < entries.len() {
            let mut end = reach(&sizes, start, share);
            let mut page = pack(&entries[start..end]);
            if appended && end < entries.len() {
                // As many as fit, and no more.
                let most = reach(&sizes, start, FULL_PLAIN);
                while page.len() <= FULL && end < most {
                    end += 1;
                    page = pack(&entries[start..end]);
                }
                while page.len() > FULL && end > start + 1 {
                    end -= 1;
                    page = pack(&entries[start..end]);
                }
            }
            writes.push(self.write(&entries[..start], &entries[start..end], page));
            start = end;
        }
    }

    /// A page of these entries, behind those.
    fn write(&self, before: &[Entry<'_>], entries: &[Entry<'_>], page: Vec<u8>) -> PageWrite {
        match (before.last(), entries.first()) {
            (Some((last, _)), Some((first, _))) => {
                // The shortest that lies between.
                PageWrite::Insert(first[..=page::shared(last, first)].to_vec(), page)
            }
            _ if self.stored => PageWrite::Replace(self.fence.clone(), page),
            _ => PageWrite::Insert(self.fence.clone(), page),
        }
    }
}

fn pack(entries: &[Entry<'_>]) -> Vec<u8> {
    page::write(entries.iter().map(|(key, row)| (*key, row.as_ref())))
}

/// How many bytes each entry takes before it is packed.
fn sizes(entries: &[Entry<'_>]) -> Vec<usize> {
    let mut sizes = Vec::with_capacity(entries.len());
    let mut before: &[u8] = &[];
    for (key, row) in entries {
        sizes.push(key.len() - page::shared(before, key) + row.len() + 3);
        before = key;
    }
    sizes
}

/// Up to where entries take no more than a share; at least one of them.
fn reach(sizes: &[usize], start: usize, share: usize) -> usize {
    let (mut end, mut size) = (start, 0);
    while end < sizes.len() && (end == start || size + sizes[end] <= share) {
        size += sizes[end];
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kernel::TenantId;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Change, Key,
        memory::Memory,
        redis::{
            names::{self, Names},
            part,
        },
    };

    /// Pages as a server keeps them.
    #[derive(Default)]
    struct Pages(BTreeMap<Vec<u8>, Vec<u8>>);

    impl Pages {
        fn apply(&mut self, changes: &[Change]) {
            let names = Names { prefix: "test".into(), buckets: 1 };
            for part in part::cut(changes, &names).expect("the changes can be stored") {
                let part = part::Part::read(&part.bytes()).expect("a part reads back");
                let edits = part.edits().expect("they can be read");
                for write in self.leaves(&edits.keys()).after(&edits) {
                    match write {
                        PageWrite::Replace(fence, page) => {
                            assert!(
                                self.0.insert(fence, page).is_some(),
                                "there is one to replace"
                            );
                        }
                        PageWrite::Insert(fence, page) => {
                            assert!(self.0.insert(fence, page).is_none(), "there was none");
                        }
                        PageWrite::Remove(fence) => {
                            assert!(self.0.remove(&fence).is_some(), "there is one to remove");
                        }
                    }
                }
            }
        }

        fn leaves(&self, keys: &[Vec<u8>]) -> Leaves {
            let mut leaves: Vec<Leaf> = Vec::new();
            for key in keys {
                let found = self.0.range(..=key.clone()).next_back();
                let fence = found.map(|(fence, _)| fence.clone()).unwrap_or_default();
                if leaves.last().is_none_or(|leaf| leaf.fence != fence) {
                    let page = found.map(|(_, page)| Page::read(page).expect("it is a page"));
                    let (stored, page) = (page.is_some(), page.unwrap_or_default());
                    leaves.push(Leaf { fence, stored, page });
                }
            }
            Leaves(leaves)
        }

        /// The rows, but not the members; fails where a page holds what belongs into another.
        fn rows(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
            let mut rows = BTreeMap::new();
            for (fence, page) in &self.0 {
                let page = Page::read(page).expect("it is a page");
                assert!(page.len() > 0, "no page is empty");
                for (key, row) in page.iter() {
                    let belongs = self.0.range(..=key.to_vec()).next_back();
                    assert_eq!(belongs.map(|(fence, _)| fence), Some(fence));
                    if !key.starts_with(b"counts\x01") {
                        assert_eq!(rows.insert(key.to_vec(), row.to_vec()), None);
                    }
                }
            }
            rows
        }
    }

    fn change() -> impl Strategy<Value = Change> {
        (0..7, 0..400_u64, 0..2000_usize, any::<u64>()).prop_map(|(kind, n, size, noise)| {
            let id = (n.wrapping_mul(0x9e37_79b9) % 400).to_be_bytes();
            let row = Key::new(TenantId::PLATFORM, "rows", id);
            let counter =
                Key::new(TenantId::PLATFORM, "counts", [u8::try_from(n % 5).unwrap_or(0)]);
            let bytes = (0..size as u64).map(|i| noise.wrapping_mul(i | 1).to_be_bytes()[0]);
            match kind {
                0..3 => Change::Put { key: row, row: bytes.collect() },
                3 | 4 => Change::Delete { key: row },
                5 => Change::Add { key: counter, by: 3 },
                _ => {
                    let mut member = [0; 16];
                    member[..8].copy_from_slice(&id);
                    Change::Distinct { key: counter, member }
                }
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn pages_hold_what_the_changes_make_however_they_come_in_batches(
            batches in prop::collection::vec(prop::collection::vec(change(), 0..150), 1..12),
        ) {
            let (mut pages, mut memory) = (Pages::default(), Memory::default());
            for batch in batches {
                pages.apply(&batch);
                for change in batch {
                    memory.apply(change);
                }
                let counters = memory.counters.iter();
                let counters = counters.map(|(key, n)| (names::row(key), n.to_be_bytes().to_vec()));
                let rows = memory.rows.iter().map(|(key, row)| (names::row(key), row.clone()));
                let expected: BTreeMap<_, _> = rows.chain(counters).collect();
                prop_assert!(pages.rows() == expected);
            }
        }
    }

    #[test]
    fn pages_that_only_grow_at_their_end_are_full() {
        let mut pages = Pages::default();
        for batch in 0..50_u64 {
            let put = |n: u64| {
                let noise = (0..60_u64).map(|i| (n * 61 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let row = noise.flat_map(u64::to_be_bytes).collect();
                Change::Put { key: Key::new(TenantId::PLATFORM, "rows", n.to_be_bytes()), row }
            };
            let changes: Vec<_> = (batch * 40..batch * 40 + 40).map(put).collect();
            pages.apply(&changes);
        }
        let lengths: Vec<_> = pages.0.values().map(Vec::len).collect();
        assert!(lengths.iter().all(|length| *length <= FULL), "{lengths:?}");
        let full = lengths.iter().filter(|length| **length > FULL - 600).count();
        assert!(full + 2 > lengths.len(), "{lengths:?}");
    }
}
