//! Badges inside their pictures: a credential in a chunk of a PNG or in an element of an SVG.
//!
//! [`extract`] finds what is baked into a picture, whoever baked it; [`bake_png`] and [`bake_svg`]
//! write it. Only the frame of the picture is read, never its pixels: everything but what is
//! baked stays as it was, byte for byte.
//!
//! Sources: Open Badges 3.0 section 5.3 (PNG and SVG), Open Badges 2.0 "Baked Badges", PNG (third
//! edition) sections 5 and 11.3.3. To add a keyword, add a variant to [`Keyword`].

mod png;
mod svg;
mod text_chunk;

pub use png::{PngFault, bake_png};
pub use svg::{SvgFault, bake_svg};

use std::fmt;

/// Most bytes of a picture, with what is baked into it, and of a text that was compressed.
pub const LARGEST_PICTURE: usize = 8 << 20;

/// The kind of picture that a credential is baked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Picture {
    /// Portable Network Graphics.
    Png,
    /// Scalable Vector Graphics, not compressed.
    Svg,
}

impl Picture {
    /// Tells the kind of a picture from its first bytes.
    ///
    /// # Errors
    /// [`BakingError::NotAPicture`]. That the rest is in order is not promised.
    pub fn of(bytes: &[u8]) -> Result<Self, BakingError> {
        if bytes.starts_with(&png::SIGNATURE[..4]) {
            return Ok(Self::Png);
        }
        if svg::may_be(bytes) { Ok(Self::Svg) } else { Err(BakingError::NotAPicture) }
    }
}

/// What a credential in a picture is called there, by the standard that it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keyword {
    /// An Open Badges 3.0 credential.
    OpenBadgeCredential,
    /// A Comprehensive Learner Record 2.0.
    ClrCredential,
    /// An Open Badges 2.0 assertion.
    OpenBadges,
}

impl Keyword {
    /// All of them, the most telling one first.
    pub const ALL: [Self; 3] = [Self::OpenBadgeCredential, Self::ClrCredential, Self::OpenBadges];

    /// The keyword of the chunk in a PNG.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenBadgeCredential => "openbadgecredential",
            Self::ClrCredential => "clrcredential",
            Self::OpenBadges => "openbadges",
        }
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is baked into a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baked {
    /// The kind of picture.
    pub picture: Picture,
    /// What was found, one for each keyword, in the order of [`Keyword::ALL`]; never empty. Where
    /// a keyword stands more than once, the first counts, as the standards have it.
    pub credentials: Vec<BakedCredential>,
}

/// One credential of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BakedCredential {
    /// Which standard it claims to follow.
    pub keyword: Keyword,
    /// The credential, or where it is.
    pub content: Content,
}

/// A credential as it stands in a picture. Nothing about it has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A text that begins like a JSON object; whether it goes on like one is for its reader.
    Json(String),
    /// A compact JWS: three parts in base64url.
    Jws(String),
    /// Where a hosted assertion of Open Badges 2.0 or older is (`http` or `https`).
    Url(String),
}

impl Content {
    /// Tells what a baked text is.
    fn of(text: &str, keyword: Keyword) -> Result<Self, BakingError> {
        let bare = text.trim_start_matches('\u{feff}').trim();
        if bare.starts_with('{') {
            return Ok(Self::Json(text.to_owned()));
        }
        if is_jws(bare) {
            return Ok(Self::Jws(bare.to_owned()));
        }
        if keyword == Keyword::OpenBadges && is_url(bare) {
            return Ok(Self::Url(bare.to_owned()));
        }
        Err(BakingError::NotACredential(keyword))
    }
}

fn is_jws(text: &str) -> bool {
    let mut parts = 0;
    text.split('.').all(|part| {
        parts += 1;
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    }) && parts == 3
}

fn is_url(text: &str) -> bool {
    const LONGEST: usize = 2048;
    let scheme = ["https://", "http://"].iter().find_map(|scheme| {
        text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme))
    });
    scheme.is_some_and(|scheme| text.len() > scheme.len())
        && text.len() <= LONGEST
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Why a picture gives no credential, or cannot take one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BakingError {
    /// The picture, or what it would become, is over [`LARGEST_PICTURE`].
    #[error("the picture is larger than {} MiB: use a smaller one", LARGEST_PICTURE >> 20)]
    TooLarge,
    /// The first bytes are of something else.
    #[error("the file is neither a PNG nor an SVG: send the badge's picture as it was downloaded")]
    NotAPicture,
    /// The picture is in order, and nothing is baked into it.
    #[error("no badge is baked into the picture: send the picture as it was downloaded")]
    NothingBaked,
    /// What stands under the keyword is not what may stand there.
    #[error("what is baked into the picture as {0} is not a credential")]
    NotACredential(Keyword),
    /// The keyword was given twice, but may stand in a picture only once.
    #[error("two credentials are to be baked as {0}: choose one")]
    Twice(Keyword),
    /// The PNG is not in order.
    #[error(transparent)]
    Png(#[from] PngFault),
    /// The SVG is not in order.
    #[error(transparent)]
    Svg(#[from] SvgFault),
}

/// Finds what is baked into a PNG or an SVG.
///
/// # Errors
/// See [`BakingError`]. Memory is bounded by a small multiple of [`LARGEST_PICTURE`].
pub fn extract(bytes: &[u8]) -> Result<Baked, BakingError> {
    if bytes.len() > LARGEST_PICTURE {
        return Err(BakingError::TooLarge);
    }
    let picture = Picture::of(bytes)?;
    let mut credentials = match picture {
        Picture::Png => png::extract(bytes)?,
        Picture::Svg => svg::extract(bytes)?,
    };
    if credentials.is_empty() {
        return Err(BakingError::NothingBaked);
    }
    credentials.sort_by_key(|credential| credential.keyword);
    Ok(Baked { picture, credentials })
}

/// What is to be baked, known to be readable again, the most telling one first.
fn orderly<'t>(
    credentials: &[(Keyword, &'t str)],
) -> Result<Vec<(Keyword, &'t str, Content)>, BakingError> {
    let mut orderly: Vec<(Keyword, &str, Content)> = Vec::with_capacity(credentials.len());
    for &(keyword, text) in credentials {
        if orderly.iter().any(|(other, ..)| *other == keyword) {
            return Err(BakingError::Twice(keyword));
        }
        let content = Content::of(text, keyword)?;
        let fit = match &content {
            Content::Json(json) => serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok(),
            Content::Jws(jws) => jws == text,
            Content::Url(_) => false,
        };
        if !fit {
            return Err(BakingError::NotACredential(keyword));
        }
        orderly.push((keyword, text, content));
    }
    orderly.sort_by_key(|(keyword, ..)| *keyword);
    Ok(orderly)
}

/// The finished picture, unless it grew too large.
fn finished(picture: Vec<u8>) -> Result<Vec<u8>, BakingError> {
    if picture.len() > LARGEST_PICTURE { Err(BakingError::TooLarge) } else { Ok(picture) }
}
