//! One pass over an SVG: where its root is, and where the elements that hold credentials are.

use std::ops::Range;

use quick_xml::{
    NsReader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
    name::{Namespace, ResolveResult},
};

use super::{Keyword, PREFIX, SvgFault, element, namespace};

/// How deep elements may be nested.
pub(super) const DEEPEST: usize = 128;
/// Most elements.
pub(super) const MOST_ELEMENTS: usize = 100_000;

const SVG: &str = "http://www.w3.org/2000/svg";

/// What one pass finds.
pub(super) struct Scan {
    pub(super) root: Root,
    /// In the order of the file.
    pub(super) carriers: Vec<Carrier>,
}

/// The start tag of the root.
pub(super) struct Root {
    pub(super) tag: Range<usize>,
    /// As it is written, with its prefix if it has one.
    pub(super) name: String,
    /// Whether the tag is the whole element.
    pub(super) empty: bool,
    /// The place and the text of the namespace that it binds to [`PREFIX`].
    pub(super) declared: Option<(Range<usize>, String)>,
}

/// An element that holds a credential.
pub(super) struct Carrier {
    pub(super) keyword: Keyword,
    pub(super) place: Range<usize>,
    pub(super) verify: Option<String>,
    pub(super) body: String,
}

/// Reads an SVG that has no byte order mark.
pub(super) fn scan(svg: &str) -> Result<Scan, SvgFault> {
    if let Some(at) = svg.find('\0') {
        return Err(SvgFault::Malformed(at));
    }
    let mut reader = NsReader::from_str(svg);
    let mut pass =
        Pass { svg, root: None, carriers: Vec::new(), open: None, depth: 0, elements: 0 };
    loop {
        let from = position(&reader);
        let event = reader.read_event().map_err(|_| SvgFault::Malformed(from))?;
        let place = from..position(&reader);
        if let Event::Eof = event {
            break;
        }
        pass.take(&reader, event, place)?;
    }
    match pass.root {
        Some(root) if pass.depth == 0 => Ok(Scan { root, carriers: pass.carriers }),
        Some(_) => Err(SvgFault::Truncated),
        None => Err(SvgFault::NotSvg),
    }
}

fn position(reader: &NsReader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

struct Pass<'s> {
    svg: &'s str,
    root: Option<Root>,
    carriers: Vec<Carrier>,
    /// The carrier that is being read.
    open: Option<Carrier>,
    depth: usize,
    elements: usize,
}

impl Pass<'_> {
    fn take(
        &mut self,
        reader: &NsReader<&[u8]>,
        event: Event<'_>,
        place: Range<usize>,
    ) -> Result<(), SvgFault> {
        match event {
            Event::Start(start) => {
                self.start(reader, &start, place, false)?;
                self.depth += 1;
                Ok(())
            }
            Event::Empty(start) => {
                self.start(reader, &start, place.clone(), true)?;
                self.close(place.end);
                Ok(())
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                self.close(place.end);
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content(), place.start),
            Event::CData(text) if self.depth > 0 => self.text(&text.xml10_content(), place.start),
            Event::GeneralRef(reference) if self.depth > 0 => {
                let text = resolved(&reference).ok_or(SvgFault::Entity(place.start))?;
                self.text(&text, place.start)
            }
            Event::CData(_) | Event::GeneralRef(_) => Err(self.beside_root(place.start)),
            Event::DocType(_) => Err(SvgFault::Doctype),
            Event::Decl(declaration) => match declaration.encoding() {
                None => Ok(()),
                Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
                Some(Ok(name)) if name.eq_ignore_ascii_case("us-ascii") => Ok(()),
                Some(_) => Err(SvgFault::NotUtf8),
            },
            Event::PI(_) | Event::Comment(_) | Event::Eof => Ok(()),
        }
    }

    fn start(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
        place: Range<usize>,
        empty: bool,
    ) -> Result<(), SvgFault> {
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            return Err(SvgFault::TooManyElements);
        }
        if self.depth >= DEEPEST {
            return Err(SvgFault::TooDeep);
        }
        if let Some(open) = &self.open {
            return Err(SvgFault::BadCredential(open.keyword));
        }
        let (bound, local) = reader.resolver().resolve_element(start.name());
        if self.depth == 0 {
            if self.root.is_some() {
                return Err(SvgFault::DataAfterEnd(place.start));
            }
            let of_svg = matches!(bound, ResolveResult::Bound(Namespace(SVG)));
            if local.as_ref() != "svg" || !(of_svg || bound == ResolveResult::Unbound) {
                return Err(SvgFault::NotSvg);
            }
            let declared = self.declared(start, place.start)?;
            let name = start.name().as_ref().to_owned();
            self.root = Some(Root { tag: place, name, empty, declared });
            return Ok(());
        }
        let ResolveResult::Bound(Namespace(bound)) = bound else { return Ok(()) };
        let known =
            |keyword: &Keyword| namespace(*keyword) == bound && element(*keyword) == local.as_ref();
        if let Some(keyword) = Keyword::ALL.into_iter().find(known) {
            let verify = verify(start, place.start)?;
            self.open = Some(Carrier { keyword, place, verify, body: String::new() });
        }
        Ok(())
    }

    /// The place and the text of the namespace that the root binds to [`PREFIX`].
    fn declared(
        &self,
        start: &BytesStart<'_>,
        at: usize,
    ) -> Result<Option<(Range<usize>, String)>, SvgFault> {
        let mut declared = None;
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| SvgFault::Malformed(at))?;
            if attribute.key.prefix().is_some_and(|prefix| prefix.as_ref() == "xmlns")
                && attribute.key.local_name().as_ref() == PREFIX
            {
                // The reader lends from the text, and so the address tells the place.
                let from = attribute.value.as_ptr().addr().checked_sub(self.svg.as_ptr().addr());
                let from = from.ok_or(SvgFault::Malformed(at))?;
                let place = from..from + attribute.value.len();
                if self.svg.get(place.clone()) != Some(&attribute.value) {
                    return Err(SvgFault::Malformed(at));
                }
                declared = Some((place, attribute.value.into_owned()));
            }
        }
        Ok(declared)
    }

    /// Ends the carrier that is being read, if its element is what ends here.
    fn close(&mut self, end: usize) {
        if let Some(mut carrier) = self.open.take() {
            carrier.place.end = end;
            self.carriers.push(carrier);
        }
    }

    fn text(&mut self, text: &str, at: usize) -> Result<(), SvgFault> {
        if let Some(carrier) = &mut self.open {
            carrier.body.push_str(text);
        }
        if self.depth == 0 && !text.trim_ascii().is_empty() {
            return Err(self.beside_root(at));
        }
        Ok(())
    }

    fn beside_root(&self, at: usize) -> SvgFault {
        if self.root.is_some() { SvgFault::DataAfterEnd(at) } else { SvgFault::NotSvg }
    }
}

/// The character that a reference stands for.
fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok().flatten().map(String::from);
    }
    resolve_predefined_entity(reference).map(str::to_owned)
}

/// The attribute that holds or locates a credential.
fn verify(start: &BytesStart<'_>, at: usize) -> Result<Option<String>, SvgFault> {
    let mut found = None;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| SvgFault::Malformed(at))?;
        if attribute.key.as_ref() == "verify" {
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            found = Some(value.map_err(|_| SvgFault::Malformed(at))?.into_owned());
        }
    }
    Ok(found)
}
