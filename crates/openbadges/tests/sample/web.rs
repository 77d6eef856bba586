//! A web in memory that serves the sample issuer's documents.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::HashMap;

use openbadges::EddsaRdfc2022;
use openbadges::verify::{Document, Unreachable};

use crate::badge::{LIST, did_document, status_list};

/// Where the sample issuer's keys are published.
pub const DID_URL: &str = "https://badges.example/i/acme/did.json";

/// What the web would serve, by URL.
#[derive(Default)]
pub struct Web(pub HashMap<String, Vec<u8>>);

impl Web {
    pub fn with_revoked(suite: &EddsaRdfc2022, revoked: &[u64]) -> Self {
        let document = serde_json::to_vec(&did_document()).unwrap();
        Self(HashMap::from([
            (DID_URL.to_owned(), document),
            (LIST.to_owned(), status_list(suite, revoked)),
        ]))
    }

    pub fn get(&self, url: &str) -> Result<Document, Unreachable> {
        let found = self.0.get(url).cloned().map(Document::new);
        found.ok_or(Unreachable::Failed("not found".to_owned()))
    }
}
