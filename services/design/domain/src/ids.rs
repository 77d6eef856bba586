use std::{fmt, str::FromStr};

use kernel::{Id, Kind};
use serde::{Deserialize, Serialize};

/// Marks ids of badges.
pub enum BadgeKind {}
impl Kind for BadgeKind {
    const PREFIX: &'static str = "badge";
}

/// A badge within a tenant.
pub type BadgeId = Id<BadgeKind>;

/// Names a picture by its content: SHA-256 in 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArtworkId(String);

/// The text names no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an artwork id of 64 lower-case hexadecimal digits")]
pub struct InvalidArtworkId;

impl ArtworkId {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ArtworkId {
    type Err = InvalidArtworkId;

    fn from_str(text: &str) -> Result<Self, InvalidArtworkId> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let fits = text.len() == 64 && text.bytes().all(digit);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidArtworkId) }
    }
}

impl fmt::Display for ArtworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
