//! What counts as a URL in a credential (VCDM 2.0, 4.4).

use serde_json::Value;

use super::faults::{Faults, Place};

/// Tells whether a text is one absolute URL: a scheme, something after it, and no character that
/// closes a URL elsewhere. Schemes of the web need a host.
pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let clean = !text.contains(|c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`')
    });
    let somewhere = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest
            .strip_prefix("//")
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':'])),
        "did" => {
            rest.split_once(':').is_some_and(|(method, id)| !method.is_empty() && !id.is_empty())
        }
        _ => !rest.is_empty(),
    };
    named && clean && somewhere
}

/// Adds a fault unless the value is a single URL.
pub(super) fn check(faults: &mut Faults, place: &Place, value: &Value) {
    match value {
        Value::String(text) if is_url(text) => {}
        Value::String(_) => faults.add(place, "must be an absolute url"),
        _ => faults.add(place, "must be a single url, written as a text"),
    }
}

/// Checks the `id` of an object if it has one; an `id` of null is one.
pub(super) fn check_id(faults: &mut Faults, place: &Place, object: &Value) {
    if let Some(id) = object.get("id") {
        check(faults, &place.member("id"), id);
    }
}

/// Checks the `id` of an object, which it must have.
pub(super) fn require_id(faults: &mut Faults, place: &Place, object: &Value) {
    match object.get("id") {
        Some(id) => check(faults, &place.member("id"), id),
        None => faults.add(place, "must have an id, which is a url"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_url;

    #[test]
    fn absolute_urls_of_every_scheme_are_urls_and_other_texts_are_not() {
        for url in [
            "https://example.org/credentials/1",
            "http://localhost:8080/a?b=c#d",
            "did:example:subject",
            "did:key:z6Mk#z6Mk",
            "urn:uuid:9c9a36f8-518f-4976-a934-6649502d0008",
            "data:application/vc+jwt,eyJ",
            "mailto:ada@example.org",
            "https://example.org/ü",
        ] {
            assert!(is_url(url), "{url}");
        }
        for text in [
            "",
            "fake-issuer",
            "https ://not-a-url/vcs/1",
            "https:/one-slash",
            "https://",
            "https:///path",
            "did:web",
            "did::x",
            "urn:",
            ":x",
            "1a:b",
            "a b:c",
            "urn:a b",
            "urn:<a>",
            "urn:a\nb",
            "//example.org",
        ] {
            assert!(!is_url(text), "{text}");
        }
    }
}
