//! Who controls a key: decentralised identifiers and their documents.

use serde::{Deserialize, Serialize};

use crate::key::{KeyError, Multikey};

/// Why an identifier cannot be mapped.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DidError {
    /// The URL has no did:web form.
    #[error("could not make a did:web of {0:?}: give an https url without user, query or fragment")]
    NotHttps(String),
    /// The text is no did:web.
    #[error("could not read {0:?} as did:web")]
    NotDidWeb(String),
    /// The text is no did:key, or its key is of a kind that is not supported.
    #[error("could not read the did:key")]
    NotDidKey(#[from] KeyError),
}

/// Makes the `did:web` of an HTTPS URL: `https://a.example:8443/t/b` is `did:web:a.example%3A8443:t:b`.
///
/// # Errors
/// When the URL is not HTTPS, has a user, query or fragment, or characters a DID cannot hold.
pub fn did_web_from_url(url: &str) -> Result<String, DidError> {
    let error = || DidError::NotHttps(url.to_owned());
    let rest = url.strip_prefix("https://").ok_or_else(error)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.strip_suffix('/').unwrap_or(path);
    let fits = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'%'))
    };
    let (host, port) = authority.split_once(':').map_or((authority, None), |(h, p)| (h, Some(p)));
    if !fits(host) || port.is_some_and(|p| p.is_empty() || !p.bytes().all(|b| b.is_ascii_digit())) {
        return Err(error());
    }
    let mut did = format!("did:web:{}", host.to_ascii_lowercase());
    if let Some(port) = port {
        did.push_str("%3A");
        did.push_str(port);
    }
    if !path.is_empty() {
        for segment in path.split('/') {
            if !fits(segment) || segment == "." || segment == ".." {
                return Err(error());
            }
            did.push(':');
            did.push_str(segment);
        }
    }
    Ok(did)
}

/// Gives the URL of the document of a `did:web`: `…/.well-known/did.json` or `…/did.json`.
///
/// # Errors
/// When the text is no `did:web`.
pub fn did_web_to_url(did: &str) -> Result<String, DidError> {
    let error = || DidError::NotDidWeb(did.to_owned());
    let rest = did.strip_prefix("did:web:").ok_or_else(error)?;
    let fits = |text: &str| {
        !matches!(text, "" | "." | "..")
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'%'))
    };
    let mut segments = rest.split(':');
    let host = segments.next().filter(|host| fits(host)).ok_or_else(error)?;
    let (name, port) = match host.find("%3A").or_else(|| host.find("%3a")) {
        Some(at) => (&host[..at], Some(&host[at + 3..])),
        None => (host, None),
    };
    let is_port = |p: &str| (1..=5).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
    if name.is_empty() || name.contains('%') || port.is_some_and(|p| !is_port(p)) {
        return Err(error());
    }
    let mut url = format!("https://{name}");
    if let Some(port) = port {
        url.push(':');
        url.push_str(port);
    }
    let mut has_path = false;
    for segment in segments {
        if !fits(segment) {
            return Err(error());
        }
        has_path = true;
        url.push('/');
        url.push_str(segment);
    }
    url.push_str(if has_path { "/did.json" } else { "/.well-known/did.json" });
    Ok(url)
}

/// Makes the `did:key` of a key.
pub fn did_key(key: &Multikey) -> String {
    format!("did:key:{key}")
}

/// Reads the key out of a `did:key`, with or without fragment.
///
/// # Errors
/// When the text is no `did:key`, its fragment names another key, or the key is not Ed25519.
pub fn resolve_did_key(id: &str) -> Result<Multikey, DidError> {
    let (did, fragment) = id.split_once('#').map_or((id, None), |(did, f)| (did, Some(f)));
    let text = did.strip_prefix("did:key:").ok_or(KeyError::NotMultibase)?;
    if fragment.is_some_and(|fragment| fragment != text) {
        return Err(KeyError::NotMultibase.into());
    }
    Ok(text.parse()?)
}

/// The document that tells which keys speak for an issuer (DID 1.0, Controlled Identifiers 1.0).
///
/// The id of a key is the issuer's id, `#` and the key itself. Keys stay here after rotation, or
/// what they signed could no longer be verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DidDocument {
    #[serde(rename = "@context")]
    context: Vec<String>,
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    also_known_as: Vec<String>,
    verification_method: Vec<MultikeyMethod>,
    assertion_method: Vec<String>,
    authentication: Vec<String>,
}

/// One key of a [`DidDocument`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MultikeyMethod {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    controller: String,
    public_key_multibase: Multikey,
}

impl DidDocument {
    /// Makes the document of `id` with all its keys, past and present.
    pub fn new(
        id: impl Into<String>,
        also_known_as: Vec<String>,
        keys: impl IntoIterator<Item = Multikey>,
    ) -> Self {
        let id = id.into();
        let verification_method: Vec<MultikeyMethod> = keys
            .into_iter()
            .map(|key| MultikeyMethod {
                id: Self::verification_method_id(&id, &key),
                kind: "Multikey".to_owned(),
                controller: id.clone(),
                public_key_multibase: key,
            })
            .collect();
        let ids: Vec<String> = verification_method.iter().map(|method| method.id.clone()).collect();
        Self {
            context: vec![
                "https://www.w3.org/ns/did/v1".to_owned(),
                "https://w3id.org/security/multikey/v1".to_owned(),
            ],
            id,
            also_known_as,
            verification_method,
            assertion_method: ids.clone(),
            authentication: ids,
        }
    }

    /// Gives the id of a key of `controller`: its id, `#` and the key.
    pub fn verification_method_id(controller: &str, key: &Multikey) -> String {
        format!("{controller}#{key}")
    }

    /// Finds a key that may sign credentials, by its full id.
    pub fn assertion_key(&self, verification_method: &str) -> Option<(&str, Multikey)> {
        self.assertion_method.iter().find(|id| *id == verification_method)?;
        self.verification_method
            .iter()
            .find(|method| method.id == verification_method)
            .map(|method| (method.controller.as_str(), method.public_key_multibase))
    }

    /// Gives the id of the document.
    pub fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    fn key(seed: u8) -> Multikey {
        let key = SecretKey::ed25519(&[seed; 32]);
        key.public_key().multikey().unwrap()
    }

    #[test]
    fn https_urls_and_did_web_map_both_ways() {
        for (url, did, document) in [
            ("https://a.example", "did:web:a.example", "https://a.example/.well-known/did.json"),
            ("https://a.example/", "did:web:a.example", "https://a.example/.well-known/did.json"),
            ("https://a.example/t/b", "did:web:a.example:t:b", "https://a.example/t/b/did.json"),
            (
                "https://localhost:8443/i/1",
                "did:web:localhost%3A8443:i:1",
                "https://localhost:8443/i/1/did.json",
            ),
        ] {
            assert_eq!(did_web_from_url(url).unwrap(), did);
            assert_eq!(did_web_to_url(did).unwrap(), document);
        }
    }

    #[test]
    fn what_cannot_be_mapped_is_refused() {
        for url in [
            "http://a.example",
            "https://",
            "https://u@a.example",
            "https://a.example/?q",
            "https://a.example/a#b",
            "https://a.example/../b",
            "https://a.example:x/",
        ] {
            assert!(did_web_from_url(url).is_err(), "{url}");
        }
        for did in [
            "did:web:",
            "did:key:z6Mk",
            "did:web:a.example:..",
            "did:web:a.example%2F@b",
            "did:web:a.example%3Aport",
            "did:web:a.example::b",
            "did:web:a b",
        ] {
            assert!(did_web_to_url(did).is_err(), "{did}");
        }
    }

    #[test]
    fn a_did_key_yields_its_key_and_no_other() {
        let key = key(7);
        let did = did_key(&key);
        assert_eq!(resolve_did_key(&did).unwrap(), key);
        assert_eq!(resolve_did_key(&format!("{did}#{key}")).unwrap(), key);
        assert!(resolve_did_key(&format!("{did}#z6Mkother")).is_err());
    }

    #[test]
    fn a_document_offers_its_keys_for_assertions() {
        let (old, new) = (key(1), key(2));
        let document = DidDocument::new("did:web:a.example", vec![], [old, new]);
        let id = format!("did:web:a.example#{old}");
        assert_eq!(document.assertion_key(&id), Some(("did:web:a.example", old)));
        assert_eq!(document.assertion_key("did:web:a.example#other"), None);
    }
}
