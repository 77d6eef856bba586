//! Ids that last and are each of one thing; URLs that lead where one may go.

use serde_json::Value;

use super::{Code, Findings, LintContext, visit};
use crate::vcdm::is_url;

/// How many bytes an id or URL may have.
const MAX_URL: usize = 2_048;
/// A picture within the credential may have more.
const MAX_PICTURE: usize = 256 << 10;

pub(super) fn check_all(findings: &mut Findings, credential: &Value, context: &LintContext<'_>) {
    let mut things = Vec::new();
    visit(credential, "", "", 0, &mut |at, name, value| {
        let Some(text) = value.as_str() else { return };
        if is_vouched_for(at) {
            vouched_for(findings, at, text, context.origin);
        } else if is_link(name) {
            link(findings, at, text);
        }
        if is_thing(at) {
            things.push((at.to_owned(), text.to_owned()));
        }
    });
    // What all awards of a badge share comes first, then the award itself, then its evidence.
    things.sort_by_key(|(at, _)| match at.as_str() {
        "/id" => 1,
        at if at.starts_with("/evidence/") => 2,
        _ => 0,
    });
    let mut known = Vec::new();
    for (at, id) in things {
        once(findings, &at, &id, &known);
        known.push(id);
    }
    let list = "/credentialStatus/statusListCredential";
    if let Some(url) = credential.pointer(list).and_then(Value::as_str) {
        vouched_for(findings, list, url, context.origin);
    }
    let place = "/credentialSubject/id";
    let subject = credential.pointer(place).and_then(Value::as_str);
    if subject.is_some_and(|id| !(id.starts_with("did:") || id.starts_with("urn:uuid:"))) {
        findings.add(Code::IdUnsafe, place, "must be a did or a urn:uuid: others name a person");
    }
}

/// The ids of what the credential is about.
fn is_vouched_for(at: &str) -> bool {
    matches!(at, "/id" | "/issuer" | "/issuer/id" | "/credentialSubject/achievement/id")
}

/// The ids that nothing else in the credential may have.
fn is_thing(at: &str) -> bool {
    let described = at.strip_prefix("/credentialSubject/achievement/resultDescription/");
    let evidence = at.strip_prefix("/evidence/").and_then(|rest| rest.split_once('/'));
    is_vouched_for(at)
        || evidence.is_some_and(|(_, name)| name == "id")
        || described.is_some_and(|rest| rest.ends_with("/id") && !rest.contains("/alignment/"))
}

/// What people or their software may follow.
fn is_link(name: &str) -> bool {
    matches!(name, "id" | "url" | "targetUrl")
}

/// An id that is the same tomorrow and at whose address nobody else can answer.
pub(super) fn vouched_for(findings: &mut Findings, at: &str, id: &str, origin: Option<&str>) {
    let own = origin.is_some_and(|origin| {
        id.strip_prefix(origin).is_some_and(|rest| rest.starts_with(['/', '#', '?']))
    });
    let lasting = ["https://", "did:", "urn:uuid:"].iter().any(|start| id.starts_with(start));
    if !(own || lasting) || !is_sound(id, MAX_URL) {
        findings.add(Code::IdUnsafe, at, "must be an https url, a did or a urn:uuid");
    }
}

/// A link that a browser may follow.
fn link(findings: &mut Findings, at: &str, url: &str) {
    let is_picture = url.starts_with("data:image/");
    let known = ["https://", "http://", "did:", "urn:"].iter().any(|start| url.starts_with(start));
    let most = if is_picture { MAX_PICTURE } else { MAX_URL };
    if !(known || is_picture) || !is_sound(url, most) {
        let message = "must be a web address without credentials, a did or a urn";
        findings.add(Code::UrlUnsafe, at, message);
    }
}

pub(super) fn once(findings: &mut Findings, at: &str, id: &str, known: &[String]) {
    if known.iter().any(|other| other == id) {
        findings.add(Code::IdRepeated, at, "must not be the id of something else, too");
    }
}

fn is_sound(url: &str, most: usize) -> bool {
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    url.len() <= most && is_url(url) && !authority.is_some_and(|authority| authority.contains('@'))
}

/// Judges evidence as it stands in the credential; `known` are the ids of everything else.
pub(super) fn check_evidence(findings: &mut Findings, evidence: &Value, known: &mut Vec<String>) {
    visit(evidence, "/evidence", "", 0, &mut |at, name, value| {
        let Some(text) = value.as_str().filter(|_| is_link(name)) else { return };
        link(findings, at, text);
        if is_thing(at) {
            once(findings, at, text, known);
            known.push(text.to_owned());
        }
    });
}

/// The ids of the template that no award may have again.
pub(super) fn of_template(sample: &Value) -> Vec<String> {
    let mut ids = Vec::new();
    visit(sample, "", "", 0, &mut |at, _, value| {
        if let Some(id) = value.as_str()
            && is_thing(at)
            && at != "/id"
        {
            ids.push(id.to_owned());
        }
    });
    ids
}
