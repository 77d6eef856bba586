//! Documents to datasets.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::bundled::Contexts;
use crate::context::Context;
use crate::dataset::Dataset;
use crate::define::Mode;
use crate::error::JsonLdError;
use crate::walk::Walk;

/// How many compiled contexts are remembered before all are forgotten and compiled anew.
const MAX_REMEMBERED: usize = 512;

/// How large a document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nested nodes.
    pub depth: usize,
    /// Statements.
    pub quads: usize,
    /// Contexts that are compiled for one document because they are not remembered.
    pub contexts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, quads: 50_000, contexts: 256 }
    }
}

/// Turns JSON-LD documents into RDF datasets. Made once and shared.
#[derive(Debug)]
pub struct Processor {
    pub(crate) contexts: Contexts,
    pub(crate) limits: Limits,
    pub(crate) initial: Arc<Context>,
    remembered: RwLock<HashMap<Derivation, Arc<Context>>>,
}

/// Which context was laid over which other, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Derivation {
    pub(crate) active: u64,
    pub(crate) source: Source,
    pub(crate) mode: Mode,
}

/// Where a context stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// Among the given contexts.
    Given(usize),
    /// In the definition of a term.
    Scoped(u64),
}

impl Processor {
    /// Makes a processor that knows the given contexts and no others.
    pub fn new(contexts: Contexts) -> Self {
        Self::with_limits(contexts, Limits::default())
    }

    /// Makes a processor with other limits than the usual ones.
    pub fn with_limits(contexts: Contexts, limits: Limits) -> Self {
        Self {
            contexts,
            limits,
            initial: Arc::new(Context::initial()),
            remembered: RwLock::default(),
        }
    }

    /// Expands a document and turns it into statements, without base IRI and without loss.
    ///
    /// # Errors
    /// When a term, type or identifier is undefined or relative, something is not supported, or a
    /// limit is exceeded; the error names the place.
    pub fn to_quads(&self, document: &Value) -> Result<Dataset, JsonLdError> {
        Walk::new(self).document(document)
    }

    pub(crate) fn recall(&self, derivation: Derivation) -> Option<Arc<Context>> {
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
        remembered.get(&derivation).cloned()
    }

    /// Only contexts that are made of given ones come here, never those of a document.
    pub(crate) fn remember(&self, derivation: Derivation, context: &Arc<Context>) {
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(derivation, context.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contexts_of_documents_are_not_remembered() {
        let processor = Processor::new(Contexts::bundled());
        let remembered = || processor.remembered.read().unwrap().len();
        let given = "https://www.w3.org/ns/credentials/v2";
        let document = |own: &str| {
            json!({
                "@context": [given, {own: {"@id": "https://x.example/", "@context": {"n": "https://n.example/"}}}],
                "type": "VerifiableCredential",
                own: {"n": 1},
                "issuer": {"id": "https://i.example/"}
            })
        };
        processor.to_quads(&document("first")).unwrap();
        let before = remembered();
        for at in 0..100 {
            processor.to_quads(&document(&format!("own{at}"))).unwrap();
        }
        assert_eq!(remembered(), before);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let urls: Vec<String> = (0..24).map(|at| format!("https://c{at}.example/")).collect();
        let contexts = urls
            .iter()
            .fold(Contexts::default(), |contexts, url| contexts.with(url, json!({"@context": {}})));
        let processor = Processor::new(contexts);
        for a in &urls {
            for b in &urls {
                processor.to_quads(&json!({"@context": [a, b]})).unwrap();
                assert!(processor.remembered.read().unwrap().len() <= MAX_REMEMBERED);
            }
        }
    }
}
