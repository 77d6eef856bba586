//! RDF Dataset Canonicalization: RDFC-1.0, with a budget against datasets made to be expensive.
//!
//! Most blank nodes differ in their own statements (first degree). Only where these tie are
//! neighbours explored (N degrees), which can take factorial time and is therefore counted.

use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::ops::Range;

use sha2::{Digest, Sha256, Sha384};

use crate::dataset::{Dataset, Quad, Term};
use crate::nquads::write_quad;

/// How deep the exploration of neighbours may go.
const MAX_DEPTH: usize = 200;

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

/// A digest in hexadecimal, which sorts as the algorithm wants it.
type Hex = String;

struct Canonicalizer<'d, D> {
    quads: Vec<&'d Quad>,
    /// For each blank node the quads that mention it.
    mentions: Vec<Vec<usize>>,
    first_degree: Vec<Hex>,
    canonical: Vec<Option<u32>>,
    issued: u32,
    steps: u64,
    hash: std::marker::PhantomData<D>,
}

/// Hands out temporary labels `b0`, `b1`, … in the order in which nodes are met.
#[derive(Clone, Default)]
struct Issuer {
    numbers: HashMap<u32, u32>,
    order: Vec<u32>,
    next: u32,
}

impl Issuer {
    fn issue(&mut self, blank: u32) -> u32 {
        if let Some(number) = self.numbers.get(&blank) {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        self.numbers.insert(blank, number);
        self.order.push(blank);
        number
    }
}

impl<'d, D: Digest> Canonicalizer<'d, D> {
    fn new(dataset: &'d Dataset, budget: Budget) -> Self {
        let quads = distinct(dataset.quads());
        let mut mentions = vec![Vec::new(); dataset.blanks() as usize];
        for (at, quad) in quads.iter().enumerate() {
            for term in quad.places().into_iter().flatten() {
                if let Term::Blank(blank) = term {
                    let quads: &mut Vec<usize> = &mut mentions[*blank as usize];
                    if quads.last() != Some(&at) {
                        quads.push(at);
                    }
                }
            }
        }
        Self {
            quads,
            canonical: vec![None; mentions.len()],
            mentions,
            first_degree: Vec::new(),
            issued: 0,
            steps: budget.steps,
            hash: std::marker::PhantomData,
        }
    }

    fn run(mut self) -> Result<Canonical, CanonError> {
        self.hash_first_degree();
        let mut order: Vec<u32> = (0u32..).take(self.mentions.len()).collect();
        order.retain(|blank| !self.mentions[*blank as usize].is_empty());
        order.sort_by(|a, b| self.first(*a).cmp(self.first(*b)));
        let groups: Vec<Vec<u32>> =
            order.chunk_by(|a, b| self.first(*a) == self.first(*b)).map(<[u32]>::to_vec).collect();
        for group in groups.iter().filter(|group| group.len() == 1) {
            self.issue(group[0]);
        }
        for group in groups.iter().filter(|group| group.len() > 1) {
            self.tell_apart(group)?;
        }
        Ok(Canonical { nquads: self.write(), labels: self.canonical })
    }

    /// Labels blank nodes whose own statements tie, by their neighbours.
    fn tell_apart(&mut self, group: &[u32]) -> Result<(), CanonError> {
        let mut results = Vec::new();
        for blank in group {
            if self.canonical[*blank as usize].is_none() {
                let mut issuer = Issuer::default();
                issuer.issue(*blank);
                results.push(self.hash_n_degrees(*blank, issuer, 0)?);
            }
        }
        results.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (_, issuer) in results {
            for blank in issuer.order {
                self.issue(blank);
            }
        }
        Ok(())
    }

    fn issue(&mut self, blank: u32) {
        let label = &mut self.canonical[blank as usize];
        if label.is_none() {
            *label = Some(self.issued);
            self.issued += 1;
        }
    }

    fn first(&self, blank: u32) -> &Hex {
        &self.first_degree[blank as usize]
    }

    fn spend(&mut self, steps: usize) -> Result<(), CanonError> {
        let left = self.steps.checked_sub(steps as u64).ok_or(CanonError::BudgetExceeded)?;
        self.steps = left;
        Ok(())
    }

    /// Hash First Degree Quads (RDFC-1.0, 4.6), for all blank nodes.
    fn hash_first_degree(&mut self) {
        let mut text = String::with_capacity(1024);
        let mut lines: Vec<Range<usize>> = Vec::new();
        self.first_degree.reserve(self.mentions.len());
        for (blank, mentions) in (0u32..).zip(&self.mentions) {
            text.clear();
            lines.clear();
            for quad in mentions {
                let start = text.len();
                write_quad(&mut text, self.quads[*quad], &mut |out, other| {
                    out.push_str(if other == blank { "_:a" } else { "_:z" });
                });
                lines.push(start..text.len());
            }
            lines.sort_unstable_by(|a, b| text[a.clone()].cmp(&text[b.clone()]));
            let mut digest = D::new();
            for line in &lines {
                digest.update(&text.as_bytes()[line.clone()]);
            }
            self.first_degree.push(hex::encode(digest.finalize()));
        }
    }

    /// Hash Related Blank Node (4.7).
    fn hash_related(&self, related: u32, quad: &Quad, issuer: &Issuer, position: char) -> Hex {
        let mut text = String::with_capacity(160);
        text.push(position);
        if position != 'g' {
            text.push('<');
            text.push_str(&quad.predicate);
            text.push('>');
        }
        if let Some(number) = self.canonical[related as usize] {
            push_label(&mut text, "_:c14n", number);
        } else if let Some(number) = issuer.numbers.get(&related) {
            push_label(&mut text, "_:b", *number);
        } else {
            text.push_str(self.first(related));
        }
        hex::encode(D::digest(text))
    }

    /// Hash N-Degree Quads (4.8).
    fn hash_n_degrees(
        &mut self,
        blank: u32,
        mut issuer: Issuer,
        depth: usize,
    ) -> Result<(Hex, Issuer), CanonError> {
        if depth > MAX_DEPTH {
            return Err(CanonError::BudgetExceeded);
        }
        self.spend(self.mentions[blank as usize].len() + 1)?;
        // A list, not a set: a node related several times under one hash counts several times.
        let mut related: BTreeMap<Hex, Vec<u32>> = BTreeMap::new();
        for at in &self.mentions[blank as usize] {
            let quad = self.quads[*at];
            for (term, position) in quad.places().into_iter().zip(['s', 'o', 'g']) {
                if let Some(Term::Blank(other)) = term.filter(|t| **t != Term::Blank(blank)) {
                    let hash = self.hash_related(*other, quad, &issuer, position);
                    related.entry(hash).or_default().push(*other);
                }
            }
        }
        let mut data = String::new();
        for (hash, mut nodes) in related {
            data.push_str(&hash);
            let mut chosen: Option<(String, Issuer)> = None;
            nodes.sort_unstable();
            loop {
                self.spend(1 + nodes.len() + issuer.order.len() / 8)?;
                let best = chosen.as_ref().map(|(path, _)| path.as_str());
                if let Some(better) = self.try_order(&nodes, &issuer, best, depth)? {
                    chosen = Some(better);
                }
                if !next_permutation(&mut nodes) {
                    break;
                }
            }
            if let Some((path, with)) = chosen {
                data.push_str(&path);
                issuer = with;
            }
        }
        Ok((hex::encode(D::digest(data)), issuer))
    }

    /// Walks to the related nodes in one order; nothing when another order was better already.
    fn try_order(
        &mut self,
        nodes: &[u32],
        issuer: &Issuer,
        best: Option<&str>,
        depth: usize,
    ) -> Result<Option<(String, Issuer)>, CanonError> {
        let worse = |path: &str| best.is_some_and(|b| path.len() >= b.len() && path > b);
        let mut issuer = issuer.clone();
        let mut path = String::new();
        let mut unexplored = Vec::new();
        for node in nodes {
            if let Some(number) = self.canonical[*node as usize] {
                push_label(&mut path, "_:c14n", number);
            } else {
                if !issuer.numbers.contains_key(node) {
                    unexplored.push(*node);
                }
                push_label(&mut path, "_:b", issuer.issue(*node));
            }
            if worse(&path) {
                return Ok(None);
            }
        }
        for node in unexplored {
            let (hash, explored) = self.hash_n_degrees(node, issuer.clone(), depth + 1)?;
            push_label(&mut path, "_:b", issuer.issue(node));
            path.push('<');
            path.push_str(&hash);
            path.push('>');
            issuer = explored;
            if worse(&path) {
                return Ok(None);
            }
        }
        Ok(best.is_none_or(|best| path.as_str() < best).then_some((path, issuer)))
    }

    fn write(&self) -> String {
        let mut text = String::with_capacity(self.quads.len() * 160);
        let mut lines = Vec::with_capacity(self.quads.len());
        for quad in &self.quads {
            let start = text.len();
            write_quad(&mut text, quad, &mut |out, blank| {
                if let Some(number) = self.canonical[blank as usize] {
                    push_label(out, "_:c14n", number);
                }
            });
            lines.push(start..text.len());
        }
        lines.sort_unstable_by(|a, b| text[a.clone()].cmp(&text[b.clone()]));
        let mut sorted = String::with_capacity(text.len());
        for line in lines {
            sorted.push_str(&text[line]);
        }
        sorted
    }
}

fn push_label(out: &mut String, prefix: &str, number: u32) {
    out.push_str(prefix);
    match u8::try_from(number) {
        Ok(digit @ 0..=9) => out.push(char::from(b'0' + digit)),
        _ => out.push_str(&number.to_string()),
    }
}

/// The next greater order of the same nodes, each distinct order once; false after the last.
fn next_permutation(nodes: &mut [u32]) -> bool {
    let Some(pivot) = (1..nodes.len()).rev().find(|at| nodes[at - 1] < nodes[*at]) else {
        return false;
    };
    let Some(greater) = (pivot..nodes.len()).rev().find(|at| nodes[*at] > nodes[pivot - 1]) else {
        return false;
    };
    nodes.swap(pivot - 1, greater);
    nodes[pivot..].reverse();
    true
}

/// A dataset is a set: repetitions go, the order of the rest is of no account.
fn distinct(quads: &[Quad]) -> Vec<&Quad> {
    let mut keyed: Vec<(u64, &Quad)> = quads
        .iter()
        .map(|quad| {
            let mut hasher = QuickHasher::default();
            quad.hash(&mut hasher);
            (hasher.finish(), quad)
        })
        .collect();
    keyed.sort_unstable();
    keyed.dedup_by(|a, b| a == b);
    keyed.into_iter().map(|(_, quad)| quad).collect()
}

/// A hash for sorting only: collisions cost a comparison, never a wrong answer.
#[derive(Default)]
struct QuickHasher(u64);

impl Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x51_7c_c1_b7_27_22_0a_95);
    }
}
