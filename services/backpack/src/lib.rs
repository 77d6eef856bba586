//! backpack.
