//! Open Badges 3.0: the data model as plain structs, members in the order in which they are written.

mod achievement;
mod credential;
mod equality;
mod evidence;
mod identity;
mod profile;

pub use achievement::{ACHIEVEMENT_TYPES, Achievement, Alignment, Criteria, TARGET_TYPES};
pub use credential::{
    AchievementSubject, CREDENTIALS_V2, CredentialSchema, EXTENSIONS, OPEN_BADGES_V3,
    OpenBadgeCredential,
};
pub use equality::{is_newer_edition, is_same_credential};
pub use evidence::Evidence;
pub use identity::{IdentityObject, identity_hash};
pub(crate) use profile::one_type;
pub use profile::{Image, Profile};
