//! awarding.
