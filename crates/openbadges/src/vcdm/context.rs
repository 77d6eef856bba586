//! `@context` and `type` (VCDM 2.0, 4.3 and 4.5).

use serde_json::Value;

use super::faults::{Faults, Place};
use super::url::is_url;
use crate::v3::{CREDENTIALS_V1, CREDENTIALS_V2};

/// A version of the data model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.1, which can be verified.
    V1,
    /// 2.0, which is issued.
    V2,
}

impl Version {
    /// Tells by its first context which version a document is of.
    pub fn of(document: &Value) -> Option<Self> {
        let first = match document.get("@context")? {
            Value::Array(all) => all.first()?.as_str()?,
            Value::String(one) => one,
            _ => return None,
        };
        match first {
            CREDENTIALS_V2 => Some(Self::V2),
            CREDENTIALS_V1 => Some(Self::V1),
            _ => None,
        }
    }
}

/// An ordered set: the context of the data model first, then URLs and objects.
pub(super) fn check(faults: &mut Faults, place: &Place, document: &Value) {
    let Some(context) = document.get("@context") else {
        return faults.add(place, "must have an @context");
    };
    let place = place.member("@context");
    let Some(items) = context.as_array() else {
        return faults.add(&place, "must be a list of contexts");
    };
    if Version::of(document).is_none() {
        faults.add(&place, format!("must begin with {CREDENTIALS_V2}"));
    }
    for (index, item) in items.iter().enumerate().skip(1) {
        match item {
            Value::Object(_) => {}
            Value::String(url) if is_url(url) => {}
            _ => faults.add(&place.item(index), "must be the url of a context, or a context"),
        }
    }
}

/// A term or URL, or several, among them the one required.
pub(super) fn check_type(faults: &mut Faults, place: &Place, node: &Value, required: Option<&str>) {
    let Some(value) = node.get("type") else {
        return faults.add(place, "must have a type");
    };
    let place = place.member("type");
    let names = match value {
        Value::Array(all) if !all.is_empty() => all.as_slice(),
        Value::Array(_) => return faults.add(&place, "must name at least one type"),
        one => std::slice::from_ref(one),
    };
    for name in names {
        let fits = name.as_str().is_some_and(|name| {
            !name.is_empty()
                && !name.contains(char::is_whitespace)
                && (!name.contains(':') || is_url(name))
        });
        if !fits {
            return faults.add(&place, "must be terms or absolute urls, written as texts");
        }
    }
    if let Some(required) = required
        && !names.iter().any(|name| name == required)
    {
        faults.add(&place, format!("must include {required}"));
    }
}
