use issuers_domain::IssuerId;
use kernel::{Aggregate, Class, Rejection};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::StatusListId;

/// How many credentials one list holds.
pub const CAPACITY: u32 = openbadges::STATUS_LIST_ENTRIES;

/// The places of one Bitstring Status List. Processes reserve ranges of a counter and use them up
/// from memory; what a process that ends has not used stays unused. [`Permutation`] turns the
/// counter into the place, so that neighbours in time are not neighbours in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusList {
    /// The first number that nobody has reserved.
    pub next: u32,
}

/// What can be asked of a status list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusListCommand {
    /// Set numbers aside: as many as asked for, or as are left.
    Reserve {
        /// Whose list it is.
        issuer: IssuerId,
        /// Which of the issuer's lists, from zero.
        number: u32,
        /// How many numbers, at least one.
        count: u32,
    },
}

/// What can happen to a status list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusListEvent {
    /// Numbers were set aside.
    #[serde(rename = "status-range-reserved.v1")]
    Reserved(StatusRangeReserved),
}

/// Numbers of a status list were set aside for one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusRangeReserved {
    /// Whose list it is.
    pub issuer: IssuerId,
    /// Which of the issuer's lists, from zero.
    pub number: u32,
    /// The first number.
    pub from: u32,
    /// The number after the last.
    pub to: u32,
}

/// Why a status list does not do what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusListRejection {
    /// Every place is taken: go on with the issuer's next list.
    #[error("the status list is full: use the next one")]
    Full,
}

impl Rejection for StatusListRejection {
    fn code(&self) -> &'static str {
        "LIMIT_EXCEEDED"
    }

    fn class(&self) -> Class {
        Class::Exhausted
    }
}

impl Aggregate for StatusList {
    const CATEGORY: &'static str = "statuslist";
    type Id = StatusListId;
    type Command = StatusListCommand;
    type Event = StatusListEvent;
    type Rejection = StatusListRejection;

    fn decide(
        &self,
        command: StatusListCommand,
    ) -> Result<Vec<StatusListEvent>, StatusListRejection> {
        let StatusListCommand::Reserve { issuer, number, count } = command;
        if self.next >= CAPACITY {
            return Err(StatusListRejection::Full);
        }
        let to = self.next.saturating_add(count.max(1)).min(CAPACITY);
        let from = self.next;
        Ok(vec![StatusListEvent::Reserved(StatusRangeReserved { issuer, number, from, to })])
    }

    fn evolve(self, event: StatusListEvent) -> Self {
        let StatusListEvent::Reserved(StatusRangeReserved { to, .. }) = event;
        Self { next: self.next.max(to) }
    }
}

/// A keyed permutation of the places of one list: a Feistel network over 18 bits, walked until it
/// lands among the 17 bits in use.
#[derive(Clone, Debug)]
pub struct Permutation {
    key: [u8; 32],
}

const ROUNDS: u8 = 6;
const HALF: u32 = 0x1ff;

impl Permutation {
    /// The permutation of that list under a secret of the tenant.
    #[must_use]
    pub fn new(secret: &[u8], list: StatusListId) -> Self {
        let key = Sha256::new().chain_update(secret).chain_update(list.bytes()).finalize();
        Self { key: key.into() }
    }

    /// The place of the `counter`-th credential; different for each counter below [`CAPACITY`].
    #[must_use]
    pub fn place(&self, counter: u32) -> u32 {
        let mut place = counter % CAPACITY;
        loop {
            let (mut left, mut right) = (place >> 9, place & HALF);
            for round in 0..ROUNDS {
                (left, right) = (right, left ^ self.mix(round, right));
            }
            place = left << 9 | right;
            if place < CAPACITY {
                return place;
            }
        }
    }

    fn mix(&self, round: u8, half: u32) -> u32 {
        let digest = Sha256::new()
            .chain_update(self.key)
            .chain_update([round])
            .chain_update(half.to_be_bytes())
            .finalize();
        u32::from(u16::from_be_bytes([digest[0], digest[1]])) & HALF
    }
}
