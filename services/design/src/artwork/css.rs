//! Values and styles: only plain words, numbers, colours and references within the picture.

use super::{ArtworkRejection, allowed, shown};

/// A style sheet that was taken apart and put together again.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The safe text.
    pub(super) text: String,
    /// Selectors with what is declared for them, in order.
    pub(super) rules: Vec<(String, String)>,
}

const MOST_RULES: usize = 1_000;

fn refused(what: &str, of: &str) -> ArtworkRejection {
    ArtworkRejection::Unsafe(format!("{what} in {} is not allowed: remove it", shown(of)))
}

/// Nothing when the value of that attribute or property is safe.
pub(super) fn check_value(of: &str, value: &str) -> Result<(), ArtworkRejection> {
    if let Some(c) = value.chars().find(|c| "\\<>@{};&".contains(*c) || odd(*c)) {
        return Err(refused(&format!("the character {}", c.escape_default()), of));
    }
    if value.contains("/*") {
        return Err(refused("a comment", of));
    }
    let mut rest = value;
    while let Some(open) = rest.find('(') {
        let before = rest[..open].trim_end();
        let name = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .map_or(before, |at| &before[at + 1..]);
        let name = name.to_ascii_lowercase();
        if !allowed::function(&name) {
            return Err(refused(&format!("the function {}()", shown(&name)), of));
        }
        let inside = &rest[open + 1..];
        let end = inside.find(')').ok_or_else(|| refused("an open bracket", of))?;
        if name == "url" && local(unquoted(&inside[..end])).is_none() {
            return Err(refused("a reference to something outside the picture", of));
        }
        rest = &inside[end + 1..];
    }
    // Outside of functions nothing has a scheme.
    if scheme(value) {
        return Err(refused("a link", of));
    }
    Ok(())
}

/// The ids that a safe value refers to.
pub(super) fn references(value: &str) -> impl Iterator<Item = &str> {
    value.split("url(").skip(1).filter_map(|part| local(unquoted(&part[..part.find(')')?])))
}

/// The id in `#id`, when that is all there is.
pub(super) fn local(reference: &str) -> Option<&str> {
    let id = reference.trim().strip_prefix('#')?;
    is_id(id).then_some(id)
}

pub(super) fn is_id(id: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    (1..=200).contains(&id.len()) && id.chars().all(fits)
}

/// `name: value; …` with only known properties left.
pub(super) fn declarations(of: &str, text: &str) -> Result<String, ArtworkRejection> {
    let mut safe = String::new();
    for declaration in without_comments(of, text)?.split(';') {
        let declaration = declaration.trim();
        if declaration.is_empty() {
            continue;
        }
        let Some((name, value)) = declaration.split_once(':') else {
            return Err(refused("a declaration without a colon", of));
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        check_value(of, value)?;
        if allowed::property(&name) {
            if !safe.is_empty() {
                safe.push(';');
            }
            safe.push_str(&name);
            safe.push(':');
            safe.push_str(value);
        }
    }
    Ok(safe)
}

/// A whole style sheet of plain rules; at-rules are refused.
pub(super) fn stylesheet(text: &str) -> Result<Sheet, ArtworkRejection> {
    let text = without_comments("style", text)?;
    if text.contains('@') {
        return Err(refused("an at-rule such as @import", "style"));
    }
    let (mut sheet, mut rest) = (Sheet::default(), text.trim());
    while !rest.is_empty() {
        let (selector, block) =
            rest.split_once('{').ok_or_else(|| refused("a rule without a block", "style"))?;
        let selector = selector.trim();
        let plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_-.#*,>+~:".contains(c);
        if selector.is_empty() || !selector.chars().all(plain) {
            return Err(refused("a selector that is not plain", "style"));
        }
        let (block, after) =
            block.split_once('}').ok_or_else(|| refused("a rule without an end", "style"))?;
        let declared = declarations("style", block)?;
        rest = after.trim();
        if declared.is_empty() {
            continue;
        }
        sheet.text.push_str(selector);
        sheet.text.push('{');
        sheet.text.push_str(&declared);
        sheet.text.push('}');
        sheet.rules.push((selector.to_owned(), declared));
        if sheet.rules.len() > MOST_RULES {
            let message =
                format!("the picture has more than {MOST_RULES} style rules: simplify it");
            return Err(ArtworkRejection::TooLarge(message));
        }
    }
    Ok(sheet)
}

/// A comment separates what stands around it, and so a space takes its place.
fn without_comments(of: &str, text: &str) -> Result<String, ArtworkRejection> {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, comment)) = rest.split_once("/*") {
        kept.push_str(before);
        kept.push(' ');
        (_, rest) = comment.split_once("*/").ok_or_else(|| refused("an open comment", of))?;
    }
    kept.push_str(rest);
    Ok(kept)
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let quoted = |mark| text.strip_prefix(mark).and_then(|t: &str| t.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// Whether the text, with everything invisible taken out, names a scheme that a browser acts on.
fn scheme(text: &str) -> bool {
    let visible: String =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    ["javascript:", "vbscript:", "data:", "http:", "https:", "file:", "//"]
        .iter()
        .any(|scheme| visible.contains(scheme))
}

fn odd(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}
