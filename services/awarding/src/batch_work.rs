use std::collections::{HashMap, HashSet};

use awarding_domain::{
    Batch, BatchCommand, BatchId, Outcome as RowOutcome, Person, RowRefusal, Running,
};
use eventstore::{AppendError, Execution, Expected, Filter, StreamId};
use kernel::{Actor, Aggregate, CommandId, Position, SubjectId, TenantId, Timestamp};
use runtime::trace::{self, Cause};
use uuid::Uuid;

use crate::{
    batch::{ROWS, batch_owner},
    create::{Room, is_retired},
    csv_file::{CsvFile, CsvRow},
    hygiene,
    issue::{Draft, Issued},
    naming::Naming,
    role::Awarding,
    row_refusals::{duplicate, erased, held, terms},
    trouble::{Outcome, Trouble},
};

/// A batch under way, as its facts tell it, with its rows unsealed.
pub(crate) struct BatchWork {
    tenant: TenantId,
    id: BatchId,
    running: Running,
    count: u64,
    actor: Actor,
    /// Who was erased after these rows were submitted, as far as the log was looked through: what was
    /// known of them then must not come back.
    erased: HashSet<SubjectId>,
    looked: Position,
    cause: Uuid,
    origin: Cause,
    file: CsvFile,
    /// The line in which each person stands first, of the rows that were looked at.
    lines: HashMap<SubjectId, u32>,
}

/// Whether rows are left.
pub(crate) enum Step {
    More,
    Finished,
}

/// What becomes of a row: known at once, or when the award is in the log.
enum Fate {
    Known(RowOutcome),
    Pending { line: u32 },
}

/// Rows of one step: one call to the signer, one flush of the log.
const CHUNK: usize = 256;
/// Erasures read at once.
const ERASURES: usize = 1_000;

impl BatchWork {
    /// Reads a batch from its facts; none when there is nothing left to do.
    pub(crate) async fn load(
        awarding: &Awarding,
        tenant: TenantId,
        id: BatchId,
    ) -> Outcome<Option<Self>> {
        let (batch, count) = eventstore::load::<Batch>(&*awarding.events, tenant, &id).await?;
        let Batch::Running(running) = batch else { return Ok(None) };
        let stream = StreamId::of::<Batch>(tenant, &id);
        let first = awarding.events.read(&stream, 0, 1).await?;
        let Some(first) = first.first() else { return Ok(None) };
        let owner = batch_owner(tenant, id);
        let mut csv = Vec::new();
        for piece in &running.csv {
            let opened = keyvault::unseal(&*awarding.vault, tenant, ROWS, piece).await?;
            csv.extend(opened.ok_or_else(|| {
                tracing::error!(batch = %owner.subject, "the key of an open batch is gone");
                Trouble::missing()
            })?);
        }
        let mut work = Self {
            tenant,
            id,
            running: *running,
            count,
            actor: first.envelope()?.actor,
            erased: HashSet::new(),
            looked: first.position,
            cause: first.id,
            origin: Cause::of(first),
            file: CsvFile::parse(&csv)?,
            lines: HashMap::new(),
        };
        work.running.csv.clear();
        let naming = Naming::of(&*awarding.vault, tenant).await?;
        let now = awarding.clock.now();
        for number in 0..work.running.tally.done() as usize {
            let Some(row) = work.file.row(number, false) else { break };
            if let Ok(terms) = terms(&row, now, None) {
                work.lines.entry(naming.person(&terms.email)).or_insert(row.line);
            }
        }
        Ok(Some(work))
    }

    /// What it is done because of.
    pub(crate) fn origin(&self) -> Cause {
        self.origin.clone()
    }

    /// Awards the next rows and keeps what became of them. Done again after a crash it awards none
    /// twice: each row is a command of its own, named after batch and line.
    pub(crate) async fn step(&mut self, awarding: &Awarding) -> Outcome<Step> {
        let now = awarding.clock.now();
        let (fates, mut awarded) =
            match awarding.badges.ready(self.tenant, self.running.badge).await {
                Ok(ready) => {
                    let (fates, drafts) =
                        self.judge(awarding, now, ready.expires_after_days).await?;
                    let issued =
                        match awarding.issuing.issue(&awarding.badges, &ready, drafts).await {
                            Err(Trouble::Failed(status)) if is_retired(&status) => {
                                awarding.badges.catch_up().await?;
                                return Err(Trouble::Failed(status));
                            }
                            issued => issued?,
                        };
                    let pending = fates.iter().filter_map(|fate| match fate {
                        Fate::Pending { line } => Some(*line),
                        Fate::Known(_) => None,
                    });
                    let issued = pending.zip(issued).collect();
                    (fates, self.append(awarding, issued, now).await?)
                }
                Err(Trouble::Refused(_, refusal)) => {
                    let refusal = RowRefusal {
                        code: refusal.code,
                        column: None,
                        message: refusal.message,
                        details: refusal.details,
                    };
                    (self.refuse_all(&refusal), HashMap::new())
                }
                Err(failed) => return Err(failed),
            };
        let mut outcomes = Vec::with_capacity(fates.len());
        for fate in fates {
            outcomes.push(match fate {
                Fate::Known(outcome) => outcome,
                Fate::Pending { line } => awarded.remove(&line).ok_or_else(|| {
                    Trouble::Failed(tonic::Status::internal("a row was lost on the way"))
                })?,
            });
        }
        self.keep(awarding, outcomes, now).await
    }

    fn next_rows(&self) -> impl Iterator<Item = CsvRow<'_>> {
        let done = self.running.tally.done() as usize;
        let notify = self.running.notify;
        (done..done + CHUNK).map_while(move |number| self.file.row(number, notify))
    }

    fn refuse_all(&self, refusal: &RowRefusal) -> Vec<Fate> {
        let refused = |row: CsvRow<'_>| refused(row.line, refusal.clone());
        self.next_rows().map(refused).collect()
    }

    /// Judges the next rows: those that can be awarded become drafts.
    async fn judge(
        &mut self,
        awarding: &Awarding,
        now: Timestamp,
        expires_after_days: Option<u32>,
    ) -> Outcome<(Vec<Fate>, Vec<Draft>)> {
        self.look_for_erasures(awarding).await?;
        let naming = Naming::of(&*awarding.vault, self.tenant).await?;
        let badge = self.running.badge;
        let (mut rows, mut awards) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        let mut lines = std::mem::take(&mut self.lines);
        for row in self.next_rows() {
            let line = row.line;
            let acceptable = terms(&row, now, expires_after_days).and_then(|terms| {
                let person = naming.person(&terms.email);
                match *lines.entry(person).or_insert(line) {
                    first if first != line => Err(duplicate(first)),
                    _ if self.erased.contains(&person) => Err(erased()),
                    _ => Ok((person, terms)),
                }
            });
            if let Ok((person, _)) = &acceptable {
                awards.push(naming.award(badge, *person, 0));
            }
            rows.push((line, acceptable));
        }
        self.lines = lines;
        let mut taken = awarding.perhaps_made(self.tenant, &awards).await.into_iter();
        let (mut fates, mut drafts) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        for (line, acceptable) in rows {
            let (person, terms) = match acceptable {
                Ok(acceptable) => acceptable,
                Err(refusal) => {
                    fates.push(refused(line, refusal));
                    continue;
                }
            };
            let execution = self.execution(line, now);
            let room = match taken.next() {
                Some((award, false)) => Ok(Room::Free { award, generation: 0 }),
                _ => awarding.room(&naming, badge, person, &execution).await,
            };
            fates.push(match room {
                Ok(Room::Free { award, generation }) => {
                    let earner = naming.earner(&terms.email);
                    drafts.push(Draft { award, generation, person, earner, terms, execution });
                    Fate::Pending { line }
                }
                Ok(Room::Ours { award, .. }) => Fate::Known(RowOutcome::Awarded { line, award }),
                Err(Trouble::Refused(_, refusal)) => refused(line, held(refusal)),
                Err(failed) => return Err(failed),
            });
        }
        Ok((fates, drafts))
    }

    /// Takes note of everybody who was erased until now.
    async fn look_for_erasures(&mut self, awarding: &Awarding) -> Outcome<()> {
        let head = awarding.events.head().await?;
        let erasures = Filter::tenant(self.tenant, &[Person::CATEGORY]);
        while self.looked < head {
            let page = awarding.events.read_all(self.looked, &erasures, ERASURES).await?;
            for fact in &page.facts {
                self.erased.insert(fact.subject()?);
            }
            self.looked = page.next;
            if page.at_head {
                break;
            }
        }
        Ok(())
    }

    /// Appends the awards, all under one flush; what became of each, by line.
    async fn append(
        &self,
        awarding: &Awarding,
        issued: Vec<(u32, Outcome<Issued>)>,
        now: Timestamp,
    ) -> Outcome<HashMap<u32, RowOutcome>> {
        let mut outcomes = HashMap::with_capacity(issued.len());
        let (mut writes, mut written) = (Vec::with_capacity(issued.len()), Vec::new());
        for (line, issued) in issued {
            match issued {
                Ok(issued) => {
                    writes.push(issued.write);
                    written.push((line, issued.award, issued.created.person));
                }
                Err(Trouble::Refused(_, refusal)) => {
                    let column = hygiene::column(&refusal);
                    let refusal = RowRefusal { column, ..held(refusal) };
                    outcomes.insert(line, RowOutcome::Refused { line, refusal });
                }
                Err(failed) => return Err(failed),
            }
        }
        if writes.is_empty() {
            return Ok(outcomes);
        }
        let answers = awarding.events.append(writes).await;
        for ((line, award, person), answer) in written.into_iter().zip(answers) {
            let outcome = match answer {
                Ok(_) => RowOutcome::Awarded { line, award },
                Err(AppendError::Conflict { .. }) => {
                    self.settle(awarding, line, person, now).await?
                }
                Err(error) => return Err(error.into()),
            };
            outcomes.insert(line, outcome);
        }
        Ok(outcomes)
    }

    /// What became of a row whose award somebody else seems to have made: an earlier run of this
    /// very batch, or another.
    async fn settle(
        &self,
        awarding: &Awarding,
        line: u32,
        person: SubjectId,
        now: Timestamp,
    ) -> Outcome<RowOutcome> {
        let naming = Naming::of(&*awarding.vault, self.tenant).await?;
        let execution = self.execution(line, now);
        match awarding.room(&naming, self.running.badge, person, &execution).await {
            Ok(Room::Ours { award, .. }) => Ok(RowOutcome::Awarded { line, award }),
            Ok(Room::Free { .. }) => {
                Err(Trouble::Failed(tonic::Status::aborted("others change the same award")))
            }
            Err(Trouble::Refused(_, refusal)) => {
                Ok(RowOutcome::Refused { line, refusal: held(refusal) })
            }
            Err(failed) => Err(failed),
        }
    }

    async fn keep(
        &mut self,
        awarding: &Awarding,
        outcomes: Vec<RowOutcome>,
        at: Timestamp,
    ) -> Outcome<Step> {
        let done = self.running.tally.done();
        let state = Batch::Running(Box::new(self.running.clone()));
        let command = BatchCommand::Progress { done, outcomes, at };
        let events = state
            .decide(command)
            .map_err(|rejection| Trouble::Failed(runtime::status::of_rejection(&rejection)))?;
        let mut execution = self.execution(0, at);
        let parts: [&[u8]; 3] = [b"progress", &self.id.bytes(), &done.to_be_bytes()];
        execution.command = CommandId::derived(&parts);
        let stream = StreamId::of::<Batch>(self.tenant, &self.id);
        let write = execution
            .write(stream, Expected::after(self.count), &events)
            .map_err(|error| Trouble::fault("a fact has no stored form", &error))?;
        match awarding.events.append(vec![write]).await.pop() {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Err(eventstore::StoreError::Closed.into()),
        }
        self.count += events.len() as u64;
        match events.into_iter().fold(state, Batch::evolve) {
            Batch::Running(running) => {
                self.running = *running;
                Ok(Step::More)
            }
            Batch::Finished(_) | Batch::Absent => Ok(Step::Finished),
        }
    }

    /// One row's command: the same however often the row is worked on.
    fn execution(&self, line: u32, at: Timestamp) -> Execution {
        Execution {
            tenant: self.tenant,
            actor: self.actor.clone(),
            command: CommandId::derived(&[b"row", &self.id.bytes(), &line.to_be_bytes()]),
            fingerprint: None,
            causation: Some(self.cause),
            traceparent: trace::traceparent(),
            at,
        }
    }
}

fn refused(line: u32, refusal: RowRefusal) -> Fate {
    Fate::Known(RowOutcome::Refused { line, refusal })
}
