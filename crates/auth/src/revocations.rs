use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use kernel::Timestamp;

/// From which moment on a subject's tokens count: older ones are refused. One moment per subject;
/// [`Revocations::prune`] drops those that no living token can be older than.
#[derive(Debug, Default)]
pub struct Revocations(RwLock<HashMap<String, Timestamp>>);

impl Revocations {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses every token of the subject that was issued before that moment. Never undone: an
    /// earlier moment changes nothing.
    pub fn refuse(&self, subject: &str, not_before: Timestamp) {
        let mut moments = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(moment) = moments.get_mut(subject) {
            *moment = (*moment).max(not_before);
        } else {
            moments.insert(subject.to_owned(), not_before);
        }
    }

    /// Whether a token of the subject from that moment was taken back.
    #[must_use]
    pub fn refused(&self, subject: &str, issued_at: Timestamp) -> bool {
        let moments = self.0.read().unwrap_or_else(PoisonError::into_inner);
        moments.get(subject).is_some_and(|not_before| issued_at < *not_before)
    }

    /// Forgets moments before that one: give it now less the longest life of a token, 30 days.
    pub fn prune(&self, before: Timestamp) {
        let mut moments = self.0.write().unwrap_or_else(PoisonError::into_inner);
        moments.retain(|_, not_before| *not_before >= before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_only_moves_forward_and_can_be_forgotten() {
        let at = Timestamp::from_unix_millis;
        let revocations = Revocations::new();
        revocations.refuse("member_1", at(100));
        revocations.refuse("member_1", at(50));
        assert!(revocations.refused("member_1", at(99)));
        assert!(!revocations.refused("member_1", at(100)));
        assert!(!revocations.refused("member_2", at(0)));
        revocations.prune(at(101));
        assert!(!revocations.refused("member_1", at(99)));
    }
}
