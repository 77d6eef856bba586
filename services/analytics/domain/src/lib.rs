//! analytics-domain.
