//! Documents to datasets.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::active::Tree;
use crate::bundled::Contexts;
use crate::dataset::Dataset;
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
    /// Bytes of all their terms; a short document can say long IRIs many times.
    pub bytes: usize,
    /// Contexts that are compiled for one document because they are not remembered.
    pub contexts: usize,
    /// Terms in these contexts.
    pub definitions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let bytes = 32 * 1024 * 1024;
        Self { depth: 64, quads: 50_000, bytes, contexts: 256, definitions: 200_000 }
    }
}

/// Turns JSON-LD documents into RDF datasets. Made once and shared.
#[derive(Debug)]
pub struct Processor {
    pub(crate) contexts: Contexts,
    pub(crate) limits: Limits,
    remembered: RwLock<Arc<Tree>>,
}

impl Processor {
    /// Makes a processor that knows the given contexts and no others.
    pub fn new(contexts: Contexts) -> Self {
        Self::with_limits(contexts, Limits::default())
    }

    /// Makes a processor with other limits than the usual ones.
    pub fn with_limits(contexts: Contexts, limits: Limits) -> Self {
        let remembered = RwLock::new(Arc::new(Tree::new(&contexts)));
        Self { contexts, limits, remembered }
    }

    /// Expands a document and turns it into statements, without base IRI and without loss.
    ///
    /// # Errors
    /// When a term, type or identifier is undefined or relative, something is not supported, or a
    /// limit is exceeded; the error names the place.
    pub fn to_quads(&self, document: &Value) -> Result<Dataset, JsonLdError> {
        Walk::new(self, &self.tree(), None).document(document)
    }

    /// Does the same as if the document itself had no member of the name given, as a proof is no
    /// part of what it secures.
    ///
    /// # Errors
    /// As [`Processor::to_quads`].
    pub fn to_quads_without(&self, member: &str, document: &Value) -> Result<Dataset, JsonLdError> {
        Walk::new(self, &self.tree(), Some(member)).document(document)
    }

    /// The contexts to work with: those remembered, or none when they have become too many.
    fn tree(&self) -> Arc<Tree> {
        let tree = self.remembered.read().unwrap_or_else(PoisonError::into_inner).clone();
        if tree.size() < MAX_REMEMBERED {
            return tree;
        }
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.size() >= MAX_REMEMBERED {
            *remembered = Arc::new(Tree::new(&self.contexts));
        }
        remembered.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contexts_of_documents_are_not_remembered() {
        let processor = Processor::new(Contexts::bundled());
        let remembered = || processor.tree().size();
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
                assert!(processor.remembered.read().unwrap().size() <= MAX_REMEMBERED + 2);
            }
        }
    }
}
