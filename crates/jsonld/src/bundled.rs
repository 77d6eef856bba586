//! The contexts that a processor knows.

use std::collections::HashMap;

use serde_json::Value;

/// A fixed set of contexts by URL. Whatever is not in it does not exist.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    documents: Vec<Value>,
    by_url: HashMap<String, usize>,
}

macro_rules! bundled {
    ($($url:literal => $file:literal),* $(,)?) => {
        &[$(($url, include_str!(concat!("../contexts/", $file)))),*]
    };
}

/// URL and text; `contexts/README.md` says where each comes from.
const BUNDLED: &[(&str, &str)] = bundled! {
    "https://www.w3.org/ns/credentials/v2" => "credentials-v2.json",
    "https://www.w3.org/2018/credentials/v1" => "credentials-v1.json",
    "https://www.w3.org/ns/credentials/undefined-terms/v2" => "credentials-undefined-terms-v2.json",
    "https://www.w3.org/ns/credentials/examples/v2" => "credentials-examples-v2.json",
    "https://www.w3.org/ns/credentials/status/v1" => "status-v1.json",
    "https://w3id.org/security/data-integrity/v1" => "data-integrity-v1.json",
    "https://w3id.org/security/data-integrity/v2" => "data-integrity-v2.json",
    "https://w3id.org/security/multikey/v1" => "multikey-v1.json",
    "https://w3id.org/security/jwk/v1" => "jwk-v1.json",
    "https://w3id.org/security/suites/jws-2020/v1" => "jws-2020-v1.json",
    "https://w3id.org/security/v1" => "security-v1.json",
    "https://w3id.org/security/v2" => "security-v2.json",
    "https://w3id.org/security/suites/ed25519-2020/v1" => "ed25519-2020-v1.json",
    "https://www.w3.org/ns/did/v1" => "did-v1.json",
    "https://www.w3.org/ns/cid/v1" => "cid-v1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context.json" => "ob-v3p0-context.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json" => "ob-v3p0-context-3.0.1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json" => "ob-v3p0-context-3.0.2.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json" => "ob-v3p0-context-3.0.3.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json" => "ob-v3p0-extensions.json",
    "https://purl.imsglobal.org/spec/ob/v2p1/ob_v2p1.jsonld" => "ob-v2p1-context.json",
    "https://w3id.org/openbadges/v2" => "ob-v2p0-context.json",
    "https://purl.imsglobal.org/spec/clr/v2p0/context.json" => "clr-v2p0-context.json",
    "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json" => "clr-v2p0-context-2.0.1.json",
};

impl Contexts {
    /// Gives the contexts that are bundled with this crate.
    ///
    /// # Panics
    /// Never: a test reads every bundled file.
    pub fn bundled() -> Self {
        BUNDLED.iter().fold(Self::default(), |contexts, (url, text)| {
            let document = serde_json::from_str(text).expect("bundled contexts are valid json");
            contexts.with(*url, document)
        })
    }

    /// Adds a context document (an object with `@context`), in place of one with the same URL.
    #[must_use]
    pub fn with(mut self, url: impl Into<String>, document: Value) -> Self {
        let next = self.documents.len();
        if let Some(replaced) = self.by_url.insert(url.into(), next) {
            self.documents[replaced] = Value::Null;
        }
        self.documents.push(document);
        self
    }

    /// Gives the URLs, in no particular order.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.by_url.keys().map(String::as_str)
    }

    /// Gives the document at a URL.
    pub fn get(&self, url: &str) -> Option<&Value> {
        self.index(url).map(|index| &self.documents[index])
    }

    /// One more than the greatest index.
    pub(crate) fn len(&self) -> usize {
        self.documents.len()
    }

    pub(crate) fn index(&self, url: &str) -> Option<usize> {
        self.by_url.get(url).copied()
    }
}
