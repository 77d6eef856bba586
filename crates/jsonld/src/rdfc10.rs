//! RDF Dataset Canonicalization: RDFC-1.0, with a budget against datasets made to be expensive.
//!
//! Most blank nodes differ in their own statements (first degree). Only where these tie are
//! neighbours explored (N degrees), which can take factorial time and is therefore counted.

mod first_degree;
mod lines;
mod n_degree;

use sha2::digest::Output;
use sha2::{Digest, Sha256, Sha384};

use crate::dataset::Dataset;
use first_degree::Mentions;
use lines::Lines;

/// How much work a canonicalisation may take: hashes of neighbours and orders tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The number of steps; one costs about a microsecond.
    pub steps: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: 50_000 }
    }
}

/// The hash function used inside the algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-256, the default.
    #[default]
    Sha256,
    /// SHA-384, for P-384 signatures.
    Sha384,
}

/// Why a dataset was not canonicalised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonError {
    /// It takes more work than the budget has.
    #[error("its blank nodes are too much alike to be told apart in bounded time")]
    BudgetExceeded,
}

/// A canonicalised dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// The canonical N-Quads, sorted.
    pub nquads: String,
    /// For each blank node the number `n` of its canonical label `c14n{n}`; none if it is unused.
    pub labels: Vec<Option<u32>>,
}

/// Gives the canonical N-Quads of a dataset, by SHA-256.
///
/// # Errors
/// When the work would exceed the budget.
pub fn canonicalize(dataset: &Dataset, budget: Budget) -> Result<String, CanonError> {
    canonicalize_with(dataset, HashAlgorithm::Sha256, budget).map(|canonical| canonical.nquads)
}

/// Canonicalises a dataset by the hash function chosen.
///
/// # Errors
/// When the work would exceed the budget.
pub fn canonicalize_with(
    dataset: &Dataset,
    algorithm: HashAlgorithm,
    budget: Budget,
) -> Result<Canonical, CanonError> {
    match algorithm {
        HashAlgorithm::Sha256 => Canonicalizer::<Sha256>::new(dataset, budget).run(),
        HashAlgorithm::Sha384 => Canonicalizer::<Sha384>::new(dataset, budget).run(),
    }
}

struct Canonicalizer<'d, D: Digest> {
    dataset: &'d Dataset,
    mentions: Mentions,
    first_degree: Vec<Output<D>>,
    canonical: Vec<Option<u32>>,
    issued: u32,
    steps: u64,
}

impl<'d, D: Digest> Canonicalizer<'d, D> {
    fn new(dataset: &'d Dataset, budget: Budget) -> Self {
        let mut mentions = Mentions::of(dataset);
        let first_degree = mentions.hash::<D>(dataset);
        let canonical = vec![None; first_degree.len()];
        Self { dataset, mentions, first_degree, canonical, issued: 0, steps: budget.steps }
    }

    fn run(mut self) -> Result<Canonical, CanonError> {
        let mut order = self.mentions.blanks();
        order.sort_by(|a, b| self.first(*a).cmp(self.first(*b)));
        let groups = order.chunk_by(|a, b| self.first(*a) == self.first(*b));
        let (unique, tied): (Vec<&[u32]>, Vec<&[u32]>) = groups.partition(|group| group.len() == 1);
        for group in unique {
            self.issue(group[0]);
        }
        for group in tied {
            self.tell_apart(group)?;
        }
        Ok(Canonical { nquads: self.write(), labels: self.canonical })
    }

    fn first(&self, blank: u32) -> &Output<D> {
        &self.first_degree[blank as usize]
    }

    fn issue(&mut self, blank: u32) {
        let label = &mut self.canonical[blank as usize];
        if label.is_none() {
            *label = Some(self.issued);
            self.issued += 1;
        }
    }

    fn write(&self) -> String {
        let mut lines = Lines::with_capacity(self.dataset.statements().len());
        for (at, statement) in (0u32..).zip(self.dataset.statements()) {
            lines.push(at, &self.dataset.quad(statement), |out, blank| {
                if let Some(number) = self.canonical[blank as usize] {
                    push_label(out, "_:c14n", number);
                }
            });
        }
        lines.sort(self.dataset);
        lines.concat()
    }
}

fn push_label(out: &mut String, prefix: &str, number: u32) {
    out.push_str(prefix);
    match u8::try_from(number) {
        Ok(digit @ 0..=9) => out.push(char::from(b'0' + digit)),
        _ => out.push_str(&number.to_string()),
    }
}
