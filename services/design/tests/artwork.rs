//! What uploads become: safe pictures, or a refusal that names what is wrong.

use std::io::Cursor;

use design::artwork::{ArtworkRejection, LARGEST_PNG, LARGEST_SVG, Prepared, prepare};
use design_domain::MediaType;

const HEAD: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 100">"#;

fn svg(inside: &str) -> String {
    format!("{HEAD}{inside}</svg>")
}

fn prepared(svg: &str) -> Result<Prepared, ArtworkRejection> {
    prepare(MediaType::Svg, svg.as_bytes())
}

fn safe(svg: &str) -> String {
    let prepared = prepared(svg).unwrap_or_else(|refused| panic!("{refused}: {svg}"));
    String::from_utf8(prepared.content).expect("UTF-8")
}

/// Nothing of a drawing that was accepted may be able to act, load or leave.
fn assert_harmless(svg: &str) {
    let lower = svg.to_ascii_lowercase();
    for trace in [
        "script",
        "onload",
        "http:",
        "https:",
        "data:",
        "file:",
        "@import",
        "foreignobject",
        "<!",
        "<?",
        "animate",
        "xlink",
        "/*",
    ] {
        let own = lower.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
        let found = lower.matches(trace).count();
        let allowed = if trace == "http:" { own } else { 0 };
        assert_eq!(found, allowed, "{trace} in {svg}");
    }
}

#[test]
fn each_attack_is_refused_as_unsafe_and_named() {
    let image = |href: &str| svg(&format!(r#"<image href="{href}" width="9" height="9"/>"#));
    let used = |href: &str| svg(&format!(r#"<use href="{href}"/>"#));
    let styled = |css: &str| svg(&format!("<style>{css}</style><path class='a' d='M0 0h9v9z'/>"));
    let declared = |css: &str| svg(&format!(r#"<path style="{css}" d="M0 0h9v9z"/>"#));
    let cases: Vec<(String, &str)> = vec![
        (svg("<script>alert(1)</script>"), "script"),
        (svg("<SCRIPT>alert(1)</SCRIPT>"), "SCRIPT"),
        (svg("<script href='https://evil.example/x.js'/>"), "script"),
        (svg("<s:script xmlns:s='http://www.w3.org/2000/svg'>alert(1)</s:script>"), "script"),
        (svg("<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>"), "script"),
        (svg("<g xmlns='http://www.w3.org/1999/xhtml'><body/></g>"), "g"),
        (svg("<script xmlns=''>alert(1)</script>"), "script"),
        (HEAD.replace("<svg", "<svg onload='alert(1)'") + "</svg>", "onload"),
        (svg("<g onclick='alert(1)'/>"), "onclick"),
        (svg("<g OnMouseOver='alert(1)'/>"), "OnMouseOver"),
        (svg("<g xmlns:x='http://evil.example/' x:onload='alert(1)'/>"), "onload"),
        (svg("<a href='javascript:alert(1)'><path d='M0 0h9'/></a>"), "element a"),
        (used("javascript:alert(1)"), "href"),
        (used("java&#x0A;script:alert(1)"), "href"),
        (used("&#x6A;avascript&colon;alert(1)"), "href"),
        (used(" \t jAvAsCrIpT:alert(1)"), "href"),
        (used("https://evil.example/x.svg#a"), "href"),
        (used("//evil.example/x.svg#a"), "href"),
        (used("file:///etc/passwd#a"), "href"),
        (used("other.svg#a"), "href"),
        (used("#a'); alert(1)//"), "href"),
        (used("data:text/html,%3Cscript%3Ealert(1)%3C/script%3E"), "href"),
        (svg("<use xlink:href='http://evil.example/x.svg#a'/>"), "href"),
        (
            svg("<use xmlns:l='http://www.w3.org/1999/xlink' l:href='http://evil.example/#a'/>"),
            "href",
        ),
        (svg("<path href='#a' d='M0 0h9'/>"), "href"),
        (image("file:///etc/passwd"), "image"),
        (image("http://evil.example/track.png"), "image"),
        (image("data:image/svg+xml;base64,PHN2Zy8+"), "image"),
        (svg("<feImage href='http://evil.example/'/>"), "feImage"),
        (svg("<foreignObject><div/></foreignObject>"), "foreignObject"),
        (svg("<foreignobject/>"), "foreignobject"),
        (svg("<pattern width='1e6' height='1e6' patternUnits='userSpaceOnUse'/>"), "pattern"),
        (svg("<iframe src='https://evil.example/'/>"), "iframe"),
        (svg("<animate attributeName='href' values='javascript:alert(1)'/>"), "animate"),
        (svg("<set attributeName='onmouseover' to='alert(1)'/>"), "set"),
        (svg("<use href='#a'><animate attributeName='href' to='//evil'/></use>"), "animate"),
        (svg("<animateTransform attributeName='transform'/>"), "animateTransform"),
        (svg("<handler type='text/ecmascript'>alert(1)</handler>"), "handler"),
        (svg("<g xml:base='https://evil.example/'><use href='#a'/></g>"), "base"),
        (styled("@import url(https://evil.example/x.css);"), "at-rule"),
        (styled("@import 'x.css';.a{fill:red}"), "at-rule"),
        (styled("@font-face{font-family:x;src:url(https://evil.example/f)}"), "at-rule"),
        (styled("\\40 import 'x.css';.a{fill:red}"), "style"),
        (styled(".a{fill:url(https://evil.example/x.svg#a)}"), "outside"),
        (styled(".a{fill:URL('//evil.example/x.svg#a')}"), "outside"),
        (styled(".a{fill:u\\72l(https://evil.example/)}"), "style"),
        (styled(".a{fill:image-set('https://evil.example/x' 1x)}"), "image-set"),
        (styled(".a{width:expression(alert(1))}"), "expression"),
        (styled(".a{behavior:url(#default#time2)}"), "outside"),
        (styled("<![CDATA[.a{fill:url(data:image/svg+xml;base64,AAAA)}]]>"), "style"),
        (styled("&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;.a{fill:red}"), "style"),
        (styled("a[href^='x']{fill:url(#b)}"), "selector"),
        (declared("fill:url(http://evil.example/#a)"), "outside"),
        (declared("fill:url( &quot;http://evil.example/#a&quot; )"), "outside"),
        (declared("background-image:url(javascript:alert(1))"), "outside"),
        (declared("fill:u/**/rl(http://evil.example/)"), "style"),
        (svg("<path fill='url(http://evil.example/#a)' d='M0 0h9'/>"), "outside"),
        (svg("<path filter='url(//evil.example/#a)' d='M0 0h9'/>"), "outside"),
        (svg("<path cursor='url(http://evil.example/)' d='M0 0h9'/>"), "cursor"),
        (format!("<!DOCTYPE svg SYSTEM 'http://evil.example/x.dtd'>{}", svg("")), "DOCTYPE"),
        (
            format!(
                "<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>{}",
                svg("<title>&b;</title>")
            ),
            "DOCTYPE",
        ),
        (
            format!("<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{}", svg("&x;")),
            "DOCTYPE",
        ),
        (svg("<title>&xxe;</title>"), "xxe"),
        (svg("<path d='&xxe;'/>"), "entity"),
        (
            format!("<?xml-stylesheet href='https://evil.example/x.css'?>{}", svg("")),
            "xml-stylesheet",
        ),
        (svg("<use id='a' href='#a'/>"), "itself"),
        (svg("<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>"), "itself"),
        (svg("<text x='1' y='9'>Bravo</text>"), "convert text to paths"),
    ];
    assert!(cases.len() >= 60);
    for (source, named) in cases {
        match prepared(&source) {
            Err(ArtworkRejection::Unsafe(message)) => {
                assert!(message.contains(named), "{message:?} does not name {named}: {source}");
            }
            other => panic!("{other:?}: {source}"),
        }
    }
}

#[test]
fn what_would_exhaust_the_machine_is_refused_as_too_large() {
    let nested = format!("{}{}", "<g>".repeat(70), "</g>".repeat(70));
    let hidden = format!("<metadata>{nested}</metadata>");
    let doubled = |n: usize| {
        let before = n - 1;
        format!("<g id='a{n}'><use href='#a{before}'/><use href='#a{before}'/></g>")
    };
    let doubled: Vec<String> = (1..40).map(doubled).collect();
    let doubled = format!("<g id='a0'><path d='M0 0h9v9z'/></g>{}", doubled.concat());
    let filter = "<filter id='f'><feGaussianBlur stdDeviation='9'/></filter>";
    let filtered =
        filter.to_owned() + &"<g filter='url(#f)'><rect width='90' height='90'/></g>".repeat(20);
    let region = filter.replace("id='f'", "id='f' x='-99' y='-99' width='999' height='999'");
    let region = region + "<rect width='90' height='90' filter='url(#f)'/>";
    let layers = "<g opacity='.9'><rect width='99' height='99'/><rect/></g>".repeat(500);
    let mask = "<mask id='m'><rect width='99' height='99' fill='white'/></mask>";
    let masked =
        mask.to_owned() + &"<g mask='url(#m)'><rect width='99' height='99'/></g>".repeat(500);
    let covered = "<rect width='99' height='99'/>".repeat(19_000);
    let by_style = format!("<style>rect{{filter:url(#f)}}</style>{filter}")
        + &"<rect width='90' height='90'/>".repeat(20);
    let link = |n: usize| format!("<linearGradient id='l{n}' href='#l{}'/>", n + 1);
    let chain: Vec<String> = (0..500).map(link).collect();
    let attributes: Vec<String> = (0..70).map(|n| format!("data-a{n}=''")).collect();
    let wide = r#"<svg xmlns="http://www.w3.org/2000/svg" width="1000000000" height="1"/>"#;
    let cases = [
        svg(&nested),
        svg(&hidden),
        svg(&"<g/>".repeat(20_001)),
        svg(&doubled),
        svg(&filtered),
        svg(&by_style),
        svg(&region),
        svg(&layers),
        svg(&masked),
        svg(&covered),
        svg(&chain.concat()),
        wide.to_owned(),
        svg(&" ".repeat(LARGEST_SVG)),
        svg(&format!("<g {}/>", attributes.join(" "))),
    ];
    for (n, source) in cases.iter().enumerate() {
        let refused = prepared(source).map(|_| ()).expect_err("too large");
        assert!(matches!(refused, ArtworkRejection::TooLarge(_)), "{n}: {refused}");
    }
}

#[test]
fn what_is_no_whole_svg_is_refused_as_malformed() {
    for source in [
        "",
        "hello",
        "<svg viewBox='0 0 1 1'/>",
        "<html xmlns='http://www.w3.org/1999/xhtml'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'/> trailing",
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><g></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'>",
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/><svg/>",
        "<svg xmlns='http://www.w3.org/2000/svg' width='-5' height='5'/>",
        "<?xml version='1.0' encoding='utf-16'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        "<g xmlns='http://www.w3.org/2000/svg'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><x:g/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><g id='a'/><g id='a'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><g id='a' id='b'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>\0</svg>",
    ] {
        match prepared(source) {
            Err(ArtworkRejection::Malformed(_) | ArtworkRejection::Unsafe(_)) => {}
            other => panic!("{other:?}: {source}"),
        }
    }
    let latin = prepare(MediaType::Svg, b"<svg xmlns='http://www.w3.org/2000/svg'>\xe9</svg>");
    assert!(matches!(latin, Err(ArtworkRejection::Malformed(_))));
}

const DRAWN_BY_HAND: &str = r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with an editor -->
<svg xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
     xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" viewBox="0 0 200 100"
     inkscape:version="1.3" data-name="Layer 1" role="img" aria-label="A star">
  <metadata><rdf:RDF><script>alert(1)</script></rdf:RDF></metadata>
  <inkscape:grid type="xygrid"/>
  <title>A &amp; B &lt;3</title>
  <style type="text/css"><![CDATA[ .st0 { fill : url(#sky) ; -inkscape-x: 1 } /* old */ g > .st1{stroke:#FF0000;stroke-width:2} ]]></style>
  <defs>
    <linearGradient id="sky"><stop offset="0" stop-color="#fff"/><stop offset="1" style="stop-color:rgb(0, 0, 255);font-family:'X'"/></linearGradient>
    <linearGradient id="sea" xlink:href="#sky" href="#sky"/>
    <clipPath id="c"><circle cx="50" cy="50" r="40"/></clipPath>
    <filter id="f"><feDropShadow dx="1" dy="1" stdDeviation="2" flood-color="black"/></filter>
  </defs>
  <g clip-path="url(#c)" transform="translate(10, 0) rotate(5)" inkscape:label="x" font-family="Arial">
    <rect class="st0" width="100" height="100" filter='url("#f")'/>
    <path id="p" class="st1" d="M10,10 L20 20 A 5 5 0 0 1 30,30 z" xml:space="preserve"/>
  </g>
  <use xlink:href="#p" x="5"/>
</svg>"##;

#[test]
fn a_drawing_keeps_what_is_drawn_and_loses_the_rest() {
    let safe = safe(DRAWN_BY_HAND);
    assert_harmless(&safe);
    for kept in [
        "viewBox=\"0 0 200 100\"",
        "<title>A &amp; B &lt;3</title>",
        ".st0{fill:url(#sky)}g &gt; .st1{stroke:#FF0000;stroke-width:2}",
        "style=\"stop-color:rgb(0, 0, 255)\"",
        "<linearGradient id=\"sea\" href=\"#sky\"/>",
        "<use href=\"#p\" x=\"5\"/>",
        "d=\"M10,10 L20 20 A 5 5 0 0 1 30,30 z\"",
    ] {
        assert!(safe.contains(kept), "{kept} in {safe}");
    }
    for lost in ["inkscape", "metadata", "rdf", "aria", "data-name", "font-family", "<!--"] {
        assert!(!safe.contains(lost), "{lost} in {safe}");
    }
}

#[test]
fn making_a_safe_drawing_safe_again_changes_no_byte() {
    let odd = svg("<desc>a &#38; b<![CDATA[ <c> ]]></desc><style>a /**/ b{fill : red ;}</style>");
    for source in
        [DRAWN_BY_HAND.to_owned(), odd, svg("<path d='M0 0\nh9\t\"'/>".replace('"', "").as_str())]
    {
        let once = safe(&source);
        assert_eq!(safe(&once), once);
    }
}

#[test]
fn a_drawing_becomes_a_png_of_1024_pixels() {
    let drawn = prepared(DRAWN_BY_HAND).expect("safe").png.expect("drawn");
    let mut reader = png::Decoder::new(Cursor::new(drawn)).read_info().expect("a PNG");
    assert_eq!((reader.info().width, reader.info().height), (1024, 512));
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut pixels).expect("pixels");
    assert!(pixels.iter().any(|byte| *byte != 0), "something is drawn");
}

fn png(width: u32, height: u32, text: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    if text {
        encoder.add_text_chunk("Author".into(), "Ada".into()).expect("text");
        encoder.add_itxt_chunk("openbadgecredential".into(), "{}".into()).expect("text");
    }
    let mut writer = encoder.write_header().expect("a header");
    let pixels: Vec<u8> = (0..width * height).map(|n| (n % 251) as u8).collect();
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("whole");
    bytes
}

#[test]
fn a_png_keeps_its_picture_and_loses_its_words() {
    let upload = [png(40, 30, true), b"<script>".to_vec()].concat();
    let prepared = prepare(MediaType::Png, &upload).expect("a PNG");
    assert_eq!(prepared.content, png(40, 30, false));
    assert!(prepared.png.is_none());
    let again = prepare(MediaType::Png, &prepared.content).expect("a PNG");
    assert_eq!(again.content, prepared.content);
}

#[test]
fn what_is_no_whole_png_of_bounded_size_is_refused() {
    let whole = png(40, 30, false);
    let mut damaged = whole.clone();
    damaged[45] ^= 0xff;
    let mut lying = whole.clone();
    lying[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
    for upload in
        [b"".to_vec(), b"\x89PNG\r\n\x1a\n".to_vec(), whole[..60].to_vec(), damaged, lying]
    {
        let refused = prepare(MediaType::Png, &upload).expect_err("no PNG");
        assert!(matches!(refused, ArtworkRejection::Malformed(_)), "{refused}");
    }
    for upload in [png(4_097, 1, false), vec![0; LARGEST_PNG + 1]] {
        let refused = prepare(MediaType::Png, &upload).expect_err("too large");
        assert!(matches!(refused, ArtworkRejection::TooLarge(_)), "{refused}");
    }
}
