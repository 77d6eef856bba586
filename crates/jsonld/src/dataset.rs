//! RDF in memory.

use std::sync::Arc;

/// A subject, object or graph name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// An absolute IRI.
    Iri(Arc<str>),
    /// A blank node: a number below [`Dataset::blanks`].
    Blank(u32),
    /// A literal.
    Literal {
        /// The lexical form.
        value: Arc<str>,
        /// The datatype; none means `xsd:string`, or a language's text.
        datatype: Option<Arc<str>>,
        /// The language tag.
        language: Option<Arc<str>>,
    },
}

/// A statement, in the default graph or a named one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quad {
    /// What is spoken of: an IRI or a blank node.
    pub subject: Term,
    /// The IRI of the property.
    pub predicate: Arc<str>,
    /// Its value.
    pub object: Term,
    /// The graph; none means the default graph.
    pub graph: Option<Term>,
}

impl Quad {
    /// The places where a blank node can stand.
    pub(crate) fn places(&self) -> [Option<&Term>; 3] {
        [Some(&self.subject), Some(&self.object), self.graph.as_ref()]
    }
}

/// Statements in the order in which they were found; repetitions do not count.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    quads: Vec<Quad>,
    blanks: u32,
}

impl Dataset {
    /// Gives the statements.
    pub fn quads(&self) -> &[Quad] {
        &self.quads
    }

    /// Gives the number of blank nodes that were made; they are numbered from zero.
    pub fn blanks(&self) -> u32 {
        self.blanks
    }

    pub(crate) fn new_blank(&mut self) -> u32 {
        self.blanks += 1;
        self.blanks - 1
    }

    pub(crate) fn push(&mut self, quad: Quad) {
        self.quads.push(quad);
    }

    pub(crate) fn with_capacity(quads: usize) -> Self {
        Self { quads: Vec::with_capacity(quads), blanks: 0 }
    }
}
