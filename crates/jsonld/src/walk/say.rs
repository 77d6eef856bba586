//! How the walk puts into the dataset what it has understood.

use super::Walk;
use crate::context::{Context, Resolved};
use crate::dataset::{Full, Node, Span, Statement};
use crate::error::{JsonLdError, Problem};
use crate::literal::{Kind, Literal};

const RDF_TYPE: &str = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>";
const RDF_FIRST: &str = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#first>";
const RDF_REST: &str = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#rest>";
const RDF_NIL: &str = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>";

impl<'a> Walk<'a> {
    /// The property by which nodes have types, which every document needs often.
    pub(super) fn rdf_type(&mut self) -> Result<Span, JsonLdError> {
        Ok(match self.rdf_type {
            Some(span) => span,
            None => *self.rdf_type.insert(self.dataset.write(&[RDF_TYPE])?),
        })
    }

    pub(super) fn list(
        &mut self,
        items: Vec<Node>,
        graph: Option<Node>,
    ) -> Result<Node, JsonLdError> {
        let mut rdf = |name| self.dataset.write(&[name]);
        let (first, rest) = (rdf(RDF_FIRST)?, rdf(RDF_REST)?);
        let mut head = Node::Text(rdf(RDF_NIL)?);
        for item in items.into_iter().rev() {
            let cell = self.blank();
            self.push(cell, first, item, graph)?;
            self.push(cell, rest, head, graph)?;
            head = cell;
        }
        Ok(head)
    }

    pub(super) fn identifier(
        &mut self,
        text: &'a str,
        context: &Context,
        vocab: bool,
    ) -> Result<Node, JsonLdError> {
        match context.resolve(text, vocab) {
            Resolved::Keyword(_) | Resolved::Undefined => Err(Problem::relative_iri(text).into()),
            resolved => self.resolved(resolved),
        }
    }

    pub(super) fn resolved(&mut self, resolved: Resolved<'_, 'a>) -> Result<Node, JsonLdError> {
        let span = match resolved {
            Resolved::Iri(iri) => self.dataset.write(&[iri.bracketed()]),
            Resolved::Joined(first, second) => self.dataset.write(&["<", first, second, ">"]),
            Resolved::Blank(label) => {
                let dataset = &mut self.dataset;
                let blank = self.labels.entry(label).or_insert_with(|| dataset.new_blank());
                return Ok(Node::Blank(*blank));
            }
            Resolved::Keyword(_) | Resolved::Undefined => {
                return Err(Problem::Malformed("a keyword cannot be spoken of").into());
            }
        };
        Ok(Node::Text(span?))
    }

    pub(super) fn literal(&mut self, literal: &Literal<'_>) -> Result<Node, JsonLdError> {
        let span = match &literal.kind {
            Kind::Plain => self.dataset.write_literal(&literal.value, &[]),
            Kind::Language(tag) => self.dataset.write_literal(&literal.value, &["@", tag]),
            Kind::Datatype(iri) => self.dataset.write_literal(&literal.value, &["^^", iri]),
        };
        Ok(Node::Text(span?))
    }

    pub(super) fn blank(&mut self) -> Node {
        Node::Blank(self.dataset.new_blank())
    }

    pub(super) fn push(
        &mut self,
        subject: Node,
        predicate: Span,
        object: Node,
        graph: Option<Node>,
    ) -> Result<(), JsonLdError> {
        if self.dataset.statements().len() >= self.limits.quads {
            return Err(Problem::Limit("statements").into());
        }
        Ok(self.dataset.push(Statement { subject, predicate, object, graph })?)
    }
}

impl From<Full> for JsonLdError {
    fn from(_: Full) -> Self {
        Problem::Limit("bytes in its statements").into()
    }
}
