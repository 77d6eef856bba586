//! design-domain.
