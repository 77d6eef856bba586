//! Texts that may state their language (VCDM 2.0, 4.6 and 11.1).

use serde_json::{Map, Value};

use super::faults::{Faults, Place};

/// Checks the `name` and `description` of an object, where it has them.
pub(super) fn check_names(faults: &mut Faults, place: &Place, object: &Value) {
    for member in ["name", "description"] {
        if let Some(value) = object.get(member) {
            check(faults, &place.member(member), value);
        }
    }
}

/// A text, a language value object, or one such object for each of several languages.
fn check(faults: &mut Faults, place: &Place, value: &Value) {
    match value {
        Value::String(_) => {}
        Value::Object(object) => check_object(faults, place, object),
        Value::Array(all) if !all.is_empty() => {
            for (index, one) in all.iter().enumerate() {
                match one {
                    Value::Object(object) => check_object(faults, &place.item(index), object),
                    _ => faults.add(&place.item(index), "must be a language value object"),
                }
            }
        }
        _ => faults.add(place, "must be a text or a language value object"),
    }
}

fn check_object(faults: &mut Faults, place: &Place, object: &Map<String, Value>) {
    if !object.get("@value").is_some_and(Value::is_string) {
        faults.add(place, "must have an @value, which is a text");
    }
    let language = object.get("@language");
    if language.is_some_and(|tag| !tag.as_str().is_some_and(is_language_tag)) {
        faults.add(&place.member("@language"), "must be a language tag such as en or pt-BR");
    }
    let direction = object.get("@direction");
    if direction.is_some_and(|direction| direction != "ltr" && direction != "rtl") {
        faults.add(&place.member("@direction"), "must be ltr or rtl");
    }
    let known = |name: &String| matches!(name.as_str(), "@value" | "@language" | "@direction");
    if !object.keys().all(known) {
        faults.add(place, "must have no members but @value, @language and @direction");
    }
}

/// The shape of BCP 47: parts of one to eight letters or digits, the first of letters only.
fn is_language_tag(text: &str) -> bool {
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let first = text.split('-').next().unwrap_or_default();
    text.len() <= 64 && first.bytes().all(|b| b.is_ascii_alphabetic()) && text.split('-').all(part)
}

#[cfg(test)]
mod tests {
    use super::is_language_tag;

    #[test]
    fn language_tags_have_the_shape_of_bcp_47() {
        for tag in ["en", "pt-BR", "zh-Hant-TW", "x-private", "de-1996"] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for text in ["", "-", "en-", "en_GB", "1en", "abcdefghi", "en GB"] {
            assert!(!is_language_tag(text), "{text}");
        }
    }
}
