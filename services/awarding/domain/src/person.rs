use kernel::{Aggregate, Class, Rejection, SubjectId};
use serde::{Deserialize, Serialize};

use crate::{AwardId, StatusListId};

/// A person as one tenant knows them, and which of their keys were destroyed. Whatever was sealed
/// under key versions up to [`Person::erased_through`] is erased; someone who comes back later gets
/// a later key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The newest key version that was destroyed; zero when none was.
    pub erased_through: u32,
}

/// What can be asked of a person's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonCommand {
    /// Make everything sealed under key versions up to this one unreadable.
    Erase {
        /// The newest key version in use.
        key_version: u32,
        /// The person's awards, whose credentials are withdrawn by it.
        awards: Vec<ErasedAward>,
    },
}

/// An award that an erasure withdraws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasedAward {
    /// Which.
    pub award: AwardId,
    /// Its status list.
    pub list: StatusListId,
    /// Its place there.
    pub index: u32,
}

/// What can happen to a person's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PersonEvent {
    /// It became unreadable.
    #[serde(rename = "person-erased.v1")]
    Erased(PersonErased),
}

/// A person was erased. One erasure of many awards is several of these facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonErased {
    /// Every key version up to this one is destroyed.
    pub key_version: u32,
    /// The awards that it withdraws; awards made meanwhile under a destroyed key are withdrawn too.
    #[serde(default)]
    pub awards: Vec<ErasedAward>,
}

/// Why a person's data does not do what is asked: there is no reason yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonRejection {}

impl Rejection for PersonRejection {
    fn code(&self) -> &'static str {
        match *self {}
    }

    fn class(&self) -> Class {
        match *self {}
    }
}

/// Awards named by one fact, so that no fact grows beyond what a store takes.
const AWARDS_PER_FACT: usize = 4_000;

impl Person {
    /// Whether data sealed under that version of the person's key is erased.
    #[must_use]
    pub fn is_erased(&self, key_version: u32) -> bool {
        key_version <= self.erased_through
    }
}

impl Aggregate for Person {
    const CATEGORY: &'static str = "person";
    type Id = SubjectId;
    type Command = PersonCommand;
    type Event = PersonEvent;
    type Rejection = PersonRejection;

    fn decide(&self, command: PersonCommand) -> Result<Vec<PersonEvent>, PersonRejection> {
        let PersonCommand::Erase { key_version, awards } = command;
        if self.is_erased(key_version) {
            return Ok(vec![]);
        }
        let erased = |awards: &[ErasedAward]| {
            PersonEvent::Erased(PersonErased { key_version, awards: awards.to_vec() })
        };
        if awards.is_empty() {
            return Ok(vec![erased(&[])]);
        }
        Ok(awards.chunks(AWARDS_PER_FACT).map(erased).collect())
    }

    fn evolve(self, event: PersonEvent) -> Self {
        let PersonEvent::Erased(PersonErased { key_version, .. }) = event;
        Self { erased_through: self.erased_through.max(key_version) }
    }
}
