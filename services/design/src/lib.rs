//! The design role.
pub mod artwork;
