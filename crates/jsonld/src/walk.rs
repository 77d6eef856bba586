//! Expansion and deserialisation to RDF in one walk (JSON-LD 1.1 API, 5 and 8).

mod say;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::active::{Active, Compiling, Laid, Tree};
use crate::context::{Context, Entry, Resolved};
use crate::dataset::{Dataset, Node, Span};
use crate::define::Work;
use crate::definition::{Coercion, Container, Definition, Language, Meaning};
use crate::error::{JsonLdError, Problem};
use crate::keyword::Keyword;
use crate::literal::{Literal, datatype, language, value_object};
use crate::processor::{Limits, Processor};

/// The walk through one document.
pub(crate) struct Walk<'a> {
    limits: Limits,
    compiling: Compiling<'a>,
    /// The member of the document itself that does not count.
    without: Option<&'a str>,
    dataset: Dataset,
    rdf_type: Option<Span>,
    /// Blank nodes that the document names.
    labels: HashMap<&'a str, u32>,
    /// The types of the node that is being read; kept for its memory.
    types: Vec<&'a str>,
    depth: usize,
}

/// Where a value stands: what its property means and which graph it is in.
#[derive(Clone, Copy)]
struct Place<'c> {
    active: Active<'c>,
    property: Option<&'c Entry>,
    graph: Option<Node>,
}

impl<'c> Place<'c> {
    fn definition(&self) -> Option<&'c Definition> {
        self.property.map(|entry| &*entry.definition)
    }
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        processor: &'a Processor,
        tree: &'a Arc<Tree>,
        without: Option<&'a str>,
    ) -> Self {
        let limits = processor.limits;
        let work = Work { contexts: limits.contexts, definitions: limits.definitions };
        Self {
            limits,
            compiling: Compiling { contexts: &processor.contexts, tree, work },
            without,
            dataset: Dataset::new(limits.bytes),
            rdf_type: None,
            labels: HashMap::new(),
            types: Vec::new(),
            depth: 0,
        }
    }

    pub(crate) fn document(mut self, document: &'a Value) -> Result<Dataset, JsonLdError> {
        let Value::Object(members) = document else {
            return Err(Problem::Malformed("a document must be a json object").into());
        };
        let active = Active { context: &self.compiling.tree.root, previous: None };
        let place = Place { active, property: None, graph: None };
        match self.object(members, place)? {
            Some(Object::Node(_)) => Ok(self.dataset),
            _ => Err(Problem::Malformed("a document must be a node, not a value").into()),
        }
    }

    /// A node or a value object; nothing when it is a null value.
    fn object(
        &mut self,
        members: &'a Map<String, Value>,
        place: Place<'_>,
    ) -> Result<Option<Object>, JsonLdError> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(Problem::Limit("levels of nested nodes").into());
        }
        // Declared first, so that what it makes active can refer to it.
        let own: Context;
        let mut active = self.enter(members, place)?;
        if let Some(local) = members.get("@context") {
            let laid = self.compiling.local(active, local);
            active = match laid.map_err(|error| error.inside(&"@context"))? {
                Laid::Known(active) => active,
                Laid::Own(context, previous) => {
                    own = context;
                    Active { context: &own, previous }
                }
            };
        }
        let object = if active.context.is_value(members) {
            match value_object(members, active.context)? {
                Some(literal) => Some(Object::Literal(self.literal(&literal)?)),
                None => None,
            }
        } else {
            Some(Object::Node(self.node(members, active, place.graph)?))
        };
        self.depth -= 1;
        Ok(object)
    }

    /// What is active in an object before its own `@context`: contexts of types do not reach into
    /// nested nodes, and the property may have a context for its values.
    fn enter<'c>(
        &mut self,
        members: &Map<String, Value>,
        place: Place<'c>,
    ) -> Result<Active<'c>, JsonLdError> {
        let Active { context, previous } = place.active;
        if let Some(previous) = previous {
            let reference = members.len() == 1 && context.ids(members).next().is_some();
            if !reference && !context.is_value(members) {
                let reverted = Active { context: previous, previous: None };
                return match place.property {
                    Some(entry) => self.compiling.of_property_reverted(reverted, entry),
                    None => Ok(reverted),
                };
            }
        }
        match place.property {
            Some(entry) => self.compiling.of_property(place.active, entry),
            None => Ok(place.active),
        }
    }

    fn node(
        &mut self,
        members: &'a Map<String, Value>,
        stated: Active<'_>,
        graph: Option<Node>,
    ) -> Result<Node, JsonLdError> {
        let mut types = std::mem::take(&mut self.types);
        types.clear();
        for value in stated.context.types(members) {
            for one in items(value) {
                types.push(one.as_str().ok_or(Problem::Malformed("a type must be a text"))?);
            }
        }
        types.sort_unstable();
        let mut active = stated;
        for name in &types {
            if let Some(entry) = stated.context.term(name) {
                active = self.compiling.of_type(active, name, entry)?;
            }
        }
        let subject = self.subject(members, active.context)?;
        for name in &types {
            let object = match stated.context.resolve(name, true) {
                Resolved::Keyword(_) | Resolved::Undefined => {
                    return Err(Problem::undefined_type(name).into());
                }
                resolved => self.resolved(resolved)?,
            };
            let predicate = self.rdf_type()?;
            self.push(subject, predicate, object, graph)?;
        }
        self.types = types;
        for (name, value) in members {
            let counts = self.depth > 1 || self.without != Some(name);
            if name != "@context" && counts {
                self.member(subject, name, value, active, graph)
                    .map_err(|error| error.inside(name))?;
            }
        }
        Ok(subject)
    }

    fn subject(
        &mut self,
        members: &'a Map<String, Value>,
        context: &Context,
    ) -> Result<Node, JsonLdError> {
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
        subject: Node,
        name: &'a str,
        value: &'a Value,
        active: Active<'_>,
        graph: Option<Node>,
    ) -> Result<(), JsonLdError> {
        let property = active.context.term(name);
        if let Some(refused) = property.and_then(|entry| entry.definition.refused) {
            return Err(Problem::Unsupported(refused.to_owned()).into());
        }
        let meaning = match property.map(|entry| &entry.definition.meaning) {
            Some(Meaning::Iri(iri)) => Resolved::Iri(iri),
            _ => active.context.resolve(name, true),
        };
        let predicate = match meaning {
            Resolved::Iri(iri) => self.dataset.write(&[iri.bracketed()])?,
            Resolved::Joined(first, second) => self.dataset.write(&["<", first, second, ">"])?,
            Resolved::Keyword(Keyword::Id | Keyword::Type | Keyword::Index) => return Ok(()),
            Resolved::Keyword(_) => return Err(Problem::Unsupported(name.to_owned()).into()),
            Resolved::Blank(_) | Resolved::Undefined => {
                return Err(Problem::undefined_term(name).into());
            }
        };
        let place = Place { active, property, graph };
        let definition = place.definition();
        if definition.is_some_and(|definition| definition.coercion == Coercion::Json) {
            let object = self.literal(&Literal::json(value)?)?;
            return self.push(subject, predicate, object, graph);
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
                self.push(subject, predicate, head, graph)
            }
            (Container::Language, Value::Object(texts)) => {
                self.translations(subject, predicate, texts, active.context, graph)
            }
            (Container::Index, Value::Object(entries)) => {
                for (key, value) in entries {
                    self.values(value, place, |walk, object| {
                        walk.push(subject, predicate, object, graph)
                    })
                    .map_err(|error| error.inside(key))?;
                }
                Ok(())
            }
            (Container::Graph, _) => {
                for (at, one) in items(value).iter().enumerate() {
                    self.graph(subject, predicate, one, place).map_err(|error| {
                        if value.is_array() { error.inside(&at) } else { error }
                    })?;
                }
                Ok(())
            }
            _ => self
                .values(value, place, |walk, object| walk.push(subject, predicate, object, graph)),
        }
    }

    /// Texts by their language.
    fn translations(
        &mut self,
        subject: Node,
        predicate: Span,
        texts: &'a Map<String, Value>,
        context: &Context,
        graph: Option<Node>,
    ) -> Result<(), JsonLdError> {
        for (tag, texts) in texts {
            let tag = match context.resolve(tag, true) {
                Resolved::Keyword(Keyword::None) => None,
                _ => Some(language(tag).ok_or(Problem::Malformed("this is no language tag"))?),
            };
            for text in items(texts).iter().filter(|text| !text.is_null()) {
                let text = text.as_str();
                let text = text.ok_or(Problem::Malformed("a translation must be a text"))?;
                let object = self.literal(&Literal::plain(text, tag.as_deref()))?;
                self.push(subject, predicate, object, graph)?;
            }
        }
        Ok(())
    }

    /// A node in a blank graph of its own, as proofs and embedded credentials are.
    fn graph(
        &mut self,
        subject: Node,
        predicate: Span,
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
        self.push(subject, predicate, name, place.graph)?;
        match self.object(members, Place { graph: Some(name), ..place })? {
            Some(Object::Node(_)) => Ok(()),
            _ => Err(Problem::Malformed("a graph must hold a node, not a value").into()),
        }
    }

    fn values(
        &mut self,
        value: &'a Value,
        place: Place<'_>,
        mut with: impl FnMut(&mut Self, Node) -> Result<(), JsonLdError>,
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
    fn value(&mut self, value: &'a Value, place: Place<'_>) -> Result<Option<Node>, JsonLdError> {
        let definition = place.definition();
        let coercion = definition.map_or(&Coercion::Plain, |definition| &definition.coercion);
        match value {
            Value::Null => Ok(None),
            Value::Object(members) => Ok(self.object(members, place)?.map(Object::into_node)),
            Value::Array(_) => Err(Problem::Unsupported("a list within a list".to_owned()).into()),
            Value::String(text) => {
                let active = match place.property {
                    Some(entry) => self.compiling.of_property(place.active, entry)?,
                    None => place.active,
                };
                match coercion {
                    Coercion::Id => self.identifier(text, active.context, false),
                    Coercion::Vocab => self.identifier(text, active.context, true),
                    Coercion::Datatype(iri) => self.literal(&Literal::typed(text, datatype(iri))),
                    Coercion::Plain | Coercion::Json => {
                        let language = match definition.map(|definition| &definition.language) {
                            Some(Language::Fixed(language)) => language,
                            Some(Language::Inherited) | None => &active.context.language,
                        };
                        self.literal(&Literal::plain(text, language.as_deref()))
                    }
                }
                .map(Some)
            }
            Value::Bool(_) | Value::Number(_) => {
                let datatype = match coercion {
                    Coercion::Datatype(iri) => Some(datatype(iri)),
                    _ => None,
                };
                self.literal(&Literal::native(value, datatype)?).map(Some)
            }
        }
    }
}

/// What an object of JSON is.
enum Object {
    Node(Node),
    Literal(Node),
}

impl Object {
    fn into_node(self) -> Node {
        match self {
            Self::Node(node) | Self::Literal(node) => node,
        }
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(all) => all,
        one => std::slice::from_ref(one),
    }
}
