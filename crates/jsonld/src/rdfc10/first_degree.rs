//! What a dataset says of each blank node, and its hash.

use sha2::Digest;
use sha2::digest::Output;

use super::lines::Lines;
use crate::dataset::Dataset;

/// For each blank node the numbers of the statements that mention it.
pub(super) struct Mentions {
    /// One list after the other.
    statements: Vec<u32>,
    /// Where the list of each node begins and ends.
    ranges: Vec<(u32, u32)>,
}

impl Mentions {
    /// Counts first, so that two vectors hold all lists.
    pub(super) fn of(dataset: &Dataset) -> Self {
        let mut ranges = vec![(0, 0); dataset.blanks() as usize];
        for_each(dataset, |_, blank| ranges[blank].1 += 1);
        let mut next = 0;
        for (start, end) in &mut ranges {
            let length = *end;
            (*start, *end) = (next, next);
            next += length;
        }
        let mut statements = vec![0; next as usize];
        for_each(dataset, |at, blank| {
            let end = &mut ranges[blank].1;
            statements[*end as usize] = at;
            *end += 1;
        });
        Self { statements, ranges }
    }

    /// The statements that mention a node, each once.
    pub(super) fn get(&self, blank: u32) -> &[u32] {
        let (start, end) = self.ranges[blank as usize];
        &self.statements[start as usize..end as usize]
    }

    /// The nodes that are mentioned at all.
    pub(super) fn blanks(&self) -> Vec<u32> {
        let nodes = (0u32..).zip(&self.ranges);
        nodes.filter(|(_, (start, end))| start < end).map(|(blank, _)| blank).collect()
    }

    /// Hash First Degree Quads (RDFC-1.0, 4.6), for all blank nodes.
    ///
    /// Statements that the dataset repeats are met here side by side, and from here on mentioned
    /// once.
    pub(super) fn hash<D: Digest>(&mut self, dataset: &Dataset) -> Vec<Output<D>> {
        let mut lines = Lines::with_capacity(16);
        let mut hashes = Vec::with_capacity(self.ranges.len());
        for (blank, (start, end)) in (0u32..).zip(&mut self.ranges) {
            let mentions = &mut self.statements[*start as usize..*end as usize];
            lines.clear();
            for at in &*mentions {
                let quad = dataset.quad(&dataset.statements()[*at as usize]);
                lines.push(*at, &quad, |out, other| {
                    out.push_str(if other == blank { "_:a" } else { "_:z" });
                });
            }
            lines.sort(dataset);
            let mut digest = D::new();
            lines.iter().for_each(|line| digest.update(line));
            hashes.push(digest.finalize());
            *end = *start;
            for (mention, at) in mentions.iter_mut().zip(lines.statements()) {
                *mention = at;
                *end += 1;
            }
        }
        hashes
    }
}

/// Meets each blank node of each statement once.
fn for_each(dataset: &Dataset, mut with: impl FnMut(u32, usize)) {
    for (at, statement) in (0u32..).zip(dataset.statements()) {
        let [subject, object, graph] = statement.places();
        if let Some(blank) = subject {
            with(at, blank as usize);
        }
        if let Some(blank) = object.filter(|_| object != subject) {
            with(at, blank as usize);
        }
        if let Some(blank) = graph.filter(|_| graph != subject && graph != object) {
            with(at, blank as usize);
        }
    }
}
