//! Appends to several streams at once: the second edition of the protocol.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prost::Message;
use prost_types::{Any, value::Kind};
use serde_json::Value;
use tonic::{Code, Request, Response, Status, Streaming};

use super::{
    Limits,
    access::Caller,
    convert,
    proto::{
        google::rpc,
        kurrentdb::protocol::v2::streams::{
            AppendRecord, AppendRecordsRequest, AppendRecordsResponse, AppendRequest,
            AppendResponse, AppendSessionResponse, SchemaFormat, StreamRevision, consistency_check,
            errors::{
                AppendConsistencyViolationErrorDetails, AppendRecordSizeExceededErrorDetails,
                AppendTransactionSizeExceededErrorDetails, ConsistencyViolation,
                StreamAlreadyInAppendSessionErrorDetails, StreamRevisionConflictErrorDetails,
                StreamTombstonedErrorDetails, consistency_violation,
            },
            streams_service_server::StreamsService,
        },
    },
    status::{self, expected_number},
};
use crate::{
    Embedded,
    raw::{Batch, Content, Found, NewRecord, Refused, Standing, StreamName, Written},
};

/// The most streams of one append.
const STREAMS: usize = 1000;

pub(super) struct MultistreamService {
    pub store: Arc<Embedded>,
    pub limits: Limits,
}

/// A batch to be, with the places of its streams.
#[derive(Default)]
struct Draft {
    batch: Batch,
    places: HashMap<String, usize>,
    size: usize,
}

impl Draft {
    /// The place of that stream, which is added when it is not there.
    fn place(&mut self, stream: &str) -> Result<(usize, bool), Status> {
        if let Some(place) = self.places.get(stream) {
            return Ok((*place, false));
        }
        if self.places.len() >= STREAMS {
            return Err(Status::invalid_argument("the append is to too many streams"));
        }
        let place = self.batch.streams.len();
        self.batch.streams.push((convert::named(stream)?, Standing::Any));
        self.places.insert(stream.to_owned(), place);
        Ok((place, true))
    }

    fn add(&mut self, place: usize, record: AppendRecord, limits: Limits) -> Result<(), Status> {
        let stream = self.batch.streams[place].0.as_str();
        let record = new_record(stream, record, limits.event)?;
        self.size += record.data.len() + record.metadata.len();
        if self.size > limits.append {
            let (size, max_size) = (bounded(self.size), bounded(limits.append));
            let said = AppendTransactionSizeExceededErrorDetails { size, max_size };
            let text = format!("The total size of the append exceeds the maximum of {max_size}.");
            return Err(detailed(Code::Aborted, text, "AppendTransactionSizeExceeded", &said));
        }
        self.batch.records.push((place, record));
        Ok(())
    }
}

#[tonic::async_trait]
impl StreamsService for MultistreamService {
    async fn append_session(
        &self,
        request: Request<Streaming<AppendRequest>>,
    ) -> Result<Response<AppendSessionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut session = request.into_inner();
        let mut draft =
            Draft { batch: Batch { revives: true, ..Batch::default() }, ..Draft::default() };
        while let Some(request) = session.message().await? {
            let (place, new) = draft.place(&request.stream)?;
            if !new {
                let stream = request.stream;
                let text = format!("Stream '{stream}' is already in this append session.");
                let said = StreamAlreadyInAppendSessionErrorDetails { stream };
                return Err(detailed(Code::Aborted, text, "StreamAlreadyInAppendSession", &said));
            }
            draft.batch.streams[place].1 = numbered(request.expected_revision.unwrap_or(-2))?;
            for record in request.records {
                draft.add(place, record, self.limits)?;
            }
        }
        if draft.batch.records.is_empty() {
            return Err(Status::failed_precondition("the append session holds no records"));
        }
        let streams = draft.batch.streams.clone();
        streams.iter().try_for_each(|(stream, _)| caller.uses(stream))?;
        let written = self.store.write(draft.batch).await;
        let written = written.map_err(|refused| match refused {
            Refused::Conflict { stream, found } => {
                let (name, standing) = &streams[stream];
                conflict(name, *standing, found)
            }
            other => self.refused(&other, &streams),
        })?;
        let output = written.iter().zip(&streams).map(|(written, (stream, _))| AppendResponse {
            stream: stream.as_str().to_owned(),
            stream_revision: revision(written),
            position: written.position.map(|at| at.0.cast_signed()),
        });
        Ok(Response::new(AppendSessionResponse {
            output: output.collect(),
            position: last(&written),
        }))
    }

    async fn append_records(
        &self,
        request: Request<AppendRecordsRequest>,
    ) -> Result<Response<AppendRecordsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let AppendRecordsRequest { records, checks } = request.into_inner();
        if records.is_empty() {
            return Err(Status::invalid_argument("the append holds no records"));
        }
        let batch = Batch { revives: true, thorough: true, ..Batch::default() };
        let mut draft = Draft { batch, ..Draft::default() };
        for record in records {
            let (place, _) = draft.place(&record.stream)?;
            draft.add(place, record, self.limits)?;
        }
        let written_to = draft.batch.streams.len();
        // By the place of its stream, which check it was.
        let mut checked = BTreeMap::new();
        for (index, check) in checks.into_iter().enumerate() {
            let Some(consistency_check::Type::StreamState(check)) = check.r#type else {
                return Err(Status::invalid_argument("a check says nothing"));
            };
            let (place, _) = draft.place(&check.stream)?;
            if checked.insert(place, index).is_some() {
                return Err(Status::invalid_argument("a stream is checked twice"));
            }
            draft.batch.streams[place].1 = numbered(check.expected_state)?;
        }
        let streams = draft.batch.streams.clone();
        streams.iter().try_for_each(|(stream, _)| caller.uses(stream))?;
        let written = self.store.write(draft.batch).await;
        let written = written.map_err(|refused| match refused {
            Refused::Unmet(unmet) => violated(&unmet, &checked, &streams),
            Refused::Conflict { stream, found } => {
                let (name, standing) = &streams[stream];
                conflict(name, *standing, found)
            }
            other => self.refused(&other, &streams),
        })?;
        let revisions = written.iter().zip(&streams).take(written_to);
        let revisions = revisions.map(|(written, (stream, _))| StreamRevision {
            stream: stream.as_str().to_owned(),
            revision: revision(written),
        });
        let (revisions, position) = (revisions.collect(), last(&written));
        Ok(Response::new(AppendRecordsResponse { revisions, position }))
    }
}

impl MultistreamService {
    fn refused(&self, refused: &Refused, streams: &[(StreamName, Standing)]) -> Status {
        let named = |stream: &usize| streams.get(*stream).map(|(name, _)| name);
        if let Refused::Tombstoned { stream } = refused
            && let Some(name) = named(stream)
        {
            let text = format!("Stream '{name}' has been tombstoned.");
            let said = StreamTombstonedErrorDetails { stream: name.as_str().to_owned() };
            return detailed(Code::FailedPrecondition, text, "StreamTombstoned", &said);
        }
        status::refused(refused, &StreamName::new("$all"), self.limits.append)
    }
}

fn revision(written: &Written) -> i64 {
    written.revision.map_or(-1, u64::cast_signed)
}

fn last(written: &[Written]) -> i64 {
    written.iter().filter_map(|written| written.position).max().map_or(-1, |at| at.0.cast_signed())
}

fn bounded(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

fn new_record(stream: &str, record: AppendRecord, largest: usize) -> Result<NewRecord, Status> {
    let missing = || Status::invalid_argument("a record has no schema with a name");
    let schema = record.schema.filter(|schema| !schema.name.is_empty()).ok_or_else(missing)?;
    let id = match &record.record_id {
        Some(id) => id.parse().map_err(|_| Status::invalid_argument("the id must be a UUID"))?,
        None => convert::fresh_id(),
    };
    let (content, format) = match schema.format() {
        SchemaFormat::Json => (Content::Json, "Json"),
        SchemaFormat::Protobuf => (Content::Protobuf, "Protobuf"),
        SchemaFormat::Avro => (Content::Avro, "Avro"),
        SchemaFormat::Bytes => (Content::Binary, "Bytes"),
        SchemaFormat::Unspecified => {
            return Err(Status::invalid_argument("the format of a record is missing"));
        }
    };
    // Readers find the schema beside the properties.
    let mut properties: BTreeMap<String, Value> =
        record.properties.into_iter().map(|(name, value)| (name, json(value))).collect();
    properties.insert("$schema.name".into(), schema.name.clone().into());
    properties.insert("$schema.format".into(), format.into());
    let metadata = serde_json::to_vec(&properties);
    let metadata = metadata.map_err(|_| Status::invalid_argument("a property is no JSON"))?;
    let size = record.data.len() + metadata.len() + schema.name.len();
    if size > largest {
        let text = format!("Record '{id}' of {size} bytes exceeds the maximum of {largest}.");
        let said = AppendRecordSizeExceededErrorDetails {
            stream: stream.to_owned(),
            record_id: id.to_string(),
            size: bounded(size),
            max_size: bounded(largest),
        };
        return Err(detailed(Code::InvalidArgument, text, "AppendRecordSizeExceeded", &said));
    }
    Ok(NewRecord { id, kind: schema.name, content, data: record.data, metadata })
}

/// The value as JSON. How deep it is was bounded when it was decoded.
fn json(value: prost_types::Value) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(is)) => is.into(),
        Some(Kind::NumberValue(number)) => number.into(),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(json).collect(),
        Some(Kind::StructValue(of)) => {
            of.fields.into_iter().map(|(name, value)| (name, json(value))).collect()
        }
    }
}

fn numbered(number: i64) -> Result<Standing, Status> {
    match number {
        0.. => Ok(Standing::Revision(number.cast_unsigned())),
        -1 => Ok(Standing::NoStream),
        -2 => Ok(Standing::Any),
        -4 => Ok(Standing::Exists),
        _ => Err(Status::invalid_argument(format!("{number} is no revision to expect"))),
    }
}

fn conflict(stream: &StreamName, standing: Standing, found: Found) -> Status {
    let said = StreamRevisionConflictErrorDetails {
        stream: stream.as_str().to_owned(),
        expected_revision: expected_number(standing),
        actual_revision: found.newest().map_or(-1, u64::cast_signed),
    };
    let text = format!(
        "Append failed due to a revision conflict on stream '{stream}'. Expected revision: {}. \
         Actual revision: {}.",
        said.expected_revision, said.actual_revision
    );
    detailed(Code::FailedPrecondition, text, "StreamRevisionConflict", &said)
}

/// Every check that does not hold; a stream that was written to is said to be in conflict.
fn violated(
    unmet: &[(usize, Found)],
    checked: &BTreeMap<usize, usize>,
    streams: &[(StreamName, Standing)],
) -> Status {
    let mut violations = Vec::with_capacity(unmet.len());
    for (place, found) in unmet {
        let (stream, standing) = &streams[*place];
        let Some(check) = checked.get(place) else { return conflict(stream, *standing, *found) };
        let violation = consistency_violation::StreamStateViolation {
            stream: stream.as_str().to_owned(),
            expected_state: expected_number(*standing),
            actual_state: found.newest().map_or(-1, u64::cast_signed),
        };
        violations.push(ConsistencyViolation {
            check_index: bounded(*check),
            r#type: Some(consistency_violation::Type::StreamState(violation)),
        });
    }
    violations.sort_by_key(|violation| violation.check_index);
    let count = violations.len();
    let said = AppendConsistencyViolationErrorDetails { violations };
    let text = format!("The append was refused: checks that do not hold: {count}.");
    detailed(Code::FailedPrecondition, text, "AppendConsistencyViolation", &said)
}

/// A status with the details that clients of this edition read.
fn detailed(code: Code, text: String, name: &str, said: &impl Message) -> Status {
    let type_url =
        format!("type.googleapis.com/kurrentdb.protocol.v2.streams.errors.{name}ErrorDetails");
    let details = Some(Any { type_url, value: said.encode_to_vec() });
    let rich = rpc::Status { code: code as i32, message: text.clone(), details };
    Status::with_details(code, text, rich.encode_to_vec().into())
}
