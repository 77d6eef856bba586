//! Open Badges 2.0: its data model, what it demands of each class, and the examination of a badge.
//!
//! Building: [`Assertion`], [`BadgeClass`], [`Profile`] and the others are plain structs that
//! serialise to JSON-LD; members that they do not know are kept in `other`.
//!
//! Judging: [`faults`] tells what a document of any class does against the standard. [`Examination`]
//! judges a whole badge, hosted or signed. It fetches nothing: it says in
//! [`Examination::needs`] which addresses it wants, the caller puts what it found there into
//! [`Found`], and examines again until nothing is wanted or nothing more can be had.
//!
//! Open Badges 2.1 has the data model of 2.0. Badges of 0.5, 1.0 and 1.1 are recognised and left
//! undetermined.

mod address;
mod assertion;
mod badge_class;
mod conversion;
mod endorsement;
mod examination;
mod extension;
mod faults;
mod form;
mod found;
mod identity;
mod judgement;
mod key;
mod link;
mod lookup;
mod moment;
mod outcome;
mod part;
mod pem;
mod profile;
mod revocation_list;
mod rules;
mod scope;
mod signed;
mod term;
mod version;

pub use assertion::{Assertion, Verification};
pub use badge_class::{Alignment, BadgeClass, Criteria};
pub use endorsement::{Claim, Endorsement};
pub use examination::{Examination, Presented};
pub use extension::{Extension, RECIPIENT_PROFILE_CONTEXT, recipient_profile};
pub use faults::{class_faults, faults};
pub use found::{Fetched, Found, Need};
pub use identity::{IdentityObject, Recipient, UnknownHash};
pub(crate) use judgement::revoked_for;
pub use key::CryptographicKey;
pub use link::Linked;
pub use outcome::Outcome;
pub use part::{Evidence, Image};
pub use pem::PemError;
pub use profile::{Profile, VerificationPolicy};
pub use revocation_list::{RevocationList, Revoked};
pub use rules::Class;
pub use scope::{OutOfScope, in_scope};
pub use version::{CONTEXT, Version};
