//! The style sheet and the icon, under names that change with their content.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::problem::Problem;

struct Asset {
    path: String,
    media_type: &'static str,
    content: &'static [u8],
}

static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::of("css", "text/css; charset=utf-8", include_bytes!("../../templates/laurel.css"))
});
static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::of("svg", "image/svg+xml", include_bytes!("../../templates/laurel.svg"))
});

/// Kept by browsers and caches for a year: another content has another name.
pub(super) const FOR_EVER: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");

impl Asset {
    fn of(extension: &str, media_type: &'static str, content: &'static [u8]) -> Self {
        let path = format!("/assets/laurel.{}.{extension}", digest(content));
        Self { path, media_type, content }
    }
}

/// The first 64 bits of the content's SHA-256, in hexadecimal: enough to notice a change.
pub(super) fn digest(content: &[u8]) -> String {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(content)[..8]);
    format!("{:016x}", u64::from_be_bytes(first))
}

/// What every page has around its content.
#[derive(Clone, Copy)]
pub(super) struct Shell {
    /// The path of the style sheet.
    pub stylesheet: &'static str,
    /// The path of the icon.
    pub icon: &'static str,
}

impl Shell {
    /// As it is in this version of the software.
    pub(super) fn get() -> Self {
        Self { stylesheet: &STYLESHEET.path, icon: &ICON.path }
    }
}

pub(super) async fn show(Path(name): Path<String>) -> Response {
    let (stylesheet, icon): (&Asset, &Asset) = (&STYLESHEET, &ICON);
    let named = |asset: &&Asset| asset.path.strip_prefix("/assets/") == Some(name.as_str());
    let Some(asset) = [stylesheet, icon].into_iter().find(named) else {
        return Problem::missing().json();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, FOR_EVER),
    ];
    (headers, asset.content).into_response()
}
