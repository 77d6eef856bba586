//! What can be awarded: the decisions about badges and their versions.
//!
//! Pure: ids and checked content arrive in the commands. To add a fact, add a variant to
//! [`BadgeEvent`] and a golden file `golden/{type}.json`, which is never edited again. Stored types write every
//! field, absent ones too: the same types stand in the rows of read models, in a binary form without
//! field names.

mod achievement_type;
mod badge;
mod content;
#[cfg(test)]
mod golden;
mod ids;

pub use achievement_type::{AchievementType, InvalidAchievementType};
pub use badge::{
    Badge, BadgeArchived, BadgeCommand, BadgeCreated, BadgeEvent, BadgePublished, BadgeRejection,
    BadgeUpdated, Work,
};
pub use content::{Alignment, Artwork, Content, ContentRejection, Criteria, Draft, MediaType};
pub use ids::{ArtworkId, BadgeId, BadgeKind, InvalidArtworkId};
