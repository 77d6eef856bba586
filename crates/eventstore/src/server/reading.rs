//! Reads that end.

use std::{collections::VecDeque, sync::Arc};

use futures_util::{Stream, stream};
use kernel::{Position, Revision};
use tonic::Status;

use super::{
    convert::{identifier, is_link, linked},
    event::ReadEvent,
    filter::Filter,
    proto::streams::{ReadResp, read_resp},
    status,
};
use crate::{
    Embedded,
    raw::{Direction, Query, Record, StreamName, Stretch},
};

pub(super) use read_resp::Content as Answer;

/// So many events are read at a time.
const PAGE: usize = 500;

/// What is given where a link is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// The link.
    Kept,
    /// What it leads to.
    Followed,
    /// What it leads to, unless that is the system's.
    FollowedOutside,
}

/// How events are to be given.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub direction: Direction,
    pub links: Links,
    /// Whether ids are sent as text.
    pub textual: bool,
    /// Whether the reader is told where the stream begins and ends.
    pub with_ends: bool,
}

pub(super) fn response(content: Answer) -> ReadResp {
    ReadResp { content: Some(content) }
}

/// The event of a record, with what it links to when that is wanted.
pub(super) async fn event(
    store: &Embedded,
    record: Arc<Record>,
    manner: Manner,
) -> Result<ReadEvent, Status> {
    let textual = manner.textual;
    if manner.links == Links::Kept || !is_link(&record) {
        return Ok(ReadEvent { event: Some(record), link: None, textual, retries: None });
    }
    let event = linked(store, &record).await.map_err(|error| status::unreadable(&error))?;
    let outside = manner.links == Links::FollowedOutside;
    let seen = |event: &Arc<Record>| !outside || !event.stream.as_str().starts_with('$');
    let event = event.filter(seen);
    Ok(ReadEvent { event, link: Some(record), textual, retries: None })
}

/// At most `count` events of one stream.
///
/// # Errors
/// The stream was deleted for good, or cannot be read.
pub(super) async fn stream(
    store: Arc<Embedded>,
    name: StreamName,
    from: Option<Revision>,
    count: u64,
    manner: Manner,
) -> Result<impl Stream<Item = Result<ReadResp, Status>>, Status> {
    let mut reading = StreamReading {
        from,
        more: true,
        left: count,
        ready: VecDeque::new(),
        store,
        name,
        manner,
        given: false,
    };
    reading.advance().await?;
    Ok(stream::unfold(Some(reading), async |reading| {
        let mut reading = reading?;
        while reading.ready.is_empty() && reading.more {
            if let Err(error) = reading.advance().await {
                return Some((Err(error), None));
            }
        }
        let answer = reading.ready.pop_front()?;
        Some((Ok(response(answer)), Some(reading)))
    }))
}

struct StreamReading {
    store: Arc<Embedded>,
    name: StreamName,
    manner: Manner,
    /// From which revision on, or from the end.
    from: Option<Revision>,
    /// Whether there is something left to read.
    more: bool,
    left: u64,
    ready: VecDeque<Answer>,
    given: bool,
}

impl StreamReading {
    async fn advance(&mut self) -> Result<(), Status> {
        self.more = false;
        let from = self.from;
        let max = usize::try_from(self.left).unwrap_or(usize::MAX).min(PAGE);
        let stretch = self.store.stretch(&self.name, from, self.manner.direction, max).await;
        match stretch.map_err(|error| status::unreadable(&error))? {
            Stretch::Tombstoned => Err(status::deleted(self.name.as_str())),
            Stretch::NotFound => {
                let stream_identifier = Some(identifier(&self.name));
                let missing = read_resp::StreamNotFound { stream_identifier };
                self.ready.push_back(Answer::StreamNotFound(missing));
                Ok(())
            }
            Stretch::Of { records, first, last, next } => {
                self.left -= records.len() as u64;
                for record in records {
                    let event = event(&self.store, record, self.manner).await?;
                    self.given = true;
                    self.ready.push_back(Answer::Event(event));
                }
                self.more = next.is_some() && self.left > 0;
                self.from = next;
                if !self.more && self.manner.with_ends {
                    let forwards = self.manner.direction == Direction::Forwards;
                    if !self.given && forwards && from != Some(first) {
                        self.ready.push_back(Answer::FirstStreamPosition(first));
                    }
                    self.ready.push_back(Answer::LastStreamPosition(last));
                }
                Ok(())
            }
        }
    }
}

/// At most `count` events of the log.
pub(super) fn everything(
    store: Arc<Embedded>,
    from: Position,
    count: u64,
    filter: Option<Filter>,
    manner: Manner,
) -> impl Stream<Item = Result<ReadResp, Status>> {
    let ready = VecDeque::new();
    let reading = LogReading { store, filter, manner, from: Some(from), left: count, ready };
    stream::unfold(Some(reading), async |reading| {
        let mut reading = reading?;
        while reading.ready.is_empty() && reading.from.is_some() {
            if let Err(error) = reading.advance().await {
                return Some((Err(error), None));
            }
        }
        let answer = reading.ready.pop_front()?;
        Some((Ok(response(answer)), Some(reading)))
    })
}

struct LogReading {
    store: Arc<Embedded>,
    filter: Option<Filter>,
    manner: Manner,
    /// From where on; nothing when all was read.
    from: Option<Position>,
    left: u64,
    ready: VecDeque<Answer>,
}

impl LogReading {
    async fn advance(&mut self) -> Result<(), Status> {
        let Some(from) = self.from.take().filter(|_| self.left > 0) else { return Ok(()) };
        let max = usize::try_from(self.left).unwrap_or(usize::MAX).min(PAGE);
        let wanted = self.filter.as_ref().map(|filter| Arc::clone(&filter.wanted));
        let direction = self.manner.direction;
        let query = Query { direction, wanted, ..Query::after(from, max) };
        let page = self.store.log_page(query).await;
        let page = page.map_err(|error| status::unreadable(&error))?;
        if let Some(filter) = &self.filter {
            filter.check()?;
        }
        self.left -= page.records.len() as u64;
        for record in page.records {
            let event = event(&self.store, record, self.manner).await?;
            self.ready.push_back(Answer::Event(event));
        }
        self.from = Some(page.next).filter(|_| !page.at_end);
        Ok(())
    }
}
