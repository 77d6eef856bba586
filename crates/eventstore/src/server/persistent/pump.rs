//! What moves a group: it reads the source while there is room, gives late messages again, parks
//! what must be parked, and keeps checkpoints. It runs while there are consumers.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use kernel::Position;
use tokio::sync::{Notify, watch};
use tonic::Status;

use super::{
    group::{Group, Message, Origin},
    keeping::{KEEPING, Keeping},
    settings::{Kept, LOG},
};
use crate::{
    Embedded, StoreError,
    raw::{Direction, Query, Record, StreamName, Stretch, Wanted},
    server::{
        convert::{is_link, linked},
        status,
    },
};

/// A group that is served.
pub(super) struct Served {
    pub kept: Kept,
    pub keeping: Keeping,
    store: Arc<Embedded>,
    wanted: Option<Wanted>,
    state: Mutex<State>,
    changed: Notify,
}

pub(super) struct State {
    pub group: Group,
    /// Whether something moves it.
    moving: bool,
    /// Whether it was deleted, or replaced by another.
    over: bool,
    /// Up to where it is known to be done with everything.
    checkpoint: u64,
    checked: Instant,
    /// When it was last looked for late messages.
    looked: Instant,
    /// The next of those that are parked to be given again.
    pub replayed_to: u64,
    forgotten: u64,
    /// The newest place of the source that was read.
    pub known: Option<u64>,
}

/// It is looked for late messages so often: acknowledgements come in bundles, and a consumer that
/// is a little late is not to be given the same again.
const TICK: Duration = Duration::from_secs(1);

impl Served {
    /// The group as it was left.
    ///
    /// # Errors
    /// The log cannot be read, or what is kept cannot be understood.
    pub async fn load(store: &Arc<Embedded>, kept: Kept) -> Result<Arc<Self>, Status> {
        let keeping = Keeping::of(&kept.source, &kept.group);
        let read = |error: StoreError| status::unreadable(&error);
        let next = keeping.next(store).await.map_err(read)?.unwrap_or(kept.begin);
        let filter = kept.filter.as_ref().map(super::settings::KeptFilter::filter).transpose()?;
        let wanted = (kept.source == LOG).then(|| {
            let wanted: Wanted = Arc::new(move |stream: &StreamName, kind: &str| {
                let own = stream.as_str().trim_start_matches("$$").starts_with(KEEPING);
                !own && filter.as_ref().is_none_or(|filter| (filter.wanted)(stream, kind))
            });
            wanted
        });
        let state = State {
            group: Group::new(kept.settings.clone(), next),
            moving: false,
            over: false,
            checkpoint: next,
            checked: Instant::now(),
            looked: Instant::now(),
            replayed_to: 0,
            forgotten: 0,
            known: None,
        };
        let (state, changed) = (Mutex::new(state), Notify::new());
        Ok(Arc::new(Self { kept, keeping, store: Arc::clone(store), wanted, state, changed }))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the group, and gives what can be given then.
    pub fn change<T>(&self, change: impl FnOnce(&mut Group) -> T) -> T {
        let changed = {
            let group = &mut self.state().group;
            let changed = change(group);
            group.dispatch(Instant::now());
            changed
        };
        self.changed.notify_one();
        changed
    }

    /// Whether it has to be moved by whoever asks; nobody else is told so until it stands again.
    pub fn starts(&self) -> bool {
        let mut state = self.state();
        !state.over && !std::mem::replace(&mut state.moving, true)
    }

    /// Ends the calls of all consumers, and moves no more.
    pub fn end(&self, why: &Status) {
        let mut state = self.state();
        state.over = true;
        state.group.dismiss(why);
        drop(state);
        self.changed.notify_one();
    }

    /// Moves the group until it has no consumers.
    pub async fn run(self: Arc<Self>) {
        let mut head = self.store.newest();
        loop {
            let at_end = self.step(&mut head).await;
            // What it gave is to be sent, also when there is more at once.
            tokio::task::yield_now().await;
            {
                let state = &mut *self.state();
                if state.over || state.group.consumers.is_empty() {
                    state.moving = false;
                    break;
                }
                if !at_end && state.group.has_room() {
                    continue;
                }
            }
            tokio::select! {
                () = self.changed.notified() => {}
                // When the store is closed, the next read says so.
                _ = head.changed(), if at_end => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
        self.keep(true).await;
    }

    /// One round; whether the source was read to its end.
    async fn step(&self, head: &mut watch::Receiver<Position>) -> bool {
        {
            let state = &mut *self.state();
            let now = Instant::now();
            if now.duration_since(state.looked) >= TICK {
                state.looked = now;
                state.group.expire(now);
                state.group.dispatch(now);
            }
        }
        self.park().await;
        self.keep(false).await;
        if !self.state().group.has_room() {
            return false;
        }
        head.mark_unchanged();
        self.read().await.unwrap_or_else(|error| {
            tracing::warn!(%error, group = self.kept.group, "its source cannot be read");
            self.state().group.dismiss(&status::unreadable(&error));
            true
        })
    }

    /// Reads what is next; whether there is nothing left.
    async fn read(&self) -> Result<bool, StoreError> {
        let (next, size) = {
            let group = &self.state().group;
            (group.next, group.settings.read_batch_size as usize)
        };
        let (records, then, at_end) = if let Some(wanted) = &self.wanted {
            let after = Position(next.saturating_sub(1));
            let query = Query { wanted: Some(Arc::clone(wanted)), ..Query::after(after, size) };
            let page = self.store.log_page(query).await?;
            (page.records, next.max(page.next.0 + 1), page.at_end)
        } else {
            let stream = StreamName::new(&self.kept.source);
            match self.store.stretch(&stream, Some(next), Direction::Forwards, size).await? {
                Stretch::NotFound | Stretch::Tombstoned => return Ok(true),
                Stretch::Of { records, last, next: then, .. } => {
                    (records, then.unwrap_or(next.max(last + 1)), then.is_none())
                }
            }
        };
        let mut messages = Vec::with_capacity(records.len());
        for record in records {
            let place = if self.wanted.is_some() { record.position.0 } else { record.revision };
            messages.extend(self.message(record, Origin::Source(place)).await?);
        }
        let state = &mut *self.state();
        state.known = then.checked_sub(1);
        state.group.next = then;
        for message in messages {
            state.group.push(message);
        }
        state.group.dispatch(Instant::now());
        Ok(at_end)
    }

    /// The message of a record; none when it is a link to nothing.
    async fn message(
        &self,
        record: Arc<Record>,
        origin: Origin,
    ) -> Result<Option<Message>, StoreError> {
        let message = |event, link| Message { event, link, retries: 0, origin };
        if !is_link(&record) || !self.kept.settings.resolve_links {
            return Ok(Some(message(record, None)));
        }
        Ok(linked(&self.store, &record).await?.map(|event| message(event, Some(record))))
    }

    /// Gives again what is parked, up to that revision.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn replay(&self, upto: Option<u64>) -> Result<(), StoreError> {
        loop {
            let from = self.state().replayed_to;
            let stretch = self.keeping.parked(&self.store, from).await?;
            let Stretch::Of { records, last, next, .. } = stretch else { return Ok(()) };
            let mut messages = Vec::with_capacity(records.len());
            for link in records {
                if upto.is_some_and(|upto| link.revision >= upto) {
                    continue;
                }
                let origin = Origin::Parked(link.revision);
                let Some(mut event) = linked(&self.store, &link).await? else { continue };
                if is_link(&event) && self.kept.settings.resolve_links {
                    let Some(target) = linked(&self.store, &event).await? else { continue };
                    event = target;
                }
                messages.push(Message { event, link: Some(link), retries: 0, origin });
            }
            let reached = next.unwrap_or(last + 1);
            let reached = upto.map_or(reached, |upto| reached.min(upto).max(from));
            self.state().replayed_to = reached;
            self.change(|group| {
                for message in messages {
                    group.push(message);
                }
            });
            if next.is_none() || upto.is_some_and(|upto| reached >= upto) {
                return Ok(());
            }
        }
    }

    async fn park(&self) {
        let parking = self.state().group.take_parking();
        for (message, why) in parking {
            if let Err(error) = self.keeping.park(&self.store, &message, why).await {
                // It is not done with, and comes again after a restart.
                tracing::error!(%error, group = self.kept.group, "a message could not be parked");
                continue;
            }
            self.state().group.finish(message.origin);
        }
    }

    /// Keeps a checkpoint when it is due, or at any rate.
    pub async fn keep(&self, at_any_rate: bool) {
        let (next, forget) = {
            let state = &mut *self.state();
            let settings = &state.group.settings;
            let after = Duration::from_millis(settings.checkpoint_after);
            let due = at_any_rate
                || state.group.done >= settings.max_checkpoint_count
                || state.group.done >= settings.min_checkpoint_count.max(1)
                    && state.checked.elapsed() >= after;
            let next =
                Some(state.group.unfinished()).filter(|next| due && *next > state.checkpoint);
            let forget = state.group.unfinished_replay().unwrap_or(state.replayed_to);
            let forget = Some(forget).filter(|forget| *forget > state.forgotten);
            (next.filter(|_| !state.over), forget.filter(|_| !state.over))
        };
        if let Some(next) = next {
            match self.keeping.keep_next(&self.store, next).await {
                Ok(()) => {
                    let mut state = self.state();
                    (state.checkpoint, state.checked, state.group.done) = (next, Instant::now(), 0);
                }
                Err(error) => {
                    tracing::warn!(%error, group = self.kept.group, "no checkpoint was kept");
                }
            }
        }
        if let Some(forget) = forget {
            match self.keeping.forget_parked(&self.store, forget).await {
                Ok(()) => self.state().forgotten = forget,
                Err(error) => tracing::warn!(%error, "what was parked could not be forgotten"),
            }
        }
    }

    /// Up to which place everything is kept as done with; none when nothing is.
    pub fn checkpoint(&self) -> Option<u64> {
        let checkpoint = self.state().checkpoint;
        (checkpoint > self.kept.begin).then(|| checkpoint - 1)
    }
}
