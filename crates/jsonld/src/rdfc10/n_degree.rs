//! Blank nodes whose own statements tie are told apart by their neighbours, however far away.

use std::collections::{BTreeMap, HashMap};

use sha2::Digest;

use super::{CanonError, Canonicalizer, push_label};

/// How deep the exploration of neighbours may go.
const MAX_DEPTH: usize = 200;

/// A digest in hexadecimal, as the algorithm hashes and sorts it.
type Hex = String;

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

impl<D: Digest> Canonicalizer<'_, D> {
    /// Labels blank nodes whose own statements tie, by their neighbours.
    pub(super) fn tell_apart(&mut self, group: &[u32]) -> Result<(), CanonError> {
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

    fn spend(&mut self, steps: usize) -> Result<(), CanonError> {
        let left = self.steps.checked_sub(steps as u64).ok_or(CanonError::BudgetExceeded)?;
        self.steps = left;
        Ok(())
    }

    /// Hash Related Blank Node (4.7).
    fn hash_related(&self, related: u32, predicate: &str, issuer: &Issuer, position: char) -> Hex {
        let mut text = String::with_capacity(160);
        text.push(position);
        if position != 'g' {
            text.push_str(predicate);
        }
        if let Some(number) = self.canonical[related as usize] {
            push_label(&mut text, "_:c14n", number);
        } else if let Some(number) = issuer.numbers.get(&related) {
            push_label(&mut text, "_:b", *number);
        } else {
            text.push_str(&hex::encode(self.first(related)));
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
        self.spend(self.mentions.get(blank).len() + 1)?;
        // A list, not a set: a node related several times under one hash counts several times.
        let mut related: BTreeMap<Hex, Vec<u32>> = BTreeMap::new();
        for at in self.mentions.get(blank) {
            let statement = &self.dataset.statements()[*at as usize];
            let predicate = self.dataset.text(statement.predicate);
            for (other, position) in statement.places().into_iter().zip(['s', 'o', 'g']) {
                if let Some(other) = other.filter(|other| *other != blank) {
                    let hash = self.hash_related(other, predicate, &issuer, position);
                    related.entry(hash).or_default().push(other);
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
