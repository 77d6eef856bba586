//! backpack-domain.
