//! How a JSON-LD term can be written: keyword aliases, full names of types, one for an array of one.

use serde_json::{Map, Value};

/// What else a member can be called in the context of Open Badges 2.0.
pub(super) fn alias(term: &str) -> Option<&'static str> {
    match term {
        "id" => Some("@id"),
        "type" => Some("@type"),
        "verification" => Some("verify"),
        _ => None,
    }
}

/// The member of that name, by whichever of its names; `null` is none.
pub(super) fn get<'a>(object: &'a Map<String, Value>, term: &str) -> Option<&'a Value> {
    let found = object.get(term).or_else(|| object.get(alias(term)?));
    found.filter(|value| !value.is_null())
}

/// The text of a member.
pub(super) fn text<'a>(value: &'a Value, term: &str) -> Option<&'a str> {
    get(value.as_object()?, term)?.as_str()
}

/// The values of a member: an array of one means the same as the one.
pub(super) fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

/// The types of an object, by their short names.
pub(super) fn types(object: &Map<String, Value>) -> impl Iterator<Item = &str> {
    get(object, "type").map_or(&[][..], each).iter().filter_map(Value::as_str).map(short)
}

/// The short name of a type of this standard.
pub(super) fn short(name: &str) -> &str {
    let name = name
        .strip_prefix("https://w3id.org/openbadges#")
        .or_else(|| name.strip_prefix("obi:"))
        .unwrap_or(name);
    match name {
        "hosted" => "HostedBadge",
        "signed" => "SignedBadge",
        name => name,
    }
}

/// The identifier that a value links to: itself, or that of the document that stands there.
pub(super) fn link(value: &Value) -> Option<&str> {
    match value {
        Value::String(id) => Some(id),
        Value::Object(object) => get(object, "id")?.as_str(),
        _ => None,
    }
}
