//! N-Quads: writing them canonically, reading what others wrote.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use crate::dataset::{Dataset, Quad, Term};
use crate::iri::is_absolute;

const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";

/// Appends a quad as a line of canonical N-Quads; `label` writes blank nodes.
pub(crate) fn write_quad(out: &mut String, quad: &Quad, label: &mut dyn FnMut(&mut String, u32)) {
    write_term(out, &quad.subject, label);
    out.push_str(" <");
    out.push_str(&quad.predicate);
    out.push_str("> ");
    write_term(out, &quad.object, label);
    if let Some(graph) = &quad.graph {
        out.push(' ');
        write_term(out, graph, label);
    }
    out.push_str(" .\n");
}

fn write_term(out: &mut String, term: &Term, label: &mut dyn FnMut(&mut String, u32)) {
    match term {
        Term::Iri(iri) => write_iri(out, iri),
        Term::Blank(blank) => label(out, *blank),
        Term::Literal { value, datatype, language } => {
            out.push('"');
            write_escaped(out, value);
            out.push('"');
            if let Some(language) = language {
                out.push('@');
                out.push_str(language);
            } else if let Some(datatype) = datatype {
                out.push_str("^^");
                write_iri(out, datatype);
            }
        }
    }
}

fn write_iri(out: &mut String, iri: &str) {
    out.push('<');
    out.push_str(iri);
    out.push('>');
}

fn write_escaped(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= b' ' && !matches!(byte, b'"' | b'\\' | 0x7f);
    if text.bytes().all(plain) {
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
    let mut parser = Parser { rest: "", dataset: Dataset::default(), labels: HashMap::new() };
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

impl<'a> Parser<'a> {
    fn statement(&mut self) -> Expected<()> {
        let subject = self.node()?.ok_or("a subject")?;
        let predicate = self.iri()?.ok_or("a predicate")?;
        let object = match self.node()? {
            Some(node) => node,
            None => self.literal()?,
        };
        let graph = self.node()?;
        self.skip_space();
        let end = self.rest.strip_prefix('.').ok_or("a full stop")?;
        let end = end.trim_start_matches([' ', '\t']);
        if !end.is_empty() && !end.starts_with('#') {
            return Err("the end of the line");
        }
        self.dataset.push(Quad { subject, predicate, object, graph });
        Ok(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn node(&mut self) -> Expected<Option<Term>> {
        if let Some(iri) = self.iri()? {
            return Ok(Some(Term::Iri(iri)));
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
        Ok(Some(Term::Blank(*self.labels.entry(label).or_insert_with(|| dataset.new_blank()))))
    }

    fn iri(&mut self) -> Expected<Option<Arc<str>>> {
        self.skip_space();
        let Some(rest) = self.rest.strip_prefix('<') else { return Ok(None) };
        let end = rest.find('>').ok_or("the end of an iri")?;
        let iri = unescape(&rest[..end])?;
        self.rest = &rest[end + 1..];
        if is_absolute(&iri) { Ok(Some(iri.into())) } else { Err("an absolute iri") }
    }

    fn literal(&mut self) -> Expected<Term> {
        let rest: &'a str = self.rest.strip_prefix('"').ok_or("an object")?;
        let mut escaped = false;
        let end = rest.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let end = end.ok_or("the end of a literal")?;
        let value = unescape(&rest[..end])?.into();
        self.rest = &rest[end + 1..];
        if let Some(rest) = self.rest.strip_prefix('@') {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let (language, rest) = rest.split_at(end.unwrap_or(rest.len()));
            self.rest = rest;
            return Ok(Term::Literal { value, datatype: None, language: Some(language.into()) });
        }
        let datatype = match self.rest.strip_prefix("^^") {
            Some(rest) => {
                self.rest = rest;
                Some(self.iri()?.ok_or("a datatype")?)
            }
            None => None,
        };
        let datatype = datatype.filter(|datatype| &**datatype != XSD_STRING);
        Ok(Term::Literal { value, datatype, language: None })
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
