//! What a context says about one term.

use std::sync::Arc;

use serde_json::Value;

use crate::iri::Iri;
use crate::keyword::Keyword;

/// What a text stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Iri(Iri),
    Keyword(Keyword),
    /// A term that a context says means nothing.
    Null,
}

/// How the values of a term are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coercion {
    Plain,
    Id,
    Vocab,
    Json,
    Datatype(Iri),
}

/// How the values of a term are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    /// One value or a set of them.
    Set,
    List,
    Language,
    Index,
    Graph,
    Unsupported(&'static str),
}

/// What a term says about the language of its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// Nothing: the language of the context holds.
    Inherited,
    Fixed(Option<Arc<str>>),
}

/// What a context says about a term.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) meaning: Meaning,
    pub(crate) coercion: Coercion,
    pub(crate) container: Container,
    /// A context for the term's values or the nodes of its type.
    pub(crate) scoped: Option<Value>,
    /// Whether compact IRIs may begin with the term.
    pub(crate) prefix: bool,
    pub(crate) language: Language,
    pub(crate) protected: bool,
    /// What it uses that is refused as soon as the term is used.
    pub(crate) refused: Option<&'static str>,
}

impl Definition {
    /// Equality but for protection, as the rule about redefinition wants it.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.meaning == other.meaning
            && self.coercion == other.coercion
            && self.container == other.container
            && self.prefix == other.prefix
            && self.language == other.language
            && self.refused == other.refused
            && self.scoped == other.scoped
    }
}
