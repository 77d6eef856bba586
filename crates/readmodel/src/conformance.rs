//! The promises of [`ReadModels`], as tests that an adapter calls.

use std::sync::Arc;

use crate::ReadModels;

/// Checks every promise of the port on fresh stores.
///
/// # Panics
/// When the adapter breaks one.
pub async fn all(fresh: impl AsyncFn() -> Arc<dyn ReadModels>) {
    drop(fresh().await);
}
