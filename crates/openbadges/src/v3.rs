//! Open Badges 3.0: the data model as plain structs, members in the order in which they are written.
//!
//! Each struct has public members for what the standard knows and `extra` for what it does not.
//! Sets are arrays when written, as the published JSON Schema wants it; when read, a single value
//! stands for an array of one. Terms of lists (`achievementType` and such) are texts: what the
//! standard does not know is a fault, not a reason not to read a badge.

mod achievement;
mod address;
mod alignment;
mod conformance;
mod credential;
mod endorsement;
mod equality;
mod evidence;
mod identifier;
mod identity;
mod image;
mod profile;
mod result;
mod service;
mod set;
mod subject;

pub use achievement::{ACHIEVEMENT_TYPES, Achievement, Criteria, Related};
pub use address::{Address, GeoCoordinates};
pub use alignment::{Alignment, TARGET_TYPES};
pub(crate) use conformance::evidence_faults;
pub use conformance::{endorsement_faults, faults, issuing_faults, schema_faults};
pub use credential::{
    CREDENTIALS_V1, CREDENTIALS_V2, EXTENSIONS, OPEN_BADGES_V3, OpenBadgeCredential,
};
pub use endorsement::{EndorsementCredential, EndorsementSubject};
pub use equality::{is_newer_edition, is_same_credential};
pub use evidence::Evidence;
pub use identifier::{IDENTIFIER_TYPES, IdentifierEntry};
pub use identity::{IdentityObject, identity_hash};
pub use image::Image;
pub use profile::{Issuer, Profile};
pub use result::{
    AchievementResult, RESULT_STATUSES, RESULT_TYPES, ResultDescription, RubricCriterionLevel,
};
pub use service::{CredentialStatus, Service, TermsOfUse};
pub(crate) use set::one_type;
pub use subject::AchievementSubject;
