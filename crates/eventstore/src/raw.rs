//! The level below the port: the embedded log as it is, for a server and for tools.
//!
//! Streams have any name, records any type and content, and a write may touch several streams at
//! once. The port's adapter narrows this to the facts of tenants; whoever uses it directly is
//! responsible for what it reads and writes.

use std::{fmt, sync::Arc};

use kernel::{Position, Revision};
use uuid::Uuid;

use crate::StreamId;

/// The name of any stream.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum StreamName {
    /// One that says whose it is and of which category.
    Ours(StreamId),
    /// Any other, such as `$$award-…` for the metadata of a stream.
    Foreign(Arc<str>),
}

impl StreamName {
    /// Takes any text.
    #[must_use]
    pub fn new(name: &str) -> Self {
        name.parse().map_or_else(|_| Self::Foreign(name.into()), Self::Ours)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ours(stream) => stream.as_str(),
            Self::Foreign(name) => name,
        }
    }

    /// The stream of facts that it names, when it does.
    #[must_use]
    pub fn ours(&self) -> Option<&StreamId> {
        match self {
            Self::Ours(stream) => Some(stream),
            Self::Foreign(_) => None,
        }
    }

    /// The stream that holds the metadata of this one; a metadata stream has none.
    #[must_use]
    pub fn metadata(&self) -> Option<Self> {
        let name = self.as_str();
        (!name.starts_with("$$")).then(|| Self::Foreign(format!("$${name}").into()))
    }

    /// The stream whose metadata this one holds.
    #[must_use]
    pub fn described(&self) -> Option<Self> {
        self.as_str().strip_prefix("$$").map(Self::new)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the data of a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Any bytes.
    Binary,
    /// JSON.
    Json,
    /// A message in protocol buffers.
    Protobuf,
    /// A value in Avro.
    Avro,
}

impl Content {
    /// The number that is stored.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Binary => 0,
            Self::Json => 1,
            Self::Protobuf => 2,
            Self::Avro => 3,
        }
    }

    /// What that number says; what newer software wrote is bytes.
    pub(crate) fn numbered(number: i64) -> Self {
        match number {
            1 => Self::Json,
            2 => Self::Protobuf,
            3 => Self::Avro,
            _ => Self::Binary,
        }
    }
}

/// A record to be.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// Unique, not nil.
    pub id: Uuid,
    /// The type.
    pub kind: String,
    /// What the data is.
    pub content: Content,
    /// Any bytes.
    pub data: Vec<u8>,
    /// Any bytes.
    pub metadata: Vec<u8>,
}

/// A record as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// As in [`NewRecord::id`].
    pub id: Uuid,
    /// Which stream.
    pub stream: StreamName,
    /// Where in the stream; [`LAST`] for a tombstone.
    pub revision: Revision,
    /// Where in the log, from one on.
    pub position: Position,
    /// The type.
    pub kind: Arc<str>,
    /// What the data is.
    pub content: Content,
    /// When it was written, in milliseconds since 1970; zero when that was not recorded.
    pub created: u64,
    /// Any bytes.
    pub data: Vec<u8>,
    /// Any bytes.
    pub metadata: Vec<u8>,
}

/// The revision of a tombstone: nothing can follow it.
pub const LAST: Revision = i64::MAX.cast_unsigned();
/// The type of a record that says that its stream was deleted for good.
pub const TOMBSTONE: &str = "$streamDeleted";
/// The type of a record that holds the metadata of a stream.
pub const METADATA: &str = "$metadata";
/// The type of a record whose data, `revision@stream`, names another record.
pub const LINK: &str = "$>";

/// Where a stream must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Anywhere, unless it was deleted for good.
    Any,
    /// It holds nothing.
    NoStream,
    /// It holds something, or has metadata.
    Exists,
    /// Its newest record has this revision.
    Revision(Revision),
}

/// A write that happens wholly or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The streams that it concerns, each once, and where they must stand.
    pub streams: Vec<(StreamName, Standing)>,
    /// The records in the order of their positions, each with the place of its stream in
    /// [`Batch::streams`]. A stream without records is checked only.
    pub records: Vec<(usize, NewRecord)>,
    /// Whether deleted streams that are written to have their metadata say where they begin anew.
    pub revives: bool,
    /// Whether all that is not as expected is told, as [`Refused::Unmet`], and a stream that is
    /// only checked may have been deleted for good: it then holds nothing.
    pub thorough: bool,
}

impl Batch {
    /// A write to one stream.
    #[must_use]
    pub fn one(stream: StreamName, standing: Standing, records: Vec<NewRecord>) -> Self {
        let records = records.into_iter().map(|record| (0, record)).collect();
        Self { streams: vec![(stream, standing)], records, revives: true, thorough: false }
    }

    /// What it holds in memory, in bytes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        let record = |(_, record): &(usize, NewRecord)| {
            record.data.len() + record.metadata.len() + record.kind.len() + 256
        };
        self.records.iter().map(record).sum::<usize>() + 256 * self.streams.len()
    }
}

/// What a write did to one of its streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The newest revision of the stream, when there is one.
    pub revision: Option<Revision>,
    /// The position of the last record written to it; none when there was nothing to write.
    pub position: Option<Position>,
    /// Whether these very records were there already.
    pub repeated: bool,
}

/// Where a stream was found to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// How many revisions it has had.
    pub next: Revision,
    /// The first that was not deleted; `next` when there is none.
    pub first: Revision,
}

impl Found {
    /// The newest revision, deleted or not.
    #[must_use]
    pub fn newest(self) -> Option<Revision> {
        self.next.checked_sub(1)
    }

    /// Whether it held something that was deleted, and holds nothing now.
    #[must_use]
    pub fn deleted(self) -> bool {
        self.next > 0 && self.first == self.next
    }
}

/// Why a write did not happen, or may not have happened.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Known not to have happened.
    #[error("the stream stands elsewhere than expected: read it again and decide again")]
    Conflict {
        /// Which of the streams of the write.
        stream: usize,
        /// Where it stands.
        found: Found,
    },
    /// Known not to have happened: of a thorough write, all streams that stand elsewhere, by their
    /// places in it.
    #[error("some streams stand elsewhere than expected: read them again and decide again")]
    Unmet(Vec<(usize, Found)>),
    /// Known not to have happened.
    #[error("the stream was deleted and takes no more records")]
    Tombstoned {
        /// Which of the streams of the write.
        stream: usize,
    },
    /// Known not to have happened.
    #[error("the write is larger than the store accepts: send less at once")]
    TooLarge,
    /// Known not to have happened, and never will.
    #[error("the write cannot be carried out: {0}")]
    Malformed(&'static str),
    /// It may or may not have happened: send the same ids again.
    #[error("the event store did not confirm the write: send it again unchanged")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Known not to have happened; it may go through later.
    #[error("the event store takes no writes now: try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// In which order records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The oldest first.
    Forwards,
    /// The newest first.
    Backwards,
}

/// What a read of one stream found.
#[derive(Clone, Debug)]
pub enum Stretch {
    /// It holds nothing, or never existed.
    NotFound,
    /// It was deleted for good.
    Tombstoned,
    /// Some of its records.
    Of {
        /// In the order asked for.
        records: Vec<Arc<Record>>,
        /// The first revision that can be read.
        first: Revision,
        /// The newest revision.
        last: Revision,
        /// Where to read on; none when there is nothing left in that direction.
        next: Option<Revision>,
    },
}

/// Which records of the log are wanted, by stream and type.
pub type Wanted = Arc<dyn Fn(&StreamName, &str) -> bool + Send + Sync>;

/// A question to the log.
#[derive(Clone)]
pub struct Query {
    /// Forwards, records after it are read; backwards, records before it.
    pub from: Position,
    /// In which order.
    pub direction: Direction,
    /// At most so many records.
    pub max: usize,
    /// Which ones; all when nothing is said.
    pub wanted: Option<Wanted>,
    /// After how many records considered a mark is wanted, if at all.
    pub every: Option<u64>,
    /// How many were considered since the last mark.
    pub counted: u64,
}

impl Query {
    /// At most `max` records after that position.
    #[must_use]
    pub fn after(from: Position, max: usize) -> Self {
        let direction = Direction::Forwards;
        Self { from, direction, max, wanted: None, every: None, counted: 0 }
    }

    /// Whether a record is wanted.
    pub(crate) fn wants(&self, stream: &StreamName, kind: &str) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted(stream, kind))
    }
}

/// Records of the log and how far was looked.
#[derive(Clone, Debug)]
pub struct LogPage {
    /// In the order asked for.
    pub records: Vec<Arc<Record>>,
    /// Everything up to here was considered: forwards, read on after it; backwards, before it.
    pub next: Position,
    /// After how many of the records a mark belongs, and up to where all was considered there.
    pub marks: Vec<(usize, Position)>,
    /// How many records were considered since the last mark.
    pub counted: u64,
    /// Whether there is nothing left in that direction.
    pub at_end: bool,
}

impl LogPage {
    /// Nothing yet.
    pub(crate) fn empty(from: Position, counted: u64) -> Self {
        Self { records: Vec::new(), next: from, marks: Vec::new(), counted, at_end: false }
    }

    /// Takes note that everything up to that position was considered and what is wanted is here.
    pub(crate) fn considered(&mut self, position: Position, every: Option<u64>) {
        self.next = position;
        let Some(every) = every else { return };
        self.counted += 1;
        if self.counted >= every {
            self.counted = 0;
            self.marks.push((self.records.len(), position));
        }
    }
}
