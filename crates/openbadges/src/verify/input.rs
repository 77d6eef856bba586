//! What somebody handed over: JSON, a JWT, a picture, or the address of one of these.

use serde_json::Value;

use super::report::Container;
use crate::baking::{self, Content};
use crate::json;

/// How many bytes may be handed over: a picture with a credential in it.
pub(crate) const MAX_INPUT: usize = 8 << 20;
/// How many bytes a credential itself may have.
pub(crate) const MAX_CREDENTIAL: usize = 1 << 20;
/// How many characters an address may have.
const MAX_URL: usize = 4096;

/// What was found in what was handed over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// A document.
    Json(Value),
    /// A compact JWS.
    Jws(String),
    /// The address of something to judge.
    Url(String),
}

/// Tells what the bytes are, unwrapping pictures; the container is none for an address alone.
pub(crate) fn read(bytes: &[u8]) -> Result<(Input, Option<Container>), String> {
    if bytes.len() > MAX_INPUT {
        return Err(format!("it is larger than {} MiB", MAX_INPUT >> 20));
    }
    if bytes.starts_with(b"\x89PNG") {
        return baked(bytes, Container::Png);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    match text.first() {
        None => Err("it is empty".to_owned()),
        Some(b'<') => baked(bytes, Container::Svg),
        Some(b'{') => document(text).map(|input| (input, Some(Container::Json))),
        Some(_) => word(text),
    }
}

/// One word: an address, a data URL with a JWT in it, or a JWT.
fn word(text: &[u8]) -> Result<(Input, Option<Container>), String> {
    let unknown =
        || "it is neither json, nor a jwt, nor a png or svg, nor a web address".to_owned();
    let text = std::str::from_utf8(text).map_err(|_| unknown())?;
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(unknown());
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        return if text.len() <= MAX_URL {
            Ok((Input::Url(text.to_owned()), None))
        } else {
            Err(format!("the address has more than {MAX_URL} characters"))
        };
    }
    let token = text.strip_prefix("data:application/").map_or(Some(text), |rest| {
        rest.strip_prefix("vc+jwt,").or_else(|| rest.strip_prefix("vp+jwt,"))
    });
    let token = token.ok_or_else(unknown)?;
    let part = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if token.len() <= MAX_CREDENTIAL && token.split('.').count() == 3 && token.split('.').all(part)
    {
        Ok((Input::Jws(token.to_owned()), Some(Container::Jwt)))
    } else {
        Err(unknown())
    }
}

fn document(text: &[u8]) -> Result<Input, String> {
    json::parse(text, MAX_CREDENTIAL).map(Input::Json).map_err(|error| error.to_string())
}

fn baked(bytes: &[u8], container: Container) -> Result<(Input, Option<Container>), String> {
    let found = baking::extract(bytes).map_err(|error| error.to_string())?;
    let credential =
        found.credentials.into_iter().next().ok_or("no badge is baked into this picture")?;
    let input = match credential.content {
        Content::Json(text) => document(text.as_bytes())?,
        Content::Jws(text) | Content::Url(text) => word(text.trim().as_bytes())?.0,
    };
    Ok((input, Some(container)))
}
