//! A log, a store and runners between them.

use std::{any::Any, sync::Arc, time::Duration};

use eventstore::EventStore;
use kernel::Position;
use readmodel::{Lead, ModelState, Progress, Projection, ReadModels, Runner, RunnerOptions, View};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    log::Log,
    tally::{NAME, Tally, key},
};

pub const LONG: Duration = Duration::from_mins(1);

pub struct World {
    pub log: Arc<Log>,
    pub models: Arc<dyn ReadModels>,
    /// The store as another process sees it.
    open: Box<dyn Fn() -> Arc<dyn ReadModels>>,
    /// What must not end before the world does.
    _held: Box<dyn Any>,
}

/// A runner at work; ends with this handle.
pub struct Running {
    pub runner: Arc<Runner>,
    cancel: CancellationToken,
    work: JoinSet<()>,
}

impl World {
    pub fn on(held: impl Any, open: impl Fn() -> Arc<dyn ReadModels> + 'static) -> Self {
        let (log, models) = (Arc::new(Log::new()), open());
        Self { log, models, open: Box::new(open), _held: Box::new(held) }
    }

    /// Appends facts about things, and every seventh about something else.
    pub fn append(&self, count: u64) -> Position {
        let mut head = Position::START;
        for n in 0..count {
            let category = if n % 7 == 6 { "noise" } else { "thing" };
            let id = format!("{}{}", ['a', 'b', 'c'][(n % 3) as usize], n % 50);
            head = self.log.append(category, &id, "thing-made.v1", &format!("{n}"));
        }
        head
    }

    /// How many facts about things there are.
    pub fn things(&self) -> i64 {
        let facts = self.log.facts();
        let things = facts.iter().filter(|fact| fact.stream.category() == "thing").count();
        i64::try_from(things).unwrap()
    }

    fn runner(
        &self,
        lead: Option<&Lead>,
        projections: Vec<Arc<dyn Projection>>,
        follow_within: Duration,
    ) -> Arc<Runner> {
        let (first, batch) = (Duration::from_millis(1), 150);
        let (retry_at_most, look_every) = (Duration::from_millis(100), Duration::from_millis(500));
        let options = RunnerOptions {
            batch,
            retry_first: first,
            retry_at_most,
            look_every,
            follow_within,
            // As where the store is another process, which asks more of a runner.
            pace: Duration::from_millis(2),
            recalled: 1 << 20,
            observer: None,
        };
        let events: Arc<dyn EventStore> = self.log.clone();
        let groups = vec![(lead.cloned(), projections)];
        Arc::new(Runner::led(events, (self.open)(), groups, options))
    }

    pub fn run(&self, projections: &[Arc<Tally>]) -> Running {
        let projections = projections.iter().map(|it| it.clone() as Arc<dyn Projection>).collect();
        self.run_led(None, projections, LONG)
    }

    /// One that applies while it has the lead, or when the leader does not in that time.
    pub fn run_led(
        &self,
        lead: Option<&Lead>,
        projections: Vec<Arc<dyn Projection>>,
        follow_within: Duration,
    ) -> Running {
        let (cancel, mut work) = (CancellationToken::new(), JoinSet::new());
        let runner = self.runner(lead, projections, follow_within);
        work.spawn(runner.run(cancel.clone()));
        Running { runner, cancel, work }
    }

    pub async fn state(&self) -> ModelState {
        self.models.state(NAME).await.unwrap()
    }
}

impl Running {
    pub fn view(&self, projection: &Tally) -> View {
        self.runner.view(projection.model)
    }

    pub async fn stop(mut self) {
        self.cancel.cancel();
        self.work.join_next().await.unwrap().unwrap();
    }

    /// Waits until the progress of its first model is as asked.
    pub async fn until(&self, is_so: impl Fn(&Progress) -> bool) -> Progress {
        let look = async {
            loop {
                let progress = self.runner.progress().remove(0);
                if is_so(&progress) {
                    return progress;
                }
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(LONG, look).await;
        found.unwrap_or_else(|_| panic!("it does not get there: {:?}", self.runner.progress()))
    }
}

pub async fn facts_counted(view: &View) -> i64 {
    view.count(&key("counts", "facts")).await.unwrap()
}
