use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use kernel::{CommandId, Id, Kind};
use uuid::Uuid;

use crate::Clock;

/// Makes ids that sort by time: `UUIDv7` (RFC 9562 5.7) of the clock and randomness.
#[derive(Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Random,
    Counted(Arc<AtomicU64>),
}

impl Ids {
    /// Ids by that clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, source: Source::Random }
    }

    /// Ids that count instead of being random: the same run makes the same ids. For tests.
    #[must_use]
    pub fn counted(clock: Arc<dyn Clock>) -> Self {
        Self { clock, source: Source::Counted(Arc::default()) }
    }

    /// A new id of that kind.
    #[must_use]
    pub fn id<K: Kind>(&self) -> Id<K> {
        Id::from_uuid(self.uuid())
    }

    /// A new command id, for a command that nobody repeats.
    #[must_use]
    pub fn command(&self) -> CommandId {
        CommandId::from_uuid(self.uuid())
    }

    /// A new UUID.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        let tail: [u8; 10] = match &self.source {
            Source::Random => rand::random(),
            Source::Counted(next) => {
                let mut tail = [0; 10];
                tail[2..].copy_from_slice(&next.fetch_add(1, Ordering::SeqCst).to_be_bytes());
                tail
            }
        };
        let millis = u64::try_from(self.clock.now().unix_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}
