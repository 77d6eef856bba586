//! The test language of a domain: facts in, a decision out.

use crate::Aggregate;

/// The aggregate after these facts: `given([facts]).decide(command)`.
#[must_use]
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> A {
    events.into_iter().fold(A::default(), A::evolve)
}
