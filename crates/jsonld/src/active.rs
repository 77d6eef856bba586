//! Which context is active where, compiled no more often than needed.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::context::{Context, Scoped};
use crate::define::{Mode, derive};
use crate::error::{JsonLdError, Problem};
use crate::processor::{Derivation, Processor, Source};

/// The contexts of one document: the processor remembers those made of given contexts, and this
/// those in which the document has a part.
pub(crate) struct Active<'a> {
    processor: &'a Processor,
    derived: HashMap<Derivation, Arc<Context>>,
    compiled: usize,
}

impl<'a> Active<'a> {
    pub(crate) fn new(processor: &'a Processor) -> Self {
        Self { processor, derived: HashMap::new(), compiled: 0 }
    }

    /// A document's `@context`: given ones are remembered step by step, its own are not.
    pub(crate) fn local(
        &mut self,
        active: Arc<Context>,
        local: &Value,
    ) -> Result<Arc<Context>, JsonLdError> {
        let Value::Array(all) = local else { return self.one(&active, local) };
        let mut context = active;
        for (at, one) in all.iter().enumerate() {
            context = self.one(&context, one).map_err(|error| error.inside(&at))?;
        }
        Ok(context)
    }

    fn one(&mut self, active: &Arc<Context>, local: &Value) -> Result<Arc<Context>, JsonLdError> {
        match local {
            Value::String(url) => match self.processor.contexts.index(url) {
                Some(index) => {
                    self.derive(active, Source::Given(index), local, Mode::Document, true)
                }
                None => Err(Problem::UnknownContext(url.chars().take(256).collect()).into()),
            },
            _ => self.compile(active, local, Mode::Document, false),
        }
    }

    pub(crate) fn scoped(
        &mut self,
        active: &Arc<Context>,
        scoped: &Arc<Scoped>,
        mode: Mode,
    ) -> Result<Arc<Context>, JsonLdError> {
        self.derive(active, Source::Scoped(scoped.id), &scoped.value, mode, scoped.shared)
    }

    fn derive(
        &mut self,
        active: &Arc<Context>,
        source: Source,
        local: &Value,
        mode: Mode,
        shared: bool,
    ) -> Result<Arc<Context>, JsonLdError> {
        let derivation = Derivation { active: active.id, source, mode };
        let lasting = active.shared && shared;
        let known = if lasting {
            self.processor.recall(derivation)
        } else {
            self.derived.get(&derivation).cloned()
        };
        if let Some(context) = known {
            return Ok(context);
        }
        let context = self.compile(active, local, mode, shared)?;
        if lasting {
            self.processor.remember(derivation, &context);
        } else {
            self.derived.insert(derivation, context.clone());
        }
        Ok(context)
    }

    fn compile(
        &mut self,
        active: &Arc<Context>,
        local: &Value,
        mode: Mode,
        shared: bool,
    ) -> Result<Arc<Context>, JsonLdError> {
        self.compiled += 1;
        if self.compiled > self.processor.limits.contexts {
            return Err(Problem::Limit("contexts").into());
        }
        derive(&self.processor.contexts, active, local, mode, shared).map(Arc::new)
    }
}
