//! The chunks of a PNG that hold a text: `iTXt`, and `tEXt` and `zTXt`, which older bakers wrote.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{Keyword, LARGEST_PICTURE, PngFault};

/// The keyword of a chunk that a credential is baked into, and the data behind the keyword.
pub(super) fn baked(kind: [u8; 4], data: &[u8]) -> Option<(Keyword, &[u8])> {
    if !matches!(&kind, b"iTXt" | b"tEXt" | b"zTXt") {
        return None;
    }
    Keyword::ALL.into_iter().find_map(|keyword| {
        let rest = data.strip_prefix(keyword.as_str().as_bytes())?.strip_prefix(&[0])?;
        Some((keyword, rest))
    })
}

/// The text of such a chunk.
pub(super) fn text(kind: [u8; 4], keyword: Keyword, rest: &[u8]) -> Result<String, PngFault> {
    match &kind {
        b"iTXt" => {
            let [flag, method, rest @ ..] = rest else { return Err(PngFault::BadText(keyword)) };
            let mut parts = rest.splitn(3, |byte| *byte == 0);
            let (Some(_language), Some(_translated), Some(text)) =
                (parts.next(), parts.next(), parts.next())
            else {
                return Err(PngFault::BadText(keyword));
            };
            let text = match (flag, method) {
                (0, _) => Cow::Borrowed(text),
                (1, 0) => Cow::Owned(inflate(keyword, text)?),
                _ => return Err(PngFault::UnknownCompression(keyword)),
            };
            utf8(text).map_err(|_| PngFault::NotUtf8(keyword))
        }
        b"zTXt" => match rest {
            [0, text @ ..] => Ok(latin1(Cow::Owned(inflate(keyword, text)?))),
            [_, ..] => Err(PngFault::UnknownCompression(keyword)),
            [] => Err(PngFault::BadText(keyword)),
        },
        _ => Ok(latin1(Cow::Borrowed(rest))),
    }
}

/// The data of an `iTXt` chunk: not compressed, in no language.
pub(super) fn data(keyword: Keyword, text: &str) -> Vec<u8> {
    [keyword.as_str().as_bytes(), &[0; 5], text.as_bytes()].concat()
}

fn inflate(keyword: Keyword, compressed: &[u8]) -> Result<Vec<u8>, PngFault> {
    let mut text = Vec::new();
    let most = LARGEST_PICTURE as u64 + 1;
    let read = ZlibDecoder::new(compressed).take(most).read_to_end(&mut text);
    read.map_err(|_| PngFault::BadCompression(keyword))?;
    if text.len() > LARGEST_PICTURE { Err(PngFault::TextTooLong(keyword)) } else { Ok(text) }
}

fn utf8(text: Cow<'_, [u8]>) -> Result<String, std::string::FromUtf8Error> {
    String::from_utf8(text.into_owned())
}

/// Latin-1, as the format has it, unless it is UTF-8, as some write it all the same.
fn latin1(text: Cow<'_, [u8]>) -> String {
    match utf8(text) {
        Ok(text) => text,
        Err(error) => error.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}
