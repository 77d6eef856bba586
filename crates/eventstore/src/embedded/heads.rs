use std::collections::HashMap;

use crate::raw::{Found, StreamName};

/// Where a stream stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Its number in the file.
    pub id: i64,
    /// The revision of its next fact.
    pub next: u64,
    /// The revision of its first fact that was not deleted; `next` when there is none.
    pub first: u64,
    /// Whether it takes no more facts.
    pub tombstoned: bool,
}

impl Head {
    /// What a writer finds.
    pub fn found(self) -> Found {
        Found { next: self.next, first: self.first }
    }
}

/// The heads of the streams used last, at most twice [`GENERATION`]: the rest is in the file.
#[derive(Default)]
pub(super) struct Heads {
    young: HashMap<StreamName, Head>,
    old: HashMap<StreamName, Head>,
}

const GENERATION: usize = 50_000;

impl Heads {
    pub fn get(&mut self, stream: &StreamName) -> Option<Head> {
        if let Some(head) = self.young.get(stream) {
            return Some(*head);
        }
        let head = self.old.remove(stream)?;
        self.put(stream, head);
        Some(head)
    }

    pub fn put(&mut self, stream: &StreamName, head: Head) {
        if let Some(known) = self.young.get_mut(stream) {
            *known = head;
            return;
        }
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(stream.clone(), head);
    }

    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let mut heads = Heads::default();
        let stream = |n: u64| StreamName::new(&format!("thing-{n}"));
        let head = |next| Head { id: 1, next, first: 0, tombstoned: false };
        heads.put(&stream(0), head(7));
        for n in 1..3 * GENERATION as u64 {
            heads.put(&stream(n), head(n));
            assert_eq!(heads.get(&stream(0)).map(|head| head.next), Some(7));
        }
        assert!(heads.young.len() + heads.old.len() <= 2 * GENERATION);
        assert!(heads.get(&stream(1)).is_none());
    }

    #[test]
    fn a_newer_head_replaces_an_older_one_of_the_last_generation() {
        let mut heads = Heads::default();
        let stream = |n: u64| StreamName::new(&format!("thing-{n}"));
        let head = |next| Head { id: 1, next, first: 0, tombstoned: false };
        for n in 0..=GENERATION as u64 {
            heads.put(&stream(n), head(1));
        }
        heads.put(&stream(0), head(2));
        assert_eq!(heads.get(&stream(0)).map(|head| head.next), Some(2));
    }
}
