//! Expansion and deserialisation to RDF in one walk (JSON-LD 1.1 API, 5 and 8).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::active::Active;
use crate::context::{Coercion, Container, Context, Definition, Keyword, Language, Resolved};
use crate::dataset::{Dataset, Quad, Term};
use crate::define::{Mode, is_language};
use crate::error::{JsonLdError, Problem};
use crate::literal::{json_literal, literal, native, value_object};
use crate::processor::Processor;

const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

/// The walk through one document.
pub(crate) struct Walk<'a> {
    processor: &'a Processor,
    dataset: Dataset,
    rdf_type: Arc<str>,
    /// Blank nodes that the document names.
    labels: HashMap<&'a str, u32>,
    active: Active<'a>,
    depth: usize,
}

/// Where a value stands: what its property means and which graph it is in.
#[derive(Clone, Copy)]
struct Place<'c> {
    context: &'c Arc<Context>,
    definition: Option<&'c Definition>,
    graph: Option<&'c Term>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(processor: &'a Processor) -> Self {
        Self {
            processor,
            dataset: Dataset::with_capacity(64),
            rdf_type: RDF_TYPE.into(),
            labels: HashMap::new(),
            active: Active::new(processor),
            depth: 0,
        }
    }

    pub(crate) fn document(mut self, document: &'a Value) -> Result<Dataset, JsonLdError> {
        let Value::Object(members) = document else {
            return Err(Problem::Malformed("a document must be a json object").into());
        };
        let initial = &self.processor.initial;
        let place = Place { context: initial, definition: None, graph: None };
        match self.object(members, place)? {
            Some(Term::Literal { .. }) | None => {
                Err(Problem::Malformed("a document must be a node, not a value").into())
            }
            Some(_) => Ok(self.dataset),
        }
    }

    /// A node or a value object; nothing when it is a null value.
    fn object(
        &mut self,
        members: &'a Map<String, Value>,
        place: Place<'_>,
    ) -> Result<Option<Term>, JsonLdError> {
        self.depth += 1;
        if self.depth > self.processor.limits.depth {
            return Err(Problem::Limit("levels of nested nodes").into());
        }
        let mut context = place.context.clone();
        if let Some(previous) = &context.previous {
            let reference = members.len() == 1 && context.ids(members).next().is_some();
            if !reference && !context.is_value(members) {
                context = previous.clone();
            }
        }
        if let Some(scoped) = place.definition.and_then(|definition| definition.scoped.as_ref()) {
            context = self.active.scoped(&context, scoped, Mode::Property)?;
        }
        if let Some(local) = members.get("@context") {
            context =
                self.active.local(context, local).map_err(|error| error.inside(&"@context"))?;
        }
        let term = if context.is_value(members) {
            value_object(members, &context)?
        } else {
            Some(self.node(members, context, place.graph)?)
        };
        self.depth -= 1;
        Ok(term)
    }

    fn node(
        &mut self,
        members: &'a Map<String, Value>,
        mut context: Arc<Context>,
        graph: Option<&Term>,
    ) -> Result<Term, JsonLdError> {
        let by_type = context.clone();
        let mut types: Vec<&'a str> = Vec::new();
        for value in by_type.types(members) {
            for one in items(value) {
                let name = one.as_str().ok_or(Problem::Malformed("a type must be a text"))?;
                types.push(name);
            }
        }
        types.sort_unstable();
        for name in &types {
            if let Some(scoped) = by_type.term(name).and_then(|d| d.scoped.as_ref()) {
                context = self.active.scoped(&context, scoped, Mode::Type)?;
            }
        }
        let subject = self.subject(members, &context)?;
        for name in types {
            let object = match by_type.resolve(name, true) {
                Resolved::Iri(iri) => Term::Iri(iri),
                Resolved::Blank(label) => self.named_blank(label),
                _ => return Err(Problem::UndefinedType(name.to_owned()).into()),
            };
            let predicate = self.rdf_type.clone();
            self.push(&subject, &predicate, object, graph)?;
        }
        for (name, value) in members {
            if name != "@context" {
                self.member(&subject, name, value, &context, graph)
                    .map_err(|error| error.inside(name))?;
            }
        }
        Ok(subject)
    }

    fn subject(
        &mut self,
        members: &'a Map<String, Value>,
        context: &Context,
    ) -> Result<Term, JsonLdError> {
        let mut ids = context.ids(members);
        let Some(id) = ids.next() else { return Ok(self.blank()) };
        if ids.next().is_some() {
            return Err(Problem::Malformed("a node must have one id").into());
        }
        let id = id.as_str().ok_or(Problem::Malformed("an id must be a text"))?;
        self.identifier(id, context, false)
    }

    fn member(
        &mut self,
        subject: &Term,
        name: &'a str,
        value: &'a Value,
        context: &Arc<Context>,
        graph: Option<&Term>,
    ) -> Result<(), JsonLdError> {
        let definition = context.term(name).map(|definition| &**definition);
        if let Some(refused) = definition.and_then(|definition| definition.refused) {
            return Err(Problem::Unsupported(refused.to_owned()).into());
        }
        let predicate = match context.resolve(name, true) {
            Resolved::Keyword(Keyword::Id | Keyword::Type | Keyword::Index) => return Ok(()),
            Resolved::Keyword(_) => return Err(Problem::Unsupported(name.to_owned()).into()),
            Resolved::Iri(iri) => iri,
            _ => return Err(Problem::UndefinedTerm(name.to_owned()).into()),
        };
        let place = Place { context, definition, graph };
        let coercion = definition.map_or(&Coercion::Plain, |definition| &definition.coercion);
        if *coercion == Coercion::Json {
            return self.push(subject, &predicate, json_literal(value)?, graph);
        }
        if value.is_null() {
            return Ok(());
        }
        match (definition.map_or(Container::Set, |definition| definition.container), value) {
            (Container::Unsupported(what), _) => Err(Problem::Unsupported(what.to_owned()).into()),
            (Container::List, _) => {
                let mut list = Vec::new();
                self.values(value, place, |_, object| {
                    list.push(object);
                    Ok(())
                })?;
                let head = self.list(list, graph)?;
                self.push(subject, &predicate, head, graph)
            }
            (Container::Language, Value::Object(texts)) => {
                for (language, texts) in texts {
                    let language = match context.resolve(language, true) {
                        Resolved::Keyword(Keyword::None) => None,
                        _ if is_language(language) => Some(language.to_ascii_lowercase().into()),
                        _ => return Err(Problem::Malformed("this is no language tag").into()),
                    };
                    for text in items(texts).iter().filter(|text| !text.is_null()) {
                        let text = text.as_str();
                        let text =
                            text.ok_or(Problem::Malformed("a translation must be a text"))?;
                        let object = Term::Literal {
                            value: text.into(),
                            datatype: None,
                            language: language.clone(),
                        };
                        self.push(subject, &predicate, object, graph)?;
                    }
                }
                Ok(())
            }
            (Container::Index, Value::Object(entries)) => {
                for (key, value) in entries {
                    self.values(value, place, |walk, object| {
                        walk.push(subject, &predicate, object, graph)
                    })
                    .map_err(|error| error.inside(key))?;
                }
                Ok(())
            }
            (Container::Graph, _) => {
                for (at, one) in items(value).iter().enumerate() {
                    self.graph(subject, &predicate, one, place).map_err(|error| {
                        if value.is_array() { error.inside(&at) } else { error }
                    })?;
                }
                Ok(())
            }
            _ => self
                .values(value, place, |walk, object| walk.push(subject, &predicate, object, graph)),
        }
    }

    /// A node in a blank graph of its own, as proofs and embedded credentials are.
    fn graph(
        &mut self,
        subject: &Term,
        predicate: &Arc<str>,
        value: &'a Value,
        place: Place<'_>,
    ) -> Result<(), JsonLdError> {
        let Value::Object(members) = value else {
            return if value.is_null() {
                Ok(())
            } else {
                Err(Problem::Malformed("a graph must be a json object").into())
            };
        };
        let name = self.blank();
        self.push(subject, predicate, name.clone(), place.graph)?;
        match self.object(members, Place { graph: Some(&name), ..place })? {
            Some(Term::Iri(_) | Term::Blank(_)) => Ok(()),
            _ => Err(Problem::Malformed("a graph must hold a node, not a value").into()),
        }
    }

    fn values(
        &mut self,
        value: &'a Value,
        place: Place<'_>,
        mut with: impl FnMut(&mut Self, Term) -> Result<(), JsonLdError>,
    ) -> Result<(), JsonLdError> {
        if let Value::Array(all) = value {
            for (at, one) in all.iter().enumerate() {
                let object = self.value(one, place).map_err(|error| error.inside(&at))?;
                if let Some(object) = object {
                    with(self, object)?;
                }
            }
        } else if let Some(object) = self.value(value, place)? {
            with(self, object)?;
        }
        Ok(())
    }

    /// One value of a property (value expansion).
    fn value(&mut self, value: &'a Value, place: Place<'_>) -> Result<Option<Term>, JsonLdError> {
        let coercion = place.definition.map_or(&Coercion::Plain, |d| &d.coercion);
        match value {
            Value::Null => Ok(None),
            Value::Object(members) => self.object(members, place),
            Value::Array(_) => Err(Problem::Unsupported("a list within a list".to_owned()).into()),
            Value::String(text) => {
                let scoped = match place.definition.and_then(|d| d.scoped.as_ref()) {
                    Some(scoped) => {
                        Some(self.active.scoped(place.context, scoped, Mode::Property)?)
                    }
                    None => None,
                };
                let context = scoped.as_ref().unwrap_or(place.context);
                match coercion {
                    Coercion::Id => self.identifier(text, context, false).map(Some),
                    Coercion::Vocab => self.identifier(text, context, true).map(Some),
                    Coercion::Datatype(datatype) => Ok(Some(literal(text, Some(datatype.clone())))),
                    Coercion::Plain | Coercion::Json => {
                        let language = match place.definition.map(|d| &d.language) {
                            Some(Language::Fixed(language)) => language.clone(),
                            Some(Language::Inherited) | None => context.language.clone(),
                        };
                        let value = text.as_str().into();
                        Ok(Some(Term::Literal { value, datatype: None, language }))
                    }
                }
            }
            Value::Bool(_) | Value::Number(_) => {
                let datatype = match coercion {
                    Coercion::Datatype(datatype) => Some(datatype.clone()),
                    _ => None,
                };
                Ok(Some(native(value, datatype)?))
            }
        }
    }

    fn list(&mut self, items: Vec<Term>, graph: Option<&Term>) -> Result<Term, JsonLdError> {
        let rdf = |name: &str| {
            Arc::<str>::from(format!("http://www.w3.org/1999/02/22-rdf-syntax-ns#{name}"))
        };
        let (first, rest) = (rdf("first"), rdf("rest"));
        let mut head = Term::Iri(rdf("nil"));
        for item in items.into_iter().rev() {
            let cell = self.blank();
            self.push(&cell, &first, item, graph)?;
            self.push(&cell, &rest, head, graph)?;
            head = cell;
        }
        Ok(head)
    }

    fn identifier(
        &mut self,
        text: &'a str,
        context: &Context,
        vocab: bool,
    ) -> Result<Term, JsonLdError> {
        match context.resolve(text, vocab) {
            Resolved::Iri(iri) => Ok(Term::Iri(iri)),
            Resolved::Blank(label) => Ok(self.named_blank(label)),
            _ => Err(Problem::RelativeIri(text.chars().take(256).collect()).into()),
        }
    }

    fn blank(&mut self) -> Term {
        Term::Blank(self.dataset.new_blank())
    }

    fn named_blank(&mut self, label: &'a str) -> Term {
        let dataset = &mut self.dataset;
        Term::Blank(*self.labels.entry(label).or_insert_with(|| dataset.new_blank()))
    }

    fn push(
        &mut self,
        subject: &Term,
        predicate: &Arc<str>,
        object: Term,
        graph: Option<&Term>,
    ) -> Result<(), JsonLdError> {
        if self.dataset.quads().len() >= self.processor.limits.quads {
            return Err(Problem::Limit("statements").into());
        }
        self.dataset.push(Quad {
            subject: subject.clone(),
            predicate: predicate.clone(),
            object,
            graph: graph.cloned(),
        });
        Ok(())
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(all) => all,
        one => std::slice::from_ref(one),
    }
}
