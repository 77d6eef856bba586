//! Contexts, compiled: what terms mean.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use crate::iri::is_absolute;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A number that no other context or scoped context of this process has.
pub(crate) fn next_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// The keywords that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Id,
    Type,
    Value,
    Language,
    Index,
    None,
    Json,
    Vocab,
    Context,
    Refused(&'static str),
}

impl Keyword {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "@id" => Self::Id,
            "@type" => Self::Type,
            "@value" => Self::Value,
            "@language" => Self::Language,
            "@index" => Self::Index,
            "@none" => Self::None,
            "@json" => Self::Json,
            "@vocab" => Self::Vocab,
            "@context" => Self::Context,
            "@base" => Self::Refused("@base"),
            "@container" => Self::Refused("@container"),
            "@direction" => Self::Refused("@direction"),
            "@graph" => Self::Refused("@graph"),
            "@import" => Self::Refused("@import"),
            "@included" => Self::Refused("@included"),
            "@list" => Self::Refused("@list"),
            "@nest" => Self::Refused("@nest"),
            "@prefix" => Self::Refused("@prefix"),
            "@propagate" => Self::Refused("@propagate"),
            "@protected" => Self::Refused("@protected"),
            "@reverse" => Self::Refused("@reverse"),
            "@set" => Self::Refused("@set"),
            "@version" => Self::Refused("@version"),
            _ => return None,
        })
    }
}

/// What a text stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Iri(Arc<str>),
    Keyword(Keyword),
    /// A term that a context says means nothing.
    Null,
}

/// What an IRI, type or identifier in a document stands for.
pub(crate) enum Resolved<'a> {
    Iri(Arc<str>),
    Blank(&'a str),
    Keyword(Keyword),
    Undefined,
}

/// How the values of a term are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coercion {
    Plain,
    Id,
    Vocab,
    Json,
    Datatype(Arc<str>),
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

/// A context inside the definition of a term, for its values or the nodes of its type.
#[derive(Debug)]
pub(crate) struct Scoped {
    pub(crate) id: u64,
    /// From a given context, and not from a document.
    pub(crate) shared: bool,
    pub(crate) value: Value,
}

/// What a context says about a term.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) meaning: Meaning,
    pub(crate) coercion: Coercion,
    pub(crate) container: Container,
    pub(crate) scoped: Option<Arc<Scoped>>,
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
        fn scoped(definition: &Definition) -> Option<&Value> {
            definition.scoped.as_ref().map(|scoped| &scoped.value)
        }
        self.meaning == other.meaning
            && self.coercion == other.coercion
            && self.container == other.container
            && self.prefix == other.prefix
            && self.language == other.language
            && self.refused == other.refused
            && scoped(self) == scoped(other)
    }
}

/// A compiled context: the sum of all contexts that are active at some place of a document.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) id: u64,
    /// Made of given contexts only, so that it may be remembered.
    pub(crate) shared: bool,
    pub(crate) terms: HashMap<Arc<str>, Arc<Definition>>,
    pub(crate) vocab: Option<Arc<str>>,
    pub(crate) language: Option<Arc<str>>,
    /// What is active again in nested nodes, when this context does not propagate.
    pub(crate) previous: Option<Arc<Context>>,
    /// The terms that stand for `@id`, `@type` and `@value`, and these themselves.
    aliases: [Vec<Arc<str>>; 3],
}

impl Context {
    pub(crate) fn initial() -> Self {
        let mut context = Self {
            id: 0,
            shared: true,
            terms: HashMap::new(),
            vocab: None,
            language: None,
            previous: None,
            aliases: Default::default(),
        };
        context.index_aliases();
        context
    }

    /// Finds the terms that stand for keywords; to be called when all terms are defined.
    pub(crate) fn index_aliases(&mut self) {
        let keywords = [(Keyword::Id, "@id"), (Keyword::Type, "@type"), (Keyword::Value, "@value")];
        self.aliases = keywords.map(|(keyword, name)| {
            let stands_for = Meaning::Keyword(keyword);
            let terms = self.terms.iter().filter(|(_, d)| d.meaning == stands_for);
            let mut names: Vec<Arc<str>> = terms.map(|(term, _)| term.clone()).collect();
            names.push(name.into());
            names.sort_unstable();
            names
        });
    }

    pub(crate) fn term(&self, name: &str) -> Option<&Arc<Definition>> {
        self.terms.get(name)
    }

    pub(crate) fn ids<'m>(&self, members: &'m Map<String, Value>) -> Entries<'_, 'm> {
        Entries { names: self.aliases[0].iter(), members }
    }

    pub(crate) fn types<'m>(&self, members: &'m Map<String, Value>) -> Entries<'_, 'm> {
        Entries { names: self.aliases[1].iter(), members }
    }

    pub(crate) fn is_value(&self, members: &Map<String, Value>) -> bool {
        Entries { names: self.aliases[2].iter(), members }.next().is_some()
    }

    /// IRI expansion (JSON-LD 1.1 API, 5.2) without a base: relative is undefined.
    pub(crate) fn resolve<'a>(&self, text: &'a str, vocab: bool) -> Resolved<'a> {
        if text.starts_with('@') {
            return Keyword::parse(text).map_or(Resolved::Undefined, Resolved::Keyword);
        }
        match self.term(text).map(|definition| &definition.meaning) {
            Some(Meaning::Keyword(keyword)) => return Resolved::Keyword(*keyword),
            Some(Meaning::Iri(iri)) if vocab => return Resolved::Iri(iri.clone()),
            Some(Meaning::Null) if vocab => return Resolved::Undefined,
            _ => {}
        }
        if let Some((prefix, suffix)) = text.split_once(':').filter(|(p, _)| !p.is_empty()) {
            if prefix == "_" {
                return Resolved::Blank(suffix);
            }
            if !suffix.starts_with("//")
                && let Some(definition) = self.term(prefix).filter(|d| d.prefix)
                && let Meaning::Iri(iri) = &definition.meaning
            {
                return absolute(format!("{iri}{suffix}").into());
            }
            if is_absolute(text) {
                return Resolved::Iri(text.into());
            }
        }
        match &self.vocab {
            Some(base) if vocab => absolute(format!("{base}{text}").into()),
            _ => Resolved::Undefined,
        }
    }
}

fn absolute<'a>(iri: Arc<str>) -> Resolved<'a> {
    if is_absolute(&iri) { Resolved::Iri(iri) } else { Resolved::Undefined }
}

/// The members of a node whose names stand for one keyword.
pub(crate) struct Entries<'c, 'm> {
    names: std::slice::Iter<'c, Arc<str>>,
    members: &'m Map<String, Value>,
}

impl<'m> Iterator for Entries<'_, 'm> {
    type Item = &'m Value;

    fn next(&mut self) -> Option<&'m Value> {
        self.names.by_ref().find_map(|name| self.members.get(&**name))
    }
}
