//! Proofs inside a document: VC Data Integrity 1.0, its cryptosuites, proof sets and chains.
//!
//! Signing is [`prepare`], a signature of [`Unsigned::hash_data`] from wherever the key lives, and
//! [`Unsigned::finish`]. Verifying is [`verify_proof`] for one proof and [`verify_proofs`] for all
//! of them. To add a suite: a variant of [`Cryptosuite`] and what its methods say of it.

mod answers;
mod chain;
mod cryptosuite;
mod eddsa_rdfc_2022;
mod hash;
mod jcs;
mod proof;
mod sign;
mod verify;

pub use answers::check_answers;
pub use chain::{Proved, verify_proofs};
pub use cryptosuite::Cryptosuite;
pub use eddsa_rdfc_2022::EddsaRdfc2022;
pub(crate) use eddsa_rdfc_2022::{NAME, join};
pub use jcs::canonical_json;
pub use proof::{ProofError, ProofOptions};
pub(crate) use proof::{config, value};
pub use sign::{Unsigned, prepare};
pub use verify::verify_proof;
