//! From the id of a key to the key, where its controller's document says so.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{DidError, MAX_BYTES, MAX_KEYS, Purpose, owner, shortened};
use crate::json;
use crate::key::{KeyError, Multikey, PublicKey};
use crate::timestamp::parse_timestamp;

/// Members in which a secret key would be published.
const SECRET_MEMBERS: [&str; 5] = [
    "secretKeyMultibase",
    "secretKeyJwk",
    "privateKeyMultibase",
    "privateKeyJwk",
    "privateKeyBase58",
];

/// A key, who controls it, and until when it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationMethod {
    /// The full id: the controller's, `#` and a name.
    pub id: String,
    /// The id of the controller: the issuer, if all is well.
    pub controller: String,
    /// The key.
    pub key: PublicKey,
    /// When it was or will be put out of use: what it signed before stays good.
    pub expires: Option<OffsetDateTime>,
    /// When it was withdrawn: what it signed from then on is not good.
    pub revoked: Option<OffsetDateTime>,
}

impl VerificationMethod {
    /// Finds a key in the JSON of a DID document or a controlled identifier document, of anyone's
    /// making (Controlled Identifiers 1.0, "Retrieve Verification Method").
    ///
    /// The document must be that of the part of `id` before `#`, list the key for the purpose, and
    /// describe it as its own: a key that names another controller would let anyone sign for them.
    ///
    /// # Errors
    /// When the document does not vouch for such a key, or has more than 256 of them.
    pub fn from_document(document: &[u8], id: &str, purpose: Purpose) -> Result<Self, DidError> {
        let document = json::parse(document, MAX_BYTES)?;
        let controller = owner(id);
        if document.get("id").and_then(Value::as_str) != Some(controller) {
            return Err(DidError::OtherDocument(shortened(id)));
        }
        let listed = keys(&document, purpose.as_str(), id)?;
        let described = keys(&document, "verificationMethod", id)?;
        // Ids may be written in short, without the id of the document before the fragment.
        let is_it = |name: Option<&str>| {
            name.is_some_and(|name| {
                name == id || name.starts_with('#') && id.strip_prefix(controller) == Some(name)
            })
        };
        let with_id = |entry: &&Value| is_it(entry.get("id").and_then(Value::as_str));
        if !listed.iter().any(|entry| is_it(entry.as_str()) || with_id(&entry)) {
            let purpose = purpose.as_str();
            return Err(DidError::NotListed { id: shortened(id), purpose });
        }
        let mut found = listed.iter().chain(described).filter(with_id);
        let (Some(Value::Object(method)), None) = (found.next(), found.next()) else {
            return Err(DidError::NotDescribed(shortened(id)));
        };
        let end = |name| match method.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(at)) => Ok(Some(parse_timestamp(at)?)),
            Some(_) => Err(DidError::End(format!("{name} is not a text"))),
        };
        if method.get("controller").and_then(Value::as_str) != Some(controller) {
            return Err(DidError::OtherController(shortened(id)));
        }
        Ok(Self {
            id: id.to_owned(),
            controller: controller.to_owned(),
            key: key(method, id)?,
            expires: end("expires")?,
            revoked: end("revoked")?,
        })
    }
}

/// A list of keys in a document; one that is not there is empty.
fn keys<'a>(document: &'a Value, list: &str, id: &str) -> Result<&'a [Value], DidError> {
    match document.get(list) {
        Some(Value::Array(keys)) if keys.len() > MAX_KEYS => {
            Err(DidError::TooManyKeys(shortened(id)))
        }
        Some(Value::Array(keys)) => Ok(keys),
        Some(one) => Ok(std::slice::from_ref(one)),
        None => Ok(&[]),
    }
}

fn key(method: &Map<String, Value>, id: &str) -> Result<PublicKey, DidError> {
    if SECRET_MEMBERS.iter().any(|secret| method.contains_key(*secret)) {
        return Err(KeyError::Secret.into());
    }
    let multibase = method.get("publicKeyMultibase");
    let jwk = method.get("publicKeyJwk");
    match (method.get("type").and_then(Value::as_str), multibase, jwk) {
        (Some("Multikey"), Some(Value::String(text)), None) => Ok(text.parse::<Multikey>()?.into()),
        (Some("Ed25519VerificationKey2020"), Some(Value::String(text)), None) => {
            match text.parse::<Multikey>()? {
                key @ Multikey::Ed25519(_) => Ok(key.into()),
                _ => Err(DidError::UnknownType(shortened(id))),
            }
        }
        (Some("JsonWebKey" | "JsonWebKey2020"), None, Some(jwk)) => Ok(PublicKey::from_jwk(jwk)?),
        _ => Err(DidError::UnknownType(shortened(id))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "did:web:a.example";
    const KEY: &str = "did:web:a.example#k";
    const MULTIBASE: &str = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";

    fn method() -> Value {
        json!({"id": KEY, "type": "Multikey", "controller": ID, "publicKeyMultibase": MULTIBASE})
    }

    fn document() -> Value {
        json!({"id": ID, "verificationMethod": [method()], "assertionMethod": [KEY]})
    }

    fn find(document: &Value) -> Result<VerificationMethod, DidError> {
        let json = serde_json::to_vec(document).unwrap();
        VerificationMethod::from_document(&json, KEY, Purpose::Assertion)
    }

    /// The document with one member of its key changed; `null` takes it out.
    fn with(name: &str, value: Value) -> Result<VerificationMethod, DidError> {
        let mut document = document();
        let method = document["verificationMethod"][0].as_object_mut().unwrap();
        method.insert(name.to_owned(), value);
        method.retain(|_, value| !value.is_null());
        find(&document)
    }

    #[test]
    fn every_form_of_a_key_is_read() {
        let key: PublicKey = MULTIBASE.parse::<Multikey>().unwrap().into();
        let found = find(&document()).unwrap();
        assert_eq!((found.controller.as_str(), &found.key), (ID, &key));
        assert_eq!(with("type", json!("Ed25519VerificationKey2020")).unwrap().key, key);
        for kind in ["JsonWebKey", "JsonWebKey2020"] {
            let mut document = document();
            let jwk = key.to_jwk();
            document["verificationMethod"][0] =
                json!({"id": KEY, "type": kind, "controller": ID, "publicKeyJwk": jwk});
            assert_eq!(find(&document).unwrap().key, key);
        }
        // Embedded in the relationship, and under ids relative to the document.
        assert_eq!(find(&json!({"id": ID, "assertionMethod": [method()]})).unwrap().key, key);
        let mut relative = document();
        relative["verificationMethod"][0]["id"] = json!("#k");
        relative["assertionMethod"][0] = json!("#k");
        assert_eq!(find(&relative).unwrap().key, key);
        let mut one = document();
        one["assertionMethod"] = json!(KEY);
        assert_eq!(find(&one).unwrap().key, key);
    }

    #[test]
    fn ends_are_read_and_must_be_dates() {
        let found = with("revoked", json!("2025-01-01T00:00:00Z")).unwrap();
        assert_eq!(found.revoked.unwrap().year(), 2025);
        let found = with("expires", json!("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(found.expires.unwrap().year(), 2026);
        for wrong in [json!("soon"), json!(1), json!(true)] {
            assert!(matches!(with("revoked", wrong.clone()), Err(DidError::End(_))));
            assert!(matches!(with("expires", wrong), Err(DidError::End(_))));
        }
    }

    #[test]
    fn the_document_must_be_that_of_the_controller() {
        let mut other = document();
        for id in [json!("did:web:b.example"), json!("did:web:a.example/"), json!(1), Value::Null] {
            other["id"] = id;
            assert_eq!(find(&other), Err(DidError::OtherDocument(KEY.to_owned())));
        }
        // Anyone may claim in their own document that someone else controls their key.
        let foreign = with("controller", json!("did:web:victim.example"));
        assert_eq!(foreign, Err(DidError::OtherController(KEY.to_owned())));
        assert_eq!(with("controller", json!([ID])), Err(DidError::OtherController(KEY.to_owned())));
    }

    #[test]
    fn a_key_counts_for_its_own_purposes_only() {
        let mut document = document();
        document["authentication"] = document["assertionMethod"].take();
        document.as_object_mut().unwrap().remove("assertionMethod");
        let refused = DidError::NotListed { id: KEY.to_owned(), purpose: "assertionMethod" };
        assert_eq!(find(&document), Err(refused.clone()));
        let json = serde_json::to_vec(&document).unwrap();
        assert!(VerificationMethod::from_document(&json, KEY, Purpose::Authentication).is_ok());
        document["authentication"] = json!([method()]);
        assert_eq!(find(&document), Err(refused));
    }

    #[test]
    fn a_key_is_described_once() {
        let mut document = document();
        let undescribed = DidError::NotDescribed(KEY.to_owned());
        document["verificationMethod"] = json!([method(), method()]);
        assert_eq!(find(&document), Err(undescribed.clone()));
        document["verificationMethod"] = json!([]);
        assert_eq!(find(&document), Err(undescribed.clone()));
        document["verificationMethod"] = json!(7);
        assert_eq!(find(&document), Err(undescribed));
    }

    #[test]
    fn ten_thousand_keys_are_too_many() {
        let many: Vec<String> = (0..10_000).map(|n| format!("{ID}#{n}")).collect();
        let mut document = document();
        document["assertionMethod"] = json!(many);
        assert_eq!(find(&document), Err(DidError::TooManyKeys(KEY.to_owned())));
        document["assertionMethod"] = json!([KEY]);
        document["verificationMethod"] = json!(vec![method(); 10_000]);
        assert!(matches!(find(&document), Err(DidError::Json(_) | DidError::TooManyKeys(_))));
        document["verificationMethod"] = json!(vec![json!({}); 10_000]);
        assert_eq!(find(&document), Err(DidError::TooManyKeys(KEY.to_owned())));
    }

    #[test]
    fn keys_of_other_types_and_secrets_are_refused() {
        let unknown = DidError::UnknownType(KEY.to_owned());
        for (name, value) in [
            ("type", json!("Ed25519VerificationKey2018")),
            ("type", json!(["Multikey"])),
            ("type", json!("JsonWebKey")),
            ("publicKeyMultibase", Value::Null),
            ("publicKeyMultibase", json!([MULTIBASE])),
            ("publicKeyJwk", json!({})),
        ] {
            assert_eq!(with(name, value.clone()), Err(unknown.clone()), "{name} {value}");
        }
        let p256 = "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP";
        let mut document = document();
        document["verificationMethod"][0]["type"] = json!("Ed25519VerificationKey2020");
        document["verificationMethod"][0]["publicKeyMultibase"] = json!(p256);
        assert_eq!(find(&document), Err(unknown));
        for secret in SECRET_MEMBERS {
            assert_eq!(with(secret, json!("z3u2")), Err(KeyError::Secret.into()));
        }
        assert_eq!(with("publicKeyMultibase", json!("u6Mk")), Err(KeyError::NotMultibase.into()));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let twice = format!("{{\"id\":\"{ID}\",\"id\":\"{ID}\"}}");
        let large = format!("{{\"id\":\"{}\"}}", "a".repeat(MAX_BYTES));
        for bytes in ["", "[]x", &twice, &large] {
            let found =
                VerificationMethod::from_document(bytes.as_bytes(), KEY, Purpose::Assertion);
            assert!(matches!(found, Err(DidError::Json(_))), "{found:?}");
        }
        let found = VerificationMethod::from_document(b"[]", KEY, Purpose::Assertion);
        assert_eq!(found, Err(DidError::OtherDocument(KEY.to_owned())));
    }
}
