//! Where the vectors are, and what they presuppose.

use std::path::PathBuf;

use jsonld::{Contexts, Processor};
use openbadges::SecretKey;
use serde_json::{Value, json};

/// The folder with the vectors, if it is beside the checkout.
pub fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("not run: {} is not beside the checkout", folder.display());
    None
}

/// The contexts that the vectors use.
///
/// The published citizenship context has changed since the vectors were made, so that it does not
/// give their canonical text any more; here is what the terms of the vectors meant then.
pub fn processor() -> Processor {
    let date =
        |iri: &str| json!({"@id": iri, "@type": "http://www.w3.org/2001/XMLSchema#dateTime"});
    let citizenship = |name: &str| format!("https://w3id.org/citizenship#{name}");
    let schema = |name: &str| format!("https://schema.org/{name}");
    let mut terms = json!({
        "image": {"@id": schema("image"), "@type": "@id"},
        "Person": schema("Person"),
        "birthDate": date(&schema("birthDate")),
        "residentSince": date(&citizenship("residentSince")),
    });
    for name in ["givenName", "additionalName", "familyName", "gender", "identifier"] {
        terms[name] = schema(name).into();
    }
    for name in [
        "EmploymentAuthorizationDocumentCredential",
        "EmployablePerson",
        "EmploymentAuthorizationDocument",
        "employmentAuthorizationDocument",
        "birthCountry",
        "lprCategory",
        "lprNumber",
    ] {
        terms[name] = citizenship(name).into();
    }
    let examples = json!({"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}});
    Processor::new(
        Contexts::bundled()
            .with("https://www.w3.org/ns/credentials/examples/v2", examples)
            .with("https://w3id.org/citizenship/v4rc1", json!({"@context": terms})),
    )
}

/// Reads a text of the vectors.
pub fn text(folder: &str, name: &str) -> String {
    let path = self::folder().unwrap().join(folder).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads JSON of the vectors.
pub fn json(folder: &str, name: &str) -> Value {
    serde_json::from_str(&text(folder, name)).unwrap()
}

/// Reads a key pair, whichever of the two names its secret has; both parts belong together.
pub fn key(pair: &Value) -> SecretKey {
    let secret = pair.get("secretKeyMultibase").or_else(|| pair.get("privateKeyMultibase"));
    let key = SecretKey::from_multikey(secret.unwrap().as_str().unwrap()).unwrap();
    assert_eq!(pair["publicKeyMultibase"], key.public_key().multikey().unwrap().to_string());
    key
}

/// A document without one of its members.
pub fn without(document: &Value, member: &str) -> Value {
    let mut document = document.clone();
    document.as_object_mut().unwrap().remove(member);
    document
}
