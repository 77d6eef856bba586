//! A web in memory that serves the sample issuer's documents.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::HashMap;

use openbadges::{EddsaRdfc2022, Purpose, Resolver, Unresolved, VerificationMethod};

use crate::badge::{ISSUER, LIST, did_document, status_list};

/// What the web would serve.
pub struct Web {
    pub documents: HashMap<String, Vec<u8>>,
    pub lists: HashMap<String, Vec<u8>>,
}

impl Web {
    pub fn with_revoked(suite: &EddsaRdfc2022, revoked: &[u64]) -> Self {
        let document = serde_json::to_vec(&did_document()).unwrap();
        Self {
            documents: HashMap::from([(ISSUER.to_owned(), document)]),
            lists: HashMap::from([(LIST.to_owned(), status_list(suite, revoked))]),
        }
    }
}

impl Resolver for Web {
    fn verification_method(&self, id: &str) -> Result<VerificationMethod, Unresolved> {
        let owner = id.split_once('#').map_or(id, |(owner, _)| owner);
        let document = self.documents.get(owner).ok_or(Unresolved("not found".to_owned()))?;
        VerificationMethod::from_document(document, id, Purpose::Assertion)
            .map_err(|error| Unresolved(error.to_string()))
    }

    fn status_list(&self, url: &str) -> Result<Vec<u8>, Unresolved> {
        self.lists.get(url).cloned().ok_or(Unresolved("not found".to_owned()))
    }
}
