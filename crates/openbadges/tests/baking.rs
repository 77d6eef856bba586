//! Baking and extracting: what goes in comes out, and the rest of the picture stays as it was.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "sample/picture.rs"]
mod picture;

use openbadges::baking::{
    Baked, BakedCredential, BakingError, Content, Keyword, Picture, SvgFault, bake_png, bake_svg,
    extract,
};
use picture::{SVG, chunk, deflated, header, png, png_of, png_with, svg_with};
use proptest::prelude::*;
use serde_json::{Value, json};

const JWS: &str = "eyJhbGciOiJFZERTQSJ9.eyJpZCI6InVybjp4In0.c2lnbmF0dXJl_-8";

fn found(bytes: &[u8]) -> Vec<(Keyword, Content)> {
    let baked = extract(bytes).unwrap();
    baked.credentials.into_iter().map(|one| (one.keyword, one.content)).collect()
}

fn json(text: &str) -> Content {
    Content::Json(text.into())
}

#[test]
fn a_picture_can_hold_a_credential_of_each_standard_and_the_newest_comes_first() {
    let credentials = [
        (Keyword::OpenBadges, "{\"id\":\"https://a.example/1?a=1&b=2\"}"),
        (Keyword::ClrCredential, "{\"clr\":2}"),
        (Keyword::OpenBadgeCredential, JWS),
    ];
    let expected = [
        (Keyword::OpenBadgeCredential, Content::Jws(JWS.into())),
        (Keyword::ClrCredential, json("{\"clr\":2}")),
        (Keyword::OpenBadges, json("{\"id\":\"https://a.example/1?a=1&b=2\"}")),
    ];
    assert_eq!(found(&bake_png(&png(8), &credentials).unwrap()), expected);
    assert_eq!(found(&bake_svg(SVG.as_bytes(), &credentials).unwrap()), expected);
}

#[test]
fn a_png_is_baked_as_the_standards_show_it() {
    let plain = png_of(&[header(1, 1)]);
    let baked = bake_png(&plain, &[(Keyword::OpenBadgeCredential, "{}")]).unwrap();
    let text = chunk(*b"iTXt", b"openbadgecredential\0\0\0\0\0{}");
    assert_eq!(baked, png_of(&[header(1, 1), text]));
    let baked = bake_png(&plain, &[(Keyword::OpenBadges, JWS)]).unwrap();
    let text = chunk(*b"iTXt", &[b"openbadges\0\0\0\0\0", JWS.as_bytes()].concat());
    assert_eq!(baked, png_of(&[header(1, 1), text]));
}

#[test]
fn an_svg_is_baked_as_the_standards_show_it() {
    let bake = |svg: &str, credentials: &[(Keyword, &str)]| {
        String::from_utf8(bake_svg(svg.as_bytes(), credentials).unwrap()).unwrap()
    };
    let plain = "<svg xmlns=\"http://www.w3.org/2000/svg\"><g/></svg>";
    assert_eq!(
        bake(plain, &[(Keyword::OpenBadgeCredential, "{\"a\":\"]]>\"}")]),
        "<svg xmlns:openbadges=\"https://purl.imsglobal.org/ob/v3p0\" \
         xmlns=\"http://www.w3.org/2000/svg\"><openbadges:credential>\
         <![CDATA[{\"a\":\"]]\\u003e\"}]]></openbadges:credential><g/></svg>"
    );
    assert_eq!(
        bake("<svg/>", &[(Keyword::OpenBadgeCredential, JWS)]),
        format!(
            "<svg xmlns:openbadges=\"https://purl.imsglobal.org/ob/v3p0\">\
             <openbadges:credential verify=\"{JWS}\"/></svg>"
        )
    );
    let assertion = "{\"id\":\"https://a.example/1?a=1&b=2\"}";
    let both = [(Keyword::OpenBadges, assertion), (Keyword::OpenBadgeCredential, "{}")];
    assert_eq!(
        bake("<s:svg xmlns:s='http://www.w3.org/2000/svg' />", &both),
        format!(
            "<s:svg xmlns:openbadges=\"https://purl.imsglobal.org/ob/v3p0\" \
             xmlns:s='http://www.w3.org/2000/svg' >\
             <openbadges:credential><![CDATA[{{}}]]></openbadges:credential>\
             <openbadges:assertion xmlns:openbadges=\"http://openbadges.org\" \
             verify=\"https://a.example/1?a=1&amp;b=2\"><![CDATA[{assertion}]]>\
             </openbadges:assertion></s:svg>"
        )
    );
}

#[test]
fn a_prefix_that_means_something_else_keeps_its_meaning() {
    let svg = "<svg xmlns:openbadges=\"urn:else\"><openbadges:thing/></svg>";
    let baked = bake_svg(svg.as_bytes(), &[(Keyword::OpenBadgeCredential, "{}")]).unwrap();
    assert!(baked.starts_with(b"<svg xmlns:openbadges=\"urn:else\"><openbadges:credential xmlns"));
    assert_eq!(found(&baked), [(Keyword::OpenBadgeCredential, json("{}"))]);
}

#[test]
fn the_namespace_counts_and_not_the_prefix() {
    let svg = svg_with("<ob3:credential verify=\"\"> <![CDATA[{}]]> </ob3:credential>");
    assert_eq!(found(svg.as_bytes()), [(Keyword::OpenBadgeCredential, json(" {} "))]);
    let svg = svg_with("<g xmlns:x=\"http://openbadges.org\"><x:assertion verify=\"{}\"/></g>");
    assert_eq!(found(svg.as_bytes()), [(Keyword::OpenBadges, json("{}"))]);
    let svg = svg_with("<credential xmlns=\"https://purl.imsglobal.org/clr/v2p0\">{}</credential>");
    assert_eq!(found(svg.as_bytes()), [(Keyword::ClrCredential, json("{}"))]);
    for other in [
        "<g xmlns:openbadges=\"urn:else\"><openbadges:credential>{}</openbadges:credential></g>",
        "<openbadges:assertion verify=\"https://a.example/\"/>",
        "<ob2:credential>{}</ob2:credential><ob3:assertion>{}</ob3:assertion>",
        "<!--<ob3:credential>{}</ob3:credential>-->",
        "<desc><![CDATA[<ob3:credential>{}</ob3:credential>]]></desc>",
    ] {
        assert_eq!(extract(svg_with(other).as_bytes()), Err(BakingError::NothingBaked), "{other}");
    }
}

#[test]
fn what_others_baked_is_read() {
    use Keyword::{ClrCredential, OpenBadgeCredential, OpenBadges};
    let url = Content::Url("https://a.example/1".into());
    let long = format!("{{\"a\":\"{}\"}}", "é".repeat(100_000));
    let part = |start: &[u8], text: &[u8]| [start, text].concat();
    let pngs: [([u8; 4], Vec<u8>, Keyword, Content); 8] = [
        (*b"tEXt", b"openbadges\0https://a.example/1".into(), OpenBadges, url.clone()),
        (
            *b"tEXt",
            b"openbadges\0 HTTP://a.example \n".into(),
            OpenBadges,
            Content::Url("HTTP://a.example".into()),
        ),
        (*b"tEXt", b"openbadges\0{\"a\":\"\xe9\"}".into(), OpenBadges, json("{\"a\":\"é\"}")),
        (
            *b"tEXt",
            part(b"openbadges\0", "{\"a\":\"é\"}".as_bytes()),
            OpenBadges,
            json("{\"a\":\"é\"}"),
        ),
        (*b"zTXt", part(b"openbadges\0\0", &deflated(b"{}")), OpenBadges, json("{}")),
        (*b"iTXt", b"clrcredential\0\0\0en-GB\0badge\0{}".into(), ClrCredential, json("{}")),
        (
            *b"iTXt",
            part(b"openbadgecredential\0\x01\0\0\0", &deflated(long.as_bytes())),
            OpenBadgeCredential,
            json(&long),
        ),
        (
            *b"iTXt",
            part(b"openbadgecredential\0\0\0\0\0\xef\xbb\xbf", b"{}"),
            OpenBadgeCredential,
            json("\u{feff}{}"),
        ),
    ];
    for (kind, data, keyword, content) in pngs {
        assert_eq!(found(&png_with(kind, &data)), [(keyword, content)]);
    }
    let jws = Content::Jws(JWS.into());
    let svgs = [
        ("<ob2:assertion verify='https://a.example/1'/>".to_owned(), OpenBadges, url.clone()),
        ("<ob2:assertion verify='https://a.example/1'>\n</ob2:assertion>".into(), OpenBadges, url),
        (
            "<ob2:assertion verify='https://a.example/1'>{}</ob2:assertion>".into(),
            OpenBadges,
            json("{}"),
        ),
        (format!("<ob2:assertion verify='{JWS}'>{{}}</ob2:assertion>"), OpenBadges, jws.clone()),
        (format!("<ob3:credential>\n{JWS}\n</ob3:credential>"), OpenBadgeCredential, jws),
        (
            "<ob3:credential>{&quot;a&#x22;:1}</ob3:credential>".into(),
            OpenBadgeCredential,
            json("{\"a\":1}"),
        ),
        (
            "<ob3:credential><![CDATA[{\"a\":\"]]]]><![CDATA[>\"}]]></ob3:credential>".into(),
            OpenBadgeCredential,
            json("{\"a\":\"]]>\"}"),
        ),
    ];
    for (element, keyword, content) in svgs {
        assert_eq!(found(svg_with(&element).as_bytes()), [(keyword, content)], "{element}");
    }
}

#[test]
fn the_first_of_several_counts() {
    let texts = ["{\"n\":1}", "{\"n\":2}", "nonsense"]
        .map(|text| chunk(*b"iTXt", &[b"openbadgecredential\0\0\0\0\0", text.as_bytes()].concat()));
    let bytes = png_of(&[vec![header(1, 1)], texts.to_vec()].concat());
    assert_eq!(found(&bytes), [(Keyword::OpenBadgeCredential, json("{\"n\":1}"))]);
    let two =
        ["{\"n\":1}", "nonsense"].map(|text| format!("<ob3:credential>{text}</ob3:credential>"));
    let svg = svg_with(&two.concat());
    assert_eq!(found(svg.as_bytes()), [(Keyword::OpenBadgeCredential, json("{\"n\":1}"))]);
}

#[test]
fn all_that_was_baked_before_is_replaced() {
    let mut bytes = png_of(&[
        header(1, 1),
        chunk(*b"tEXt", b"openbadges\0https://a.example/1"),
        chunk(*b"tEXt", b"Comment\0openbadges"),
        chunk(*b"zTXt", b"clrcredential\0damaged"),
    ]);
    bytes = bake_png(&bytes, &[(Keyword::OpenBadgeCredential, "{}")]).unwrap();
    let text = chunk(*b"iTXt", b"openbadgecredential\0\0\0\0\0{}");
    assert_eq!(bytes, png_of(&[header(1, 1), text, chunk(*b"tEXt", b"Comment\0openbadges")]));
    let bare = bake_png(&bytes, &[]).unwrap();
    assert_eq!(bare, png_of(&[header(1, 1), chunk(*b"tEXt", b"Comment\0openbadges")]));

    let old =
        "<ob2:assertion verify='https://a.example/'/><g><ob3:credential>x</ob3:credential></g>";
    let bare = bake_svg(svg_with(old).as_bytes(), &[]).unwrap();
    assert_eq!(String::from_utf8(bare).unwrap(), svg_with("<g></g>"));
}

#[test]
fn what_could_not_be_read_again_is_not_baked() {
    let twice = [(Keyword::OpenBadges, "{}"), (Keyword::OpenBadges, "{}")];
    assert_eq!(bake_png(&png(1), &twice), Err(BakingError::Twice(Keyword::OpenBadges)));
    for text in ["", "{", "[]", "https://a.example/1", "a.b", "a.b.c.d", "a..c", " a.b.c", "{}{}"] {
        for keyword in Keyword::ALL {
            let refusal = Err(BakingError::NotACredential(keyword));
            assert_eq!(bake_png(&png(1), &[(keyword, text)]), refusal, "{text}");
            assert_eq!(bake_svg(SVG.as_bytes(), &[(keyword, text)]), refusal, "{text}");
        }
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(8 << 20));
    assert_eq!(bake_png(&png(1), &[(Keyword::OpenBadges, &large)]), Err(BakingError::TooLarge));
    assert_eq!(bake_svg(b"<svg/>", &[(Keyword::OpenBadges, &large)]), Err(BakingError::TooLarge));
}

#[test]
fn an_element_does_not_become_a_credential_by_what_is_baked_beside_it() {
    let ambiguous = Err(BakingError::Svg(SvgFault::Ambiguous));
    for (keyword, svg) in [
        (Keyword::OpenBadges, "<svg><openbadges:assertion>{}</openbadges:assertion></svg>"),
        (
            Keyword::OpenBadges,
            "<svg xmlns:openbadges=\"https://purl.imsglobal.org/ob/v3p0\"><openbadges:assertion/></svg>",
        ),
    ] {
        assert_eq!(bake_svg(svg.as_bytes(), &[(keyword, "{}")]), ambiguous, "{svg}");
    }
}

/// What is hard to write in XML or JSON.
const HARD: [&str; 16] = [
    "]]>", "]]", "]", ">", "\u{fffe}", "\u{ffff}", "\r\n", "\0", "\\u003e", "\\", "\"", "<!--",
    "&amp;", "\u{feff}", "\u{2028}", "🔥",
];

fn text() -> impl Strategy<Value = String> {
    let hard = prop::sample::select(&HARD[..]).prop_map(str::to_owned);
    let part = prop_oneof![hard, ".*", any::<char>().prop_map(String::from)];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null)
    ];
    let tree = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    });
    prop::collection::btree_map(text(), tree, 0..5).prop_map(|map| json!(map))
}

fn credential() -> impl Strategy<Value = (Keyword, String)> {
    let text = prop_oneof![
        value().prop_map(|value| value.to_string()),
        value().prop_map(|value| format!("{value:#}")),
        "[A-Za-z0-9_-]{1,40}\\.[A-Za-z0-9_-]{1,40}\\.[A-Za-z0-9_-]{1,40}",
    ];
    (prop::sample::select(&Keyword::ALL[..]), text)
}

fn as_value(content: &Content) -> Option<Value> {
    let Content::Json(text) = content else { return None };
    Some(serde_json::from_str(text).unwrap())
}

proptest! {
    #[test]
    fn what_is_baked_comes_out_and_the_rest_stays(first in credential(), last in credential()) {
        let (keyword, text) = &last;
        let content = if text.starts_with('{') { json(text) } else { Content::Jws(text.clone()) };
        let plain = png(4);
        let once = bake_png(&plain, &[(*keyword, text)]).unwrap();
        let one = BakedCredential { keyword: *keyword, content: content.clone() };
        let whole = Baked { picture: Picture::Png, credentials: vec![one] };
        prop_assert_eq!(extract(&once).unwrap(), whole);
        let before = bake_png(&plain, &[(first.0, &first.1)]).unwrap();
        prop_assert_eq!(&bake_png(&before, &[(*keyword, text)]).unwrap(), &once);
        prop_assert_eq!(bake_png(&once, &[]).unwrap(), plain);

        for svg in [SVG, "\u{feff}<svg a = '>'/>", &svg_with("")] {
            let once = bake_svg(svg.as_bytes(), &[(*keyword, text)]).unwrap();
            let [(found_keyword, found_content)] = &found(&once)[..] else { panic!("one is baked") };
            prop_assert_eq!(found_keyword, keyword);
            prop_assert_eq!(as_value(found_content), as_value(&content));
            if !["]]>", "\r", "\u{fffe}", "\u{ffff}"].iter().any(|hard| text.contains(hard)) {
                prop_assert_eq!(found_content, &content);
            }
            let before = bake_svg(svg.as_bytes(), &[(first.0, &first.1)]).unwrap();
            prop_assert_eq!(&bake_svg(&before, &[(*keyword, text)]).unwrap(), &once);
            let both = [(first.0, &first.1[..]), (*keyword, text)];
            if let Ok(both) = bake_svg(svg.as_bytes(), &both) {
                prop_assert_eq!(found(&both).len(), 2);
                prop_assert_eq!(&bake_svg(&both, &[(*keyword, text)]).unwrap(), &once);
            }
            roundtrips_in_another_reader(&once, *keyword, &content)?;
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        at in any::<prop::sample::Index>(),
        (keyword, text) in credential(),
    ) {
        let _ = extract(&bytes);
        for baked in [
            bake_png(&png(4), &[(keyword, &text)]).unwrap(),
            bake_svg(SVG.as_bytes(), &[(keyword, &text)]).unwrap(),
        ] {
            let at = at.index(baked.len());
            let damaged = [&baked[..at], &bytes, baked.get(at + bytes.len()..).unwrap_or(&[])].concat();
            for wrong in [&baked[..at], &damaged, &[&baked[..], &bytes].concat()] {
                let _ = extract(wrong);
                let _ = bake_png(wrong, &[(keyword, &text)]);
                let _ = bake_svg(wrong, &[(keyword, &text)]);
            }
        }
    }
}

/// The same found by a tree-building XML parser, which reads the whole file by the book.
fn roundtrips_in_another_reader(
    svg: &[u8],
    keyword: Keyword,
    content: &Content,
) -> Result<(), TestCaseError> {
    let text = std::str::from_utf8(svg).unwrap();
    let tree = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')).unwrap();
    let first = tree.root_element().first_element_child().unwrap();
    let (name, namespace) = match keyword {
        Keyword::OpenBadgeCredential => ("credential", "https://purl.imsglobal.org/ob/v3p0"),
        Keyword::ClrCredential => ("credential", "https://purl.imsglobal.org/clr/v2p0"),
        Keyword::OpenBadges => ("assertion", "http://openbadges.org"),
    };
    prop_assert_eq!(first.tag_name(), (namespace, name).into());
    match content {
        Content::Json(_) => {
            let read: Value = serde_json::from_str(first.text().unwrap()).unwrap();
            prop_assert_eq!(Some(read), as_value(content));
        }
        Content::Jws(text) | Content::Url(text) => {
            prop_assert_eq!(first.attribute("verify"), Some(text.as_str()));
        }
    }
    Ok(())
}
