//! One projection, and what readers and operators see of it.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    error::Error,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use eventstore::RecordedEvent;
use kernel::{Position, Timestamp};
use tokio::sync::watch;

use super::{Lead, Progress, build::Build, recall::Recall, standing::Standings};
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
    /// Who applies facts; every process where nobody leads.
    pub(super) lead: Option<Lead>,
    pub(super) shown: watch::Sender<Shown>,
    /// Whose facts stand still.
    pub(super) standings: Arc<Standings>,
    /// What readers of this process remember.
    pub(super) recall: Arc<Recall>,
    known: Mutex<Known>,
    /// Held while the builds of the model are looked at or changed by this process, so that what is
    /// shown is what was read last.
    looking: tokio::sync::Mutex<()>,
}

/// What there was to see.
pub(super) struct Looked {
    /// What is to be fed from now on.
    pub(super) builds: Vec<Build>,
    /// The store stands further back than it was fed.
    pub(super) went_back: bool,
}

/// What operators see.
#[derive(Default)]
struct Known {
    state: ModelState,
    built: Position,
    caught_up: bool,
    /// How often a build was given up because the log is another one.
    disowned: u64,
    /// The slots that this process feeds, and how far it left them.
    feeding: BTreeMap<Slot, Position>,
    /// Since when the oldest fact that was taken waits to be applied, and to which build.
    waiting: Option<(Slot, Timestamp)>,
    /// Of which build, when it is known, and what.
    failure: Option<(Option<Slot>, String)>,
}

impl Track {
    /// Readers remember so many bytes of rows.
    pub(super) fn new(projection: Arc<dyn Projection>, lead: Option<Lead>, recalled: u64) -> Self {
        let model = projection.model();
        let (shown, _) = Shown::nothing();
        let (known, looking) = (Mutex::default(), tokio::sync::Mutex::default());
        let (standings, recall) = (Arc::default(), Arc::new(Recall::of(recalled)));
        Self { projection, model, lead, shown, standings, recall, known, looking }
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

    /// Whether this process applies facts, rather than to follow.
    pub(super) fn leads(&self) -> bool {
        self.lead.as_ref().is_none_or(Lead::is_taken)
    }

    /// Nothing is being fed yet.
    pub(super) fn rest(&self) {
        self.known().feeding.clear();
    }

    /// Looks at what the store knows of the model: what is to be fed and is not yet, and whether the
    /// store went back behind what is fed. Lost builds are dropped. A new one is started where there
    /// is none; when starting also where none is of this version, for then this software takes over.
    pub(super) async fn look(
        self: &Arc<Self>,
        models: &dyn ReadModels,
        starting: bool,
    ) -> Result<Looked, ReadModelError> {
        let _alone = self.looking.lock().await;
        loop {
            let fed = self.known().feeding.clone();
            let before = models.state(self.model.name).await?;
            let (mut state, mut found, mut dropped) = (before, Vec::new(), Vec::new());
            for build in [&mut state.active, &mut state.building] {
                let Some(named) = build.filter(|it| self.is_ours(*it)) else { continue };
                match models.checkpoint(self.slot(named)).await {
                    Ok(stored) => found.push((self.slot(named), stored)),
                    Err(ReadModelError::Lost(_)) => dropped.extend(build.take()),
                    Err(error) => return Err(error),
                }
            }
            if starting && state.building.is_some_and(|it| !self.is_ours(it)) {
                dropped.extend(state.building.take());
            }
            let taken_over = state.active.is_some_and(|it| !starting || self.is_ours(it));
            if !taken_over && state.building.is_none() {
                let build = (self.model.version, self.next_generation(before));
                state.building = Some(build);
                found.push((self.slot(build), self.fresh(models, self.slot(build)).await?));
            }
            if state != before && !models.change_state(self.model.name, before, state).await? {
                continue;
            }
            let went_back =
                found.iter().any(|(slot, at)| fed.get(slot).is_some_and(|before| at < before));
            self.show_active(state, &found, went_back);
            for build in dropped {
                tracing::warn!(model = self.model.name, build = build.1, "a build is given up");
                models.clear(self.slot(build)).await?;
            }
            return Ok(Looked { builds: self.take_on(state, found), went_back });
        }
    }

    /// How far a slot is that no state names: nowhere, or where somebody left it who did not get to
    /// name it.
    async fn fresh(&self, models: &dyn ReadModels, slot: Slot) -> Result<Position, ReadModelError> {
        match models.checkpoint(slot).await {
            Err(ReadModelError::Lost(_)) => {
                models.clear(slot).await?;
                Ok(Position::START)
            }
            stored => stored,
        }
    }

    /// Shows the active build of this version, if there is one.
    fn show_active(&self, state: ModelState, found: &[(Slot, Position)], went_back: bool) {
        let active = state.active.filter(|it| self.is_ours(*it));
        let stored =
            found.iter().find(|(slot, _)| active == Some((slot.model.version, slot.generation)));
        let mut applied = stored.map(|(_, at)| *at).unwrap_or_default();
        let generation = active.map(|(_, generation)| generation);
        self.shown.send_if_modified(|shown| {
            if shown.generation == generation && !went_back {
                applied = applied.max(shown.applied);
            }
            let changed = shown.generation != generation || shown.applied != applied;
            *shown = Shown { generation, applied };
            changed
        });
    }

    /// Builds of those slots that are not being fed yet.
    fn take_on(self: &Arc<Self>, state: ModelState, found: Vec<(Slot, Position)>) -> Vec<Build> {
        let mut known = self.known();
        known.state = state;
        if known.failure.as_ref().is_some_and(|(of, _)| of.is_none()) {
            known.failure = None;
        }
        let mut builds = Vec::new();
        for (slot, stored) in found {
            if let Entry::Vacant(vacant) = known.feeding.entry(slot) {
                vacant.insert(stored);
                builds.push(Build::new(self.clone(), slot, stored));
            }
        }
        builds
    }

    /// Takes note of where a slot's checkpoint is.
    pub(super) fn stored(&self, slot: Slot, at: Position) {
        if let Some(stored) = self.known().feeding.get_mut(&slot) {
            *stored = at;
        }
    }

    /// Takes note that a slot is fed no more.
    pub(super) fn left(&self, slot: Slot) {
        let mut known = self.known();
        known.feeding.remove(&slot);
        known.waiting = known.waiting.filter(|(of, _)| *of != slot);
        self.standings.forget(slot);
        if known.failure.as_ref().is_some_and(|(of, _)| *of == Some(slot)) {
            known.failure = None;
        }
    }

    /// A number that no build of the model has or had, as far as is known here: no two share rows.
    fn next_generation(&self, state: ModelState) -> Generation {
        let known = self.known();
        let named = [state.active, state.building, known.state.active, known.state.building];
        let named = named.into_iter().flatten().map(|(_, generation)| generation);
        named.chain(known.feeding.keys().map(|slot| slot.generation)).max().unwrap_or(0) + 1
    }

    /// A new build beside the active one; none when one is being built already.
    pub(super) async fn start_rebuild(
        self: &Arc<Self>,
        models: &dyn ReadModels,
    ) -> Result<Option<Build>, ReadModelError> {
        let _alone = self.looking.lock().await;
        loop {
            let before = models.state(self.model.name).await?;
            if before.building.is_some() {
                return Ok(None);
            }
            let build = (self.model.version, self.next_generation(before));
            let state = ModelState { building: Some(build), ..before };
            if !models.change_state(self.model.name, before, state).await? {
                continue;
            }
            let stored = self.fresh(models, self.slot(build)).await?;
            self.known().built = Position::START;
            return Ok(self.take_on(state, vec![(self.slot(build), stored)]).pop());
        }
    }

    /// Gives up a build that was made of another log, and has a new one made of this log. Nobody reads
    /// it any more: it holds what never happened.
    pub(super) async fn disown(
        &self,
        models: &dyn ReadModels,
        slot: Slot,
    ) -> Result<(), ReadModelError> {
        let (model, build) = (self.model.name, (slot.model.version, slot.generation));
        let _alone = self.looking.lock().await;
        let state = loop {
            let before = models.state(model).await?;
            let ModelState { mut active, mut building } = before;
            if active != Some(build) && building != Some(build) {
                // Another process was first.
                break before;
            }
            active = active.filter(|it| *it != build);
            building = building.filter(|it| *it != build);
            building.get_or_insert((self.model.version, self.next_generation(before)));
            let state = ModelState { active, building };
            if models.change_state(model, before, state).await? {
                tracing::warn!(
                    model,
                    version = build.0,
                    build = build.1,
                    "the log does not have what this build was made of: it was restored from an \
                     older backup, or is another one; the read model is built anew"
                );
                models.clear(slot).await?;
                break state;
            }
        };
        if self.shown.borrow().generation == Some(slot.generation) {
            self.show(None, Position::START);
        }
        let mut known = self.known();
        (known.state, known.caught_up) = (state, false);
        known.disowned += 1;
        Ok(())
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
        let build = Some((slot.model.version, slot.generation));
        let _alone = self.looking.lock().await;
        loop {
            let before = models.state(self.model.name).await?;
            let state = ModelState { active: build, building: None };
            if before.building == build {
                if !models.change_state(self.model.name, before, state).await? {
                    continue;
                }
                let (version, build) = (slot.model.version, slot.generation);
                tracing::info!(model = self.model.name, version, build, "switched");
            } else if before.active != build {
                return Ok(());
            }
            self.known().state = if before.active == build { before } else { state };
            self.show(Some(slot.generation), applied);
            if let Some(old) = before.active.filter(|_| before.active != build) {
                models.clear(self.slot(old)).await?;
            }
            return Ok(());
        }
    }

    /// Whether a slot is still one that this software feeds; otherwise another runner replaced it.
    pub(super) async fn still_feeds(
        &self,
        models: &dyn ReadModels,
        slot: Slot,
    ) -> Result<bool, ReadModelError> {
        let _alone = self.looking.lock().await;
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

    /// Takes note of the oldest fact that a build is about to apply.
    pub(super) fn waits(&self, slot: Slot, fact: &RecordedEvent) {
        let mut known = self.known();
        if known.waiting.is_none_or(|(of, _)| of != slot) {
            // A fact whose time cannot be read is named when it is projected.
            known.waiting = fact.envelope().ok().map(|envelope| (slot, envelope.at));
        }
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
        known.waiting = known.waiting.filter(|(of, _)| *of != slot);
        if known.failure.as_ref().is_some_and(|(of, _)| of.is_none_or(|of| of == slot)) {
            known.failure = None;
        }
    }

    /// Takes note that a build is further back than it was fed.
    pub(super) fn went_back(&self, slot: Slot, to: Position) {
        self.recall.forget();
        self.stored(slot, to);
        self.shown.send_if_modified(|shown| {
            let back = shown.generation == Some(slot.generation) && shown.applied > to;
            if back {
                shown.applied = to;
            }
            back
        });
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
        let generation = shown.generation.or(building.map(|(_, generation)| generation));
        let stands = generation
            .map(|generation| self.standings.of(self.slot((self.model.version, generation))));
        Progress {
            model: self.model,
            active,
            building,
            applied: shown.applied,
            built: building.map(|_| known.built),
            head: head.max(shown.applied),
            stride,
            caught_up: known.caught_up,
            waiting: known.waiting.map(|(_, since)| since),
            disowned: known.disowned,
            leads: self.leads(),
            standing: stands.iter().flat_map(|it| it.values().cloned()).collect(),
            failure: known.failure.as_ref().map(|(_, text)| text.clone()),
        }
    }
}
