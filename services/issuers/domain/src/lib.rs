//! issuers-domain.
