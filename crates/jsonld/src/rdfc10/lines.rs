//! Lines of N-Quads on their way to being sorted.

use crate::dataset::{Dataset, Quad};
use crate::nquads::write_quad;

/// Lines in one text, each with the number of the statement that it says.
pub(super) struct Lines {
    text: String,
    lines: Vec<Line>,
}

#[derive(Clone, Copy)]
struct Line {
    start: usize,
    end: usize,
    statement: u32,
}

impl Lines {
    /// Makes room for so many lines of usual length.
    pub(super) fn with_capacity(lines: usize) -> Self {
        Self { text: String::with_capacity(lines * 144), lines: Vec::with_capacity(lines) }
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
    }

    pub(super) fn push(
        &mut self,
        statement: u32,
        quad: &Quad<'_>,
        label: impl FnMut(&mut String, u32),
    ) {
        let start = self.text.len();
        write_quad(&mut self.text, quad, label);
        self.lines.push(Line { start, end: self.text.len(), statement });
    }

    /// Sorts the lines by their bytes and drops those of repeated statements, of which the first
    /// stays. Lines of different statements stay, even when their labels make them alike.
    pub(super) fn sort(&mut self, dataset: &Dataset) {
        let text = self.text.as_bytes();
        let line = |line: &Line| &text[line.start..line.end];
        let blanks = |line: &Line| dataset.statements()[line.statement as usize].places();
        self.lines.sort_unstable_by(|a, b| {
            let places = || blanks(a).cmp(&blanks(b)).then(a.statement.cmp(&b.statement));
            line(a).cmp(line(b)).then_with(places)
        });
        self.lines.dedup_by(|a, b| line(a) == line(b) && blanks(a) == blanks(b));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(|line| &self.text.as_bytes()[line.start..line.end])
    }

    pub(super) fn statements(&self) -> impl Iterator<Item = u32> {
        self.lines.iter().map(|line| line.statement)
    }

    pub(super) fn concat(&self) -> String {
        let mut text = String::with_capacity(self.text.len());
        for line in &self.lines {
            text.push_str(&self.text[line.start..line.end]);
        }
        text
    }
}
