//! Pictures of badges, credentials and issuers.

use serde::{Deserialize, Serialize};

/// A picture by reference. The standard allows no further member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The URL of the picture, or a data URL.
    pub id: String,
    /// Always `Image`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it shows, for those who cannot see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

impl Image {
    /// Makes an image without caption.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), kind: "Image".to_owned(), caption: None }
    }
}
