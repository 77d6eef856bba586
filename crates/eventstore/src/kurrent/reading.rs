//! Reads of streams and of the log.

use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::Duration,
};

use kernel::{Position, Revision};
use tokio::time::{Instant, timeout};
use tonic::{Status, Streaming};

use super::{
    Shared,
    link::{Link, LinkError},
    wire::{self, Content, ReadReq, ReadResp},
};
use crate::{Expected, Filter, Page, RecordedEvent, StoreError, StreamId};

/// How long the next message of an answer may take.
const STALL: Duration = Duration::from_secs(5);
/// The most bytes that one page holds, about.
const BYTES: usize = 32 << 20;

/// Why an answer ended early.
enum Ended {
    /// The stream is tombstoned.
    Deleted,
    /// The server refused.
    Refused(Box<Status>),
    /// The connection is of no use.
    Link(LinkError),
}

impl Shared {
    /// At most so many facts of a stream.
    pub(super) async fn stream(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let from = from.min(i64::MAX.cast_unsigned() - 1);
        let facts = self.facts(&wire::of_stream(stream, Some(from), max as u64)).await?;
        self.links.saw_all(&facts);
        Ok(facts)
    }

    /// What a write on this stream has to expect.
    pub(super) async fn standing(&self, stream: &StreamId) -> Result<Expected, StoreError> {
        let newest = self.facts(&wire::of_stream(stream, None, 1)).await?;
        Ok(newest.first().map_or(Expected::NoStream, |fact| Expected::Revision(fact.revision)))
    }

    async fn facts(&self, request: &ReadReq) -> Result<Vec<RecordedEvent>, StoreError> {
        let take = |facts: &mut Vec<_>, _, fact: Option<_>| {
            facts.extend(fact);
            Continue(())
        };
        Ok(self.gather(request, Vec::new, take).await?.0)
    }

    /// At most so many facts of the log.
    pub(super) async fn page(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError> {
        // What is known to be there now is considered by the time that the end is reached.
        let known = self.links.seen().max(after);
        // The event at the position to start from is given too.
        let count = (max as u64).saturating_add(1);
        let begin = || Considered { facts: Vec::new(), next: after, received: 0, bytes: 0 };
        let take = |page: &mut Considered, position, fact: Option<RecordedEvent>| {
            page.received += 1;
            if position > after {
                page.next = position;
                let fact = fact.filter(|fact| filter.admits(&fact.stream));
                page.bytes += fact.as_ref().map_or(0, |it| it.data.len() + it.metadata.len());
                page.facts.extend(fact);
            }
            let full = page.facts.len() >= max || page.bytes >= BYTES;
            if full { Break(()) } else { Continue(()) }
        };
        let (page, ended) = self.gather(&wire::of_log(after, filter, count), begin, take).await?;
        self.links.saw(page.next);
        self.links.saw_all(&page.facts);
        let at_head = ended && page.received < count;
        let next = if at_head { page.next.max(known) } else { page.next };
        Ok(Page { facts: page.facts, next, at_head })
    }

    /// The newest fact's position.
    pub(super) async fn newest(&self) -> Result<Position, StoreError> {
        let known = self.links.seen();
        let begin = || Position::START;
        let take = |newest: &mut Position, position: Position, _| {
            *newest = position.max(*newest);
            Continue(())
        };
        let (newest, _) = self.gather(&wire::of_head(1), begin, take).await?;
        self.links.saw(newest);
        Ok(newest.max(known))
    }

    /// Asks until somebody answers or the time is up; what was taken from the answer, and whether
    /// it was all of it.
    async fn gather<T: Send>(
        &self,
        request: &ReadReq,
        begin: impl Fn() -> T + Sync,
        take: impl Fn(&mut T, Position, Option<RecordedEvent>) -> ControlFlow<()> + Sync,
    ) -> Result<(T, bool), StoreError> {
        let deadline = Instant::now() + self.patience;
        loop {
            let link = self.links.get(deadline).await;
            let link = link.map_err(|error| StoreError::Unavailable(error.into()))?;
            match gather_from(&link, request.clone(), begin(), &take).await {
                Ok(answer) => return Ok(answer),
                Err(Ended::Deleted) => return Err(StoreError::Deleted),
                Err(Ended::Refused(status)) => return Err(StoreError::Unavailable(status)),
                Err(Ended::Link(error @ LinkError::Denied { .. })) => {
                    return Err(StoreError::Unavailable(error.into()));
                }
                Err(Ended::Link(error)) => self.links.broken(&link, error),
            }
        }
    }
}

/// What was read of the log.
struct Considered {
    facts: Vec<RecordedEvent>,
    next: Position,
    received: u64,
    bytes: usize,
}

async fn gather_from<T>(
    link: &Link,
    request: ReadReq,
    mut gathered: T,
    take: &(impl Fn(&mut T, Position, Option<RecordedEvent>) -> ControlFlow<()> + Sync),
) -> Result<(T, bool), Ended> {
    let mut answer = Answer::to(link, request).await?;
    while let Some((position, fact)) = answer.next().await? {
        if take(&mut gathered, position, fact).is_break() {
            return Ok((gathered, false));
        }
    }
    Ok((gathered, true))
}

/// The messages that a read is answered with.
struct Answer<'a> {
    link: &'a Link,
    messages: Streaming<ReadResp>,
}

impl<'a> Answer<'a> {
    async fn to(link: &'a Link, request: ReadReq) -> Result<Self, Ended> {
        let messages = match timeout(STALL, link.read(request)).await {
            Ok(messages) => messages.map_err(|status| ended(link, status))?,
            Err(_) => return Err(stalled(link)),
        };
        Ok(Self { link, messages })
    }

    /// The next event, and the fact in it when it is one of ours.
    async fn next(&mut self) -> Result<Option<(Position, Option<RecordedEvent>)>, Ended> {
        loop {
            let message = match timeout(STALL, self.messages.message()).await {
                Ok(message) => message.map_err(|status| ended(self.link, status))?,
                Err(_) => return Err(stalled(self.link)),
            };
            let Some(message) = message else { return Ok(None) };
            if let Some(Content::Event(event)) = message.content
                && let Some(received) = wire::received(event)
            {
                return Ok(Some(received));
            }
        }
    }
}

fn stalled(link: &Link) -> Ended {
    Ended::Link(LinkError::Silent { node: link.node.to_string(), reason: "it stalled".into() })
}

fn ended(link: &Link, status: Status) -> Ended {
    if status.metadata().get("exception").is_some_and(|told| told == "stream-deleted") {
        return Ended::Deleted;
    }
    match LinkError::of_status(&link.node, &status) {
        Some(error) => Ended::Link(error),
        None => Ended::Refused(Box::new(status)),
    }
}
