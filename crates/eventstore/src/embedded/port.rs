//! The port in the words of the log.

use kernel::Position;

use super::failure::Malformed;
use crate::{
    AppendError, Appended, Expected, Write,
    raw::{Batch, Content, Found, NewRecord, Refused, Standing, StreamName, Written},
};

/// The write of facts as a batch of records.
pub(super) fn batch(write: Write) -> Batch {
    let records = write.events.into_iter().map(|event| {
        let content = Content::Json;
        let (data, metadata) = (event.data, event.metadata);
        (0, NewRecord { id: event.id, kind: event.kind, content, data, metadata })
    });
    let streams = vec![(StreamName::Ours(write.stream), standing(write.expected))];
    Batch { streams, records: records.collect(), ..Batch::default() }
}

pub(super) fn standing(expected: Expected) -> Standing {
    match expected {
        Expected::NoStream => Standing::NoStream,
        Expected::Revision(revision) => Standing::Revision(revision),
    }
}

/// What became of a write that expected this.
pub(super) fn answer(
    answer: Result<Vec<Written>, Refused>,
    expected: Expected,
) -> Result<Appended, AppendError> {
    let written = answer.map_err(|refused| refusal(refused, expected))?;
    match written.first() {
        Some(Written {
            revision: Some(revision),
            position: Some(Position(position)),
            repeated,
        }) => {
            let (position, revision) = (Position(*position), *revision);
            Ok(Appended { position, revision, repeated: *repeated })
        }
        _ => Err(AppendError::Unavailable(Box::new(Malformed("a write must hold a fact")))),
    }
}

pub(super) fn refusal(refused: Refused, expected: Expected) -> AppendError {
    match refused {
        Refused::Conflict { found: Found { next, first }, .. } => {
            let actual = if first == next { Expected::NoStream } else { Expected::after(next) };
            AppendError::Conflict { expected, actual }
        }
        // No write of the port's is thorough.
        Refused::Unmet(_) => AppendError::Unavailable(Box::new(Malformed("a thorough write"))),
        Refused::Tombstoned { .. } => AppendError::Deleted,
        Refused::TooLarge => AppendError::TooLarge,
        Refused::Malformed(why) => AppendError::Unavailable(Box::new(Malformed(why))),
        Refused::Unknown(source) => AppendError::Unknown(source),
        Refused::Unavailable(source) => AppendError::Unavailable(source),
    }
}
