//! Pictures made to harm whoever reads them: each is refused by name, quickly and in little memory.

#[path = "sample/picture.rs"]
mod picture;

use std::time::{Duration, Instant};

use openbadges::baking::{
    BakingError, Keyword, LARGEST_PICTURE, PngFault, SvgFault, bake_png, bake_svg, extract,
};
use picture::{SIGNATURE, chunk, deflated, header, png, png_of, png_with, svg_with};

const KEYWORD: Keyword = Keyword::OpenBadgeCredential;

/// Extracting and baking both end so, in time.
fn refused(what: &str, bytes: &[u8], expected: impl Into<BakingError>) {
    let expected = Err(expected.into());
    let start = Instant::now();
    assert_eq!(extract(bytes).map(drop), expected, "{what}");
    let bake = if bytes.starts_with(&SIGNATURE[..4]) { bake_png } else { bake_svg };
    let baked = bake(bytes, &[(KEYWORD, "{}")]).map(drop);
    assert_in_time(what, start);
    // What is baked already is replaced unread, and so cannot stand in the way.
    let read = matches!(
        expected,
        Err(BakingError::NothingBaked
            | BakingError::NotACredential(_)
            | BakingError::Png(
                PngFault::BadText(_)
                    | PngFault::UnknownCompression(_)
                    | PngFault::BadCompression(_)
                    | PngFault::TextTooLong(_)
                    | PngFault::NotUtf8(_)
            ))
    );
    match expected {
        Err(BakingError::NotAPicture) => assert!(baked.is_err(), "{what}"),
        _ => assert_eq!(baked, if read { Ok(()) } else { expected }, "{what}"),
    }
}

fn assert_in_time(what: &str, start: Instant) {
    let most = if cfg!(debug_assertions) { 10 } else { 1 };
    assert!(start.elapsed() < Duration::from_secs(most), "{what} took {:?}", start.elapsed());
}

fn changed(png: &[u8], at: usize, to: &[u8]) -> Vec<u8> {
    let mut changed = png.to_vec();
    changed[at..at + to.len()].copy_from_slice(to);
    changed
}

fn repeated(times: usize, piece: impl Fn(usize) -> String) -> String {
    (0..times).map(piece).collect()
}

#[test]
fn files_that_are_no_pictures() {
    let large = vec![b' '; LARGEST_PICTURE + 1];
    refused("too large", &large, BakingError::TooLarge);
    refused("too large a PNG", &[SIGNATURE, &large].concat(), BakingError::TooLarge);
    let svgz = b"\x1f\x8b\x08\0\0\0\0\0".as_slice();
    for other in [b"".as_slice(), b"GIF89a", b"\xff\xd8\xff", b"{}", b"%PDF-1.7\n<svg/>", svgz] {
        refused("not a picture", other, BakingError::NotAPicture);
    }
}

#[test]
fn pngs_with_a_broken_frame() {
    let good = png(4);
    assert_eq!(extract(&good), Err(BakingError::NothingBaked));
    let second = SIGNATURE.len() + 25;
    let as_text = String::from_utf8_lossy(&good).replace("\r\n", "\n");
    refused("sent as text", &changed(&good, 4, b"\n\n"), PngFault::BadSignature);
    refused("only the start", b"\x89PNG", PngFault::BadSignature);
    refused("recoded", as_text.as_bytes(), BakingError::NotAPicture);
    refused("no chunks", SIGNATURE, PngFault::NoEnd);
    refused("no end", &good[..good.len() - 12], PngFault::NoEnd);
    for cut in 1..12 {
        let end = good.len() - 12;
        refused("cut off", &good[..good.len() - cut], PngFault::Truncated(end));
    }
    let long = changed(&good, second, &[0x7f, 0xff, 0xff, 0xff]);
    refused("longer than the file", &long, PngFault::Truncated(second));
    let longer = changed(&good, second, &[0x80, 0, 0, 0]);
    refused("longer than can be", &longer, PngFault::LengthOverflow(second));
    let longest = changed(&good, second, &[0xff; 4]);
    refused("longer than can be", &longest, PngFault::LengthOverflow(second));
    refused("no kind", &changed(&good, second + 4, b"a\0b!"), PngFault::BadKind(second));
    refused("damaged data", &changed(&good, second + 9, b"X"), PngFault::BadChecksum(second));
    refused("another kind", &changed(&good, second + 4, b"iTXt"), PngFault::BadChecksum(second));
}

#[test]
fn pngs_with_a_header_that_lies() {
    let rest = chunk(*b"IDAT", &deflated(&[0, 0]));
    refused("no header", &png_of(std::slice::from_ref(&rest)), PngFault::BadHeader);
    refused("no header at all", &png_of(&[]), PngFault::BadHeader);
    refused("a short header", &png_of(&[chunk(*b"IHDR", &[1; 12])]), PngFault::BadHeader);
    refused("a long header", &png_of(&[chunk(*b"IHDR", &[1; 14])]), PngFault::BadHeader);
    refused("two headers", &png_of(&[header(1, 1), header(1, 1)]), PngFault::BadHeader);
    for (width, height) in [(65_535, 65_535), (0, 1), (1, 0), (u32::MAX, u32::MAX)] {
        let bytes = png_of(&[header(width, height), rest.clone()]);
        refused("a monster", &bytes, PngFault::BadSize { width, height });
    }
}

#[test]
fn pngs_with_more_than_a_picture() {
    let good = png(4);
    let end = good.len();
    let credential = chunk(*b"iTXt", b"openbadgecredential\0\0\0\0\0{}");
    let behind = [&good[..], &credential].concat();
    refused("a chunk after the end", &behind, PngFault::ChunkAfterEnd(end));
    let html = [&good[..], b"<script>alert(1)</script>"].concat();
    refused("also HTML", &html, PngFault::DataAfterEnd(end));
    refused("also a ZIP", &[&good[..], b"PK\x03\x04"].concat(), PngFault::DataAfterEnd(end));
    refused("another PNG", &[&good[..], &good].concat(), PngFault::DataAfterEnd(end));
    let frame = [chunk(*b"fcTL", &[0; 26]), chunk(*b"fdAT", &[0; 5])].concat();
    let frames = png_of(&[header(1, 1), frame.repeat(100_000)]);
    refused("a hundred thousand frames", &frames, PngFault::TooManyChunks);
    let empty = png_of(&[header(1, 1), chunk(*b"IDAT", &[]).repeat(100_001)]);
    refused("only frames of chunks", &empty, PngFault::TooManyChunks);
}

#[test]
fn pngs_with_pixels_that_explode_are_not_looked_into() {
    let bomb = deflated(&vec![0; 16 << 20]);
    let bytes = png_of(&[header(1, 1), chunk(*b"IDAT", &bomb)]);
    refused("pixels that explode", &bytes, BakingError::NothingBaked);
}

#[test]
fn pngs_with_a_text_that_cannot_be_read() {
    let text =
        |kind: [u8; 4], rest: &[u8]| png_with(kind, &[b"openbadgecredential\0", rest].concat());
    for rest in [b"".as_slice(), b"\0", b"\0\0", b"\0\0en", b"\0\0en\0badge"] {
        refused("a part is missing", &text(*b"iTXt", rest), PngFault::BadText(KEYWORD));
    }
    refused("no method", &text(*b"zTXt", b""), PngFault::BadText(KEYWORD));
    refused(
        "a strange flag",
        &text(*b"iTXt", b"\x02\0\0\0{}"),
        PngFault::UnknownCompression(KEYWORD),
    );
    refused(
        "a strange method",
        &text(*b"iTXt", b"\x01\x01\0\0{}"),
        PngFault::UnknownCompression(KEYWORD),
    );
    refused("a strange method", &text(*b"zTXt", b"\x01{}"), PngFault::UnknownCompression(KEYWORD));
    refused("not compressed", &text(*b"iTXt", b"\x01\0\0\0{}"), PngFault::BadCompression(KEYWORD));
    let cut = &deflated(b"{\"a\":1}")[..9];
    refused("cut off", &text(*b"zTXt", &[b"\0", cut].concat()), PngFault::BadCompression(KEYWORD));
    refused("not UTF-8", &text(*b"iTXt", b"\0\0\0\0{\xff}"), PngFault::NotUtf8(KEYWORD));
    let packed = [b"\x01\0\0\0".as_slice(), &deflated(b"{\"a\":\"\xff\"}")].concat();
    refused("not UTF-8 once unpacked", &text(*b"iTXt", &packed), PngFault::NotUtf8(KEYWORD));
    let bomb = deflated(&vec![b'{'; 1 << 25]);
    let packed = [b"\x01\0\0\0", &bomb[..]].concat();
    refused("a text that explodes", &text(*b"iTXt", &packed), PngFault::TextTooLong(KEYWORD));
    refused(
        "one of the old kind",
        &text(*b"zTXt", &[b"\0", &bomb[..]].concat()),
        PngFault::TextTooLong(KEYWORD),
    );
    for what in ["", " ", "hello", "[]", "a.b", "https://a.example/1", "javascript:alert(1)"] {
        let bytes = text(*b"iTXt", &[b"\0\0\0\0", what.as_bytes()].concat());
        refused(what, &bytes, BakingError::NotACredential(KEYWORD));
    }
    for url in
        ["javascript:alert(1)", "file:///etc/passwd", "https://", "https://a b", "http:/a", "hé"]
    {
        let bytes = png_with(*b"tEXt", &[b"openbadges\0", url.as_bytes()].concat());
        refused(url, &bytes, BakingError::NotACredential(Keyword::OpenBadges));
    }
}

#[test]
fn svgs_that_are_not_plain_text() {
    let utf16 = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| {
        let text = svg_with("").encode_utf16().flat_map(unit).collect::<Vec<_>>();
        [&mark[..], &text].concat()
    };
    refused("UTF-16", &utf16([0xff, 0xfe], u16::to_le_bytes), SvgFault::NotUtf8);
    refused("UTF-16", &utf16([0xfe, 0xff], u16::to_be_bytes), SvgFault::NotUtf8);
    refused("Latin-1", b"<svg>\xe9</svg>", SvgFault::NotUtf8);
    for encoding in ["UTF-7", "ISO-8859-1", "UTF-16", "utf-8x"] {
        let svg = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?><svg/>");
        refused(encoding, svg.as_bytes(), SvgFault::NotUtf8);
    }
    refused("a null character", b"<svg>\0</svg>", SvgFault::Malformed(5));
}

#[test]
fn svgs_that_declare_or_use_entities() {
    let xxe = "<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><svg>&x;</svg>";
    let laughs = "<!DOCTYPE svg [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><svg>&b;</svg>";
    let outside = "<!DOCTYPE svg SYSTEM \"http://a.example/x.dtd\"><svg/>";
    let plain = "<!DOCTYPE svg><svg/>";
    for svg in [xxe, laughs, outside, plain, "<svg/><!DOCTYPE svg>", "<!doctype svg><svg/>"] {
        refused(svg, svg.as_bytes(), SvgFault::Doctype);
    }
    for entity in ["&x;", "&nbsp;", "&#0;", "&#xd800;", "&#x110000;", "&#;", "&#xx;"] {
        let svg = svg_with(&format!("<ob3:credential>{entity}</ob3:credential>"));
        let at = svg.find(entity).unwrap();
        refused(entity, svg.as_bytes(), SvgFault::Entity(at));
        let svg = format!("<svg><desc>{entity}</desc></svg>");
        refused(entity, svg.as_bytes(), SvgFault::Entity(11));
    }
    let svg = svg_with("<ob2:assertion verify=\"&x;\"/>");
    refused("in an attribute", svg.as_bytes(), SvgFault::Malformed(svg.find("<ob2").unwrap()));
}

#[test]
fn svgs_that_are_not_well_formed() {
    for svg in [
        "<svg",
        "<svg>&amp</svg>",
        "<svg></g>",
        "<svg><![CDATA[</svg>",
        "<svg><!-- </svg>",
        "<svg><g></svg>",
        "<svg><? </svg>",
        "<",
        "</svg>",
        "<svg xmlns:xml=\"urn:x\"/>",
        "<svg a=\"1\" a=\"2\"/>",
        "<svg a=1/>",
        "<svg a/>",
    ] {
        let error = extract(svg.as_bytes()).unwrap_err();
        assert!(matches!(error, BakingError::Svg(SvgFault::Malformed(_))), "{svg}: {error:?}");
        refused(svg, svg.as_bytes(), error);
    }
    for svg in ["<svg>", "<svg><g/>", "<svg><g></g>text"] {
        refused(svg, svg.as_bytes(), SvgFault::Truncated);
    }
    let svg = svg_with("<ob3:credential verify=\"a.b.c\" verify=\"d.e.f\"/>");
    refused("two values", svg.as_bytes(), SvgFault::Malformed(svg.find("<ob3").unwrap()));
}

#[test]
fn svgs_that_are_something_else_as_well() {
    for other in [
        "<html><svg xmlns=\"http://www.w3.org/2000/svg\"/></html>",
        "<svg xmlns=\"http://www.w3.org/1999/xhtml\"/>",
        "<x:svg/>",
        "<!-- only a comment -->",
        "<?xml version=\"1.0\"?>text<svg/>",
        "<?xml version=\"1.0\"?><![CDATA[x]]><svg/>",
    ] {
        refused(other, other.as_bytes(), SvgFault::NotSvg);
    }
    for more in ["text", "<svg/>", "<script/>", "<![CDATA[x]]>", "&amp;"] {
        let svg = format!("<svg/> {more}");
        let error = extract(svg.as_bytes()).unwrap_err();
        assert!(matches!(error, BakingError::Svg(SvgFault::DataAfterEnd(6 | 7))), "{error:?}");
        refused(more, svg.as_bytes(), error);
    }
    for inner in
        ["<g/>", "<ob3:credential>{}</ob3:credential>", "{}<ob2:assertion verify='a.b.c'/>"]
    {
        let svg = svg_with(&format!("<ob3:credential>{inner}</ob3:credential>"));
        refused(inner, svg.as_bytes(), SvgFault::BadCredential(KEYWORD));
    }
}

#[test]
fn svgs_that_cost_too_much() {
    let deep = format!("<svg>{}{}</svg>", "<g>".repeat(100_000), "</g>".repeat(100_000));
    refused("deep", deep.as_bytes(), SvgFault::TooDeep);
    let wide = format!("<svg>{}</svg>", "<g/>".repeat(100_001));
    refused("wide", wide.as_bytes(), SvgFault::TooManyElements);
    let spread = repeated(30_000, |n| format!(" a{n}=\"\""));
    refused("many attributes", format!("<svg{spread}/>").as_bytes(), BakingError::NothingBaked);
    let names = repeated(100_000, |n| format!(" xmlns:a{n}=\"urn:{n}\""));
    refused("many namespaces", format!("<svg{names}/>").as_bytes(), SvgFault::Malformed(0));
    let names = repeated(100, |n| format!(" xmlns:a{n}=\"urn:{n}\""));
    let worst = format!("<svg{names}>{}</svg>", "<b:g/>".repeat(20_000));
    refused("worst names", worst.as_bytes(), BakingError::NothingBaked);
    let references = format!("<svg>{}</svg>", "&#x41;".repeat(200_000));
    refused("many references", references.as_bytes(), BakingError::NothingBaked);
    let split = "<![CDATA[]]>".repeat(100_000);
    let split = svg_with(&format!("<ob3:credential>{split}{{}}</ob3:credential>"));
    let start = Instant::now();
    assert!(extract(split.as_bytes()).is_ok());
    assert_in_time("many sections", start);
    let many = svg_with(&"<ob3:credential>{}</ob3:credential>".repeat(20_000));
    let start = Instant::now();
    assert_eq!(bake_svg(many.as_bytes(), &[]).unwrap(), svg_with("").as_bytes());
    assert_eq!(extract(many.as_bytes()).unwrap().credentials.len(), 1);
    assert_in_time("many credentials", start);
}

#[test]
fn active_content_is_carried_along_unread() {
    let active = [
        "<script>alert(1)</script>",
        "<g onload=\"alert(1)\"/>",
        "<a href=\"javascript:alert(1)\"/>",
        "<foreignObject><body xmlns=\"http://www.w3.org/1999/xhtml\"/></foreignObject>",
        "<?xml-stylesheet href=\"http://a.example/x.css\"?>",
        "<use href=\"http://a.example/#x\"/>",
    ];
    for active in active {
        let svg = svg_with(active);
        refused(active, svg.as_bytes(), BakingError::NothingBaked);
        let baked = bake_svg(svg.as_bytes(), &[(KEYWORD, "{}")]).unwrap();
        assert!(extract(&baked).is_ok(), "{active}");
        assert!(String::from_utf8(baked).unwrap().contains(active));
    }
}
