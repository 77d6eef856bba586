//! Feeds projections from the log, and gives the handles to read what they made.
//!
//! A *track* is one projection with what readers see of it; a *build* is one slot being fed. A
//! *lane* is one subscription that feeds builds standing at about the same position, so that each
//! fact is read once. A build that cannot read a fact, or a new one that starts from nothing, gets
//! a lane of its own and holds up nobody else.

mod anchor;
mod batch;
mod build;
mod lane;
mod lead;
mod observer;
mod progress;
mod recall;
mod standing;
mod track;
mod view;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use eventstore::EventStore;
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use kernel::Position;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use self::{build::Build, lane::Lane, recall::Recall, track::Track};
pub use self::{
    lead::{Lead, Leading},
    observer::Observer,
    progress::Progress,
    standing::Standing,
    view::{View, WaitError},
};
use crate::{Model, Projection, ReadModelError, ReadModels, Rows, Slot, skips};

/// How a runner works.
#[derive(Clone, Debug)]
pub struct RunnerOptions {
    /// Facts taken at once while catching up; more of them are cheaper, and held in memory.
    pub batch: usize,
    /// The first pause after a failure; it doubles up to `retry_at_most`.
    pub retry_first: Duration,
    /// The longest pause after a failure.
    pub retry_at_most: Duration,
    /// How often it is looked whether another process rebuilt a model, or rows were lost. A reader
    /// or a batch that finds so has it looked at once.
    pub look_every: Duration,
    /// How long a follower waits for the leader to apply a fact before it applies it itself; eight
    /// times as long while it catches up.
    pub follow_within: Duration,
    /// Once caught up, the least time from one batch of facts to the next: what happens meanwhile is
    /// applied together, which is cheaper where each batch takes a round trip. A fact that comes
    /// after a quiet moment is applied at once. Zero by default.
    pub pace: Duration,
    /// Bytes of rows that readers remember of each model until something is applied to it, where the
    /// store is another process. Zero, which is none, by default.
    pub recalled: u64,
    /// Who is told of what was applied.
    pub observer: Option<Observer>,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        let (retry_first, retry_at_most) = (Duration::from_millis(100), Duration::from_secs(10));
        let look_every = Duration::from_secs(5);
        let follow_within = Duration::from_millis(250);
        Self {
            batch: 10_000,
            retry_first,
            retry_at_most,
            look_every,
            follow_within,
            pace: Duration::ZERO,
            recalled: 0,
            observer: None,
        }
    }
}

/// Projections and who leads them; every process where nobody does.
pub type Group = (Option<Lead>, Vec<Arc<dyn Projection>>);

/// Builds further apart than so many facts do not share a subscription: the one ahead would wait.
const NEAR: u64 = 10_000;

/// Feeds the projections of a process. Several runners, in one process or many, may feed the same
/// models: the store lets one win each step, and a [`Lead`] saves the others the work.
pub struct Runner {
    feed: Arc<Feed>,
}

/// What the lanes share.
struct Feed {
    events: Arc<dyn EventStore>,
    models: Arc<dyn ReadModels>,
    options: RunnerOptions,
    tracks: Vec<Arc<Track>>,
    /// The newest position seen.
    head: AtomicU64,
    /// Builds that want a lane of their own.
    waiting: Mutex<VecDeque<Lane>>,
    wake: Notify,
    /// Somebody found something odd.
    look: Arc<Notify>,
    /// Counts the times that the store went back: lanes then start again.
    again: watch::Sender<u64>,
}

impl Runner {
    /// A runner of these projections; it does nothing until [`Runner::run`].
    #[must_use]
    pub fn new(
        events: Arc<dyn EventStore>,
        models: Arc<dyn ReadModels>,
        projections: Vec<Arc<dyn Projection>>,
        options: RunnerOptions,
    ) -> Self {
        Self::led(events, models, vec![(None, projections)], options)
    }

    /// The same where several processes feed the same models: those of a group are applied by the
    /// process that has its lead; those without one, by every process.
    #[must_use]
    pub fn led(
        events: Arc<dyn EventStore>,
        models: Arc<dyn ReadModels>,
        groups: Vec<Group>,
        options: RunnerOptions,
    ) -> Self {
        let tracks = groups
            .into_iter()
            .flat_map(|(lead, group)| group.into_iter().map(move |it| (lead.clone(), it)))
            .map(|(lead, projection)| Arc::new(Track::new(projection, lead, options.recalled)))
            .collect();
        let (head, waiting, wake) = (AtomicU64::new(0), Mutex::default(), Notify::new());
        let (look, (again, _)) = (Arc::default(), watch::channel(0));
        let feed = Feed { events, models, options, tracks, head, waiting, wake, look, again };
        Self { feed: Arc::new(feed) }
    }

    /// The reading handle of a model, to be had at any time. That of a model which this runner does
    /// not feed says forever that it is being built.
    #[must_use]
    pub fn view(&self, model: Model) -> View {
        let track = self.feed.tracks.iter().find(|track| track.model == model);
        let shown =
            track.map_or_else(|| track::Shown::nothing().1, |track| track.shown.subscribe());
        let standings = track.map(|track| track.standings.clone()).unwrap_or_default();
        let recall = track.map_or_else(|| Arc::new(Recall::of(0)), |track| track.recall.clone());
        let Feed { models, look, .. } = &*self.feed;
        View::new(model, models.clone(), shown, look.clone(), standings, recall)
    }

    /// Feeds the projections until cancelled, then remembers how far it came. Never fails: it
    /// tries again, and [`Runner::progress`] says why. To be run once at a time.
    pub fn run(&self, cancel: CancellationToken) -> impl Future<Output = ()> + Send + 'static {
        let feed = self.feed.clone();
        async move { feed.run(&cancel).await }
    }

    /// How far each model is, in the order of the projections.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        let head = Position(self.feed.head.load(Relaxed));
        let stride = self.feed.events.stride();
        self.feed.tracks.iter().map(|track| track.progress(head, stride)).collect()
    }

    /// Builds a model anew beside the build that readers see; it takes over when it has caught up.
    /// Nothing happens when one is being built already, or when no such model is fed here.
    ///
    /// # Errors
    /// When the store cannot remember it.
    pub async fn rebuild(&self, name: &str) -> Result<(), ReadModelError> {
        let Some(track) = self.feed.tracks.iter().find(|track| track.model.name == name) else {
            return Ok(());
        };
        if let Some(build) = track.start_rebuild(&*self.feed.models).await? {
            self.feed.start_lane(vec![build]);
        }
        Ok(())
    }
}

impl Feed {
    async fn run(self: Arc<Self>, cancel: &CancellationToken) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.tracks.iter().for_each(|track| track.rest());
        let Some(builds) = self.builds(cancel).await else { return };
        // A store that is asked for the first time may learn only now what a position is worth. When
        // it does not answer, builds may get more lanes than they need.
        let known = cancel.run_until_cancelled(self.events.head()).await;
        known.and_then(Result::ok).into_iter().for_each(|head| self.saw(head));
        for near in near(builds, NEAR.saturating_mul(self.events.stride())) {
            self.start_lane(near);
        }
        let mut lanes = FuturesUnordered::new();
        let mut watching = self.watch().boxed();
        loop {
            loop {
                let lane = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(lane) = lane else { break };
                lanes.push(lane.run(self.clone(), cancel.clone()).boxed());
            }
            tokio::select! {
                () = self.wake.notified() => {}
                Some(()) = lanes.next() => {}
                () = &mut watching => {}
                () = cancel.cancelled() => break,
            }
        }
        // It may hold what a lane waits for.
        drop(watching);
        while let Some(()) = lanes.next().await {}
    }

    /// What is to be fed; none when cancelled before the store could say.
    async fn builds(&self, cancel: &CancellationToken) -> Option<Vec<Build>> {
        let mut builds = Vec::new();
        for track in &self.tracks {
            let mut pause = self.options.retry_first;
            loop {
                match track.look(&*self.models, true).await {
                    Ok(looked) => break builds.extend(looked.builds),
                    Err(error) => track.fail(None, &error),
                }
                cancel.run_until_cancelled(tokio::time::sleep(pause)).await?;
                pause = (pause * 2).min(self.options.retry_at_most);
            }
        }
        Some(builds)
    }

    /// Looks now and then whether what is fed and shown is still what the store holds.
    async fn watch(&self) {
        loop {
            // When asked to; but not all the time, however often readers ask.
            let _ = tokio::time::timeout(self.options.look_every, self.look.notified()).await;
            for track in &self.tracks {
                match track.look(&*self.models, false).await {
                    Ok(looked) => {
                        for build in looked.builds {
                            self.start_lane(vec![build]);
                        }
                        if looked.went_back {
                            self.again.send_modify(|times| *times += 1);
                        }
                    }
                    Err(error) => track.fail(None, &error),
                }
                if let Err(error) = self.heal(track).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(model = track.model.name, error, "not looked who stands still");
                }
            }
            tokio::time::sleep(self.options.retry_first).await;
        }
    }

    /// Builds a model anew when a tenant stands still at a fact that can be read now, or is to be
    /// skipped.
    async fn heal(&self, track: &Arc<Track>) -> Result<(), build::FeedError> {
        let Some(generation) = track.shown.borrow().generation else { return Ok(()) };
        let slot = Slot { model: track.model, generation };
        let stands = track.standings.of(slot);
        if stands.is_empty() || !track.leads() {
            return Ok(());
        }
        let skipped = skips::skipped(&*self.events, track.model).await?;
        for standing in stands.values() {
            let heals = match standing.look_up(&*self.events).await? {
                Some(fact) => {
                    skipped.contains(&fact.id)
                        || track.projection.project(&fact, &Rows::default()).is_ok()
                }
                None => false,
            };
            if heals && let Some(build) = track.start_rebuild(&*self.models).await? {
                tracing::info!(model = track.model.name, "built anew without what stood still");
                self.start_lane(vec![build]);
            }
        }
        Ok(())
    }

    fn start_lane(&self, builds: Vec<Build>) {
        let lane = Lane::new(builds);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(lane);
        self.wake.notify_one();
    }

    fn saw(&self, position: Position) {
        self.head.fetch_max(position.0, Relaxed);
    }
}

/// Groups builds whose checkpoints are no further from each other than that.
fn near(mut builds: Vec<Build>, apart: u64) -> Vec<Vec<Build>> {
    builds.sort_by_key(Build::seen);
    let mut groups: Vec<Vec<Build>> = Vec::new();
    for build in builds {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|it| build.seen().0 - it.seen().0 <= apart) => {
                group.push(build);
            }
            _ => groups.push(vec![build]),
        }
    }
    groups
}
