//! An SVG taken apart and put together again from what is allowed.

use quick_xml::{
    NsReader, XmlVersion,
    escape::{escape, resolve_predefined_entity},
    events::{BytesRef, BytesStart, Event, attributes::Attribute},
    name::{Namespace, ResolveResult},
};

use super::{ArtworkRejection, LARGEST_SVG, allowed, cost::Costs, css, shown};

const DEEPEST: usize = 64;
const MOST_ELEMENTS: usize = 20_000;
const MOST_ATTRIBUTES: usize = 64;

/// The safe form of an SVG: the same for the safe form itself.
///
/// # Errors
/// What stands in the way, by name.
pub(super) fn sanitize(source: &[u8]) -> Result<String, ArtworkRejection> {
    if source.len() > LARGEST_SVG {
        let message = format!("the SVG is larger than {} KiB: simplify it", LARGEST_SVG / 1024);
        return Err(ArtworkRejection::TooLarge(message));
    }
    let text = std::str::from_utf8(source).map_err(|_| malformed("the SVG is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\0') {
        return Err(malformed("the SVG holds a null character"));
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut cleaner = Cleaner::default();
    loop {
        let event = reader.read_event().map_err(|_| malformed("the SVG is not well-formed XML"))?;
        if let Event::Eof = event {
            break;
        }
        cleaner.take(&reader, event)?;
    }
    cleaner.finish()
}

#[derive(Default)]
struct Cleaner {
    /// What is written so far.
    safe: String,
    /// The elements that are open, the kept ones with their place in `costs`.
    open: Vec<Open>,
    /// How many open elements are left out, counted from the innermost.
    left_out: usize,
    /// Whether the start tag written last still lacks its `>`.
    unclosed: bool,
    elements: usize,
    style: String,
    rules: Vec<(String, String)>,
    costs: Costs,
    done: bool,
}

struct Open {
    name: String,
    index: usize,
}

fn malformed(what: &str) -> ArtworkRejection {
    ArtworkRejection::Malformed(format!("{what}: save it again as plain SVG"))
}

fn refused(what: &str) -> ArtworkRejection {
    ArtworkRejection::Unsafe(format!("{what} is not allowed in a picture: remove it"))
}

impl Cleaner {
    fn take(&mut self, reader: &NsReader<&[u8]>, event: Event<'_>) -> Result<(), ArtworkRejection> {
        match event {
            Event::Start(start) | Event::Empty(start) => self.start(reader, &start),
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.text(&resolved(&reference)?),
            Event::DocType(_) => Err(refused("a DOCTYPE")),
            Event::PI(instruction)
                if instruction.target().eq_ignore_ascii_case("xml-stylesheet") =>
            {
                Err(refused("an xml-stylesheet instruction"))
            }
            Event::Decl(declaration) => match declaration.encoding() {
                None => Ok(()),
                Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
                Some(_) => Err(malformed("the SVG declares an encoding other than UTF-8")),
            },
            Event::PI(_) | Event::Comment(_) | Event::Eof => Ok(()),
        }
    }

    fn start(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
    ) -> Result<(), ArtworkRejection> {
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            let message = format!("the SVG has more than {MOST_ELEMENTS} elements: simplify it");
            return Err(ArtworkRejection::TooLarge(message));
        }
        if self.open.len() + self.left_out >= DEEPEST {
            let message = format!("the SVG is nested more than {DEEPEST} deep: flatten it");
            return Err(ArtworkRejection::TooLarge(message));
        }
        if self.left_out > 0 {
            self.left_out += 1;
            return Ok(());
        }
        if self.done {
            return Err(malformed("the SVG has more than one root element"));
        }
        let (namespace, local) = reader.resolver().resolve_element(start.name());
        let name = local.as_ref();
        let shown_name = shown(name);
        match namespace {
            ResolveResult::Bound(Namespace(allowed::SVG)) => {}
            ResolveResult::Bound(Namespace(other)) if allowed::editor(other) => {
                return self.leave_out();
            }
            ResolveResult::Unbound if self.open.is_empty() => {
                return Err(malformed("the root is not svg in the namespace of SVG"));
            }
            ResolveResult::Unknown(_) => {
                return Err(malformed(&format!("the prefix of {shown_name} is not declared")));
            }
            ResolveResult::Unbound | ResolveResult::Bound(_) => {
                return Err(refused(&format!("the element {shown_name} of another language")));
            }
        }
        match name {
            "metadata" if !self.open.is_empty() => return self.leave_out(),
            "svg" if self.open.is_empty() => {}
            _ if self.open.is_empty() => return Err(malformed("the root is not svg")),
            "text" | "tspan" | "textPath" => {
                let message = "words are drawn differently on every machine: convert text to paths";
                return Err(ArtworkRejection::Unsafe(format!("element {name}: {message}")));
            }
            "image" | "feImage" => {
                let message =
                    "a picture within the drawing is not allowed: trace it, or send a PNG";
                return Err(ArtworkRejection::Unsafe(format!("element {name}: {message}")));
            }
            "svg" => return Err(refused("an svg element within another")),
            _ if !allowed::element(name) => {
                return Err(refused(&format!("the element {shown_name}")));
            }
            _ => {}
        }
        if self.open.last().is_some_and(|parent| wordy(&parent.name)) {
            return Err(malformed("title, desc and style may hold text only"));
        }
        let attributes = attributes(reader, start, name)?;
        let parent = self.open.last().map(|parent| parent.index);
        let index = self.costs.add(parent, name, &attributes)?;
        self.write_start(name, &attributes);
        self.open.push(Open { name: name.to_owned(), index });
        Ok(())
    }

    fn leave_out(&mut self) -> Result<(), ArtworkRejection> {
        if self.open.is_empty() {
            return Err(malformed("the root is not svg"));
        }
        self.left_out = 1;
        Ok(())
    }

    fn write_start(&mut self, name: &str, attributes: &[(String, String)]) {
        self.close_tag();
        self.safe.push('<');
        self.safe.push_str(name);
        if self.open.is_empty() {
            self.safe.push_str(" xmlns=\"");
            self.safe.push_str(allowed::SVG);
            self.safe.push('"');
        }
        for (name, value) in attributes {
            self.safe.push(' ');
            self.safe.push_str(name);
            self.safe.push_str("=\"");
            self.safe.push_str(&escape(value.as_str()));
            self.safe.push('"');
        }
        self.unclosed = true;
    }

    fn close_tag(&mut self) {
        if self.unclosed {
            self.safe.push('>');
            self.unclosed = false;
        }
    }

    fn end(&mut self) -> Result<(), ArtworkRejection> {
        if self.left_out > 0 {
            self.left_out -= 1;
            return Ok(());
        }
        let Some(open) = self.open.pop() else {
            return Err(malformed("the SVG is not well-formed XML"));
        };
        if open.name == "style" {
            let sheet = css::stylesheet(&std::mem::take(&mut self.style))?;
            if !sheet.text.is_empty() {
                self.close_tag();
                self.safe.push_str(&escape(sheet.text.as_str()));
            }
            self.rules.extend(sheet.rules);
        }
        if self.unclosed {
            self.safe.push_str("/>");
            self.unclosed = false;
        } else {
            self.safe.push_str("</");
            self.safe.push_str(&open.name);
            self.safe.push('>');
        }
        self.done = self.open.is_empty();
        Ok(())
    }

    /// Words count in title, desc and style only; elsewhere they are never drawn.
    fn text(&mut self, text: &str) -> Result<(), ArtworkRejection> {
        if self.left_out > 0 {
            return Ok(());
        }
        match self.open.last().map(|open| open.name.as_str()) {
            None if text.trim().is_empty() => Ok(()),
            None => Err(malformed("there is text beside the root element")),
            Some("style") => {
                self.style.push_str(text);
                Ok(())
            }
            Some("title" | "desc") => {
                if text.contains(|c: char| c.is_control() && !c.is_whitespace()) {
                    return Err(malformed("the SVG holds a control character"));
                }
                self.close_tag();
                self.safe.push_str(&escape(text));
                Ok(())
            }
            Some(_) => Ok(()),
        }
    }

    fn finish(mut self) -> Result<String, ArtworkRejection> {
        if !self.done || !self.open.is_empty() {
            return Err(malformed("the SVG is not whole"));
        }
        let rules = std::mem::take(&mut self.rules);
        self.costs.style(&rules)?;
        self.costs.check()?;
        Ok(self.safe)
    }
}

/// Whether an element holds words, not elements.
fn wordy(element: &str) -> bool {
    matches!(element, "title" | "desc" | "style")
}

/// The character that a reference stands for.
fn resolved(reference: &BytesRef<'_>) -> Result<String, ArtworkRejection> {
    if reference.is_char_ref() {
        return match reference.resolve_char_ref() {
            Ok(Some(c)) => Ok(c.to_string()),
            _ => Err(malformed("a character reference stands for nothing")),
        };
    }
    match resolve_predefined_entity(reference) {
        Some(text) => Ok(text.to_owned()),
        None => Err(refused(&format!("the entity {}", shown(reference)))),
    }
}

/// The attributes of a kept element that are kept, in their order.
fn attributes(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    element: &str,
) -> Result<Vec<(String, String)>, ArtworkRejection> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (n, attribute) in start.attributes().enumerate() {
        let attribute =
            attribute.map_err(|_| malformed(&format!("the attributes of {element} are broken")))?;
        if n >= MOST_ATTRIBUTES {
            let message = format!("{element} has more than {MOST_ATTRIBUTES} attributes");
            return Err(ArtworkRejection::TooLarge(format!("{message}: simplify it")));
        }
        let Some((name, value)) = kept_attribute(reader, &attribute, element)? else { continue };
        match kept.iter().find(|(other, _)| *other == name) {
            None => kept.push((name, value)),
            Some((_, same)) if *same == value => {}
            Some(_) => {
                return Err(malformed(&format!("{element} has two different values of {name}")));
            }
        }
    }
    Ok(kept)
}

fn kept_attribute(
    reader: &NsReader<&[u8]>,
    attribute: &Attribute<'_>,
    element: &str,
) -> Result<Option<(String, String)>, ArtworkRejection> {
    if attribute.key.as_namespace_binding().is_some() {
        return Ok(None);
    }
    let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
    let name = local.as_ref();
    let here = format!("the attribute {} of {element}", shown(name));
    match namespace {
        ResolveResult::Unbound => {}
        ResolveResult::Bound(Namespace(allowed::XLINK)) if name == "href" => {}
        ResolveResult::Bound(Namespace(allowed::XLINK)) => return Ok(None),
        ResolveResult::Bound(Namespace(allowed::XML)) if matches!(name, "space" | "lang") => {
            return Ok(None);
        }
        ResolveResult::Bound(Namespace(other)) if allowed::editor(other) => return Ok(None),
        ResolveResult::Bound(_) => return Err(refused(&here)),
        ResolveResult::Unknown(_) => {
            return Err(malformed(&format!("the prefix of {here} is not declared")));
        }
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("on") {
        return Err(refused(&format!("the event handler {} of {element}", shown(name))));
    }
    if allowed::idle(name) || (element == "style" && name == "type") {
        return Ok(None);
    }
    let value = attribute
        .normalized_value(XmlVersion::Explicit1_0)
        .map_err(|_| refused(&format!("an entity in {here}")))?;
    let value = value.trim();
    let value = match name {
        "href" if !allowed::refers(element) => return Err(refused(&here)),
        "href" => match css::local(value) {
            Some(id) => format!("#{id}"),
            None => return Err(refused(&format!("a link to outside of the picture ({here})"))),
        },
        "id" if !css::is_id(value) => {
            return Err(malformed("an id has characters other than letters, digits and _-.:"));
        }
        "style" => css::declarations("style", value)?,
        name if allowed::attribute(name) => {
            css::check_value(name, value)?;
            value.to_owned()
        }
        _ => return Err(refused(&here)),
    };
    Ok((name != "style" || !value.is_empty()).then(|| (name.to_owned(), value)))
}
