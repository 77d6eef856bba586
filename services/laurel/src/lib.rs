//! laurel.
