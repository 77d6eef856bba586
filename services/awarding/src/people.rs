use auth::{Permission, Principal};
use awarding_domain::{AwardId, ErasedAward, Person, PersonCommand};
use eventstore::{Execution, execute};
use kernel::{EmailAddress, SubjectId, TenantId, Timestamp};
use keyvault::Owner;
use proto::awarding::v1::{
    Earner, EraseEarnerRequest, EraseEarnerResponse, GetEarnerRequest, GetEarnerResponse,
    ListEarnersRequest, ListEarnersResponse, Recipient,
};
use readmodel::{Direction, Key, Scan, tables};
use runtime::command;

use crate::{
    awards::{
        AwardRow, BY_PERSON, COUNT, EARNERS, EARNERS_COUNTED, EarnerRow, award_key, earner_key,
    },
    naming::Naming,
    pages::{List, page},
    role::Awarding,
    trouble::{Outcome, Trouble},
};

/// Rows of one walk.
const WALK: usize = 1_000;

impl Awarding {
    pub(crate) async fn get_earner(
        &self,
        principal: &Principal,
        request: GetEarnerRequest,
    ) -> Outcome<GetEarnerResponse> {
        let tenant = principal.tenant;
        let person = match (request.earner_id.as_str(), request.email.as_str()) {
            (id, "") => person_id(id)?,
            ("", email) => {
                principal.require(Permission::ReadPeople)?;
                let email: EmailAddress =
                    email.parse().map_err(|error: kernel::InvalidEmail| {
                        Trouble::invalid("/email", &error.to_string())
                    })?;
                Naming::of(&*self.vault, tenant).await?.person(&email)
            }
            _ => {
                return Err(Trouble::invalid(
                    "/email",
                    "give an earner's id or an address, not both",
                ));
            }
        };
        let row = self.earner_row(tenant, person).await?.ok_or_else(Trouble::missing)?;
        let earner = self.earner(principal, person, &row).await?;
        Ok(GetEarnerResponse { earner: Some(earner) })
    }

    pub(crate) async fn list_earners(
        &self,
        principal: &Principal,
        request: ListEarnersRequest,
    ) -> Outcome<ListEarnersResponse> {
        let tenant = principal.tenant;
        let total = self.awards.count(&Key::new(tenant, COUNT, EARNERS_COUNTED)).await?;
        let direction = Direction::Backward;
        let list = List { tenant, table: EARNERS, prefix: vec![], direction, total };
        let (rows, info) = page(&self.awards, list, request.page).await?;
        let people: Vec<SubjectId> =
            rows.iter().filter_map(|(place, _)| tables::id_at(place)).collect();
        let keys: Vec<Key> = people.iter().map(|person| earner_key(tenant, *person)).collect();
        let mut earners = Vec::with_capacity(people.len());
        for (person, row) in people.into_iter().zip(self.awards.get_many(&keys).await?) {
            let Some(row) = row else { continue };
            earners.push(self.earner(principal, person, &self.awards.decode(&row)?).await?);
        }
        Ok(ListEarnersResponse { earners, page: Some(info) })
    }

    /// Makes everything about a person unreadable for good: the fact first, then the keys, then the
    /// letters. What a crash leaves undone, the erasure policy does.
    pub(crate) async fn erase_earner(
        &self,
        execution: Execution,
        request: EraseEarnerRequest,
    ) -> Outcome<EraseEarnerResponse> {
        let (tenant, person) = (execution.tenant, person_id(&request.earner_id)?);
        self.catch_up(&self.awards).await?;
        let row = self.earner_row(tenant, person).await?.ok_or_else(Trouble::missing)?;
        let (key_version, awards) = (row.key_version, self.standing_awards(tenant, person).await?);
        let known_by = awards.first().map(|erased| erased.award);
        let command = PersonCommand::Erase { key_version, awards };
        let done = execute::<Person>(&*self.events, &execution, &person, command).await?;
        self.destroy(tenant, person, key_version, known_by).await?;
        let erased_at = row.erasure().unwrap_or(execution.at);
        let earner = Earner {
            id: person.to_string(),
            recipient: None,
            awards: row.awards.into(),
            first_awarded_at: Timestamp::from(row.first_awarded_at).to_string(),
            erased_at: erased_at.to_string(),
        };
        Ok(EraseEarnerResponse { earner: Some(earner), written: Some(command::written(done)) })
    }

    /// Destroys a key that an erasure names, unless the person has come back under a later one, and
    /// the letters that were kept: those about awards, and those to the earner that one of the
    /// awards names, such as sign-in links.
    pub(crate) async fn destroy(
        &self,
        tenant: TenantId,
        person: SubjectId,
        key_version: u32,
        known_by: Option<AwardId>,
    ) -> Outcome<()> {
        let owner = Owner::new(tenant, person);
        for version in 1..=key_version {
            if self.vault.key(&owner, version).await?.is_some() {
                self.vault.destroy(&owner).await?;
            }
        }
        let mut letters_to = vec![owner.subject];
        if let Some(award) = known_by {
            letters_to.push(self.made(tenant, award).await?.created.earner.to_string());
        }
        for addressee in letters_to {
            self.context.stores.mailer.forget(&addressee).await.map_err(|error| {
                Trouble::for_now("letters to an erased person are still kept", &error)
            })?;
        }
        Ok(())
    }

    /// The person's awards that are not erased.
    async fn standing_awards(
        &self,
        tenant: TenantId,
        person: SubjectId,
    ) -> Outcome<Vec<ErasedAward>> {
        let (mut standing, mut after) = (Vec::new(), None);
        loop {
            let scan = Scan {
                tenant,
                table: BY_PERSON,
                prefix: person.bytes().to_vec(),
                after: after.take(),
                before: None,
                direction: Direction::Forward,
                limit: WALK,
            };
            let index = self.awards.scan(&scan).await?;
            let ids: Vec<AwardId> = index.iter().filter_map(|(id, _)| tables::id_at(id)).collect();
            let keys: Vec<Key> = ids.iter().map(|id| award_key(tenant, *id)).collect();
            for (award, row) in ids.into_iter().zip(self.awards.get_many(&keys).await?) {
                let Some(row) = row else { continue };
                let row: AwardRow = self.awards.decode(&row)?;
                if row.particulars.is_some() {
                    standing.push(ErasedAward { award, list: row.list, index: row.index });
                }
            }
            match index.last() {
                Some((last, _)) if index.len() == WALK => after = Some(last.clone()),
                _ => return Ok(standing),
            }
        }
    }

    async fn earner_row(&self, tenant: TenantId, person: SubjectId) -> Outcome<Option<EarnerRow>> {
        Ok(self.awards.read(&earner_key(tenant, person)).await?)
    }

    async fn earner(
        &self,
        principal: &Principal,
        person: SubjectId,
        row: &EarnerRow,
    ) -> Outcome<Earner> {
        let tenant = principal.tenant;
        let may_see = principal.require(Permission::ReadPeople).is_ok();
        let newest = match row.newest.filter(|_| may_see) {
            Some(award) => self.award_row(tenant, award).await?,
            None => None,
        };
        let particulars = match newest {
            Some(award) => self.show.particulars(tenant, &award).await?,
            None => None,
        };
        Ok(Earner {
            id: person.to_string(),
            recipient: particulars.map(|them| Recipient { email: them.email, name: them.name }),
            awards: row.awards.into(),
            first_awarded_at: Timestamp::from(row.first_awarded_at).to_string(),
            erased_at: row.erasure().map(|at| at.to_string()).unwrap_or_default(),
        })
    }
}

fn person_id(text: &str) -> Outcome<SubjectId> {
    text.parse().map_err(|error| Trouble::invalid_id("/earnerId", error))
}
