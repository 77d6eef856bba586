use std::{collections::BTreeMap, fmt};

use design_domain::BadgeId;
use kernel::{Aggregate, Class, CommandId, Day, Rejection};
use serde::{Deserialize, Serialize};

/// Most badges in one recording.
pub const MOST_AT_ONCE: usize = 1_000;
/// The greatest number of times that one recording can say of one badge.
pub const MOST_TIMES: u64 = 1_000_000_000;

/// One recording: what one observer saw on one day since it last told. A stream of its own, named
/// for day and command, so that recording never reads what was recorded before and a repeat is
/// recognised by its stream alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordingId {
    /// The UTC day.
    pub day: Day,
    /// The command that recorded it.
    pub command: CommandId,
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.day, self.command)
    }
}

/// A recording of what was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engagement {
    /// Not recorded.
    #[default]
    Absent,
    /// Recorded, for ever as it is.
    Recorded,
}

/// What can be asked of a recording.
#[derive(Clone, Debug)]
pub enum EngagementCommand {
    /// Keep what was seen on a day.
    Record {
        /// The day.
        day: Day,
        /// How often which badge was seen; several entries of one badge are added up.
        seen: Vec<Seen>,
    },
}

/// How often a badge was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub badge: BadgeId,
    /// How often a public page of it was shown.
    pub viewed: u64,
    /// How often a credential of it was fetched or checked.
    pub verified: u64,
}

/// What happened to a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EngagementEvent {
    /// A badge was seen; one fact for each badge of a recording.
    #[serde(rename = "engagement-recorded.v1")]
    Recorded(EngagementRecorded),
}

/// A badge was seen so often on a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EngagementRecorded {
    /// Which.
    pub badge: BadgeId,
    /// The UTC day, such as `2026-11-23`.
    #[serde(with = "as_text")]
    pub day: Day,
    /// How often a public page of it was shown.
    pub viewed: u64,
    /// How often a credential of it was fetched or checked.
    pub verified: u64,
}

/// Why a recording was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngagementRejection {
    /// Nothing was seen.
    #[error("no engagement is given: send at least one with a count above zero")]
    Nothing,
    /// Too many badges.
    #[error("too many engagements: send at most 1,000 at once")]
    TooMany,
    /// A count that nobody can have counted.
    #[error("a count is too great: at most 1,000,000,000")]
    TooOften,
}

impl Rejection for EngagementRejection {
    fn code(&self) -> &'static str {
        "INVALID_INPUT"
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn path(&self) -> Option<&'static str> {
        Some("/engagements")
    }
}

impl Aggregate for Engagement {
    const CATEGORY: &'static str = "engagement";
    type Id = RecordingId;
    type Command = EngagementCommand;
    type Event = EngagementEvent;
    type Rejection = EngagementRejection;

    fn decide(&self, command: EngagementCommand) -> Result<Vec<Self::Event>, Self::Rejection> {
        let EngagementCommand::Record { day, seen } = command;
        match self {
            Engagement::Recorded => Ok(Vec::new()),
            Engagement::Absent => record(day, seen),
        }
    }

    fn evolve(self, event: EngagementEvent) -> Self {
        match event {
            EngagementEvent::Recorded(_) => Engagement::Recorded,
        }
    }
}

fn record(day: Day, seen: Vec<Seen>) -> Result<Vec<EngagementEvent>, EngagementRejection> {
    if seen.len() > MOST_AT_ONCE {
        return Err(EngagementRejection::TooMany);
    }
    let mut sums: BTreeMap<BadgeId, (u64, u64)> = BTreeMap::new();
    for Seen { badge, viewed, verified } in seen {
        let sum = sums.entry(badge).or_default();
        *sum = (sum.0.saturating_add(viewed), sum.1.saturating_add(verified));
    }
    sums.retain(|_, sum| *sum != (0, 0));
    if sums.is_empty() {
        return Err(EngagementRejection::Nothing);
    }
    if sums.values().any(|sum| sum.0.max(sum.1) > MOST_TIMES) {
        return Err(EngagementRejection::TooOften);
    }
    let recorded = |(badge, (viewed, verified))| {
        EngagementEvent::Recorded(EngagementRecorded { badge, day, viewed, verified })
    };
    Ok(sums.into_iter().map(recorded).collect())
}

mod as_text {
    use std::borrow::Cow;

    use kernel::Day;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub fn serialize<S: Serializer>(day: &Day, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use kernel::testing::given;

    use super::*;

    fn seen(n: u8, viewed: u64, verified: u64) -> Seen {
        Seen { badge: BadgeId::derived([n; 16]), viewed, verified }
    }

    fn recorded(n: u8, viewed: u64, verified: u64) -> EngagementEvent {
        let badge = BadgeId::derived([n; 16]);
        EngagementEvent::Recorded(EngagementRecorded { badge, day: Day(20_000), viewed, verified })
    }

    fn record(seen: Vec<Seen>) -> EngagementCommand {
        EngagementCommand::Record { day: Day(20_000), seen }
    }

    #[test]
    fn entries_of_one_badge_are_added_up_and_zeros_left_out() {
        let command = record(vec![seen(1, 2, 0), seen(2, 0, 0), seen(1, 3, 4)]);
        assert_eq!(given::<Engagement>([]).decide(command), Ok(vec![recorded(1, 5, 4)]));
    }

    #[test]
    fn a_recording_is_made_once() {
        let again = given::<Engagement>([recorded(1, 5, 4)]);
        assert_eq!(again.decide(record(vec![seen(1, 5, 4)])), Ok(vec![]));
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        let refused = |seen: Vec<Seen>, why| {
            assert_eq!(given::<Engagement>([]).decide(record(seen)), Err(why));
        };
        refused(vec![], EngagementRejection::Nothing);
        refused(vec![seen(1, 0, 0)], EngagementRejection::Nothing);
        refused(vec![seen(1, 1, 0); MOST_AT_ONCE + 1], EngagementRejection::TooMany);
        refused(vec![seen(1, MOST_TIMES, 0), seen(1, 1, 0)], EngagementRejection::TooOften);
        refused(vec![seen(1, u64::MAX, 0), seen(1, u64::MAX, 0)], EngagementRejection::TooOften);
    }
}
