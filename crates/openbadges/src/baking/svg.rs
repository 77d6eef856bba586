//! An SVG and the elements in it that hold credentials.

mod scan;

use std::ops::Range;

use super::{BakedCredential, BakingError, Content, Keyword, LARGEST_PICTURE, finished, orderly};
use scan::{Root, Scan, scan};

/// The prefix that the standards write, and that some readers look for instead of the namespace.
const PREFIX: &str = "openbadges";

/// What is wrong with an SVG. Places are counted in bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SvgFault {
    /// It is in another encoding, or says so.
    #[error("the SVG is not UTF-8: save it again as plain SVG")]
    NotUtf8,
    /// It is not XML.
    #[error("the SVG is not well-formed XML at byte {0}")]
    Malformed(usize),
    /// It declares a document type, where entities and other files hide.
    #[error("the SVG has a DOCTYPE, which is not allowed in a badge: save it again as plain SVG")]
    Doctype,
    /// It refers to an entity other than the five of XML.
    #[error("the SVG refers to an entity at byte {0}, which is not allowed in a badge")]
    Entity(usize),
    /// Its elements are nested too deep.
    #[error("the SVG is nested more than {} deep: flatten it", scan::DEEPEST)]
    TooDeep,
    /// It has too many elements.
    #[error("the SVG has more than {} elements: simplify it", scan::MOST_ELEMENTS)]
    TooManyElements,
    /// Its root is something else.
    #[error("the root of the file is not svg in the namespace of SVG")]
    NotSvg,
    /// The file ends before the root does.
    #[error("the SVG is cut off: its root is not closed")]
    Truncated,
    /// Something follows the root: the file is another kind of file as well.
    #[error("the SVG is followed by other data at byte {0}: save it again as plain SVG")]
    DataAfterEnd(usize),
    /// The element of a credential holds other elements.
    #[error("the element of the credential {0} in the SVG holds other elements")]
    BadCredential(Keyword),
    /// Its elements use the prefix of credentials for something else, and would become some.
    #[error(
        "other elements of the SVG would be taken for credentials: remove those that begin with {PREFIX}:"
    )]
    Ambiguous,
}

/// The namespace of a credential's element.
const fn namespace(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::OpenBadgeCredential => "https://purl.imsglobal.org/ob/v3p0",
        Keyword::ClrCredential => "https://purl.imsglobal.org/clr/v2p0",
        Keyword::OpenBadges => "http://openbadges.org",
    }
}

/// The name of a credential's element in its namespace.
const fn element(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::OpenBadgeCredential | Keyword::ClrCredential => "credential",
        Keyword::OpenBadges => "assertion",
    }
}

/// Whether a file may be an SVG: text that begins with a tag. Said of UTF-16, too, which is then
/// refused by name.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    utf16 || bytes.trim_ascii_start().first() == Some(&b'<')
}

pub(super) fn extract(bytes: &[u8]) -> Result<Vec<BakedCredential>, BakingError> {
    let Scan { carriers, .. } = scan(text(bytes)?.1)?;
    let mut found: Vec<BakedCredential> = Vec::new();
    for carrier in carriers {
        let keyword = carrier.keyword;
        if found.iter().any(|earlier| earlier.keyword == keyword) {
            continue;
        }
        found.push(BakedCredential { keyword, content: content(&carrier)? });
    }
    Ok(found)
}

/// A signature says more than the JSON beside it, and that more than where it came from.
fn content(carrier: &scan::Carrier) -> Result<Content, BakingError> {
    let keyword = carrier.keyword;
    let verify = carrier.verify.as_deref().map(|text| Content::of(text, keyword));
    if let Some(Ok(Content::Jws(jws))) = verify {
        return Ok(Content::Jws(jws));
    }
    match verify {
        Some(verify) if carrier.body.trim().is_empty() => verify,
        _ => Content::of(&carrier.body, keyword),
    }
}

/// The text of an SVG, after its byte order mark.
fn text(bytes: &[u8]) -> Result<(&str, &str), SvgFault> {
    const MARK: usize = '\u{feff}'.len_utf8();
    let text = std::str::from_utf8(bytes).map_err(|_| SvgFault::NotUtf8)?;
    Ok(text.split_at(if text.starts_with('\u{feff}') { MARK } else { 0 }))
}

/// Bakes credentials into an SVG, in place of all that were baked into it before.
///
/// A credential is JSON or a compact JWS. It becomes the first element of the root; everything
/// else stays as it is. JSON is written as one CDATA section, with `]]>` in it as `]]\u003e`,
/// which is the same to every reader of JSON. Without credentials, the picture is just relieved
/// of those that it has.
///
/// # Errors
/// See [`BakingError`].
pub fn bake_svg(svg: &[u8], credentials: &[(Keyword, &str)]) -> Result<Vec<u8>, BakingError> {
    if svg.len() > LARGEST_PICTURE {
        return Err(BakingError::TooLarge);
    }
    let credentials = orderly(credentials)?;
    let (mark, svg) = text(svg)?;
    let Scan { root, carriers } = scan(svg)?;
    let mut edits: Vec<(Range<usize>, String)> =
        carriers.into_iter().map(|carrier| (carrier.place, String::new())).collect();
    let on_root =
        credentials.first().and_then(|(keyword, ..)| declare(*keyword, &root, &mut edits));
    let elements: String = credentials
        .iter()
        .map(|(keyword, _, content)| written(*keyword, content, on_root == Some(*keyword)))
        .collect();
    if !elements.is_empty() {
        edits.push(if root.empty {
            (root.tag.end - 2..root.tag.end, format!(">{elements}</{}>", root.name))
        } else {
            (root.tag.end..root.tag.end, elements)
        });
    }
    edits.sort_by_key(|(place, _)| (place.start, place.end));
    let baked = edited(mark, svg, &edits);
    // What had no meaning before may have one under the root's new namespace.
    match scan(&baked[mark.len()..]) {
        Ok(again) if again.carriers.len() == credentials.len() => finished(baked.into_bytes()),
        _ => Err(SvgFault::Ambiguous.into()),
    }
}

/// Declares the keyword's namespace on the root, as the standards have it, unless the prefix
/// means something else there; the keyword, if it is declared.
fn declare(
    keyword: Keyword,
    root: &Root,
    edits: &mut Vec<(Range<usize>, String)>,
) -> Option<Keyword> {
    match &root.declared {
        None => {
            let at = root.tag.start + 1 + root.name.len();
            edits.push((at..at, format!(" xmlns:{PREFIX}=\"{}\"", namespace(keyword))));
        }
        Some((place, value)) if Keyword::ALL.iter().any(|known| namespace(*known) == value) => {
            edits.push((place.clone(), namespace(keyword).to_owned()));
        }
        Some(_) => return None,
    }
    Some(keyword)
}

fn written(keyword: Keyword, content: &Content, declared: bool) -> String {
    let name = format!("{PREFIX}:{}", element(keyword));
    let namespace = if declared {
        String::new()
    } else {
        format!(" xmlns:{PREFIX}=\"{}\"", namespace(keyword))
    };
    match content {
        Content::Jws(text) | Content::Url(text) => {
            format!("<{name}{namespace} verify=\"{text}\"/>")
        }
        Content::Json(json) => {
            let verify = hosted_at(keyword, json)
                .map(|id| format!(" verify=\"{}\"", quick_xml::escape::escape(id.as_str())))
                .unwrap_or_default();
            format!("<{name}{namespace}{verify}><![CDATA[{}]]></{name}>", in_cdata(json))
        }
    }
}

/// Where an assertion of Open Badges 2.0 is hosted, which its element has to say.
fn hosted_at(keyword: Keyword, json: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Hosted {
        id: String,
    }
    let hosted = (keyword == Keyword::OpenBadges).then(|| serde_json::from_str::<Hosted>(json));
    hosted?.ok().map(|hosted| hosted.id).filter(|id| super::is_url(id))
}

/// JSON that can stand in one CDATA section. What XML forbids there can be in a string only, where
/// JSON has another way to write it.
fn in_cdata(json: &str) -> String {
    let json = json.replace("]]>", "]]\\u003e");
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// The text with other text in the places given, which are in order and apart.
fn edited(mark: &str, text: &str, edits: &[(Range<usize>, String)]) -> String {
    let added: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut edited = String::with_capacity(mark.len() + text.len() + added);
    edited.push_str(mark);
    let mut at = 0;
    for (place, new) in edits {
        edited.push_str(&text[at..place.start]);
        edited.push_str(new);
        at = place.end;
    }
    edited.push_str(&text[at..]);
    edited
}
