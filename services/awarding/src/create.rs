use std::sync::Arc;

use auth::{Permission, Principal};
use awarding_domain::{Award, AwardId, Made, Person};
use design_domain::BadgeId;
use eventstore::{AppendError, Appended, Execution, Write, load_for};
use kernel::{Class, Position, SubjectId, TenantId, Timestamp};
use proto::{
    awarding::v1::{CreateAwardRequest, CreateAwardResponse},
    write::v1::Written,
};
use readmodel::Key;
use runtime::Refusal;
use uuid::Uuid;

use crate::{
    awards::{AwardRow, asked_key, award_key},
    badges::Ready,
    issue::{Draft, Issued},
    naming::Naming,
    rights::{reach, reach_badge},
    role::Awarding,
    show::{Eyes, shown},
    terms::{Fault, Terms, Typed, TypedEvidence},
    trouble::{Outcome, Trouble},
};

/// What stands where an award would go.
pub(crate) enum Room {
    /// Nothing, under this name.
    Free { award: AwardId, generation: u32 },
    /// This very command made it.
    Ours { award: AwardId, made: Box<Made>, position: Position },
}

/// How often one badge can be given to one person, each time after the last was taken back.
const GENERATIONS: u32 = 256;
/// How often a write whose outcome is unknown is sent.
const ATTEMPTS: usize = 3;

impl Awarding {
    /// The badge, if it can be awarded. Who works for single issuers learns nothing of the badges of
    /// others, not even why they cannot be awarded.
    pub(crate) async fn ready_for(
        &self,
        principal: &Principal,
        tenant: TenantId,
        badge: BadgeId,
    ) -> Outcome<Arc<Ready>> {
        let ready = self.badges.ready(tenant, badge).await;
        if ready.is_err()
            && principal.require(Permission::Read).is_err()
            && let Some(issuer) = self.badges.issuer_of(tenant, badge).await?
        {
            reach_badge(principal, issuer)?;
        }
        ready
    }

    /// What the read model knows: the fingerprint of the request that came under this command id
    /// before (from memory when it is too new for the read model), and of the award to be made
    /// whether it perhaps was.
    async fn known(
        &self,
        execution: &Execution,
        award: Option<AwardId>,
    ) -> Outcome<(Option<Uuid>, bool)> {
        let tenant = execution.tenant;
        let recent = self.recent.get(&execution.command);
        let mut keys: Vec<Key> = award.map(|award| award_key(tenant, award)).into_iter().collect();
        if recent.is_none() {
            keys.push(asked_key(tenant, execution.command));
        }
        let mut rows = self.awards.get_many(&keys).await?.into_iter();
        let made = award.is_none_or(|_| rows.next().flatten().is_some());
        let asked = rows.next().flatten().map(|row| self.awards.decode::<[u8; 16]>(&row));
        Ok((recent.or(asked.transpose()?.map(Uuid::from_bytes)), made))
    }

    /// Gives one badge to one person; signed and durable when it returns.
    pub(crate) async fn create_award(
        &self,
        principal: &Principal,
        execution: Execution,
        request: CreateAwardRequest,
    ) -> Outcome<CreateAwardResponse> {
        let tenant = execution.tenant;
        let badge: BadgeId =
            request.badge_id.parse().map_err(|error| Trouble::invalid_id("/badgeId", error))?;
        let naming = Naming::of(&*self.vault, tenant).await?;
        let address = request.recipient.as_ref().and_then(|to| to.email.parse().ok());
        let first = address.map(|address| naming.award(badge, naming.person(&address), 0));
        let (asked, perhaps_made) = self.known(&execution, first).await?;
        if asked.is_some_and(|asked| Some(asked) != execution.fingerprint) {
            return Err(Trouble::mismatch());
        }
        let typed_evidence: Vec<TypedEvidence<'_>> = request
            .evidence
            .iter()
            .map(|e| TypedEvidence { name: &e.name, url: &e.url, description: &e.description })
            .collect();
        let recipient = request.recipient.as_ref();
        let typed = Typed {
            email: recipient.map_or("", |to| &to.email),
            name: recipient.map_or("", |to| &to.name),
            achieved_at: &request.achieved_at,
            expires_at: &request.expires_at,
            narrative: &request.narrative,
            notify: request.notify,
        };
        let ready = self.ready_for(principal, tenant, badge).await;
        let days = ready.as_ref().ok().and_then(|ready| ready.expires_after_days);
        let terms = Terms::check(typed, &typed_evidence, execution.at, days).map_err(invalid)?;
        let (person, earner) = (naming.person(&terms.email), naming.earner(&terms.email));
        // What the read model does not know of was made a moment ago at most. Then the log refuses
        // to have it made again, and is asked.
        let may_guess = ready.is_ok() && !perhaps_made && !request.validate_only;
        let mut unmade = first.filter(|_| may_guess);
        for _ in 0..ATTEMPTS {
            let room = match unmade.take() {
                Some(award) => Room::Free { award, generation: 0 },
                None => self.room(&naming, badge, person, &execution).await?,
            };
            let (award, generation) = match room {
                Room::Free { award, generation } => (award, generation),
                Room::Ours { award, made, position } => {
                    reach(principal, Permission::AwardBadges, made.created.issuer)?;
                    return self.repeated(principal, tenant, award, *made, position).await;
                }
            };
            // A repeat is answered even when the badge can be awarded no more; a new award is not.
            let ready = match &ready {
                Ok(ready) => Arc::clone(ready),
                Err(_) => self.ready_for(principal, tenant, badge).await?,
            };
            reach_badge(principal, ready.issuer)?;
            if request.validate_only {
                return Ok(CreateAwardResponse { award: None, written: None });
            }
            let (terms, execution) = (terms.clone(), execution.clone());
            let draft = || Draft {
                award,
                generation,
                person,
                earner,
                terms: terms.clone(),
                execution: execution.clone(),
            };
            let issued = match self.issue_one(&ready, draft()).await {
                Err(Trouble::Failed(status)) if is_retired(&status) => {
                    // The key was rotated since the catalogue was read.
                    self.badges.catch_up().await?;
                    let ready = self.badges.ready(tenant, badge).await?;
                    self.issue_one(&ready, draft()).await?
                }
                issued => issued?,
            };
            match self.append(issued.write.clone()).await {
                Ok(appended) if !appended.repeated => {
                    if let Some(fingerprint) = execution.fingerprint {
                        self.recent.insert(execution.command, fingerprint);
                    }
                    let eyes = Eyes::of(principal, ready.issuer);
                    return Ok(answer(tenant, issued, appended, eyes, execution.at));
                }
                // Somebody was faster: perhaps this very command.
                Ok(_) | Err(AppendError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppendError::Conflict {
            expected: eventstore::Expected::NoStream,
            actual: eventstore::Expected::Revision(0),
        }
        .into())
    }

    async fn issue_one(&self, ready: &Arc<crate::badges::Ready>, draft: Draft) -> Outcome<Issued> {
        let mut issued = self.issuing.issue(&self.badges, ready, vec![draft]).await?;
        issued.pop().unwrap_or_else(|| Err(Trouble::missing()))
    }

    /// Appends one write, sending it again as it is while nobody knows whether it happened.
    async fn append(&self, write: Write) -> Result<Appended, AppendError> {
        let mut outcome = Err(AppendError::Unavailable("nothing was sent".into()));
        for _ in 0..ATTEMPTS {
            let mut answers = self.events.append(vec![write.clone()]).await;
            outcome = answers.pop().unwrap_or(outcome);
            if !matches!(outcome, Err(AppendError::Unknown(_))) {
                break;
            }
        }
        outcome
    }

    /// Whether each of these awards was perhaps made, as the read model tells it at once: asking the
    /// log takes a call for each.
    pub(crate) async fn perhaps_made(
        &self,
        tenant: TenantId,
        awards: &[AwardId],
    ) -> Vec<(AwardId, bool)> {
        let keys: Vec<Key> = awards.iter().map(|award| award_key(tenant, *award)).collect();
        match self.awards.get_many(&keys).await {
            Ok(rows) => awards.iter().copied().zip(rows.iter().map(Option::is_some)).collect(),
            // Then the log tells.
            Err(_) => awards.iter().map(|award| (*award, true)).collect(),
        }
    }

    /// Where the next award of that badge to that person goes, if they do not hold it.
    pub(crate) async fn room(
        &self,
        naming: &Naming,
        badge: BadgeId,
        person: SubjectId,
        execution: &Execution,
    ) -> Outcome<Room> {
        let tenant = execution.tenant;
        for generation in 0..GENERATIONS {
            let award = naming.award(badge, person, generation);
            let loaded = load_for::<Award>(&*self.events, execution, &award).await?;
            let Award::Made(made) = loaded.state else {
                return Ok(Room::Free { award, generation });
            };
            if let Some(position) = loaded.done {
                return Ok(Room::Ours { award, made, position });
            }
            if !made.is_over() && !self.is_erased(tenant, &made).await? {
                let message = "this person already holds this badge: revoke that award first to award it anew";
                let refusal = Refusal::new("DUPLICATE_AWARD", message)
                    .at("/recipient/email")
                    .with("award", award.to_string());
                return Err(Trouble::Refused(Class::Conflict, refusal));
            }
        }
        let message = "this badge was awarded to this person too often: use another badge";
        Err(Trouble::refused(Class::Exhausted, "LIMIT_EXCEEDED", message))
    }

    /// Whether what was sealed in an award is erased.
    pub(crate) async fn is_erased(&self, tenant: TenantId, made: &Made) -> Outcome<bool> {
        let created = &made.created;
        let (person, _) =
            eventstore::load::<Person>(&*self.events, tenant, &created.person).await?;
        Ok(person.is_erased(created.particulars.key_version))
    }

    async fn repeated(
        &self,
        principal: &Principal,
        tenant: TenantId,
        award: AwardId,
        made: Made,
        position: Position,
    ) -> Outcome<CreateAwardResponse> {
        let eyes = Eyes::of(principal, made.created.issuer);
        let row = AwardRow::of(made);
        let award = self.show.award(tenant, award, &row, eyes, self.clock.now()).await?;
        let written = Written { position: position.0, replayed: true };
        Ok(CreateAwardResponse { award: Some(award), written: Some(written) })
    }
}

fn invalid(fault: Fault) -> Trouble {
    let refusal = Refusal::new(fault.field.code(), fault.message).at(fault.field.path());
    Trouble::Refused(Class::Invalid, refusal)
}

pub(crate) fn is_retired(status: &tonic::Status) -> bool {
    Refusal::of(status).code == "KEY_RETIRED"
}

/// The award from what was just made of it: no read model is waited for.
fn answer(
    tenant: TenantId,
    issued: Issued,
    appended: Appended,
    eyes: Eyes,
    now: Timestamp,
) -> CreateAwardResponse {
    let Issued { award, created, particulars, .. } = issued;
    let row = AwardRow::new(created);
    let award = shown(tenant, award, &row, Some(&particulars), eyes, now);
    let written = Written { position: appended.position.0, replayed: appended.repeated };
    CreateAwardResponse { award: Some(award), written: Some(written) }
}
