//! N-Quads: writing them canonically, reading what others wrote.

use std::collections::HashMap;
use std::fmt::Write;

use crate::dataset::{Dataset, Full, Node, Quad, Span, Statement, Term};
use crate::iri::is_absolute;

const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";

/// Appends a quad as a line of canonical N-Quads; `label` writes blank nodes.
pub(crate) fn write_quad(
    out: &mut String,
    quad: &Quad<'_>,
    mut label: impl FnMut(&mut String, u32),
) {
    let mut term = |out: &mut String, term: &Term<'_>| match term {
        Term::Blank(blank) => label(out, *blank),
        Term::Text(text) => out.push_str(text),
    };
    term(out, &quad.subject);
    out.push(' ');
    out.push_str(quad.predicate);
    out.push(' ');
    term(out, &quad.object);
    if let Some(graph) = &quad.graph {
        out.push(' ');
        term(out, graph);
    }
    out.push_str(" .\n");
}

/// How much text is read.
const MAX_BYTES: usize = u32::MAX as usize;

/// Whether each byte may stand in a literal as it is.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut control = 0;
    while control < b' ' as usize {
        plain[control] = false;
        control += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain[0x7f] = false;
    plain
};

/// Appends the text of a literal, escaped as canonical N-Quads wants it.
pub(crate) fn write_escaped(out: &mut String, text: &str) {
    if text.bytes().all(|byte| PLAIN[usize::from(byte)]) {
        out.push_str(text);
        return;
    }
    for character in text.chars() {
        match character {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..' ' | '\u{7f}' => {
                write!(out, "\\u{:04X}", u32::from(character)).expect("a string takes all text");
            }
            _ => out.push(character),
        }
    }
}

/// Why a text is not N-Quads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not read line {line} of the n-quads: expected {expected}")]
pub struct NQuadsError {
    /// The line, from 1.
    pub line: usize,
    /// What should have stood there.
    pub expected: &'static str,
}

/// Reads N-Quads. Beside the dataset come the labels of its blank nodes, by their number.
///
/// # Errors
/// When a line is malformed.
pub fn parse_nquads(text: &str) -> Result<(Dataset, Vec<String>), NQuadsError> {
    let mut parser = Parser { rest: "", dataset: Dataset::new(MAX_BYTES), labels: HashMap::new() };
    for (at, line) in text.lines().enumerate() {
        parser.rest = line.trim_matches([' ', '\t']);
        if !parser.rest.is_empty() && !parser.rest.starts_with('#') {
            parser.statement().map_err(|expected| NQuadsError { line: at + 1, expected })?;
        }
    }
    let mut labels: Vec<(u32, String)> =
        parser.labels.into_iter().map(|(label, blank)| (blank, label.to_owned())).collect();
    labels.sort_unstable();
    Ok((parser.dataset, labels.into_iter().map(|(_, label)| label).collect()))
}

struct Parser<'a> {
    rest: &'a str,
    dataset: Dataset,
    labels: HashMap<&'a str, u32>,
}

type Expected<T> = Result<T, &'static str>;

impl From<Full> for &'static str {
    fn from(_: Full) -> Self {
        "at most four gibibytes"
    }
}

impl<'a> Parser<'a> {
    fn statement(&mut self) -> Expected<()> {
        let subject = self.node()?.ok_or("a subject")?;
        let predicate = self.iri()?.ok_or("a predicate")?;
        let object = match self.node()? {
            Some(node) => node,
            None => Node::Text(self.literal()?),
        };
        let graph = self.node()?;
        self.skip_space();
        let end = self.rest.strip_prefix('.').ok_or("a full stop")?;
        let end = end.trim_start_matches([' ', '\t']);
        if !end.is_empty() && !end.starts_with('#') {
            return Err("the end of the line");
        }
        Ok(self.dataset.push(Statement { subject, predicate, object, graph })?)
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn node(&mut self) -> Expected<Option<Node>> {
        if let Some(iri) = self.iri()? {
            return Ok(Some(Node::Text(iri)));
        }
        let Some(rest) = self.rest.strip_prefix("_:") else { return Ok(None) };
        let part_of_label =
            |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.' | '\u{b7}');
        let end = rest.find(|c| !part_of_label(c)).unwrap_or(rest.len());
        let label = rest[..end].trim_end_matches('.');
        if label.is_empty() {
            return Err("the label of a blank node");
        }
        self.rest = &rest[label.len()..];
        let dataset = &mut self.dataset;
        Ok(Some(Node::Blank(*self.labels.entry(label).or_insert_with(|| dataset.new_blank()))))
    }

    fn iri(&mut self) -> Expected<Option<Span>> {
        match self.absolute()? {
            Some(iri) => Ok(Some(self.dataset.write(&["<", &iri, ">"])?)),
            None => Ok(None),
        }
    }

    fn absolute(&mut self) -> Expected<Option<String>> {
        self.skip_space();
        let Some(rest) = self.rest.strip_prefix('<') else { return Ok(None) };
        let end = rest.find('>').ok_or("the end of an iri")?;
        let iri = unescape(&rest[..end])?;
        self.rest = &rest[end + 1..];
        if is_absolute(&iri) { Ok(Some(iri)) } else { Err("an absolute iri") }
    }

    fn literal(&mut self) -> Expected<Span> {
        let rest: &'a str = self.rest.strip_prefix('"').ok_or("an object")?;
        let mut escaped = false;
        let end = rest.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let end = end.ok_or("the end of a literal")?;
        let value = unescape(&rest[..end])?;
        self.rest = &rest[end + 1..];
        let span = if let Some(rest) = self.rest.strip_prefix('@') {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let (language, rest) = rest.split_at(end.unwrap_or(rest.len()));
            self.rest = rest;
            self.dataset.write_literal(&value, &["@", language])
        } else if let Some(rest) = self.rest.strip_prefix("^^") {
            self.rest = rest;
            let datatype = self.absolute()?.ok_or("a datatype")?;
            let suffix = ["^^<", &datatype, ">"];
            let suffix = if datatype == XSD_STRING { &[][..] } else { &suffix[..] };
            self.dataset.write_literal(&value, suffix)
        } else {
            self.dataset.write_literal(&value, &[])
        };
        Ok(span?)
    }
}

fn unescape(text: &str) -> Expected<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let escape = after.chars().next().ok_or("an escape")?;
        let mut taken = 1;
        out.push(match escape {
            't' => '\t',
            'b' => '\u{8}',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            '"' | '\'' | '\\' => escape,
            'u' | 'U' => {
                taken = if escape == 'u' { 5 } else { 9 };
                let digits = after.get(1..taken).ok_or("a code point")?;
                let code = u32::from_str_radix(digits, 16).map_err(|_| "a code point")?;
                char::from_u32(code).ok_or("a code point")?
            }
            _ => return Err("an escape"),
        });
        rest = &after[taken..];
    }
    out.push_str(rest);
    Ok(out)
}
