//! Pictures made safe: what somebody uploads, taken apart, checked by allow-lists and put together
//! again.
//!
//! Nothing of an upload is kept that was not named here first. An SVG keeps shapes, paints, masks
//! and a few filters; it loses comments, metadata and what editors add; anything else is refused by
//! name, so that nobody wonders why a picture changed. Words (`text`) and pictures inside a drawing
//! (`image`) are refused too: without the fonts of the author's machine words would look different
//! or not appear at all, and an inner picture would be a second upload in disguise. Doing it twice
//! gives the same bytes. Patterns, whose tiles could take all memory, are refused as well.

mod allowed;
mod cost;
mod css;
mod raster;
mod render;
mod svg;

use design_domain::MediaType;
use kernel::{Class, Rejection};

/// The most bytes of an SVG.
pub const LARGEST_SVG: usize = 512 * 1024;
/// The most bytes of a PNG.
pub const LARGEST_PNG: usize = 2 * 1024 * 1024;

/// A picture fit to be published.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What it is.
    pub media_type: MediaType,
    /// The safe bytes.
    pub content: Vec<u8>,
    /// The same picture as PNG, when the content is none.
    pub png: Option<Vec<u8>>,
}

/// Why a picture is not taken. The text names what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtworkRejection {
    /// Too many bytes, pixels or parts.
    #[error("{0}")]
    TooLarge(String),
    /// No picture, or not a whole one.
    #[error("{0}")]
    Malformed(String),
    /// It holds what a picture must not hold.
    #[error("{0}")]
    Unsafe(String),
}

impl Rejection for ArtworkRejection {
    fn code(&self) -> &'static str {
        match self {
            ArtworkRejection::TooLarge(_) => "ARTWORK_TOO_LARGE",
            ArtworkRejection::Malformed(_) => "ARTWORK_MALFORMED",
            ArtworkRejection::Unsafe(_) => "ARTWORK_UNSAFE",
        }
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn path(&self) -> Option<&'static str> {
        Some("/content")
    }
}

/// Makes an upload safe. Takes milliseconds to seconds of CPU: never call it on an async thread.
///
/// # Errors
/// What stands in the way, and what to change.
pub fn prepare(media_type: MediaType, upload: &[u8]) -> Result<Prepared, ArtworkRejection> {
    match media_type {
        MediaType::Svg => {
            let svg = svg::sanitize(upload)?;
            let png = render::to_png(&svg)?;
            Ok(Prepared { media_type, content: svg.into_bytes(), png: Some(png) })
        }
        MediaType::Png => {
            let content = raster::clean(upload)?;
            Ok(Prepared { media_type, content, png: None })
        }
    }
}

/// What the safe bytes of a stored picture are.
#[must_use]
pub fn media_type_of(stored: &[u8]) -> MediaType {
    if stored.starts_with(&raster::SIGNATURE) { MediaType::Png } else { MediaType::Svg }
}

/// The PNG of a stored SVG.
///
/// # Errors
/// When it cannot be drawn, which its storing excluded.
pub fn draw(stored: &[u8]) -> Result<Vec<u8>, ArtworkRejection> {
    let svg = std::str::from_utf8(stored)
        .map_err(|_| ArtworkRejection::Malformed("the stored picture is damaged".into()))?;
    render::to_png(svg)
}

/// A name from an upload as it may stand in a message: short, and without anything unprintable.
fn shown(name: &str) -> String {
    let mut shown: String =
        name.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect();
    if name.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}
