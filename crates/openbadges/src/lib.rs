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
//! [`Unsigned::finish`]. [`verify::Verifier`] judges whatever a person can hand over and answers with a
//! [`verify::Report`].
//!
//! To add to this crate: one file per noun of the standards; a new proof suite is a file in
//! `data_integrity/`. Time, randomness and keys are arguments.

pub use jsonld;

pub mod baking;
mod base58;
pub mod data_integrity;
pub mod did;
mod fault;
pub mod jose;
pub mod json;
pub mod key;
pub mod lint;
pub mod status;
mod template;
mod timestamp;
pub mod v2;
pub mod v3;
pub mod vcdm;
pub mod verify;

pub use data_integrity::{EddsaRdfc2022, ProofError, ProofOptions, Unsigned};
pub use did::{
    DidDocument, DidError, Purpose, VerificationMethod, did_key, did_web_from_url, did_web_to_url,
    resolve_did_key,
};
pub use fault::Fault;
pub use key::{KeyError, Multikey, PublicKey, SecretKey};
pub use status::{
    STATUS_LIST_ENTRIES, StatusList, StatusListCredential, StatusListEntry, StatusListError,
};
pub use template::{CredentialTemplate, Fill, TemplateError, TemplateTerms};
pub use timestamp::{TimestampError, parse_timestamp, timestamp};
pub use v3::{
    ACHIEVEMENT_TYPES, Achievement, AchievementSubject, Alignment, CREDENTIALS_V2, Criteria,
    EXTENSIONS, Evidence, IdentityObject, Image, OPEN_BADGES_V3, OpenBadgeCredential, Profile,
    TARGET_TYPES, identity_hash, is_newer_edition, is_same_credential,
};
