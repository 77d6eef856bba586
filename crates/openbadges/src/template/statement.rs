//! The lines of canonical N-Quads, read again as text in which slots stand.

use super::hole::MARK;
use super::slot::{Slot, sample_id};

const RDF_JSON: &str = "^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>";

/// A stretch of a canonical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The same for every award.
    Text(String),
    /// What fills a slot.
    Slot(Slot),
    /// The label of a blank node of the template.
    Blank(usize),
    /// A piece of evidence: its IRI in brackets, or its label.
    Evidence,
}

/// One line: what is said of whom. The default graph is meant.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) subject: Vec<Part>,
    /// With its brackets.
    pub(crate) predicate: String,
    pub(crate) object: Vec<Part>,
    /// The whole line.
    pub(crate) line: Vec<Part>,
}

impl Statement {
    /// Reads a line of canonical N-Quads; nothing when it is of a kind that is not compiled.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let (subject, rest) = line.split_once(' ')?;
        let (predicate, rest) = rest.split_once(' ')?;
        let object = rest.strip_suffix(" .")?;
        if predicate.contains(MARK) {
            return None;
        }
        let subject = term(subject)?;
        let object = term(object)?;
        let mut line = subject.clone();
        append(&mut line, &[Part::Text(format!(" {predicate} "))]);
        append(&mut line, &object);
        append(&mut line, &[Part::Text(" .\n".to_owned())]);
        Some(Self { subject, predicate: predicate.to_owned(), object, line })
    }

    /// The slot that decides whether the line is there at all.
    ///
    /// # Errors
    /// When there are several.
    pub(crate) fn condition(&self) -> Result<Option<Slot>, Undecided> {
        let mut optional = self.line.iter().filter_map(|part| match part {
            Part::Slot(slot) if slot.is_optional() => Some(*slot),
            _ => None,
        });
        match (optional.next(), optional.next()) {
            (found, None) => Ok(found),
            _ => Err(Undecided),
        }
    }

    pub(crate) fn mentions(&self, node: &Part) -> bool {
        self.subject.first() == Some(node) || self.object.first() == Some(node)
    }
}

/// Several slots decide about one line.
pub(crate) struct Undecided;

/// Adds parts; neighbouring texts become one.
pub(crate) fn append(line: &mut Vec<Part>, parts: &[Part]) {
    for part in parts {
        match (line.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(text),
            _ => line.push(part.clone()),
        }
    }
}

fn term(text: &str) -> Option<Vec<Part>> {
    match text.as_bytes().first()? {
        b'<' => iri(text),
        b'_' => {
            let number = text.strip_prefix("_:c14n")?.parse().ok()?;
            Some(vec![Part::Blank(number)])
        }
        b'"' => literal(text),
        _ => None,
    }
}

fn iri(text: &str) -> Option<Vec<Part>> {
    let inside = text.strip_prefix('<')?.strip_suffix('>')?;
    if inside.contains(' ') {
        return None; // A graph's name follows.
    }
    if inside == sample_id(Slot::EvidenceId) {
        return Some(vec![Part::Evidence]);
    }
    if inside == sample_id(Slot::CredentialId) {
        let bracket = |text: &str| Part::Text(text.to_owned());
        return Some(vec![bracket("<"), Part::Slot(Slot::CredentialId), bracket(">")]);
    }
    let parts = split(text)?;
    // The scheme must not vary, and digits are all that an IRI takes unseen.
    let sound = parts.iter().enumerate().all(|(at, part)| match part {
        Part::Slot(slot) => *slot == Slot::StatusListIndex && at > 0,
        Part::Text(text) => at > 0 || text.contains(':'),
        _ => false,
    });
    sound.then_some(parts)
}

fn literal(text: &str) -> Option<Vec<Part>> {
    let mut escaped = false;
    let end = text[1..].find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })?;
    let kind = &text[end + 2..];
    if kind.contains(' ') || (kind == RDF_JSON && text.contains(MARK)) {
        return None; // A graph's name follows, or the escapes of JSON would matter.
    }
    let parts = split(text)?;
    let is_id = |part: &Part| matches!(part, Part::Slot(Slot::CredentialId | Slot::EvidenceId));
    (!parts.iter().any(is_id) && !kind.contains(MARK)).then_some(parts)
}

/// Text and slots by turns.
fn split(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    for (at, piece) in text.split(MARK).enumerate() {
        if at % 2 == 1 {
            parts.push(Part::Slot(Slot::named(piece)?));
        } else if !piece.is_empty() {
            parts.push(Part::Text(piece.to_owned()));
        }
    }
    Some(parts)
}
