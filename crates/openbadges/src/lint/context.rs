//! Which contexts a credential may name, and in which order.

use serde_json::Value;

use super::{Code, Findings, visit};
use crate::v3::{CREDENTIALS_V2, EXTENSIONS, OPEN_BADGES_V3};

pub(super) fn check(findings: &mut Findings, credential: &Value) {
    let all = credential.get("@context").and_then(Value::as_array);
    let all = all.map(Vec::as_slice).unwrap_or_default();
    for (index, wanted) in [CREDENTIALS_V2, OPEN_BADGES_V3].iter().enumerate() {
        if all.get(index).is_none_or(|context| context != wanted) {
            let message = format!("its context number {} must be {wanted}", index + 1);
            findings.add(Code::ContextOrder, "/@context", message);
        }
    }
    for (index, context) in all.iter().enumerate() {
        let place = format!("/@context/{index}");
        match context.as_str() {
            Some(CREDENTIALS_V2 | OPEN_BADGES_V3 | EXTENSIONS) => {
                if all[..index].contains(context) {
                    findings.add(Code::ContextOrder, place, "must stand once");
                }
            }
            Some(_) => {
                let message = "must be a context that every verifier of open badges has";
                findings.add(Code::ContextUnknown, place, message);
            }
            None => findings.add(Code::ContextInline, place, "must not be defined here"),
        }
    }
    for (name, member) in credential.as_object().into_iter().flatten() {
        if name != "@context" {
            check_within(findings, member, &format!("/{name}"));
        }
    }
    if uses_extensions(credential) && !all.iter().any(|context| context == EXTENSIONS) {
        let message = format!("must hold {EXTENSIONS}, for a type of 1edtech is used");
        findings.add(Code::ContextExtensions, "/@context", message);
    }
}

/// No part of a credential brings its own context.
pub(super) fn check_within(findings: &mut Findings, value: &Value, at: &str) {
    visit(value, at, "", 0, &mut |at, name, _| {
        if name == "@context" && at.ends_with("/@context") {
            findings.add(Code::ContextInline, at, "must not be defined here");
        }
    });
}

fn uses_extensions(credential: &Value) -> bool {
    let mut uses = false;
    visit(credential, "", "", 0, &mut |_, name, value| {
        uses |= name == "type" && value.as_str().is_some_and(|kind| kind.starts_with("1EdTech"));
    });
    uses
}
