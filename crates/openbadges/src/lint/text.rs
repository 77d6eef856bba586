//! Texts that say what they seem to say.

use serde_json::Value;

use super::{Code, Findings, visit};

/// What is expected of a text that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// One line without HTML, of at most 300 characters.
    Line,
    /// Without HTML, of at most 2,000 characters.
    Plain,
    /// Markdown in which nothing runs, of at most 10,000 characters.
    Markdown,
}

pub(super) fn check_all(findings: &mut Findings, credential: &Value) {
    check_within(findings, credential, "");
    let criteria = credential.pointer("/credentialSubject/achievement/criteria");
    if let Some(criteria) = criteria.and_then(Value::as_object)
        && !["id", "narrative"].iter().any(|name| criteria.contains_key(*name))
    {
        let place = "/credentialSubject/achievement/criteria";
        findings.add(Code::CriteriaMissing, place, "must have an id or a narrative");
    }
}

/// Judges all texts in a value that stands at a place.
pub(super) fn check_within(findings: &mut Findings, value: &Value, at: &str) {
    visit(value, at, "", 0, &mut |at, name, value| match value {
        Value::Null => findings.add(Code::ValueEmpty, at, "must not be null: leave it out"),
        Value::Array(items) if items.is_empty() => {
            findings.add(Code::ValueEmpty, at, "must not be empty: leave it out");
        }
        Value::String(text) => {
            if let Some(form) = form(name) {
                check(findings, at, text, form);
            }
        }
        _ => {}
    });
}

pub(super) fn narrative(findings: &mut Findings, text: &str) {
    check(findings, "/credentialSubject/narrative", text, Text::Markdown);
}

/// What is expected of a member's text; nothing of what is judged elsewhere, or not by people.
fn form(name: &str) -> Option<Text> {
    Some(match name {
        "narrative" | "endorsementComment" => Text::Markdown,
        "description" | "targetDescription" | "caption" => Text::Plain,
        "@context"
        | "type"
        | "id"
        | "url"
        | "targetUrl"
        | "issuer"
        | "salt"
        | "identityHash"
        | "validFrom"
        | "validUntil"
        | "awardedDate"
        | "statusListIndex"
        | "statusListCredential"
        | "endorsementJwt" => return None,
        _ => Text::Line,
    })
}

pub(super) fn check(findings: &mut Findings, at: &str, text: &str, form: Text) {
    let most = match form {
        Text::Line => 300,
        Text::Plain => 2_000,
        Text::Markdown => 10_000,
    };
    if text.trim().is_empty() {
        findings.add(Code::TextEmpty, at, "must not be empty");
    }
    if text.len() > most && text.chars().count() > most {
        findings.add(Code::TextLong, at, format!("must have at most {most} characters"));
    }
    let breaks = |c: char| form != Text::Line && matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(|c| c.is_control() && !breaks(c)) {
        findings.add(Code::TextControl, at, "must not have control characters");
    }
    if text.is_ascii() {
        // What follows is beyond it.
    } else {
        if text.contains(turns) {
            let message = "must not have characters that override the direction of text";
            findings.add(Code::TextDirection, at, message);
        }
        if text.contains(is_noncharacter) {
            let message = "must not have code points that are no characters";
            findings.add(Code::TextNoncharacter, at, message);
        }
    }
    match form {
        Text::Markdown if is_active(text) => {
            findings.add(Code::TextActive, at, "must not have scripts or embedded pages");
        }
        Text::Line | Text::Plain if tags(text).next().is_some() => {
            findings.add(Code::TextMarkup, at, "must be plain text without html");
        }
        _ => {}
    }
}

/// Embeddings, overrides and isolates of the bidirectional algorithm, and their end.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

/// Unicode reserves these for software's own use.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// The names of what a browser would take for tags; comments and such have none.
fn tags(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).filter_map(|rest| {
        let inside = rest.strip_prefix('/').unwrap_or(rest);
        if inside.starts_with(['!', '?']) {
            return inside.contains('>').then_some("");
        }
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
        let named = inside.starts_with(|c: char| c.is_ascii_alphabetic());
        let closes = inside[end..].starts_with(|c: char| c.is_whitespace() || "/>".contains(c));
        (named && closes && inside.contains('>')).then_some(&inside[..end])
    })
}

/// What a browser would run or load, were the Markdown shown with its HTML.
fn is_active(text: &str) -> bool {
    const TAGS: [&str; 12] = [
        "script", "iframe", "object", "embed", "style", "link", "meta", "form", "svg", "base",
        "frame", "applet",
    ];
    let runs = |target: &str| {
        let target = target.trim_start_matches(|c: char| c.is_whitespace() || c == '<');
        ["javascript:", "vbscript:", "data:text"]
            .iter()
            .any(|s| target.get(..s.len()).is_some_and(|start| start.eq_ignore_ascii_case(s)))
    };
    let targets = text.split("](").skip(1).chain(text.split("]:").skip(1));
    targets.chain(text.split('<').skip(1)).any(runs)
        || tags(text).any(|tag| TAGS.iter().any(|known| tag.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_told_from_signs_and_addresses() {
        for html in ["<b>x</b>", "a <img src=x>", "</p>", "<br/>", "<!-- x -->", "<?php ?>"] {
            assert!(tags(html).next().is_some(), "{html}");
        }
        for plain in ["a < b", "I <3 maths", "<https://x.example>", "<ada@x.example>", "a<b and c"]
        {
            assert!(tags(plain).next().is_none(), "{plain}");
        }
    }

    #[test]
    fn active_markdown_is_told_from_talk_about_it() {
        for active in [
            "[x](javascript:alert(1))",
            "[x]( JavaScript:alert(1))",
            "[x]: vbscript:x",
            "<javascript:alert(1)>",
            "![x](data:text/html,x)",
            "<SCRIPT >x</SCRIPT>",
            "<iframe src=x></iframe>",
        ] {
            assert!(is_active(active), "{active}");
        }
        for talk in ["JavaScript: the good parts", "[x](https://x.example)", "a <b>bold</b> x"] {
            assert!(!is_active(talk), "{talk}");
        }
    }
}
