use crate::{
    Write,
    raw::{Batch, NewRecord, Standing, StreamName},
};

/// Bytes of one payload.
const DATA: usize = 1 << 20;
/// Bytes of the metadata of one fact.
const METADATA: usize = 64 << 10;
/// Bytes of the name of a type.
const KIND: usize = 200;
/// Bytes of the name of a stream.
const NAME: usize = 200;
/// Facts of one write.
const FACTS: usize = 1000;
/// Bytes of one write.
const WRITE: usize = 16 << 20;
/// Writes of one call.
pub(crate) const WRITES: usize = 4096;
/// Bytes of one call, and of all calls that wait together.
pub(crate) const WAITING: usize = 64 << 20;

/// Whether a write can be taken.
pub(crate) fn admits(write: &Write) -> bool {
    write.stream.as_str().len() <= NAME
        && write.events.len() <= FACTS
        && write.events.iter().all(|event| {
            event.data.len() <= DATA && event.metadata.len() <= METADATA && event.kind.len() <= KIND
        })
        && weight(write) <= WRITE
}

/// What a write holds in memory, in bytes, about.
pub(crate) fn weight(write: &Write) -> usize {
    let facts = write.events.iter().map(|event| event.data.len() + event.metadata.len() + 256);
    facts.sum::<usize>() + 256
}

/// Bytes of data and metadata of one record.
pub(super) const RECORD: usize = 16 << 20;
/// Bytes of the name of a stream or type of records.
const TEXT: usize = 4 << 10;

/// Whether a batch of records can be taken.
pub(super) fn takes(batch: &Batch) -> bool {
    let stream = |(stream, _): &(StreamName, Standing)| stream.as_str().len() <= TEXT;
    let record = |(_, record): &(usize, NewRecord)| {
        record.data.len() + record.metadata.len() <= RECORD && record.kind.len() <= TEXT
    };
    batch.streams.len() <= WRITES
        && batch.streams.iter().all(stream)
        && batch.records.iter().all(record)
        && batch.weight() <= WAITING
}
