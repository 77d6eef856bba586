//! The canonical form (RDFC-1.0) of a template's credentials, computed but for what varies.
//!
//! A credential's dataset is that of the sample award with other values in the same places, and
//! without the statements whose value the award lacks. What its canonical form then depends on is
//! done for each award: the first-degree hashes of the blank nodes of which something varies, the
//! numbers that follow from them, the order of subjects, and the order of values where one
//! property has several. Where blank nodes tie or statements coincide, and wherever a value might
//! not stand for itself, there is no answer here and the general algorithm decides.

use sha2::{Digest, Sha256};

use super::fill::Fill;
use super::slot::{Slot, Values};
use super::statement::Part;

/// More pieces of evidence than that take the general path.
const MAX_EVIDENCE: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct CanonicalForm {
    /// By subject, but for evidence.
    pub(crate) groups: Vec<Group>,
    pub(crate) blanks: Vec<BlankNode>,
    pub(crate) evidence: EvidenceForm,
    /// About how many bytes it has.
    pub(crate) size: usize,
}

/// All that is said of one subject.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) subject: Vec<Part>,
    pub(crate) runs: Vec<Run>,
}

/// Lines whose place among those of their subject is known.
#[derive(Clone, Debug)]
pub(crate) enum Run {
    Always(Vec<Part>),
    /// One line, if the award has a value for it.
    When(Slot, Vec<Part>),
    /// Values of one property, whose order depends on what fills them.
    Sorted(Vec<Line>),
    /// The links to the pieces of evidence.
    Evidence,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) when: Option<Slot>,
    pub(crate) parts: Vec<Part>,
}

/// A blank node of the template and its first-degree hash, or the lines of which that is made.
#[derive(Clone, Debug)]
pub(crate) enum BlankNode {
    Constant([u8; 32]),
    Varying(Vec<Line>),
}

/// What is said of a piece of evidence, and the line that leads to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvidenceForm {
    pub(crate) link: Option<Vec<Part>>,
    pub(crate) runs: Vec<Run>,
}

/// What is written while one award is worked on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Group(usize),
    Evidence(usize),
}

/// How blank nodes are called.
#[derive(Clone, Copy)]
enum Labels<'a> {
    /// As the algorithm calls them while one of them is hashed: `_:a`, and `_:z` all others.
    Hashing(usize),
    /// By their canonical numbers.
    Numbers(&'a [usize]),
}

struct Award<'f> {
    values: Values<'f>,
    evidence: Vec<Values<'f>>,
    /// How many blank nodes the template has; those of evidence count on from there.
    blanks: usize,
}

impl CanonicalForm {
    /// Gives the SHA-256 of the award's canonical form, or nothing where only the general
    /// algorithm can tell.
    pub(crate) fn hash(&self, fill: &Fill) -> Option<[u8; 32]> {
        if fill.evidence.len() > MAX_EVIDENCE {
            return None;
        }
        let award = Award {
            values: Values::of_award(fill)?,
            evidence: fill.evidence.iter().map(Values::of_evidence).collect::<Option<_>>()?,
            blanks: self.blanks.len(),
        };
        let numbers = self.numbers(&award)?;
        let labels = Labels::Numbers(&numbers);
        let filled: usize = award.evidence.iter().chain([&award.values]).map(Values::len).sum();
        let mut out = Vec::with_capacity(self.size + 4 * filled + 512 * award.evidence.len());
        for node in self.order(&award, labels)? {
            let (runs, values, evidence) = match node {
                Node::Group(at) => (&self.groups[at].runs, &award.values, None),
                Node::Evidence(at) => (&self.evidence.runs, &award.evidence[at], Some(at)),
            };
            for run in runs {
                match run {
                    Run::Always(parts) => award.write(&mut out, parts, values, evidence, labels),
                    Run::When(slot, parts) if values.get(*slot).is_some() => {
                        award.write(&mut out, parts, values, evidence, labels);
                    }
                    Run::When(..) => {}
                    Run::Sorted(lines) => {
                        award.write_sorted(&mut out, lines, values, evidence, labels)?;
                    }
                    Run::Evidence => self.write_links(&mut out, &award, labels)?,
                }
            }
        }
        Some(Sha256::digest(&out).into())
    }

    /// The canonical number of each blank node, by their first-degree hashes (RDFC-1.0, 4.4.3);
    /// nothing when two tie.
    fn numbers(&self, award: &Award<'_>) -> Option<Vec<usize>> {
        let mut scratch = Vec::with_capacity(2048);
        let mut hashes = Vec::with_capacity(self.blanks.len() + award.evidence.len());
        for (at, blank) in self.blanks.iter().enumerate() {
            let hash = match blank {
                BlankNode::Constant(hash) => *hash,
                BlankNode::Varying(lines) => {
                    scratch.clear();
                    let labels = Labels::Hashing(at);
                    award.write_sorted(&mut scratch, lines, &award.values, None, labels)?;
                    Sha256::digest(&scratch).into()
                }
            };
            hashes.push((hash, at));
        }
        for (at, values) in award.evidence.iter().enumerate() {
            if values.get(Slot::EvidenceId).is_none() {
                scratch.clear();
                self.write_evidence(&mut scratch, award, at)?;
                hashes.push((Sha256::digest(&scratch).into(), award.blanks + at));
            }
        }
        hashes.sort_unstable();
        if hashes.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        let mut numbers = vec![0; award.blanks + award.evidence.len()];
        for (number, (_, at)) in hashes.into_iter().enumerate() {
            numbers[at] = number;
        }
        Some(numbers)
    }

    /// The lines that mention a piece of evidence without id, as they are hashed.
    fn write_evidence(&self, out: &mut Vec<u8>, award: &Award<'_>, at: usize) -> Option<()> {
        let labels = Labels::Hashing(award.blanks + at);
        // An IRI's line comes before those of the blank node, and these are in order.
        award.write(out, self.evidence.link.as_ref()?, &award.values, Some(at), labels);
        let values = &award.evidence[at];
        for run in &self.evidence.runs {
            match run {
                Run::Always(parts) => award.write(out, parts, values, Some(at), labels),
                Run::When(slot, parts) if values.get(*slot).is_some() => {
                    award.write(out, parts, values, Some(at), labels);
                }
                Run::When(..) => {}
                Run::Sorted(_) | Run::Evidence => return None,
            }
        }
        Some(())
    }

    /// The subjects in their order; nothing when two are the same.
    fn order(&self, award: &Award<'_>, labels: Labels<'_>) -> Option<Vec<Node>> {
        let mut text = Vec::with_capacity(1024);
        let mut subjects = Vec::with_capacity(self.groups.len() + award.evidence.len());
        for (at, group) in self.groups.iter().enumerate() {
            let start = text.len();
            award.write(&mut text, &group.subject, &award.values, None, labels);
            subjects.push((start..text.len(), Node::Group(at)));
        }
        for (at, values) in award.evidence.iter().enumerate() {
            let start = text.len();
            award.write(&mut text, &[Part::Evidence], values, Some(at), labels);
            subjects.push((start..text.len(), Node::Evidence(at)));
        }
        subjects.sort_unstable_by(|(a, _), (b, _)| text[a.clone()].cmp(&text[b.clone()]));
        let same = |pair: &[(std::ops::Range<usize>, Node)]| {
            text[pair[0].0.clone()] == text[pair[1].0.clone()]
        };
        if subjects.windows(2).any(same) {
            return None;
        }
        Some(subjects.into_iter().map(|(_, node)| node).collect())
    }

    fn write_links(&self, out: &mut Vec<u8>, award: &Award<'_>, labels: Labels<'_>) -> Option<()> {
        let link = self.evidence.link.as_ref()?;
        let mut sorting = Sorting::at(out);
        for at in 0..award.evidence.len() {
            award.write(out, link, &award.values, Some(at), labels);
            sorting.end_line(out);
        }
        sorting.sort(out)
    }
}

impl BlankNode {
    /// A blank node of whose lines none varies.
    pub(crate) fn constant(number: usize, lines: &[Line]) -> Option<Self> {
        let award = Award { values: Values::default(), evidence: Vec::new(), blanks: number + 1 };
        let mut text = Vec::new();
        let labels = Labels::Hashing(number);
        award.write_sorted(&mut text, lines, &award.values, None, labels)?;
        Some(Self::Constant(Sha256::digest(&text).into()))
    }
}

impl Award<'_> {
    fn write(
        &self,
        out: &mut Vec<u8>,
        parts: &[Part],
        values: &Values<'_>,
        evidence: Option<usize>,
        labels: Labels<'_>,
    ) {
        for part in parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Slot(slot) => {
                    out.extend_from_slice(values.get(*slot).unwrap_or_default().as_bytes());
                }
                Part::Blank(blank) => labels.write(out, *blank),
                Part::Evidence => {
                    let at = evidence.unwrap_or_default();
                    match self.evidence.get(at).and_then(|values| values.get(Slot::EvidenceId)) {
                        Some(id) => {
                            out.push(b'<');
                            out.extend_from_slice(id.as_bytes());
                            out.push(b'>');
                        }
                        None => labels.write(out, self.blanks + at),
                    }
                }
            }
        }
    }

    /// Writes those lines whose condition holds; nothing when two are the same.
    fn write_sorted(
        &self,
        out: &mut Vec<u8>,
        lines: &[Line],
        values: &Values<'_>,
        evidence: Option<usize>,
        labels: Labels<'_>,
    ) -> Option<()> {
        let mut sorting = Sorting::at(out);
        for line in lines {
            if line.when.is_none_or(|slot| values.get(slot).is_some()) {
                self.write(out, &line.parts, values, evidence, labels);
                sorting.end_line(out);
            }
        }
        sorting.sort(out)
    }
}

impl Labels<'_> {
    fn write(self, out: &mut Vec<u8>, blank: usize) {
        match self {
            Self::Hashing(hashed) if hashed == blank => out.extend_from_slice(b"_:a"),
            Self::Hashing(_) => out.extend_from_slice(b"_:z"),
            Self::Numbers(numbers) => {
                out.extend_from_slice(b"_:c14n");
                match u8::try_from(numbers[blank]) {
                    Ok(digit @ 0..=9) => out.push(b'0' + digit),
                    _ => out.extend_from_slice(numbers[blank].to_string().as_bytes()),
                }
            }
        }
    }
}

/// Lines at the end of a text that are brought into order.
struct Sorting {
    start: usize,
    ends: Vec<usize>,
}

impl Sorting {
    fn at(out: &[u8]) -> Self {
        Self { start: out.len(), ends: Vec::with_capacity(8) }
    }

    fn end_line(&mut self, out: &[u8]) {
        self.ends.push(out.len());
    }

    /// Sorts the lines, most often in order already; nothing when two are the same.
    fn sort(self, out: &mut Vec<u8>) -> Option<()> {
        let starts = [self.start].into_iter().chain(self.ends.iter().copied());
        let mut lines: Vec<&[u8]> =
            starts.zip(&self.ends).map(|(start, end)| &out[start..*end]).collect();
        if lines.is_sorted_by(|a, b| a < b) {
            return Some(());
        }
        lines.sort_unstable();
        if lines.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let sorted = lines.concat();
        out.truncate(self.start);
        out.extend_from_slice(&sorted);
        Some(())
    }
}
