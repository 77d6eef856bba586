use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970: when the store writes something, by its own clock.
#[expect(
    clippy::disallowed_methods,
    reason = "when a record was written is the store's own statement; no decision is based on it"
)]
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
