//! The Open Badges standards: building, signing and verifying badges, with no I/O of its own.
//!
//! A badge is an Open Badges 3.0 `OpenBadgeCredential`: a W3C Verifiable Credential 2.0 whose
//! subject is an achievement, secured by a Data Integrity proof (`eddsa-rdfc-2022`) and revocable
//! through a Bitstring Status List.
//!
//! Issuing many awards of one badge:
//!
//! 1. [`CredentialTemplate::new`] once per issuer, key and badge version: the credential as text,
//!    with holes for what differs between awards. It is stored once, under its digest.
//! 2. [`CredentialTemplate::prepare`] per award: the 64 bytes to sign.
//! 3. The signer, wherever the key lives, signs those bytes with Ed25519.
//! 4. [`CredentialTemplate::fill`] with the signature: the exact bytes to publish, today and in
//!    ten years, from the template and the [`Fill`] alone.
//!
//! Any other document (a status list) goes through [`EddsaRdfc2022::prepare`] and
//! [`Unsigned::finish`]. [`Verifier::verify`] judges a credential and answers with a [`Report`].
//!
//! To add to this crate: one file per noun of the standards; a new proof suite is a file beside
//! `eddsa_rdfc_2022.rs` and an arm in `verify.rs`. Time, randomness and keys are arguments.

mod achievement;
mod credential;
mod did;
mod eddsa_rdfc_2022;
mod evidence;
mod fill;
mod hole;
mod identity;
mod multikey;
mod profile;
mod proof;
mod status_list;
mod template;
mod timestamp;
mod verify;

pub use achievement::{ACHIEVEMENT_TYPES, Achievement, Alignment, Criteria, TARGET_TYPES};
pub use credential::{
    AchievementSubject, CREDENTIALS_V2, CredentialSchema, EXTENSIONS, OPEN_BADGES_V3,
    OpenBadgeCredential,
};
pub use did::{DidDocument, DidError, did_key, did_web_from_url, did_web_to_url, resolve_did_key};
pub use eddsa_rdfc_2022::{EddsaRdfc2022, Unsigned};
pub use evidence::Evidence;
pub use fill::Fill;
pub use identity::{IdentityObject, identity_hash};
pub use multikey::{Multikey, MultikeyError};
pub use profile::{Image, Profile};
pub use proof::{ProofError, ProofOptions};
pub use status_list::{
    STATUS_LIST_ENTRIES, StatusList, StatusListCredential, StatusListEntry, StatusListError,
};
pub use template::{CredentialTemplate, TemplateError, TemplateTerms};
pub use timestamp::{TimestampError, parse_timestamp, timestamp};
pub use verify::{
    Check, CheckKind, Needs, Outcome, Report, Resolver, Unresolved, VerificationMethod, Verifier,
};
