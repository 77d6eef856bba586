//! Compiling contexts (JSON-LD 1.1 API, 4.1 and 4.2).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::bundled::Contexts;
use crate::context::{Context, Entry, Resolved};
use crate::definition::{Coercion, Container, Definition, Language, Meaning};
use crate::error::{JsonLdError, Problem};
use crate::iri::Iri;
use crate::keyword::Keyword;

/// How deep contexts may name one another, and terms be defined by further terms.
const MAX_NESTING: usize = 8;

/// How a context is laid over another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A document's own context.
    Document,
    /// That of a term, for its values: it may redefine protected terms.
    Property,
    /// That of a type, for its nodes only: nested nodes do not see it.
    Type,
}

/// What may still be compiled for a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) contexts: usize,
    /// Terms that are defined, or taken over from the context beneath.
    pub(crate) definitions: usize,
}

impl Work {
    fn context(&mut self, taken_over: usize) -> Result<(), JsonLdError> {
        self.contexts = self.contexts.checked_sub(1).ok_or(Problem::Limit("contexts"))?;
        self.definitions(taken_over)
    }

    fn definitions(&mut self, number: usize) -> Result<(), JsonLdError> {
        let left = self.definitions.checked_sub(number);
        self.definitions = left.ok_or(Problem::Limit("terms in its contexts"))?;
        Ok(())
    }
}

/// Lays a context over another. `shared` says that it comes from a given context.
pub(crate) fn derive(
    contexts: &Contexts,
    work: &mut Work,
    active: &Context,
    local: &Value,
    mode: Mode,
    shared: bool,
) -> Result<Context, JsonLdError> {
    let stated = local.get("@propagate").map(|p| p.as_bool().ok_or_else(|| bad("@propagate")));
    let propagates = stated.transpose()?.unwrap_or(mode != Mode::Type);
    work.context(active.terms.len())?;
    let result = active.branch(propagates, shared);
    let mut compiler = Compiler { contexts, work, result, may_override: mode == Mode::Property };
    compiler.lay(local, 0)?;
    if !compiler.result.index_aliases() {
        return Err(Problem::Limit("terms for one keyword").into());
    }
    Ok(compiler.result)
}

struct Compiler<'a> {
    contexts: &'a Contexts,
    work: &'a mut Work,
    result: Context,
    may_override: bool,
}

/// The terms of one local context while they are being defined, some in terms of others.
struct Local<'a> {
    members: &'a Map<String, Value>,
    /// Whether the definition is complete (true) or under way (false).
    defined: HashMap<&'a str, bool>,
    /// How many definitions are under way.
    nesting: usize,
    protected: bool,
}

impl Compiler<'_> {
    fn lay(&mut self, local: &Value, nesting: usize) -> Result<(), JsonLdError> {
        if nesting > MAX_NESTING {
            return Err(Problem::Limit("contexts that name contexts").into());
        }
        match local {
            Value::Array(all) => all.iter().try_for_each(|one| self.lay(one, nesting + 1)),
            Value::Null => self.clear(),
            Value::String(url) => {
                let document = self.contexts.get(url);
                let document = document.ok_or_else(|| Problem::unknown_context(url))?;
                let inner = document.get("@context").ok_or_else(|| bad("it has no @context"))?;
                self.lay(inner, nesting + 1)
            }
            // Some write a whole context document where a context is meant.
            Value::Object(members) if members.len() == 1 && local["@context"].is_object() => {
                self.lay(&local["@context"], nesting + 1)
            }
            Value::Object(members) => self.lay_object(members),
            _ => Err(bad("it is neither object, url, list nor null")),
        }
    }

    fn clear(&mut self) -> Result<(), JsonLdError> {
        let mut protected = self.result.terms.iter().filter(|(_, e)| e.definition.protected);
        if let Some((term, _)) = protected.next().filter(|_| !self.may_override) {
            return Err(Problem::Protected(term.to_string()).into());
        }
        self.result.terms.clear();
        self.result.vocab = None;
        self.result.language = None;
        Ok(())
    }

    fn lay_object(&mut self, members: &Map<String, Value>) -> Result<(), JsonLdError> {
        for (name, value) in members.iter().filter(|(name, _)| name.starts_with('@')) {
            let fine = match name.as_str() {
                "@version" => value.as_f64() == Some(1.1),
                "@protected" | "@propagate" => value.is_boolean(),
                "@language" => value.is_null() || value.as_str().is_some_and(is_language),
                "@vocab" => value.is_null() || value.is_string(),
                "@direction" | "@base" => value.is_null(),
                // The one redefinition of a keyword that JSON-LD 1.1 allows; it changes nothing.
                "@type" => value.as_object().is_some_and(|definition| {
                    definition.iter().all(|(name, value)| match name.as_str() {
                        "@container" => value == "@set",
                        "@protected" => value.is_boolean(),
                        _ => false,
                    })
                }),
                _ => false,
            };
            if !fine {
                return Err(bad(&format!("its {name} is not supported")));
            }
        }
        match members.get("@vocab") {
            Some(Value::String(vocab)) => match iri(self.result.resolve(vocab, true)) {
                Some(iri) => self.result.vocab = Some(iri),
                None => return Err(bad("its @vocab is not an absolute iri")),
            },
            Some(_) => self.result.vocab = None,
            None => {}
        }
        if let Some(language) = members.get("@language") {
            self.result.language = language.as_str().map(|text| text.to_ascii_lowercase().into());
        }
        let protected = members.get("@protected").and_then(Value::as_bool).unwrap_or(false);
        let mut local = Local { members, defined: HashMap::new(), nesting: 0, protected };
        for term in members.keys().filter(|term| !term.starts_with('@')) {
            self.define(&mut local, term)?;
        }
        Ok(())
    }

    fn define<'a>(&mut self, local: &mut Local<'a>, term: &'a str) -> Result<(), JsonLdError> {
        match local.defined.insert(term, false) {
            Some(true) => {
                local.defined.insert(term, true);
                return Ok(());
            }
            Some(false) => return Err(bad(&format!("the term {term:?} is defined by itself"))),
            None => {}
        }
        if term.is_empty() {
            return Err(bad("it defines a term without name"));
        }
        if local.nesting > MAX_NESTING {
            return Err(Problem::Limit("terms defined by further terms").into());
        }
        self.work.definitions(1)?;
        local.nesting += 1;
        let mut definition = Arc::new(self.definition(local, term)?);
        local.nesting -= 1;
        let earlier = self.result.terms.get(term).map(|entry| &entry.definition);
        if let Some(earlier) = earlier.filter(|e| e.protected && !self.may_override) {
            if !definition.says_the_same(earlier) {
                return Err(Problem::Protected(term.to_owned()).into());
            }
            definition = earlier.clone();
        }
        self.result.terms.insert(term.into(), Entry::from(definition));
        local.defined.insert(term, true);
        Ok(())
    }

    fn definition<'a>(
        &mut self,
        local: &mut Local<'a>,
        term: &'a str,
    ) -> Result<Definition, JsonLdError> {
        let wrong = |what: &str| bad(&format!("the term {term:?} {what}"));
        let mut definition = Definition {
            meaning: Meaning::Null,
            coercion: Coercion::Plain,
            container: Container::Set,
            scoped: None,
            prefix: false,
            language: Language::Inherited,
            protected: local.protected,
            refused: None,
        };
        let members = match &local.members[term] {
            Value::Null => return Ok(definition),
            Value::String(id) => {
                definition.meaning = self.meaning(local, term, Some(id))?;
                definition.prefix = !term.contains([':', '/'])
                    && matches!(&definition.meaning, Meaning::Iri(iri)
                        if iri.bare().ends_with([':', '/', '?', '#', '[', ']', '@']));
                return Ok(definition);
            }
            Value::Object(members) => members,
            _ => return Err(wrong("is neither iri, object nor null")),
        };
        match members.get("@protected") {
            Some(Value::Bool(protected)) => definition.protected = *protected,
            Some(_) => return Err(wrong("has an @protected that is not a boolean")),
            None => {}
        }
        for (name, value) in members {
            match name.as_str() {
                "@prefix" => {
                    definition.prefix =
                        value.as_bool().ok_or_else(|| wrong("has a malformed @prefix"))?;
                }
                "@language" if value.is_null() => definition.language = Language::Fixed(None),
                "@language" => {
                    let language = value.as_str().filter(|text| is_language(text));
                    let language = language.ok_or_else(|| wrong("has a malformed @language"))?;
                    let language = language.to_ascii_lowercase().into();
                    definition.language = Language::Fixed(Some(language));
                }
                "@reverse" => definition.refused = Some("@reverse"),
                "@index" => definition.refused = Some("a property as @index"),
                "@direction" if !value.is_null() => definition.refused = Some("@direction"),
                // These are read below, or matter for compaction only.
                "@id" | "@type" | "@container" | "@context" | "@protected" | "@direction"
                | "@nest" => {}
                _ => return Err(wrong(&format!("has the unknown member {name:?}"))),
            }
        }
        definition.meaning = match members.get("@id") {
            _ if definition.refused == Some("@reverse") => Meaning::Null,
            Some(Value::Null) => Meaning::Null,
            Some(Value::String(id)) => self.meaning(local, term, Some(id))?,
            Some(_) => return Err(wrong("has an @id that is not a text")),
            None => self.meaning(local, term, None)?,
        };
        definition.coercion = match members.get("@type") {
            None => Coercion::Plain,
            Some(Value::String(name)) => match self.resolve_in(local, name)? {
                Resolved::Keyword(Keyword::Id) => Coercion::Id,
                Resolved::Keyword(Keyword::Vocab) => Coercion::Vocab,
                Resolved::Keyword(Keyword::Json) => Coercion::Json,
                Resolved::Keyword(Keyword::None) => Coercion::Plain,
                other => match iri(other) {
                    Some(iri) => Coercion::Datatype(iri),
                    None => return Err(wrong("has an @type that means nothing")),
                },
            },
            Some(_) => return Err(wrong("has an @type that is not a text")),
        };
        definition.container =
            container(members.get("@container")).ok_or_else(|| wrong("has a bad @container"))?;
        definition.scoped = members.get("@context").cloned();
        Ok(definition)
    }

    /// What a term stands for: its `@id`, or itself as compact IRI, or a word of the vocabulary.
    fn meaning<'a>(
        &mut self,
        local: &mut Local<'a>,
        term: &'a str,
        id: Option<&'a String>,
    ) -> Result<Meaning, JsonLdError> {
        let wrong = |what: &str| bad(&format!("the term {term:?} {what}"));
        let resolved = match id {
            Some(id) if id != term => self.resolve_in(local, id)?,
            _ if term.contains(':') => {
                self.define_prefix(local, term)?;
                self.result.resolve(term, false)
            }
            _ => match &self.result.vocab {
                Some(vocab) => Resolved::Joined(vocab.bare(), term),
                None => Resolved::Undefined,
            },
        };
        match resolved {
            Resolved::Keyword(Keyword::Context) => Err(wrong("stands for @context")),
            Resolved::Keyword(keyword) => Ok(Meaning::Keyword(keyword)),
            Resolved::Blank(_) => Err(wrong("stands for a blank node")),
            other => iri(other)
                .map(Meaning::Iri)
                .ok_or_else(|| wrong("stands for no absolute iri of bearable length")),
        }
    }

    /// Resolves a text for which terms of the same context may have to be defined first.
    fn resolve_in<'a>(
        &mut self,
        local: &mut Local<'a>,
        text: &'a str,
    ) -> Result<Resolved<'_, 'a>, JsonLdError> {
        let known = local.members.contains_key(text) && !text.starts_with('@');
        if known && local.defined.get(text) != Some(&true) {
            self.define(local, text)?;
        } else {
            self.define_prefix(local, text)?;
        }
        Ok(self.result.resolve(text, true))
    }

    fn define_prefix<'a>(
        &mut self,
        local: &mut Local<'a>,
        text: &'a str,
    ) -> Result<(), JsonLdError> {
        match text.split_once(':') {
            Some((prefix, suffix))
                if !suffix.starts_with("//")
                    && local.members.contains_key(prefix)
                    && local.defined.get(prefix) != Some(&true) =>
            {
                self.define(local, prefix)
            }
            _ => Ok(()),
        }
    }
}

fn iri(resolved: Resolved<'_, '_>) -> Option<Iri> {
    match resolved {
        Resolved::Iri(iri) => Some(iri.clone()),
        Resolved::Joined(first, second) => Iri::join(first, second),
        _ => None,
    }
}

fn container(value: Option<&Value>) -> Option<Container> {
    let names: Vec<&str> = match value {
        None | Some(Value::Null) => return Some(Container::Set),
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().map(Value::as_str).collect::<Option<_>>()?,
        Some(_) => return None,
    };
    let mut container = Container::Set;
    for name in names {
        let next = match name {
            "@set" => continue,
            "@list" => Container::List,
            "@language" => Container::Language,
            "@index" => Container::Index,
            "@graph" => Container::Graph,
            "@id" => Container::Unsupported("a container of @id"),
            "@type" => Container::Unsupported("a container of @type"),
            _ => return None,
        };
        container = if container == Container::Set {
            next
        } else {
            Container::Unsupported("a combination of containers")
        };
    }
    Some(container)
}

/// A well-formed language tag, as far as its shape goes (BCP 47).
pub(crate) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let sized = |part: &str| (1..=8).contains(&part.len());
    parts.next().is_some_and(|part| sized(part) && part.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(|part| sized(part) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn bad(what: &str) -> JsonLdError {
    Problem::Context(what.to_owned()).into()
}
