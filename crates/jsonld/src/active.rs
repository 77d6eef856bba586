//! Which context is active where, compiled no more often than needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::bundled::Contexts;
use crate::context::{Context, Entry, Slot};
use crate::define::{Mode, Work, derive};
use crate::error::{JsonLdError, Problem};

/// What is active at a place of a document.
#[derive(Clone, Copy)]
pub(crate) struct Active<'c> {
    pub(crate) context: &'c Context,
    /// What is active again in nested nodes, when the context does not propagate.
    pub(crate) previous: Option<&'c Context>,
}

impl<'c> Active<'c> {
    /// What is active when a context made from this one is.
    fn then(self, context: &'c Context) -> Self {
        Self { context, previous: self.previous_of(context) }
    }

    fn previous_of(self, derived: &Context) -> Option<&'c Context> {
        if derived.propagates { self.previous } else { Some(self.previous.unwrap_or(self.context)) }
    }
}

/// The contexts made of given ones, all that documents have needed so far.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: Context,
    size: AtomicUsize,
}

impl Tree {
    pub(crate) fn new(contexts: &Contexts) -> Self {
        Self { root: Context::initial(contexts.len()), size: AtomicUsize::new(1) }
    }

    pub(crate) fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }
}

/// Makes the contexts of one document, unless they are made already.
pub(crate) struct Compiling<'p> {
    pub(crate) contexts: &'p Contexts,
    pub(crate) tree: &'p Arc<Tree>,
    pub(crate) work: Work,
}

/// What a document's `@context` makes active.
pub(crate) enum Laid<'c> {
    Known(Active<'c>),
    /// A context that is this document's only, and what is active again when it does not propagate.
    Own(Context, Option<&'c Context>),
}

impl Compiling<'_> {
    /// A document's `@context`: given ones are remembered step by step, its own are not.
    pub(crate) fn local<'c>(
        &mut self,
        active: Active<'c>,
        local: &Value,
    ) -> Result<Laid<'c>, JsonLdError> {
        let Value::Array(all) = local else { return self.one(Laid::Known(active), local) };
        let mut laid = Laid::Known(active);
        for (at, one) in all.iter().enumerate() {
            // Specification and practice differ in what this would mean.
            if one.get("@propagate").is_some() {
                let problem = Problem::Unsupported("@propagate within a list of contexts".into());
                return Err(JsonLdError::from(problem).inside(&at));
            }
            laid = self.one(laid, one).map_err(|error| error.inside(&at))?;
        }
        Ok(laid)
    }

    fn one<'c>(&mut self, laid: Laid<'c>, local: &Value) -> Result<Laid<'c>, JsonLdError> {
        match (laid, local) {
            (Laid::Known(active), Value::String(url)) => {
                let index = self.contexts.index(url);
                let index = index.ok_or_else(|| Problem::unknown_context(url))?;
                let slot = &active.context.given[index];
                Ok(Laid::Known(self.fill(slot, active, local, Mode::Document)?))
            }
            (Laid::Known(active), _) => {
                let own = self.derive(active.context, local, Mode::Document, false)?;
                let previous = active.previous_of(&own);
                Ok(Laid::Own(own, previous))
            }
            (Laid::Own(own, previous), _) => {
                Ok(Laid::Own(self.derive(&own, local, Mode::Document, false)?, previous))
            }
        }
    }

    /// The context of a term as property, over the context in which the term stands.
    pub(crate) fn of_property<'c>(
        &mut self,
        active: Active<'c>,
        entry: &'c Entry,
    ) -> Result<Active<'c>, JsonLdError> {
        let (Some(scopes), Some(local)) = (&entry.scopes, &entry.definition.scoped) else {
            return Ok(active);
        };
        self.fill(&scopes.property, active, local, Mode::Property)
    }

    /// The context of a term as property, over the one to which that of the term has reverted.
    pub(crate) fn of_property_reverted<'c>(
        &mut self,
        reverted: Active<'c>,
        entry: &'c Entry,
    ) -> Result<Active<'c>, JsonLdError> {
        let (Some(scopes), Some(local)) = (&entry.scopes, &entry.definition.scoped) else {
            return Ok(reverted);
        };
        self.fill(&scopes.reverted, reverted, local, Mode::Property)
    }

    /// The context of a type, over what the types before it have made active; `stated` is the type
    /// in the context in which the node states it.
    pub(crate) fn of_type<'c>(
        &mut self,
        active: Active<'c>,
        name: &str,
        stated: &'c Entry,
    ) -> Result<Active<'c>, JsonLdError> {
        let Some(local) = &stated.definition.scoped else { return Ok(active) };
        let same = active.context.term(name);
        let same = same.filter(|entry| Arc::ptr_eq(&entry.definition, &stated.definition));
        let Some(scopes) = same.and_then(|entry| entry.scopes.as_ref()) else {
            let what = "a type whose context redefines another type of the same node";
            return Err(Problem::Unsupported(what.to_owned()).into());
        };
        self.fill(&scopes.node, active, local, Mode::Type)
    }

    fn fill<'c>(
        &mut self,
        slot: &'c Slot,
        active: Active<'c>,
        local: &Value,
        mode: Mode,
    ) -> Result<Active<'c>, JsonLdError> {
        if let Some(context) = slot.get() {
            return Ok(active.then(context));
        }
        let context = self.derive(active.context, local, mode, true)?;
        if context.shared {
            self.tree.size.fetch_add(1, Ordering::Relaxed);
        }
        // Another thread may have been faster; what it made is the same.
        Ok(active.then(slot.get_or_init(|| Box::new(context))))
    }

    fn derive(
        &mut self,
        active: &Context,
        local: &Value,
        mode: Mode,
        shared: bool,
    ) -> Result<Context, JsonLdError> {
        derive(self.contexts, &mut self.work, active, local, mode, shared)
    }
}
