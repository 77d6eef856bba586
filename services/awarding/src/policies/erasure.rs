use std::sync::Arc;

use awarding_domain::PersonEvent;
use eventstore::RecordedEvent;
use runtime::trace::{Cause, because};

use super::Reaction;
use crate::{role::Awarding, trouble::Outcome};

/// Destroys the keys of erased people where the erasing command did not live to do it.
pub(crate) struct Erasure(pub(crate) Arc<Awarding>);

impl Reaction for Erasure {
    const NAME: &'static str = "awarding-erasure";
    const CATEGORIES: &'static [&'static str] = &["person"];

    fn awarding(&self) -> &Awarding {
        &self.0
    }

    async fn react(&self, fact: &RecordedEvent) -> Outcome<()> {
        let PersonEvent::Erased(erased) = fact.event()?;
        let Ok(person) = fact.stream.id().parse() else { return Ok(()) };
        let known_by = erased.awards.first().map(|erased| erased.award);
        let work = self.0.destroy(fact.stream.tenant(), person, erased.key_version, known_by);
        because(Self::NAME, Cause::of(fact), work).await
    }
}
