//! analytics.
