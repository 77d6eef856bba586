//! The Markdown that badges use for criteria and awards for narratives, as safe HTML: headings,
//! paragraphs, lists, emphasis, code, links to the web. Everything else, HTML too, is text.

use super::words;

/// The text as HTML.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut block = Block::None;
    for line in text.lines() {
        let (kind, content) = classify(line.trim());
        if kind != block || matches!(kind, Block::Heading(_)) {
            block.close(&mut out);
            kind.open(&mut out);
        } else if kind == Block::Paragraph {
            out.push_str("<br>");
        }
        block = kind;
        match kind {
            Block::None => {}
            Block::Bullets | Block::Numbers => {
                out.push_str("<li dir=\"auto\">");
                inline(&mut out, content, 0);
                out.push_str("</li>");
            }
            Block::Paragraph | Block::Heading(_) => inline(&mut out, content, 0),
        }
    }
    block.close(&mut out);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Paragraph,
    Bullets,
    Numbers,
    Heading(bool),
}

impl Block {
    fn open(self, out: &mut String) {
        out.push_str(match self {
            Block::None => "",
            Block::Paragraph => "<p dir=\"auto\">",
            Block::Bullets => "<ul>",
            Block::Numbers => "<ol>",
            Block::Heading(true) => "<h3 dir=\"auto\">",
            Block::Heading(false) => "<h4 dir=\"auto\">",
        });
    }

    fn close(self, out: &mut String) {
        out.push_str(match self {
            Block::None => "",
            Block::Paragraph => "</p>",
            Block::Bullets => "</ul>",
            Block::Numbers => "</ol>",
            Block::Heading(true) => "</h3>",
            Block::Heading(false) => "</h4>",
        });
    }
}

fn classify(line: &str) -> (Block, &str) {
    if line.is_empty() {
        return (Block::None, line);
    }
    let marks = line.bytes().take_while(|byte| *byte == b'#').count();
    if let (1..=6, Some(title)) = (marks, line[marks..].strip_prefix(' ')) {
        return (Block::Heading(marks <= 2), title.trim_end_matches('#').trim());
    }
    if let Some(item) = ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark)) {
        return (Block::Bullets, item.trim());
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    match rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")) {
        Some(item) if (1..=3).contains(&digits) => (Block::Numbers, item.trim()),
        _ => (Block::Paragraph, line),
    }
}

/// How deep emphasis and links may stand in each other.
const DEEPEST: u8 = 4;

fn inline(out: &mut String, text: &str, depth: u8) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '`', '*', '_', '[']) {
        let before = &rest[..at];
        escape(out, before);
        let here = &rest[at..];
        let inside_word = before.chars().next_back().is_some_and(char::is_alphanumeric);
        let length = special(out, here, inside_word, depth).unwrap_or_else(|| {
            escape(out, &here[..1]);
            1
        });
        rest = &here[length..];
    }
    escape(out, rest);
}

/// Writes what begins here, if something does, and says how long it is.
fn special(out: &mut String, here: &str, inside_word: bool, depth: u8) -> Option<usize> {
    if let Some(escaped) = here.strip_prefix('\\') {
        let next = escaped.chars().next().filter(char::is_ascii_punctuation)?;
        escape(out, &escaped[..next.len_utf8()]);
        return Some(1 + next.len_utf8());
    }
    if let Some(code) = here.strip_prefix('`') {
        let end = code.find('`').filter(|end| *end > 0)?;
        out.push_str("<code>");
        escape(out, &code[..end]);
        out.push_str("</code>");
        return Some(end + 2);
    }
    if depth == DEEPEST {
        return None;
    }
    if here.starts_with('[') {
        return anchor(out, here, depth);
    }
    for (mark, tag) in [("**", "strong"), ("__", "strong"), ("*", "em"), ("_", "em")] {
        let Some(body) = here.strip_prefix(mark) else { continue };
        if inside_word && mark.starts_with('_') || body.starts_with(char::is_whitespace) {
            return None;
        }
        let end = body.find(mark).filter(|end| *end > 0)?;
        out.push('<');
        out.push_str(tag);
        out.push('>');
        inline(out, &body[..end], depth + 1);
        out.push_str("</");
        out.push_str(tag);
        out.push('>');
        return Some(end + 2 * mark.len());
    }
    None
}

/// `[words](https://…)`.
fn anchor(out: &mut String, here: &str, depth: u8) -> Option<usize> {
    let middle = here.find("](")?;
    let end = middle + here[middle..].find(')')?;
    let url = words::link(&here[middle + 2..end])?;
    out.push_str("<a rel=\"nofollow noopener\" href=\"");
    escape(out, &url);
    out.push_str("\">");
    inline(out, &here[1..middle], DEEPEST.min(depth + 2));
    out.push_str("</a>");
    Some(end + 1)
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::html;

    #[test]
    fn blocks_and_marks_become_html() {
        for (markdown, expected) in [
            ("one\ntwo\n\nthree", "<p dir=\"auto\">one<br>two</p><p dir=\"auto\">three</p>"),
            (
                "# A\n## B\n### C",
                "<h3 dir=\"auto\">A</h3><h3 dir=\"auto\">B</h3><h4 dir=\"auto\">C</h4>",
            ),
            (
                "- a\n- b\n1. c",
                "<ul><li dir=\"auto\">a</li><li dir=\"auto\">b</li></ul><ol><li dir=\"auto\">c</li></ol>",
            ),
            (
                "**a** *b* `c<d`",
                "<p dir=\"auto\"><strong>a</strong> <em>b</em> <code>c&lt;d</code></p>",
            ),
            (
                "[x](https://example.org/?a=\"b)",
                "<p dir=\"auto\"><a rel=\"nofollow noopener\" href=\"https://example.org/?a=&quot;b\">x</a></p>",
            ),
            ("snake_case_name 2 * 3 * 4", "<p dir=\"auto\">snake_case_name 2 * 3 * 4</p>"),
            ("\\*plain\\*", "<p dir=\"auto\">*plain*</p>"),
            ("2026. A year", "<p dir=\"auto\">2026. A year</p>"),
        ] {
            assert_eq!(html(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn what_could_run_is_text() {
        for bad in
            ["<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=y>"]
        {
            let safe = html(bad);
            assert!(
                !safe.contains("<script") && !safe.contains("<img") && !safe.contains("href"),
                "{safe}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_tag_is_one_of_ours_and_closed(text in "[-#*_`\\[\\]()<>\"'& \\\\a1.\n:/é漢]{0,200}") {
            let mut open = Vec::new();
            let page = html(&text);
            for part in page.split('<').skip(1) {
                let (tag, _) = part.split_once('>').expect("a tag ends");
                let name = tag.split(' ').next().unwrap_or_default();
                match name.strip_prefix('/') {
                    Some(name) => prop_assert_eq!(open.pop(), Some(name)),
                    None if name == "br" => {}
                    None => {
                        let ours = ["p", "ul", "ol", "li", "h3", "h4", "strong", "em", "code", "a"];
                        prop_assert!(ours.contains(&name), "{}", name);
                        open.push(name);
                    }
                }
            }
            prop_assert!(open.is_empty());
        }
    }
}
