//! Reads that never end: what there is, and then what comes.

use std::{collections::VecDeque, sync::Arc};

use futures_util::{Stream, stream};
use kernel::{Position, Revision};
use tokio::sync::watch;
use tonic::Status;

use super::{
    convert::{fresh_id, wire_now},
    filter::Filter,
    proto::streams::{ReadResp, read_resp},
    reading::{Answer, Manner, event, response},
    status,
};
use crate::{
    Embedded, StoreError,
    raw::{Direction, Query, Record, StreamName, Stretch, TOMBSTONE},
};

/// So many events are read at a time; and whoever is so far behind has fallen behind.
const PAGE: usize = 1000;

/// Everything after that position that the filter lets through.
pub(super) fn everything(
    store: Arc<Embedded>,
    after: Option<Position>,
    filter: Option<Filter>,
    manner: Manner,
) -> impl Stream<Item = Result<ReadResp, Status>> {
    let head = store.newest();
    let at = after.unwrap_or(*head.borrow());
    given(Follower { store, head, manner, at, live: false, counted: 0, of: Of::Log(filter) })
}

/// All events of a stream after that revision, or all that come from now on.
///
/// # Errors
/// The stream was deleted for good, or cannot be read.
pub(super) async fn stream(
    store: Arc<Embedded>,
    name: StreamName,
    from: Option<Revision>,
    manner: Manner,
) -> Result<impl Stream<Item = Result<ReadResp, Status>>, Status> {
    let head = store.newest();
    let at = *head.borrow();
    let stretch = store.stretch(&name, None, Direction::Backwards, 1).await;
    let last = match stretch.map_err(|error| status::unreadable(&error))? {
        Stretch::Tombstoned => return Err(status::deleted(name.as_str())),
        Stretch::NotFound => None,
        Stretch::Of { last, .. } => Some(last),
    };
    let after = last.map_or(0, |last| last + 1);
    let of = Of::Stream { name, next: from.unwrap_or(after), last, past: from.is_some() };
    Ok(given(Follower { store, head, manner, at, live: false, counted: 0, of }))
}

fn given(follower: Follower) -> impl Stream<Item = Result<ReadResp, Status>> {
    let id = fresh_id().to_string();
    let confirmation = read_resp::SubscriptionConfirmation { subscription_id: id };
    let ready = VecDeque::from([Answer::Confirmation(confirmation)]);
    stream::unfold(Some((follower, ready)), async |state| {
        let (mut follower, mut ready) = state?;
        while ready.is_empty() {
            if let Err(error) = follower.advance(&mut ready).await {
                return Some((Err(error), None));
            }
        }
        let answer = ready.pop_front()?;
        Some((Ok(response(answer)), Some((follower, ready))))
    })
}

struct Follower {
    store: Arc<Embedded>,
    head: watch::Receiver<Position>,
    manner: Manner,
    /// What of the log was considered.
    at: Position,
    /// Whether the subscriber was told that it has caught up, and still holds on.
    live: bool,
    /// How many events were considered since the last checkpoint.
    counted: u64,
    of: Of,
}

enum Of {
    Log(Option<Filter>),
    Stream {
        name: StreamName,
        /// The revision that is given next.
        next: Revision,
        /// The newest revision known.
        last: Option<Revision>,
        /// Whether there may be events from before the subscription.
        past: bool,
    },
}

impl Follower {
    async fn advance(&mut self, ready: &mut VecDeque<Answer>) -> Result<(), Status> {
        if self.live {
            let at = self.at;
            let head = self.head.wait_for(|head| *head > at).await;
            let head = *head.map_err(|_| status::unreadable(&StoreError::Closed))?;
            self.live = head.0 - at.0 <= PAGE as u64;
        }
        if matches!(self.of, Of::Stream { past: true, .. }) {
            return self.read_past(ready).await;
        }
        self.read_on(ready).await
    }

    /// What the stream held before the subscription began.
    async fn read_past(&mut self, ready: &mut VecDeque<Answer>) -> Result<(), Status> {
        let Of::Stream { name, next, last, past } = &mut self.of else { return Ok(()) };
        let stretch = self.store.stretch(name, Some(*next), Direction::Forwards, PAGE).await;
        match stretch.map_err(|error| status::unreadable(&error))? {
            Stretch::Tombstoned => return Err(status::deleted(name.as_str())),
            Stretch::NotFound => *past = false,
            Stretch::Of { records, last: newest, next: then, .. } => {
                *next = then.unwrap_or((*next).max(newest + 1));
                *last = Some(newest);
                *past = then.is_some();
                for record in records {
                    let event = event(&self.store, record, self.manner).await?;
                    ready.push_back(Answer::Event(event));
                }
            }
        }
        Ok(())
    }

    /// What the log holds after that.
    async fn read_on(&mut self, ready: &mut VecDeque<Answer>) -> Result<(), Status> {
        let mut query = Query::after(self.at, PAGE);
        match &self.of {
            Of::Log(None) => {}
            Of::Log(Some(filter)) => {
                query.wanted = Some(Arc::clone(&filter.wanted));
                query.every = Some(filter.interval);
                query.counted = self.counted;
            }
            Of::Stream { name, .. } => {
                let name = name.clone();
                query.wanted = Some(Arc::new(move |stream, _| *stream == name));
            }
        }
        let page = self.store.log_page(query).await.map_err(|error| status::unreadable(&error))?;
        (self.at, self.counted) = (page.next, page.counted);
        let mut marks = page.marks.into_iter().peekable();
        for (place, record) in page.records.into_iter().enumerate() {
            while let Some((_, position)) = marks.next_if(|(before, _)| *before <= place) {
                ready.push_back(checkpoint(position));
            }
            if self.is_due(&record)? {
                ready.push_back(Answer::Event(event(&self.store, record, self.manner).await?));
            }
        }
        ready.extend(marks.map(|(_, position)| checkpoint(position)));
        if let Of::Log(Some(filter)) = &self.of {
            filter.check()?;
        }
        if page.at_end && !self.live {
            self.live = true;
            if matches!(self.of, Of::Log(Some(_))) && self.at.0 > 0 {
                ready.push_back(checkpoint(self.at));
            }
            ready.push_back(self.caught_up());
        }
        Ok(())
    }

    /// Whether the subscriber has yet to be given this record.
    fn is_due(&mut self, record: &Record) -> Result<bool, Status> {
        let Of::Stream { name, next, last, .. } = &mut self.of else { return Ok(true) };
        if &*record.kind == TOMBSTONE {
            return Err(status::deleted(name.as_str()));
        }
        if record.revision < *next {
            return Ok(false);
        }
        *next = record.revision + 1;
        *last = Some(record.revision);
        Ok(true)
    }

    fn caught_up(&self) -> Answer {
        let (stream_revision, position) = match &self.of {
            Of::Stream { last, .. } => (last.map(u64::cast_signed), None),
            Of::Log(_) => (None, Some(self.at.0).filter(|at| *at > 0)),
        };
        let position =
            position.map(|at| read_resp::Position { commit_position: at, prepare_position: at });
        Answer::CaughtUp(read_resp::CaughtUp {
            timestamp: Some(wire_now()),
            stream_revision,
            position,
        })
    }
}

fn checkpoint(at: Position) -> Answer {
    Answer::Checkpoint(read_resp::Checkpoint {
        commit_position: at.0,
        prepare_position: at.0,
        timestamp: Some(wire_now()),
    })
}
