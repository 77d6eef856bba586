//! RDF in memory.
//!
//! All terms of a dataset stand in one text, written as canonical N-Quads writes them, so that a
//! statement is four small numbers and writing one is copying. Two terms are equal when their
//! texts are.

use crate::nquads::write_escaped;

/// A subject, object or graph name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term<'d> {
    /// A blank node: a number below [`Dataset::blanks`].
    Blank(u32),
    /// An IRI in angle brackets or a literal, as canonical N-Quads writes them.
    Text(&'d str),
}

/// A statement, in the default graph or a named one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quad<'d> {
    /// What is spoken of: an IRI or a blank node.
    pub subject: Term<'d>,
    /// The IRI of the property, in angle brackets.
    pub predicate: &'d str,
    /// Its value.
    pub object: Term<'d>,
    /// The graph; none means the default graph.
    pub graph: Option<Term<'d>>,
}

/// Statements in the order in which they were found; repetitions do not count.
#[derive(Clone, Debug)]
pub struct Dataset {
    text: String,
    statements: Vec<Statement>,
    blanks: u32,
    /// How many bytes the text may have, and so many all statements when they are written.
    limit: usize,
    /// How many bytes the statements have, blank nodes aside.
    said: usize,
}

/// A dataset has no room for what was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// A stretch of a dataset's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// A term, in the dataset that holds its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Blank(u32),
    Text(Span),
}

/// A quad, in the dataset that holds its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) subject: Node,
    pub(crate) predicate: Span,
    pub(crate) object: Node,
    pub(crate) graph: Option<Node>,
}

impl Statement {
    /// The places where a blank node can stand, in the order of the algorithm's `s`, `o` and `g`.
    pub(crate) fn places(&self) -> [Option<u32>; 3] {
        let blank = |node: Node| match node {
            Node::Blank(blank) => Some(blank),
            Node::Text(_) => None,
        };
        [blank(self.subject), blank(self.object), self.graph.and_then(blank)]
    }
}

impl Dataset {
    /// Gives the statements.
    pub fn quads(&self) -> impl ExactSizeIterator<Item = Quad<'_>> {
        self.statements.iter().map(|statement| self.quad(statement))
    }

    /// Gives the number of blank nodes that were made; they are numbered from zero.
    pub fn blanks(&self) -> u32 {
        self.blanks
    }

    pub(crate) fn statements(&self) -> &[Statement] {
        &self.statements
    }

    pub(crate) fn quad(&self, statement: &Statement) -> Quad<'_> {
        let term = |node: Node| match node {
            Node::Blank(blank) => Term::Blank(blank),
            Node::Text(span) => Term::Text(self.text(span)),
        };
        Quad {
            subject: term(statement.subject),
            predicate: self.text(statement.predicate),
            object: term(statement.object),
            graph: statement.graph.map(term),
        }
    }

    pub(crate) fn text(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// Makes an empty dataset; `limit` is in bytes and at most four gibibytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            text: String::with_capacity(8 * 1024),
            statements: Vec::with_capacity(64),
            blanks: 0,
            limit,
            said: 0,
        }
    }

    pub(crate) fn new_blank(&mut self) -> u32 {
        self.blanks += 1;
        self.blanks - 1
    }

    /// Adds a statement. Its terms stand in the text once, but a line of N-Quads has them all.
    pub(crate) fn push(&mut self, statement: Statement) -> Result<(), Full> {
        let places = [Some(statement.subject), Some(statement.object), statement.graph];
        let spans = places.into_iter().flatten().filter_map(|node| match node {
            Node::Text(span) => Some(span),
            Node::Blank(_) => None,
        });
        self.said += spans.chain([statement.predicate]).map(Span::len).sum::<usize>();
        self.statements.push(statement);
        if self.said > self.limit { Err(Full) } else { Ok(()) }
    }

    /// Adds a term that is the parts given, one after the other.
    pub(crate) fn write(&mut self, parts: &[&str]) -> Result<Span, Full> {
        self.write_with(|text| text.extend(parts.iter().copied()))
    }

    /// Adds a literal; `suffix` is its language or datatype as N-Quads writes them, if any.
    pub(crate) fn write_literal(&mut self, value: &str, suffix: &[&str]) -> Result<Span, Full> {
        self.write_with(|text| {
            text.push('"');
            write_escaped(text, value);
            text.push('"');
            text.extend(suffix.iter().copied());
        })
    }

    fn write_with(&mut self, write: impl FnOnce(&mut String)) -> Result<Span, Full> {
        let offset = |text: &String| match u32::try_from(text.len()) {
            Ok(offset) if text.len() <= self.limit => Ok(offset),
            _ => Err(Full),
        };
        let start = offset(&self.text)?;
        write(&mut self.text);
        Ok(Span { start, end: offset(&self.text)? })
    }
}
