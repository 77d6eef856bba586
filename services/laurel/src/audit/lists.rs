//! What the facts say about status lists: which places were given, and which were withdrawn.

use std::collections::{BTreeMap, HashMap};

use awarding_domain::{
    AwardCreated, AwardEvent, CAPACITY, CredentialRevoked, CredentialSubmitted, PersonEvent,
    StatusListEvent, StatusListId, SubmissionEvent,
};
use eventstore::{Damage, Moment, RecordedEvent, StreamId, Unreadable};
use kernel::{Position, SubjectId, TenantId};

use super::Check;

/// Every list that facts speak of.
#[derive(Default)]
pub(super) struct Lists {
    by_id: BTreeMap<StatusListId, List>,
    /// Through which key version people were erased.
    erased: HashMap<(TenantId, SubjectId), u32>,
    /// Up to where facts were noted.
    noted: Position,
}

/// One of them.
#[derive(Clone, Debug, Default)]
struct List {
    /// How many numbers were set aside.
    reserved: u32,
    given: Vec<u32>,
    withdrawn: Vec<u32>,
}

/// What a revoked award was when it was made.
pub(super) fn created(log: &Moment, revoked: &RecordedEvent) -> Option<AwardCreated> {
    let facts = log.facts(&revoked.stream).ok()?;
    match facts.first()?.event().ok()? {
        AwardEvent::Created(created) => Some(*created),
        _ => None,
    }
}

impl Lists {
    /// Takes note of a fact; `created` finds what an award was when it was made.
    pub(super) fn note(
        &mut self,
        fact: &RecordedEvent,
        created: impl FnOnce(&RecordedEvent) -> Option<AwardCreated>,
    ) -> Result<(), Unreadable> {
        self.noted = fact.position;
        match &*fact.kind {
            "status-range-reserved.v1" => {
                let StatusListEvent::Reserved(reserved) = fact.event()?;
                let list = self.by_id.entry(fact.subject()?).or_default();
                list.reserved = list.reserved.max(reserved.to);
            }
            "award-created.v1" => {
                let AwardEvent::Created(created) = &*fact.shared::<AwardEvent>()? else {
                    return Ok(());
                };
                let (person, version) = (created.person, created.particulars.key_version);
                let erased = self.erased.get(&(fact.stream.tenant(), person)).copied();
                let list = self.by_id.entry(created.list).or_default();
                list.given.push(created.index);
                if version <= erased.unwrap_or_default() {
                    list.withdrawn.push(created.index);
                }
            }
            "award-revoked.v1" => {
                if let Some(created) = created(fact) {
                    self.withdraw(created.list, created.index);
                }
            }
            "person-erased.v1" => {
                let PersonEvent::Erased(erased) = fact.event()?;
                let through =
                    self.erased.entry((fact.stream.tenant(), fact.subject()?)).or_default();
                *through = erased.key_version.max(*through);
                for award in erased.awards {
                    self.withdraw(award.list, award.index);
                }
            }
            "credential-submitted.v1" => {
                if let SubmissionEvent::Submitted(CredentialSubmitted {
                    place: Some(place), ..
                }) = fact.event()?
                {
                    let list = self.by_id.entry(place.list).or_default();
                    // The same credential may be submitted again, and states the same place.
                    if fact.revision == 0 {
                        list.given.push(place.index);
                    }
                }
            }
            "credential-revoked.v1" => {
                if let SubmissionEvent::Revoked(CredentialRevoked { place, .. }) = fact.event()? {
                    self.withdraw(place.list, place.index);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn withdraw(&mut self, list: StatusListId, index: u32) {
        self.by_id.entry(list).or_default().withdrawn.push(index);
    }

    /// Which lists there are.
    pub(super) fn ids(&self) -> Vec<StatusListId> {
        self.by_id.keys().copied().collect()
    }

    /// The places of a list that are withdrawn, each once and in order.
    pub(super) fn withdrawn(&mut self, list: StatusListId) -> &[u32] {
        let list = self.by_id.entry(list).or_default();
        list.withdrawn.sort_unstable();
        list.withdrawn.dedup();
        &list.withdrawn
    }

    /// Takes note of what happened since.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(super) fn catch_up(&mut self, log: &Moment) -> Result<(), Damage> {
        let of_lists = |stream: &StreamId| {
            matches!(stream.category(), "award" | "person" | "statuslist" | "submission")
        };
        log.each(self.noted, &of_lists, &mut |fact| {
            Ok(self.note(fact, |revoked| created(log, revoked))?)
        })
    }

    /// Whether no place was given twice, beyond the list, or without having been set aside.
    pub(super) fn check(&mut self) -> Check {
        let mut check = Check::new("status");
        let (mut given, mut withdrawn) = (0, 0);
        for (id, list) in &mut self.by_id {
            list.given.sort_unstable();
            for pair in list.given.windows(2).filter(|pair| pair[0] == pair[1]) {
                check.damaged(format!("place {} of {id} was given twice", pair[0]));
            }
            if let Some(beyond) = list.given.last().filter(|last| **last >= CAPACITY) {
                check.damaged(format!("place {beyond} of {id} does not exist"));
            }
            if list.given.len() as u64 > u64::from(list.reserved) {
                check.damaged(format!("{id} has more awards than places that were set aside"));
            }
            given += list.given.len();
            list.withdrawn.sort_unstable();
            list.withdrawn.dedup();
            withdrawn += list.withdrawn.len();
        }
        let lists = self.by_id.len();
        check.detail = format!("{lists} lists: {given} places given, {withdrawn} withdrawn");
        check
    }
}
