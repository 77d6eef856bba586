//! What a scavenge does: records that the metadata of their stream hides are overwritten, so that
//! the log does not show them any more either. A few at a time, between the writes of others.

use rusqlite::{OptionalExtension, params};

use super::{log::Log, metadata::Metadata, schema::integer};
use crate::raw::StreamName;

/// How far a sweep has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Records overwritten so far.
    pub erased: u64,
    /// Whether everything was looked at.
    pub done: bool,
    /// The stream of metadata reached.
    reached: String,
    /// What of it is next.
    part: Part,
}

/// What a stream of metadata leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Part {
    /// The stream of metadata after it.
    #[default]
    Next,
    /// Its own records from that revision on: the newest counts.
    Itself(u64),
    /// The records of the stream that it describes.
    Described(u64),
}

/// So many records and streams are looked at in one step.
const STEP: usize = 500;

impl Log<'_> {
    /// Looks at a few records more.
    pub(super) fn step(&mut self, sweep: &mut Sweep) -> Result<(), rusqlite::Error> {
        let mut left = STEP;
        while left > 0 {
            left -= 1;
            let metadata = StreamName::new(&sweep.reached);
            match sweep.part {
                Part::Next => {
                    let Some(name) = self.metadata_after(&sweep.reached)? else {
                        sweep.done = true;
                        return Ok(());
                    };
                    (sweep.reached, sweep.part) = (name, Part::Itself(0));
                }
                Part::Itself(from) => {
                    let newest = Metadata { max_count: Some(1), ..Metadata::default() };
                    let reached = self.overwrite(&metadata, newest, from, &mut left, sweep)?;
                    sweep.part = reached.map_or(Part::Described(0), Part::Itself);
                }
                Part::Described(from) => {
                    let said = self.described_by(&metadata)?;
                    let reached = match metadata.described() {
                        Some(stream) => self.overwrite(&stream, said, from, &mut left, sweep)?,
                        None => None,
                    };
                    sweep.part = reached.map_or(Part::Next, Part::Described);
                }
            }
        }
        Ok(())
    }

    fn metadata_after(&self, name: &str) -> Result<Option<String>, rusqlite::Error> {
        self.conn
            .prepare_cached(
                "SELECT name FROM streams
                 WHERE name > ?1 AND name >= '$$' AND name < '$%' ORDER BY name LIMIT 1",
            )?
            .query_row([name], |row| row.get(0))
            .optional()
    }

    /// What the newest record of that stream of metadata says.
    fn described_by(&mut self, stream: &StreamName) -> Result<Metadata, rusqlite::Error> {
        let Some(head) = self.head(stream)?.filter(|head| head.first < head.next) else {
            return Ok(Metadata::default());
        };
        let said = self
            .conn
            .prepare_cached("SELECT data FROM events WHERE stream = ?1 AND rev = ?2")?
            .query_row(params![head.id, integer(head.next - 1)], |row| {
                Ok(Metadata::of(row.get_ref(0)?.as_blob()?))
            });
        Ok(said.optional()?.unwrap_or_default())
    }

    /// Overwrites what is hidden from that revision on; where to go on, when that is not the end.
    /// The newest record stays, unless the whole stream was deleted.
    fn overwrite(
        &mut self,
        stream: &StreamName,
        said: Metadata,
        from: u64,
        left: &mut usize,
        sweep: &mut Sweep,
    ) -> Result<Option<u64>, rusqlite::Error> {
        let Some(head) = self.head(stream)?.filter(|head| !head.tombstoned) else {
            return Ok(None);
        };
        let Some(newest) = head.next.checked_sub(1) else { return Ok(None) };
        let truncated = said.truncate_before.unwrap_or_default().min(newest);
        let kept = said.max_count.map_or(head.next, |count| count.max(1));
        let before = head.first.max(truncated).max(head.next.saturating_sub(kept));
        let youngest = said.max_age.map(|age| self.now.saturating_sub(age.saturating_mul(1000)));

        let (mut hidden, mut reached, mut more) = (Vec::new(), from, false);
        {
            let mut select = self.conn.prepare_cached(
                "SELECT rev, created, id = zeroblob(16) FROM events
                 WHERE stream = ?1 AND rev >= ?2 ORDER BY rev LIMIT ?3",
            )?;
            let most = integer(*left as u64 + 1);
            let mut rows = select.query(params![head.id, integer(from), most])?;
            while let Some(row) = rows.next()? {
                let revision = row.get::<_, i64>(0)?.cast_unsigned();
                let created = row.get::<_, i64>(1)?.cast_unsigned();
                let old = youngest.is_some_and(|youngest| created < youngest);
                if revision >= before && !(old && revision < newest) {
                    more = false;
                    break;
                }
                if !row.get::<_, bool>(2)? {
                    hidden.push(revision);
                }
                (reached, more) = (revision + 1, true);
                *left = left.saturating_sub(1);
            }
        }
        for revision in &hidden {
            self.conn
                .prepare_cached(
                    "UPDATE events SET id = zeroblob(length(id)), meta = zeroblob(length(meta)),
                     data = zeroblob(length(data)) WHERE stream = ?1 AND rev = ?2",
                )?
                .execute(params![head.id, integer(*revision)])?;
        }
        sweep.erased += hidden.len() as u64;
        if reached > head.first {
            self.conn.execute(
                "UPDATE streams SET first = ?2 WHERE id = ?1",
                params![head.id, integer(reached)],
            )?;
            self.heads.put(stream, super::heads::Head { first: reached, ..head });
        }
        Ok((more && *left == 0).then_some(reached))
    }
}
