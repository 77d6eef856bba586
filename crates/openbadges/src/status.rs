//! Whether a credential still stands: Bitstring Status List 1.0.

mod bitstring;

pub use bitstring::{
    STATUS_LIST_ENTRIES, StatusList, StatusListCredential, StatusListEntry, StatusListError,
};
