use std::sync::Arc;

use crate::{Decoded, RecordedEvent, raw::Record};

/// The fact in a record, when it is one: in a stream of ours and not the store's own remark.
pub(super) fn fact(record: &Record) -> Option<RecordedEvent> {
    let stream = record.stream.ours()?.clone();
    (!is_remark(&record.kind)).then(|| RecordedEvent {
        id: record.id,
        stream,
        revision: record.revision,
        position: record.position,
        kind: Arc::clone(&record.kind),
        data: record.data.clone(),
        metadata: record.metadata.clone(),
        decoded: Decoded::default(),
    })
}

/// Whether records of that type are the store's own, such as tombstones.
pub(super) fn is_remark(kind: &str) -> bool {
    kind.starts_with('$')
}
