//! The document that an issuer serves.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::key::{Jwk, Multikey, PublicKey};
use crate::timestamp::timestamp;

/// The document that tells which keys speak for an issuer (DID 1.0, Controlled Identifiers 1.0).
///
/// The id of a key is the issuer's id, `#` and the key itself, or `#jwk-` and the thumbprint of a
/// key that is no Multikey. Keys stay here after rotation, or what they signed could no longer be
/// verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DidDocument {
    #[serde(rename = "@context")]
    context: Vec<String>,
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    also_known_as: Vec<String>,
    verification_method: Vec<Method>,
    assertion_method: Vec<String>,
    authentication: Vec<String>,
}

/// A key of an issuer, as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// The key.
    pub key: PublicKey,
    /// When it was put out of use: what it signed before stays good.
    pub expires: Option<OffsetDateTime>,
    /// When it was withdrawn: what it signed from then on is not good.
    pub revoked: Option<OffsetDateTime>,
}

/// One key of a [`DidDocument`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    id: String,
    #[serde(flatten)]
    material: Material,
    controller: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    revoked: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum Material {
    Multikey { public_key_multibase: Multikey },
    JsonWebKey { public_key_jwk: Jwk },
}

impl From<PublicKey> for PublishedKey {
    fn from(key: PublicKey) -> Self {
        Self { key, expires: None, revoked: None }
    }
}

impl From<Multikey> for PublishedKey {
    fn from(key: Multikey) -> Self {
        PublicKey::from(key).into()
    }
}

impl DidDocument {
    /// Makes the document of `id` with all its keys, past and present.
    pub fn new<K: Into<PublishedKey>>(
        id: impl Into<String>,
        also_known_as: Vec<String>,
        keys: impl IntoIterator<Item = K>,
    ) -> Self {
        let id = id.into();
        let verification_method: Vec<Method> =
            keys.into_iter().map(|key| Method::new(&id, key.into())).collect();
        let ids: Vec<String> = verification_method.iter().map(|method| method.id.clone()).collect();
        let has_jwk = verification_method
            .iter()
            .any(|method| matches!(method.material, Material::JsonWebKey { .. }));
        let mut context =
            vec!["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"];
        context.extend(has_jwk.then_some("https://w3id.org/security/jwk/v1"));
        Self {
            context: context.into_iter().map(str::to_owned).collect(),
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
    pub fn assertion_key(&self, verification_method: &str) -> Option<(&str, PublicKey)> {
        self.assertion_method.iter().find(|id| *id == verification_method)?;
        let method =
            self.verification_method.iter().find(|method| method.id == verification_method)?;
        let key = match &method.material {
            Material::Multikey { public_key_multibase } => (*public_key_multibase).into(),
            Material::JsonWebKey { public_key_jwk } => public_key_jwk.key.clone(),
        };
        Some((&method.controller, key))
    }

    /// Gives the id of the document.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Method {
    fn new(controller: &str, published: PublishedKey) -> Self {
        let PublishedKey { key, expires, revoked } = published;
        let (id, material) = if let Some(multikey) = key.multikey() {
            let id = DidDocument::verification_method_id(controller, &multikey);
            (id, Material::Multikey { public_key_multibase: multikey })
        } else {
            let mut jwk = Jwk::new(key);
            jwk.algorithm = Some(jwk.key.algorithm());
            let id = format!("{controller}#jwk-{}", jwk.thumbprint());
            (id, Material::JsonWebKey { public_key_jwk: jwk })
        };
        Self {
            id,
            material,
            controller: controller.to_owned(),
            expires: expires.map(timestamp),
            revoked: revoked.map(timestamp),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::did::{Purpose, VerificationMethod};
    use crate::key::SecretKey;
    use crate::timestamp::parse_timestamp;

    const ID: &str = "did:web:a.example";

    #[test]
    fn what_is_served_can_be_read_back_whatever_the_keys_are() {
        let at = parse_timestamp("2025-01-01T00:00:00Z").unwrap();
        let mut old = PublishedKey::from(SecretKey::ed25519(&[1; 32]).public_key().clone());
        old.expires = Some(at);
        let mut leaked = PublishedKey::from(SecretKey::ed25519(&[2; 32]).public_key().clone());
        leaked.revoked = Some(at);
        let mut number = [3; 66];
        number[0] = 0;
        let keys = [
            old,
            leaked,
            SecretKey::p256(&[3; 32]).unwrap().public_key().clone().into(),
            SecretKey::p521(&number).unwrap().public_key().clone().into(),
        ];
        let document = DidDocument::new(ID, vec![], keys.clone());
        let json = serde_json::to_vec(&document).unwrap();
        assert_eq!(serde_json::from_slice::<DidDocument>(&json).unwrap(), document);
        for (id, published) in document.assertion_method.iter().zip(keys) {
            for purpose in [Purpose::Assertion, Purpose::Authentication] {
                let found = VerificationMethod::from_document(&json, id, purpose).unwrap();
                assert_eq!(found.key, published.key);
                assert_eq!((found.expires, found.revoked), (published.expires, published.revoked));
            }
            assert_eq!(document.assertion_key(id), Some((ID, published.key)));
        }
        assert_eq!(document.context.len(), 3);
        assert!(document.assertion_method[3].starts_with("did:web:a.example#jwk-"));
        assert_eq!(document.assertion_key("did:web:a.example#other"), None);
    }
}
