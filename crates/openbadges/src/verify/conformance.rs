//! Whether a document has the form of an Open Badges 3.0 credential.

use serde_json::Value;

use super::credential::{has_type, issuer};

/// Checks the members that the standard requires; the first one that is wrong is told.
pub(super) fn first_fault(document: &Value) -> Option<&'static str> {
    let contexts = document.get("@context").and_then(Value::as_array);
    let context = |at: usize| contexts.and_then(|all| all.get(at)).and_then(Value::as_str);
    if !context(1).is_some_and(is_open_badges_context) {
        return Some("its second context is not one of open badges 3.0");
    }
    if !has_type(document, "VerifiableCredential") {
        return Some("it is not of type VerifiableCredential");
    }
    if !has_type(document, "OpenBadgeCredential") && !has_type(document, "AchievementCredential") {
        return Some("it is not of type OpenBadgeCredential");
    }
    if !is_text(document, "id") {
        return Some("it has no id");
    }
    if issuer(document).is_none_or(str::is_empty) {
        return Some("its issuer has no id");
    }
    let subject = match document.get("credentialSubject") {
        Some(Value::Array(subjects)) if subjects.len() == 1 => &subjects[0],
        Some(subject @ Value::Object(_)) => subject,
        _ => return Some("it does not have exactly one credentialSubject"),
    };
    if !has_type(subject, "AchievementSubject") {
        return Some("its subject is not of type AchievementSubject");
    }
    let identified = match subject.get("identifier") {
        Some(Value::Array(identifiers)) => !identifiers.is_empty(),
        Some(Value::Object(_)) => true,
        _ => false,
    };
    if !identified && !is_text(subject, "id") {
        return Some("its subject has neither id nor identifier");
    }
    let Some(achievement) = subject.get("achievement") else {
        return Some("its subject has no achievement");
    };
    if !has_type(achievement, "Achievement") {
        return Some("its achievement is not of type Achievement");
    }
    if !is_text(achievement, "id") {
        return Some("its achievement has no id");
    }
    if !is_text(achievement, "name") || !is_text(achievement, "description") {
        return Some("its achievement lacks a name or a description");
    }
    if !achievement.get("criteria").is_some_and(Value::is_object) {
        return Some("its achievement has no criteria");
    }
    None
}

/// `https://purl.imsglobal.org/spec/ob/v3p0/context.json`, or with `-3.0.1` and so on.
fn is_open_badges_context(url: &str) -> bool {
    url.strip_prefix("https://purl.imsglobal.org/spec/ob/v3p0/context")
        .and_then(|rest| rest.strip_suffix(".json"))
        .is_some_and(|version| version.is_empty() || version.starts_with("-3."))
}

fn is_text(node: &Value, member: &str) -> bool {
    node.get(member).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
}
