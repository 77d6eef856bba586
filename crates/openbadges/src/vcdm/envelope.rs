//! Credentials and presentations that are secured from outside (VCDM 2.0, 4.12.1 and 4.12.2).

use serde_json::Value;

use super::faults::{Faults, Place};
use super::has_type;
use crate::v3::CREDENTIALS_V2;

const CREDENTIAL: &str = "EnvelopedVerifiableCredential";
const PRESENTATION: &str = "EnvelopedVerifiablePresentation";

pub(super) fn is_enveloped(credential: &Value) -> bool {
    has_type(credential, CREDENTIAL)
}

pub(super) fn is_enveloped_presentation(presentation: &Value) -> bool {
    has_type(presentation, PRESENTATION)
}

/// Checks an object that holds a secured credential or presentation as a `data:` URL.
pub(super) fn check(faults: &mut Faults, place: &Place, envelope: &Value) {
    let known = match envelope.get("@context") {
        Some(Value::String(one)) => one == CREDENTIALS_V2,
        Some(Value::Array(all)) => all.iter().any(|one| one == CREDENTIALS_V2),
        _ => false,
    };
    if !known {
        faults.add(place, format!("must have an @context that includes {CREDENTIALS_V2}"));
    }
    let data = envelope.get("id").and_then(Value::as_str).and_then(|id| id.strip_prefix("data:"));
    let content = data.and_then(|data| data.split_once(','));
    if !content.is_some_and(|(media_type, content)| media_type.contains('/') && !content.is_empty())
    {
        faults.add(&place.member("id"), "must be a data: url with a media type and content");
    }
}
