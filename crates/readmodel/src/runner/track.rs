//! One projection, and what readers and operators see of it.

use std::{
    error::Error,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kernel::Position;
use tokio::sync::watch;

use super::{Progress, build::Build};
use crate::{Generation, Model, ModelState, Projection, ReadModelError, ReadModels, Slot};

/// What readers see.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    /// None until a build of this version is whole.
    pub(super) generation: Option<Generation>,
    /// How far it has applied the log.
    pub(super) applied: Position,
}

impl Shown {
    /// Readers see nothing yet.
    pub(super) fn nothing() -> (watch::Sender<Self>, watch::Receiver<Self>) {
        watch::channel(Self::default())
    }
}

pub(super) struct Track {
    pub(super) projection: Arc<dyn Projection>,
    pub(super) model: Model,
    pub(super) shown: watch::Sender<Shown>,
    known: Mutex<Known>,
}

/// What operators see.
#[derive(Default)]
struct Known {
    state: ModelState,
    built: Position,
    caught_up: bool,
    /// Of which build, when it is known, and what.
    failure: Option<(Option<Slot>, String)>,
}

impl Track {
    pub(super) fn new(projection: Arc<dyn Projection>) -> Self {
        let model = projection.model();
        Self { projection, model, shown: Shown::nothing().0, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, (version, generation): (u32, Generation)) -> Slot {
        Slot { model: Model { version, ..self.model }, generation }
    }

    fn is_ours(&self, build: (u32, Generation)) -> bool {
        build.0 == self.model.version
    }

    /// What is to be fed: the active build when it is of this version, and what is being built.
    /// Starts a new build when neither is of this version.
    pub(super) async fn builds(
        self: &Arc<Self>,
        models: &dyn ReadModels,
    ) -> Result<Vec<Build>, ReadModelError> {
        let before = models.state(self.model.name).await?;
        let mut state = before;
        let abandoned = state.building.filter(|it| !self.is_ours(*it));
        let active = state.active.filter(|it| self.is_ours(*it));
        if abandoned.is_some() {
            state.building = None;
        }
        if active.is_none() && state.building.is_none() {
            state.building = Some((self.model.version, next_generation(state, abandoned)));
        }
        if state != before {
            models.set_state(self.model.name, state).await?;
        }
        if let Some(abandoned) = abandoned {
            models.clear(self.slot(abandoned)).await?;
        }
        let mut builds = Vec::new();
        for build in active.into_iter().chain(state.building) {
            let stored = models.checkpoint(self.slot(build)).await?;
            builds.push(Build::new(self.clone(), self.slot(build), stored));
        }
        let shown = active.and(builds.first().map(Build::seen)).unwrap_or_default();
        self.show(active.map(|(_, generation)| generation), shown);
        let mut known = self.known();
        *known = Known { state, ..Known::default() };
        Ok(builds)
    }

    /// A new build beside the active one; none when one is being built already.
    pub(super) async fn start_rebuild(
        self: &Arc<Self>,
        models: &dyn ReadModels,
    ) -> Result<Option<Build>, ReadModelError> {
        let mut state = models.state(self.model.name).await?;
        if state.building.is_some() {
            return Ok(None);
        }
        let build = (self.model.version, next_generation(state, None));
        state.building = Some(build);
        models.set_state(self.model.name, state).await?;
        let mut known = self.known();
        (known.state, known.built) = (state, Position::START);
        Ok(Some(Build::new(self.clone(), self.slot(build), Position::START)))
    }

    /// Makes a build that has caught up what readers see, and drops the one before.
    pub(super) async fn promote(
        &self,
        models: &dyn ReadModels,
        slot: Slot,
        applied: Position,
    ) -> Result<(), ReadModelError> {
        if self.shown.borrow().generation == Some(slot.generation) {
            return Ok(());
        }
        let before = models.state(self.model.name).await?;
        let build = (slot.model.version, slot.generation);
        if before.building == Some(build) {
            let state = ModelState { active: Some(build), building: None };
            models.set_state(self.model.name, state).await?;
            tracing::info!(model = self.model.name, version = build.0, build = build.1, "switched");
            self.known().state = state;
            self.show(Some(slot.generation), applied);
            if let Some(old) = before.active {
                models.clear(self.slot(old)).await?;
            }
        } else if before.active == Some(build) {
            self.known().state = before;
            self.show(Some(slot.generation), applied);
        }
        Ok(())
    }

    /// Whether a slot is still one that this software feeds; otherwise another runner replaced it.
    pub(super) async fn still_feeds(
        &self,
        models: &dyn ReadModels,
        slot: Slot,
    ) -> Result<bool, ReadModelError> {
        let state = models.state(self.model.name).await?;
        let build = Some((slot.model.version, slot.generation));
        let feeds = state.active == build || state.building == build;
        if let Some((_, generation)) = state.active.filter(|it| self.is_ours(*it)) {
            let shown = self.shown.borrow().generation;
            if shown != Some(generation) {
                let applied =
                    models.checkpoint(self.slot((self.model.version, generation))).await?;
                self.show(Some(generation), applied);
            }
        } else {
            self.show(None, Position::START);
        }
        self.known().state = state;
        Ok(feeds)
    }

    fn show(&self, generation: Option<Generation>, applied: Position) {
        self.shown.send_replace(Shown { generation, applied });
    }

    /// Takes note that a build has applied everything up to there.
    pub(super) fn applied(&self, slot: Slot, position: Position) {
        let shown = self.shown.send_if_modified(|shown| {
            let ours = shown.generation == Some(slot.generation);
            if ours {
                shown.applied = position;
            }
            ours
        });
        let mut known = self.known();
        if !shown && known.state.building == Some((slot.model.version, slot.generation)) {
            known.built = position;
        }
        if known.failure.as_ref().is_some_and(|(of, _)| of.is_none_or(|of| of == slot)) {
            known.failure = None;
        }
    }

    /// Takes note that a build has caught up with the log.
    pub(super) fn caught_up(&self, slot: Slot) {
        if self.shown.borrow().generation == Some(slot.generation) {
            self.known().caught_up = true;
        }
    }

    /// Takes note of why the model, or that build of it, stands still.
    pub(super) fn fail(&self, slot: Option<Slot>, error: &dyn Error) {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            // Writing to a string does not fail.
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        let mut known = self.known();
        let failure = Some((slot, text));
        if known.failure != failure {
            let error = failure.as_ref().map(|(_, text)| text);
            tracing::error!(model = self.model.name, error, "the read model stands still");
            known.failure = failure;
        }
    }

    pub(super) fn progress(&self, head: Position, stride: u64) -> Progress {
        let shown = *self.shown.borrow();
        let known = self.known();
        let ModelState { active, building } = known.state;
        Progress {
            model: self.model,
            active,
            building,
            applied: shown.applied,
            built: building.map(|_| known.built),
            head: head.max(shown.applied),
            stride,
            caught_up: known.caught_up,
            failure: known.failure.as_ref().map(|(_, text)| text.clone()),
        }
    }
}

/// A number that no build of the model has, so that no two builds share rows.
fn next_generation(state: ModelState, abandoned: Option<(u32, Generation)>) -> Generation {
    let used = [state.active, state.building, abandoned];
    used.into_iter().flatten().map(|(_, generation)| generation).max().unwrap_or(0) + 1
}
