//! Bakes credentials into pictures and reads them out again, for other software to compare with.
//!
//! `cargo run -p openbadges --example bake` takes a line of JSON after the other from its input and
//! answers each with one: `{"picture": BASE64, "bake": {"openbadges": TEXT}}` with the baked picture
//! in base64, `{"picture": BASE64}` with what is baked into it, by keyword.

use std::io::{BufRead, Write, stdin, stdout};

use base64::{Engine, engine::general_purpose::STANDARD};
use openbadges::baking::{BakingError, Content, Keyword, Picture, bake_png, bake_svg, extract};
use serde_json::{Map, Value, json};

fn main() -> std::io::Result<()> {
    for line in stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let picture = STANDARD.decode(asked["picture"].as_str().unwrap_or_default());
        let picture = picture.map_err(std::io::Error::other)?;
        let answer = match asked["bake"].as_object() {
            Some(texts) => bake(&picture, texts).map(|baked| json!(STANDARD.encode(baked))),
            None => read(&picture),
        };
        let answer = answer.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

fn bake(picture: &[u8], texts: &Map<String, Value>) -> Result<Vec<u8>, BakingError> {
    let text = |keyword: Keyword| Some((keyword, texts.get(keyword.as_str())?.as_str()?));
    let credentials: Vec<_> = Keyword::ALL.into_iter().filter_map(text).collect();
    match Picture::of(picture)? {
        Picture::Png => bake_png(picture, &credentials),
        Picture::Svg => bake_svg(picture, &credentials),
    }
}

fn read(picture: &[u8]) -> Result<Value, BakingError> {
    let found = extract(picture)?.credentials.into_iter().map(|credential| {
        let content = match credential.content {
            Content::Json(json) => json!({ "json": json }),
            Content::Jws(jws) => json!({ "jws": jws }),
            Content::Url(url) => json!({ "url": url }),
        };
        (credential.keyword.to_string(), content)
    });
    Ok(found.collect::<Map<_, _>>().into())
}
