//! Conformance to the Verifiable Credentials Data Model, of any credential or presentation.
//!
//! What is judged is the form of the document: which members it must have, what they may hold, how
//! they must agree. Whether every term means something is for the JSON-LD processor to say, and
//! whether a signature holds for [`crate::verify::Verifier`].
//!
//! Version 2.0 is judged by its normative statements. Credentials of version 1.1 (by their first
//! context) can be judged as well, so that they can be verified; they are not issued any more.
//!
//! To add to it: one file per member or family of members; each adds to `Faults` what it finds.

mod context;
mod credential;
mod envelope;
mod faults;
mod known_digests;
mod language;
mod object;
mod period;
mod presentation;
mod proof;
mod related_resource;
mod status;
mod url;
mod v1;

use serde_json::Value;

pub use context::Version;
pub use related_resource::{RelatedResource, ResourceDigest, unknown_resources};
pub(crate) use url::is_url;

use crate::fault::Fault;
use faults::{Faults, Place};

/// Tells everything that keeps a document from being a conforming verifiable credential: embedded
/// or to be secured, or an `EnvelopedVerifiableCredential`.
///
/// At most 64 faults are told.
pub fn credential_faults(credential: &Value) -> Vec<Fault> {
    let mut faults = Faults::default();
    credential::check(&mut faults, &Place::document(), credential);
    faults.into_vec()
}

/// Tells everything that keeps a document from being a conforming verifiable presentation, the
/// credentials in it included.
///
/// At most 64 faults are told.
pub fn presentation_faults(presentation: &Value) -> Vec<Fault> {
    let mut faults = Faults::default();
    presentation::check(&mut faults, &Place::document(), presentation);
    faults.into_vec()
}

/// Tells what keeps a credential from being issued today: all that [`credential_faults`] tells,
/// another version than 2.0, and what readers are asked to forgive but writers must not do.
pub fn issuing_faults(credential: &Value) -> Vec<Fault> {
    let mut faults = Faults::default();
    let place = Place::document();
    if Version::of(credential) == Some(Version::V1) {
        faults.add(&place.member("@context"), "credentials are issued under version 2.0 only");
    } else if envelope::is_enveloped(credential) {
        faults.add(&place.member("type"), "an enveloped credential is secured already");
    }
    credential::check(&mut faults, &place, credential);
    for member in ["validFrom", "validUntil"] {
        if let Some(text) = credential.get(member).and_then(Value::as_str) {
            period::check_zone(&mut faults, &place.member(member), text);
        }
    }
    faults.into_vec()
}

/// Tells whether a node is of a type, which it states as one text or as several.
pub fn has_type(node: &Value, name: &str) -> bool {
    match node.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(all)) => all.iter().any(|one| one == name),
        _ => false,
    }
}

/// Gives the id of the issuer, stated as a URL or as an object with one.
pub fn issuer_id(credential: &Value) -> Option<&str> {
    id_of(credential.get("issuer")?)
}

/// Gives the id of the holder of a presentation, stated as a URL or as an object with one.
pub fn holder_id(presentation: &Value) -> Option<&str> {
    id_of(presentation.get("holder")?)
}

fn id_of(node: &Value) -> Option<&str> {
    node.as_str().or_else(|| node.get("id")?.as_str())
}
