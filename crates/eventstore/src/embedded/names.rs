use std::sync::Arc;

use rusqlite::Connection;

use super::Failure;
use crate::raw::StreamName;

/// The names behind the numbers in the log, those met last: a page of facts shares them.
pub(super) struct Names {
    /// The stream with number n is held in slot n modulo [`SLOTS`], if at all. Streams get their
    /// numbers in the order of their first facts, so that neighbours in the log seldom collide.
    streams: Box<[Option<(i64, StreamName)>]>,
    /// The stream that was looked up last.
    missed: i64,
    kinds: Vec<Arc<str>>,
}

const SLOTS: usize = 1 << 14;
/// Whoever meets streams in the order of their numbers will soon meet so many more.
const AHEAD: i64 = 64;

impl Names {
    pub fn new() -> Self {
        Self { streams: vec![None; SLOTS].into(), missed: i64::MIN, kinds: Vec::new() }
    }

    /// The stream with that number.
    pub fn stream(&mut self, log: &Connection, id: i64) -> Result<StreamName, Failure> {
        let slot = usize::try_from(id)? % SLOTS;
        if let Some((held, stream)) = &self.streams[slot]
            && *held == id
        {
            return Ok(stream.clone());
        }
        let in_order = (1..=AHEAD).contains(&id.saturating_sub(self.missed));
        let upto = if in_order { id.saturating_add(AHEAD) } else { id };
        self.missed = upto;
        let mut find =
            log.prepare_cached("SELECT id, name FROM streams WHERE id BETWEEN ?1 AND ?2")?;
        let mut rows = find.query((id, upto))?;
        let mut found = None;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            let stream = StreamName::new(row.get_ref(1)?.as_str()?);
            if number == id {
                found = Some(stream.clone());
            }
            self.streams[usize::try_from(number)? % SLOTS] = Some((number, stream));
        }
        found.ok_or_else(|| "a fact is of an unknown stream".into())
    }

    /// The type with that number; they are numbered from one without gaps, and never change.
    pub fn kind(&mut self, log: &Connection, id: i64) -> Result<Arc<str>, Failure> {
        let place = usize::try_from(id - 1)?;
        if place >= self.kinds.len() {
            let mut all = log.prepare_cached("SELECT name FROM kinds ORDER BY id")?;
            let all = all.query_map([], |row| row.get(0))?;
            self.kinds = all.collect::<Result<_, _>>()?;
        }
        self.kinds.get(place).cloned().ok_or_else(|| "a fact is of an unknown type".into())
    }
}
