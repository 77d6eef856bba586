use std::collections::HashMap;

use rusqlite::Connection;
use uuid::Uuid;

use super::schema::integer;

/// The ids of the records written last, for writes that do not say where they belong: whoever
/// sends one again is told where it stands. Kept only once there was such a write.
#[derive(Default)]
pub(super) struct Recent {
    young: HashMap<Uuid, Place>,
    old: HashMap<Uuid, Place>,
    kept: bool,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of its stream.
    pub stream: i64,
    pub revision: u64,
    pub position: u64,
}

/// At least so many are remembered, and at most twice as many.
const GENERATION: usize = 50_000;

impl Recent {
    /// Where the record with that id stands in that stream, if it is a recent one.
    pub fn get(
        &mut self,
        log: &Connection,
        stream: i64,
        id: &Uuid,
    ) -> Result<Option<Place>, rusqlite::Error> {
        if !self.kept {
            self.load(log)?;
        }
        let place = self.young.get(id).or_else(|| self.old.get(id)).copied();
        Ok(place.filter(|place| place.stream == stream))
    }

    /// Remembers a new record.
    pub fn put(&mut self, id: Uuid, place: Place) {
        if !self.kept {
            return;
        }
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, place);
    }

    /// Forgets everything; the file tells what is needed.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn load(&mut self, log: &Connection) -> Result<(), rusqlite::Error> {
        self.kept = true;
        let mut newest =
            log.prepare("SELECT id, stream, rev, pos FROM events ORDER BY pos DESC LIMIT ?1")?;
        let mut rows = newest.query([integer(GENERATION as u64)])?;
        while let Some(row) = rows.next()? {
            let Ok(id) = Uuid::from_slice(row.get_ref(0)?.as_blob()?) else { continue };
            let number = |n| row.get::<_, i64>(n).map(i64::cast_unsigned);
            let (stream, revision, position) = (row.get(1)?, number(2)?, number(3)?);
            self.young.entry(id).or_insert(Place { stream, revision, position });
        }
        Ok(())
    }
}
