use std::sync::Arc;

use rusqlite::Connection;

use super::Failure;
use crate::StreamId;

/// The names behind the numbers in the log, those met last: a page of facts shares them.
pub(super) struct Names {
    /// The stream with number n is held in slot n modulo [`SLOTS`], if at all. Streams get their
    /// numbers in the order of their first facts, so that neighbours in the log seldom collide.
    streams: Box<[Option<(i64, StreamId)>]>,
    kinds: Vec<Arc<str>>,
}

const SLOTS: usize = 1 << 14;

impl Names {
    pub fn new() -> Self {
        Self { streams: vec![None; SLOTS].into(), kinds: Vec::new() }
    }

    /// The stream with that number.
    pub fn stream(&mut self, log: &Connection, id: i64) -> Result<StreamId, Failure> {
        let slot = usize::try_from(id)? % SLOTS;
        if let Some((held, stream)) = &self.streams[slot]
            && *held == id
        {
            return Ok(stream.clone());
        }
        let mut find = log.prepare_cached("SELECT name FROM streams WHERE id = ?1")?;
        let stream: StreamId =
            find.query_row([id], |row| Ok(row.get_ref(0)?.as_str()?.parse::<StreamId>()))??;
        self.streams[slot] = Some((id, stream.clone()));
        Ok(stream)
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
