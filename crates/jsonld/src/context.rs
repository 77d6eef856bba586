//! Contexts, compiled: what terms mean.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use crate::definition::{Definition, Meaning};
use crate::iri::{Iri, is_absolute, may_continue};
use crate::keyword::Keyword;

/// How many terms of one context may stand for the same keyword.
const MAX_ALIASES: usize = 8;

/// A compiled context: the sum of all contexts that are active at some place of a document.
///
/// Contexts form a tree. What is made by laying a further context over this one stays here, in
/// the slot for that further context, and is found again without being looked for.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) terms: Terms,
    pub(crate) vocab: Option<Iri>,
    pub(crate) language: Option<Arc<str>>,
    /// Whether nested nodes see it, too.
    pub(crate) propagates: bool,
    /// Whether it is made of given contexts only, so that documents share it.
    pub(crate) shared: bool,
    /// What it becomes under each of the given contexts.
    pub(crate) given: Box<[Slot]>,
    /// The terms that stand for `@id`, `@type` and `@value`, and these themselves.
    aliases: [Vec<Arc<str>>; 3],
}

/// Terms come from strangers, too: the hash is seeded, so that none can be made to collide.
pub(crate) type Terms = HashMap<Arc<str>, Entry, foldhash::fast::RandomState>;

/// A place for a context that is made when it is first needed.
pub(crate) type Slot = OnceLock<Box<Context>>;

/// A term in one context.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) definition: Arc<Definition>,
    /// What its own context makes of this one, if it has an own context.
    pub(crate) scopes: Option<Box<Scopes>>,
}

/// What the context inside a term's definition makes when it is laid over others.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    /// For the term as property: over the context in which the term stands.
    pub(crate) property: Slot,
    /// For the term as property: over the context to which that one reverts in nested nodes.
    pub(crate) reverted: Slot,
    /// For the term as type: over the context in which the term stands.
    pub(crate) node: Slot,
}

impl From<Arc<Definition>> for Entry {
    fn from(definition: Arc<Definition>) -> Self {
        let scopes = definition.scoped.as_ref().map(|_| Box::default());
        Self { definition, scopes }
    }
}

/// What an IRI, type or identifier in a document stands for.
#[derive(Clone, Copy)]
pub(crate) enum Resolved<'c, 'a> {
    Iri(&'c Iri),
    /// Both parts together are an absolute IRI.
    Joined(&'c str, &'a str),
    Blank(&'a str),
    Keyword(Keyword),
    Undefined,
}

impl Context {
    /// The context that says nothing; `given` is how many contexts there are to lay over it.
    pub(crate) fn initial(given: usize) -> Self {
        let mut context = Self {
            terms: Terms::default(),
            vocab: None,
            language: None,
            propagates: true,
            shared: true,
            given: slots(given),
            aliases: Default::default(),
        };
        context.index_aliases();
        context
    }

    /// The same meanings in a context of its own, to be added to.
    pub(crate) fn branch(&self, propagates: bool, shared: bool) -> Self {
        let entry = |(term, entry): (&Arc<str>, &Entry)| {
            (term.clone(), Entry::from(entry.definition.clone()))
        };
        Self {
            terms: self.terms.iter().map(entry).collect(),
            vocab: self.vocab.clone(),
            language: self.language.clone(),
            propagates,
            shared: self.shared && shared,
            given: slots(self.given.len()),
            aliases: Default::default(),
        }
    }

    /// Finds the terms that stand for keywords, to be called when all terms are defined; false
    /// when they are too many to be looked for in every node.
    pub(crate) fn index_aliases(&mut self) -> bool {
        let keywords = [(Keyword::Id, "@id"), (Keyword::Type, "@type"), (Keyword::Value, "@value")];
        self.aliases = keywords.map(|(keyword, name)| {
            let stands_for = Meaning::Keyword(keyword);
            let terms =
                self.terms.iter().filter(|(_, entry)| entry.definition.meaning == stands_for);
            let mut names: Vec<Arc<str>> = terms.map(|(term, _)| term.clone()).collect();
            names.push(name.into());
            names.sort_unstable();
            names
        });
        self.aliases.iter().all(|names| names.len() <= MAX_ALIASES)
    }

    pub(crate) fn term(&self, name: &str) -> Option<&Entry> {
        self.terms.get(name)
    }

    pub(crate) fn ids<'m>(
        &self,
        members: &'m Map<String, Value>,
    ) -> impl Iterator<Item = &'m Value> {
        self.aliases[0].iter().filter_map(|name| members.get(&**name))
    }

    pub(crate) fn types<'m>(
        &self,
        members: &'m Map<String, Value>,
    ) -> impl Iterator<Item = &'m Value> {
        self.aliases[1].iter().filter_map(|name| members.get(&**name))
    }

    pub(crate) fn is_value(&self, members: &Map<String, Value>) -> bool {
        self.aliases[2].iter().any(|name| members.contains_key(&**name))
    }

    /// IRI expansion (JSON-LD 1.1 API, 5.2) without a base: relative is undefined.
    pub(crate) fn resolve<'c, 'a>(&'c self, text: &'a str, vocab: bool) -> Resolved<'c, 'a> {
        if text.starts_with('@') {
            return Keyword::parse(text).map_or(Resolved::Undefined, Resolved::Keyword);
        }
        match self.term(text).map(|entry| &entry.definition.meaning) {
            Some(Meaning::Keyword(keyword)) => return Resolved::Keyword(*keyword),
            Some(Meaning::Iri(iri)) if vocab => return Resolved::Iri(iri),
            Some(Meaning::Null) if vocab => return Resolved::Undefined,
            _ => {}
        }
        if let Some((prefix, suffix)) = text.split_once(':').filter(|(p, _)| !p.is_empty()) {
            if prefix == "_" {
                return Resolved::Blank(suffix);
            }
            if !suffix.starts_with("//")
                && let Some(entry) = self.term(prefix).filter(|entry| entry.definition.prefix)
                && let Meaning::Iri(iri) = &entry.definition.meaning
            {
                return joined(iri, suffix);
            }
            if is_absolute(text) {
                return Resolved::Joined("", text);
            }
        }
        match &self.vocab {
            Some(base) if vocab => joined(base, text),
            _ => Resolved::Undefined,
        }
    }
}

fn joined<'c, 'a>(iri: &'c Iri, suffix: &'a str) -> Resolved<'c, 'a> {
    if may_continue(suffix) { Resolved::Joined(iri.bare(), suffix) } else { Resolved::Undefined }
}

fn slots(number: usize) -> Box<[Slot]> {
    std::iter::repeat_with(Slot::new).take(number).collect()
}
