//! Facts that are appended as they were, many at once.

use std::collections::HashSet;

use anyhow::{Context, bail, ensure};
use eventstore::{AppendError, EventStore, Expected, StreamId, Write};

use super::super::lines::FactLine;

/// Facts of one call, and bytes, about.
const FACTS: usize = 400;
const BYTES: usize = 4 << 20;
/// How often writes are sent whose outcome nobody knows.
const ATTEMPTS: usize = 5;

/// Writes that wait, in the order of their facts.
pub(super) struct Appending<'a> {
    events: &'a dyn EventStore,
    writes: Vec<Write>,
    streams: HashSet<StreamId>,
    facts: usize,
    bytes: usize,
    count: u64,
}

impl<'a> Appending<'a> {
    pub(super) fn new(events: &'a dyn EventStore) -> Self {
        let (writes, streams) = Default::default();
        Self { events, writes, streams, facts: 0, bytes: 0, count: 0 }
    }

    /// Takes the next fact. A stream is written to once in a call, so that facts stay in order.
    pub(super) async fn push(&mut self, stream: StreamId, line: FactLine) -> anyhow::Result<()> {
        let continues = self.writes.last().is_some_and(|write| write.stream == stream);
        let full = self.facts >= FACTS || self.bytes >= BYTES;
        if full || !continues && self.streams.contains(&stream) {
            self.flush().await?;
        }
        let revision = line.revision;
        self.facts += 1;
        self.bytes += line.data.len() + line.metadata.len();
        if let Some(write) = self.writes.last_mut().filter(|write| write.stream == stream) {
            write.events.push(line.event());
        } else {
            self.streams.insert(stream.clone());
            let (expected, events) = (Expected::after(revision), vec![line.event()]);
            self.writes.push(Write { stream, expected, events });
        }
        Ok(())
    }

    /// Appends what is left; how many facts came in all.
    pub(super) async fn end(mut self) -> anyhow::Result<u64> {
        self.flush().await?;
        Ok(self.count)
    }

    async fn flush(&mut self) -> anyhow::Result<()> {
        let mut writes = std::mem::take(&mut self.writes);
        self.streams.clear();
        (self.facts, self.bytes) = (0, 0);
        for attempt in 1.. {
            let answers = self.events.append(writes.clone()).await;
            ensure!(answers.len() == writes.len(), "the event store did not answer");
            let mut left = Vec::new();
            for (write, answer) in writes.into_iter().zip(answers) {
                let stream = write.stream.clone();
                match answer {
                    Ok(_) => self.count += write.events.len() as u64,
                    Err(AppendError::Unknown(_)) if attempt < ATTEMPTS => left.push(write),
                    Err(error @ AppendError::Conflict { .. }) => {
                        let (there, rest) = self.rest(write).await?;
                        if there == 0 || attempt == ATTEMPTS {
                            bail!("{stream} went on here since the import began: {error}");
                        }
                        self.count += there;
                        left.extend(rest);
                    }
                    Err(error) => {
                        return Err(error)
                            .with_context(|| format!("{stream} was not written: import it again"));
                    }
                }
            }
            if left.is_empty() {
                break;
            }
            writes = left;
        }
        Ok(())
    }

    /// How many facts of a write stand in its stream already, and the write of the others.
    async fn rest(&self, mut write: Write) -> anyhow::Result<(u64, Option<Write>)> {
        let from = write.expected.next();
        let stored = self.events.read(&write.stream, from, write.events.len()).await?;
        let same = stored.iter().zip(&write.events).take_while(|(one, other)| one.id == other.id);
        let same = same.count();
        if same < stored.len() {
            return Ok((0, None));
        }
        write.events.drain(..same);
        write.expected = Expected::after(from + same as u64);
        Ok((same as u64, Some(write).filter(|write| !write.events.is_empty())))
    }
}
