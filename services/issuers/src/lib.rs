//! issuers.
