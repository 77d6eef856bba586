//! A write to one stream by a call of its own.

use tonic::{Status, Streaming};

use super::{
    Limits,
    access::Caller,
    convert::{self, NOTHING, proposed, standing},
    proto::streams::{
        AppendReq, AppendResp,
        append_req::{Content, options::ExpectedStreamRevision},
        append_resp::{
            Position, Result as Outcome, Success, WrongExpectedVersion,
            success::{CurrentRevisionOption, PositionOption},
            wrong_expected_version::{
                CurrentRevisionOption as Actual, ExpectedRevisionOption as Expected,
            },
        },
    },
    status,
};
use crate::{
    Embedded,
    raw::{Batch, Found, Refused, Standing},
};

/// Takes the events of the call and writes them together.
///
/// # Errors
/// As the protocol has them; a conflict is an answer.
pub(super) async fn append(
    store: &Embedded,
    limits: Limits,
    caller: &Caller,
    mut call: Streaming<AppendReq>,
) -> Result<AppendResp, Status> {
    let first = call.message().await?.and_then(|request| request.content);
    let Some(Content::Options(options)) = first else {
        return Err(Status::invalid_argument("the first message of an append must be its options"));
    };
    let stream = convert::stream(options.stream_identifier)?;
    caller.uses(&stream)?;
    let expected = options.expected_stream_revision;
    let standing =
        standing!(ExpectedStreamRevision, expected, Any, NoStream, StreamExists, Revision)?;
    let (mut records, mut size) = (Vec::new(), 0);
    while let Some(request) = call.message().await? {
        let Some(Content::ProposedMessage(event)) = request.content else { continue };
        let (metadata, data) = (event.custom_metadata, event.data);
        let id = event.id.as_ref();
        let record = proposed(id, event.metadata, metadata, data, limits.event)?;
        size += record.data.len() + record.metadata.len();
        if size > limits.append {
            return Err(status::append_too_large(limits.append));
        }
        records.push(record);
    }
    let outcome = match store.write(Batch::one(stream.clone(), standing, records)).await {
        Ok(written) => {
            let written = written.first().copied().unwrap_or_default();
            Outcome::Success(Success {
                current_revision_option: Some(match written.revision {
                    Some(revision) => CurrentRevisionOption::CurrentRevision(revision),
                    None => CurrentRevisionOption::NoStream(NOTHING),
                }),
                position_option: Some(match written.position {
                    Some(at) => PositionOption::Position(Position {
                        commit_position: at.0,
                        prepare_position: at.0,
                    }),
                    None => PositionOption::NoPosition(NOTHING),
                }),
            })
        }
        Err(Refused::Conflict { found, .. }) => {
            Outcome::WrongExpectedVersion(conflict(standing, found))
        }
        Err(refused) => return Err(status::refused(&refused, &stream, limits.append)),
    };
    Ok(AppendResp { result: Some(outcome) })
}

fn conflict(expected: Standing, found: Found) -> WrongExpectedVersion {
    let actual = match found.newest() {
        Some(newest) => Actual::CurrentRevision(newest),
        None => Actual::CurrentNoStream(NOTHING),
    };
    let expected = match expected {
        Standing::Any => Expected::ExpectedAny(NOTHING),
        Standing::NoStream => Expected::ExpectedNoStream(NOTHING),
        Standing::Exists => Expected::ExpectedStreamExists(NOTHING),
        Standing::Revision(revision) => Expected::ExpectedRevision(revision),
    };
    WrongExpectedVersion {
        current_revision_option: Some(actual),
        expected_revision_option: Some(expected),
        ..WrongExpectedVersion::default()
    }
}
