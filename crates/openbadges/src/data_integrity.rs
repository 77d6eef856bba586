//! Proofs inside a document: VC Data Integrity 1.0 and its cryptosuites.

mod eddsa_rdfc_2022;
mod proof;

pub use eddsa_rdfc_2022::{EddsaRdfc2022, Unsigned};
pub(crate) use eddsa_rdfc_2022::{NAME, join};
pub use proof::{ProofError, ProofOptions};
pub(crate) use proof::{config, value};
