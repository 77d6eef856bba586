//! awarding-domain.
