//! Whether a credential still stands: Bitstring Status List 1.0, and the older revocation list of
//! 1EdTech.
//!
//! Issuing: a [`StatusListEntry`] goes into the credential, a [`StatusList`] holds the state, a
//! [`StatusListCredential`] publishes it. Verifying: [`Entry::of`] reads what a credential says
//! about its status, the caller fetches the list, verifies its proof like that of any credential,
//! compares the issuers ([`check_issuer`]) and asks [`check_list`] what the list says. Whoever
//! uses 1EdTech's form reads a [`RevocationList`] instead.
//!
//! What goes wrong maps to the [`Problem`] types of the standards.

mod bitstring;
mod check;
mod credential;
mod entry;
mod gzip;
mod problem;
mod purpose;
mod read;
mod revocation_list;

pub use bitstring::{
    STATUS_LIST_ENTRIES, StatusList, StatusListError, StatusSize, StatusSizeError,
};
pub use check::{Found, ListError, check_issuer, check_list};
pub use credential::StatusListCredential;
pub use entry::{StatusListEntry, StatusMessage};
pub use problem::Problem;
pub use purpose::Purpose;
pub use read::{Entry, EntryError, entry_faults};
pub use revocation_list::{
    REVOCATION_LIST, RevocationList, RevocationListError, RevocationListStatus, RevokedCredential,
};
