use std::collections::BTreeMap;

use design_domain::BadgeId;
use issuers_domain::IssuerId;
use kernel::{Aggregate, Class, Rejection, Sealed, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AwardId, BatchId};

/// Data rows that one batch may have.
pub const MAX_ROWS: u32 = 20_000;

/// The rows of one CSV on their way to becoming awards, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Batch {
    /// Nothing was submitted.
    #[default]
    Absent,
    /// Rows are being awarded.
    Running(Box<Running>),
    /// Every row has its outcome; the key of the rows is destroyed.
    Finished(Tally),
}

/// A batch under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// Which badge is awarded.
    pub badge: BadgeId,
    /// Who issues it.
    pub issuer: IssuerId,
    /// Whether earners are to be mailed.
    pub notify: bool,
    /// The CSV in pieces, sealed under the batch's own key.
    pub csv: Vec<Sealed>,
    /// How far it is.
    pub tally: Tally,
}

/// Counts of a batch's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Data rows in all.
    pub rows: u32,
    /// Those awarded.
    pub awarded: u32,
    /// Those refused.
    pub refused: u32,
}

impl Tally {
    /// Rows that have an outcome.
    #[must_use]
    pub fn done(&self) -> u32 {
        self.awarded + self.refused
    }
}

/// What can be asked of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchCommand {
    /// Take these rows.
    Submit {
        /// Which badge to award.
        badge: BadgeId,
        /// Who issues it.
        issuer: IssuerId,
        /// Data rows, at least one.
        rows: u32,
        /// Whether earners are to be mailed.
        notify: bool,
        /// The CSV in pieces, sealed under the batch's own key; at least one.
        csv: Vec<Sealed>,
    },
    /// Keep the outcomes of the next rows.
    Progress {
        /// How many rows had an outcome before these.
        done: u32,
        /// What became of the next rows, in their order.
        outcomes: Vec<Outcome>,
        /// Now.
        at: Timestamp,
    },
}

/// What can happen to a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BatchEvent {
    /// Rows were submitted.
    #[serde(rename = "batch-submitted.v1")]
    Submitted(BatchSubmitted),
    /// More of the same CSV, which was too large for one fact.
    #[serde(rename = "batch-continued.v1")]
    Continued(BatchContinued),
    /// Some rows have their outcome.
    #[serde(rename = "batch-progressed.v1")]
    Progressed(BatchProgressed),
    /// All rows have.
    #[serde(rename = "batch-finished.v1")]
    Finished(BatchFinished),
}

/// Rows were submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchSubmitted {
    /// Which badge is awarded.
    pub badge: BadgeId,
    /// Who issues it.
    pub issuer: IssuerId,
    /// Data rows.
    pub rows: u32,
    /// Whether earners are to be mailed.
    #[serde(default)]
    pub notify: bool,
    /// The first piece of the CSV, sealed under the batch's own key.
    pub csv: Sealed,
}

/// Another piece of the CSV.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchContinued {
    /// The next piece, sealed under the batch's own key.
    pub csv: Sealed,
}

/// Some rows have their outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchProgressed {
    /// The line of the first of them.
    pub from_line: u32,
    /// What became of them, in their order.
    pub outcomes: Vec<Outcome>,
}

/// All rows have their outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchFinished {
    /// Rows awarded.
    pub awarded: u32,
    /// Rows refused.
    pub refused: u32,
    /// When.
    pub at: Timestamp,
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was awarded.
    Awarded {
        /// The line of the CSV, the header being line 1.
        line: u32,
        /// The award.
        award: AwardId,
    },
    /// It was refused.
    Refused {
        /// The line of the CSV, the header being line 1.
        line: u32,
        /// Why.
        refusal: RowRefusal,
    },
}

impl Outcome {
    /// The line of the CSV, the header being line 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        match self {
            Outcome::Awarded { line, .. } | Outcome::Refused { line, .. } => *line,
        }
    }
}

/// Why a row was refused; holds nothing of what stands in the row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RowRefusal {
    /// A stable upper-case code.
    pub code: String,
    /// The column to change; none when it is about the row as a whole.
    #[serde(default)]
    pub column: Option<String>,
    /// What to change, in words.
    pub message: String,
    /// Facts that the code promises.
    #[serde(default)]
    pub details: BTreeMap<String, String>,
}

/// Why a batch does not do what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchRejection {
    /// There is none.
    #[error("there is nothing with this id")]
    Missing,
    /// It was submitted before.
    #[error("this batch was submitted already")]
    Submitted,
    /// There is no row, or there are too many, or no CSV.
    #[error("a batch has 1 to 20000 rows: send another file")]
    Rows,
    /// Another process went on with it meanwhile.
    #[error("the batch has gone on meanwhile: read it again")]
    Behind,
}

impl Rejection for BatchRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "NOT_FOUND",
            Self::Submitted => "IDEMPOTENCY_MISMATCH",
            Self::Rows => "CSV_TOO_LARGE",
            Self::Behind => "UNAVAILABLE",
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Missing => Class::Missing,
            Self::Submitted | Self::Behind => Class::Conflict,
            Self::Rows => Class::Invalid,
        }
    }

    fn path(&self) -> Option<&'static str> {
        matches!(self, Self::Rows).then_some("/csv")
    }
}

impl Aggregate for Batch {
    const CATEGORY: &'static str = "batch";
    type Id = BatchId;
    type Command = BatchCommand;
    type Event = BatchEvent;
    type Rejection = BatchRejection;

    fn decide(&self, command: BatchCommand) -> Result<Vec<BatchEvent>, BatchRejection> {
        match (self, command) {
            (Batch::Absent, BatchCommand::Submit { badge, issuer, rows, notify, csv }) => {
                let mut pieces = csv.into_iter();
                let Some(first) = pieces.next().filter(|_| (1..=MAX_ROWS).contains(&rows)) else {
                    return Err(BatchRejection::Rows);
                };
                let submitted = BatchSubmitted { badge, issuer, rows, notify, csv: first };
                let mut events = vec![BatchEvent::Submitted(submitted)];
                events.extend(pieces.map(|csv| BatchEvent::Continued(BatchContinued { csv })));
                Ok(events)
            }
            (_, BatchCommand::Submit { .. }) => Err(BatchRejection::Submitted),
            (Batch::Absent, BatchCommand::Progress { .. }) => Err(BatchRejection::Missing),
            (Batch::Running(running), BatchCommand::Progress { done, outcomes, at }) => {
                progress(running.tally, done, outcomes, at)
            }
            (Batch::Finished(tally), BatchCommand::Progress { done, outcomes, .. }) => {
                let nothing_new = done == tally.rows && outcomes.is_empty();
                if nothing_new { Ok(vec![]) } else { Err(BatchRejection::Behind) }
            }
        }
    }

    fn evolve(self, event: BatchEvent) -> Self {
        match (self, event) {
            (Batch::Absent, BatchEvent::Submitted(submitted)) => {
                let BatchSubmitted { badge, issuer, rows, notify, csv } = submitted;
                let tally = Tally { rows, ..Tally::default() };
                Batch::Running(Box::new(Running { badge, issuer, notify, csv: vec![csv], tally }))
            }
            (Batch::Running(mut running), BatchEvent::Continued(BatchContinued { csv })) => {
                running.csv.push(csv);
                Batch::Running(running)
            }
            (Batch::Running(mut running), BatchEvent::Progressed(progressed)) => {
                running.tally = counted(running.tally, &progressed.outcomes);
                Batch::Running(running)
            }
            (Batch::Running(running), BatchEvent::Finished(_)) => Batch::Finished(running.tally),
            (state, _) => state,
        }
    }
}

fn progress(
    tally: Tally,
    done: u32,
    outcomes: Vec<Outcome>,
    at: Timestamp,
) -> Result<Vec<BatchEvent>, BatchRejection> {
    let after = counted(tally, &outcomes);
    if done != tally.done() || after.done() > tally.rows {
        return Err(BatchRejection::Behind);
    }
    let Some(from_line) = outcomes.first().map(Outcome::line) else { return Ok(vec![]) };
    let mut events = vec![BatchEvent::Progressed(BatchProgressed { from_line, outcomes })];
    if after.done() == tally.rows {
        let Tally { awarded, refused, .. } = after;
        events.push(BatchEvent::Finished(BatchFinished { awarded, refused, at }));
    }
    Ok(events)
}

fn counted(tally: Tally, outcomes: &[Outcome]) -> Tally {
    outcomes.iter().fold(tally, |tally, outcome| match outcome {
        Outcome::Awarded { .. } => Tally { awarded: tally.awarded + 1, ..tally },
        Outcome::Refused { .. } => Tally { refused: tally.refused + 1, ..tally },
    })
}
