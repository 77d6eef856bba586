//! Many writes in one call. They reach the log in the order in which they are complete, share its
//! flushes, and are answered in that order.

use std::{collections::HashMap, sync::Arc};

use futures_util::{Stream, StreamExt, stream};
use prost::Message;
use prost_types::Any;
use tonic::{Code, Status, Streaming};
use uuid::Uuid;

use super::{
    Limits,
    access::Caller,
    convert::{self, identifier, proposed, standing, wire_now},
    ending::{Ending, going_down},
    proto::{
        AccessDenied, AllStreamPosition, BadRequest, MaximumAppendSizeExceeded, StreamDeleted,
        Timeout, WrongExpectedVersion,
        google::rpc,
        streams::{
            BatchAppendReq, BatchAppendResp,
            batch_append_req::{
                Options,
                options::{DeadlineOption, ExpectedStreamPosition},
            },
            batch_append_resp::{
                Result as Outcome, Success,
                success::{CurrentRevisionOption, PositionOption},
            },
        },
        wrong_expected_version::{
            CurrentStreamRevisionOption as Actual, ExpectedStreamPositionOption as Expected,
        },
    },
};
use crate::{
    Embedded, Submitted,
    raw::{Batch, Found, NewRecord, Refused, Standing, StreamName, Written},
};

/// Writes that are on their way to the disk at a time.
const UNDER_WAY: usize = 1024;
/// Writes that are not complete at a time.
const OPEN: usize = 1024;

/// Answers the writes of a call.
pub(super) fn batch_append(
    store: Arc<Embedded>,
    limits: Limits,
    caller: Caller,
    call: Streaming<BatchAppendReq>,
    ending: Ending,
) -> impl Stream<Item = Result<BatchAppendResp, Status>> {
    let session = Session { store, limits, caller, call, ending, open: HashMap::new(), held: 0 };
    let submitted = stream::unfold(Some(session), async |session| {
        let mut session = session?;
        match session.next().await {
            Ok(Some(sent)) => Some((Ok(sent), Some(session))),
            Ok(None) => None,
            Err(status) => Some((Err(status), None)),
        }
    });
    let answers = submitted.map(|sent| async { Ok(sent?.answer().await) });
    answers.buffered(UNDER_WAY)
}

struct Session {
    store: Arc<Embedded>,
    limits: Limits,
    caller: Caller,
    call: Streaming<BatchAppendReq>,
    ending: Ending,
    /// What is not complete.
    open: HashMap<Uuid, Open>,
    /// Bytes of all that is not complete.
    held: usize,
}

struct Open {
    stream: StreamName,
    standing: Standing,
    late: bool,
    records: Vec<NewRecord>,
    size: usize,
    fault: Option<Fault>,
}

/// A write that was handed over, or will not be.
struct Sent {
    request: BatchAppendResp,
    stream: StreamName,
    standing: Standing,
    limits: Limits,
    outcome: Result<Submitted, Fault>,
}

enum Fault {
    Denied,
    Late,
    TooLarge,
    Bad(String),
    Refused(Refused),
}

impl Session {
    /// The next write that is complete.
    async fn next(&mut self) -> Result<Option<Sent>, Status> {
        loop {
            let request = tokio::select! {
                biased;
                () = self.ending.wait() => return Err(going_down()),
                request = self.call.message() => request?,
            };
            let Some(request) = request else { return Ok(None) };
            let id = convert::id(request.correlation_id.as_ref())?;
            if let Some(options) = request.options {
                if self.open.len() >= OPEN {
                    return Err(Status::resource_exhausted("too many appends are not complete"));
                }
                let mut open = Open::of(options)?;
                if self.caller.uses(&open.stream).is_err() {
                    open.fault = Some(Fault::Denied);
                }
                self.open.insert(id, open);
            }
            let Some(open) = self.open.get_mut(&id) else {
                return Err(Status::invalid_argument("an append must begin with its options"));
            };
            for event in request.proposed_messages {
                let (metadata, data) = (event.custom_metadata, event.data);
                let largest = self.limits.event;
                match proposed(event.id.as_ref(), event.metadata, metadata, data, largest) {
                    Ok(record) => {
                        let size = record.data.len() + record.metadata.len();
                        open.size += size;
                        if open.size > self.limits.append {
                            open.fault = Some(open.fault.take().unwrap_or(Fault::TooLarge));
                        } else {
                            self.held += size;
                            open.records.push(record);
                        }
                    }
                    Err(status) => {
                        let bad = Fault::Bad(status.message().to_owned());
                        open.fault = Some(open.fault.take().unwrap_or(bad));
                    }
                }
            }
            if request.is_final
                && let Some(open) = self.open.remove(&id)
            {
                self.held = self.held.saturating_sub(open.size);
                return Ok(Some(self.submit(id, open).await));
            }
            if self.held > 2 * self.limits.append {
                return Err(Status::resource_exhausted("too much is not complete"));
            }
        }
    }

    async fn submit(&self, id: Uuid, open: Open) -> Sent {
        let Open { stream, standing, late, records, fault, .. } = open;
        let outcome = match fault {
            Some(fault) => Err(fault),
            None if late => Err(Fault::Late),
            None => {
                let batch = Batch::one(stream.clone(), standing, records);
                self.store.submit(batch).await.map_err(Fault::Refused)
            }
        };
        let request = BatchAppendResp {
            correlation_id: Some(convert::wire_id(id)),
            stream_identifier: Some(identifier(&stream)),
            ..BatchAppendResp::default()
        };
        Sent { request, stream, standing, limits: self.limits, outcome }
    }
}

impl Open {
    fn of(options: Options) -> Result<Self, Status> {
        let expected = options.expected_stream_position;
        let standing = standing!(
            ExpectedStreamPosition,
            expected,
            Any,
            NoStream,
            StreamExists,
            StreamPosition
        )?;
        // Some clients send the moment as a duration: that is a long time, and no fault.
        let late = match options.deadline_option {
            Some(DeadlineOption::Deadline(left)) => left.seconds < 0 || left.nanos < 0,
            Some(DeadlineOption::Deadline21100(moment)) => {
                let now = wire_now();
                (moment.seconds, moment.nanos) <= (now.seconds, now.nanos)
            }
            None => false,
        };
        let stream = convert::stream(options.stream_identifier)?;
        Ok(Self { stream, standing, late, records: Vec::new(), size: 0, fault: None })
    }
}

impl Sent {
    async fn answer(self) -> BatchAppendResp {
        let outcome = match self.outcome {
            Ok(submitted) => submitted.answer().await.map_err(Fault::Refused),
            Err(fault) => Err(fault),
        };
        let result = match outcome {
            Ok(written) => success(written.first().copied().unwrap_or_default()),
            Err(fault) => Outcome::Error(error(fault, self.standing, &self.stream, self.limits)),
        };
        BatchAppendResp { result: Some(result), ..self.request }
    }
}

fn success(written: Written) -> Outcome {
    Outcome::Success(Success {
        current_revision_option: Some(match written.revision {
            Some(revision) => CurrentRevisionOption::CurrentRevision(revision),
            None => CurrentRevisionOption::NoStream(()),
        }),
        position_option: Some(match written.position {
            Some(at) => PositionOption::Position(AllStreamPosition {
                commit_position: at.0,
                prepare_position: at.0,
            }),
            None => PositionOption::NoPosition(()),
        }),
    })
}

fn error(fault: Fault, standing: Standing, stream: &StreamName, limits: Limits) -> rpc::Status {
    let largest = u32::try_from(limits.append).unwrap_or(u32::MAX);
    let (code, text, details) = match fault {
        Fault::Denied => {
            (Code::PermissionDenied, "AccessDenied", detail("AccessDenied", &AccessDenied {}))
        }
        Fault::Late => (Code::DeadlineExceeded, "Timeout", detail("Timeout", &Timeout {})),
        Fault::TooLarge | Fault::Refused(Refused::TooLarge) => {
            let said = MaximumAppendSizeExceeded { max_append_size: largest };
            let name = "MaximumAppendSizeExceeded";
            (Code::InvalidArgument, name, detail(name, &said))
        }
        Fault::Bad(message) => {
            let said = BadRequest { message };
            (Code::InvalidArgument, "BadRequest", detail("BadRequest", &said))
        }
        Fault::Refused(Refused::Malformed(why)) => {
            let said = BadRequest { message: why.to_owned() };
            (Code::InvalidArgument, "BadRequest", detail("BadRequest", &said))
        }
        Fault::Refused(refused @ Refused::Unmet(_)) => {
            let said = BadRequest { message: refused.to_string() };
            (Code::InvalidArgument, "BadRequest", detail("BadRequest", &said))
        }
        Fault::Refused(Refused::Conflict { found, .. }) => {
            let name = "WrongExpectedVersion";
            (Code::AlreadyExists, name, detail(name, &conflict(standing, found)))
        }
        Fault::Refused(Refused::Tombstoned { .. }) => {
            let said = StreamDeleted { stream_identifier: Some(identifier(stream)) };
            (Code::NotFound, "StreamDeleted", detail("StreamDeleted", &said))
        }
        Fault::Refused(refused @ (Refused::Unknown(_) | Refused::Unavailable(_))) => {
            tracing::warn!(error = %refused, "a batch was not confirmed");
            (Code::DeadlineExceeded, "Timeout", detail("Timeout", &Timeout {}))
        }
    };
    rpc::Status { code: code as i32, message: text.into(), details: Some(details) }
}

fn detail(name: &str, message: &impl Message) -> Any {
    let type_url = format!("type.googleapis.com/event_store.client.{name}");
    Any { type_url, value: message.encode_to_vec() }
}

fn conflict(expected: Standing, found: Found) -> WrongExpectedVersion {
    let actual = match found.newest() {
        Some(newest) => Actual::CurrentStreamRevision(newest),
        None => Actual::CurrentNoStream(()),
    };
    let expected = match expected {
        Standing::Any => Expected::ExpectedAny(()),
        Standing::NoStream => Expected::ExpectedNoStream(()),
        Standing::Exists => Expected::ExpectedStreamExists(()),
        Standing::Revision(revision) => Expected::ExpectedStreamPosition(revision),
    };
    WrongExpectedVersion {
        current_stream_revision_option: Some(actual),
        expected_stream_position_option: Some(expected),
    }
}
