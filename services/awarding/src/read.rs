use auth::{Permission, Principal};
use awarding_domain::AwardId;
use design_domain::BadgeId;
use kernel::{SubjectId, TenantId};
use proto::awarding::v1::{
    self as wire, GetAwardRequest, GetAwardResponse, GetAwardsRequest, GetAwardsResponse,
    GetPublicAwardRequest, GetPublicAwardResponse, ListAwardsRequest, ListAwardsResponse,
};
use readmodel::{Direction, Key, View, tables};
use runtime::{call, lookup};

use crate::{
    awards::{
        AWARD, AwardRow, BY_BADGE, BY_PERSON, BY_TIME, COUNT, EarnerRow, award_key, earner_key,
    },
    pages::{List, page},
    rights::reach,
    role::Awarding,
    show::Eyes,
    terms::award_id,
    trouble::{Outcome, Trouble},
};

/// Awards of one request.
const MOST: usize = 100;

impl Awarding {
    /// Waits until a view holds everything that has happened so far.
    pub(crate) async fn catch_up(&self, view: &View) -> Outcome<()> {
        Ok(call::caught_up(&self.context, view).await?)
    }

    /// Whose award it is.
    pub(crate) async fn tenant_of(&self, award: AwardId) -> Outcome<Option<TenantId>> {
        Ok(lookup::tenant_of(&self.context, &self.awards, award).await?)
    }

    pub(crate) async fn award_row(
        &self,
        tenant: TenantId,
        id: AwardId,
    ) -> Outcome<Option<AwardRow>> {
        Ok(self.awards.read(&award_key(tenant, id)).await?)
    }

    pub(crate) async fn get_award(
        &self,
        principal: &Principal,
        request: GetAwardRequest,
    ) -> Outcome<GetAwardResponse> {
        let (id, tenant) = (award_id(&request.award_id)?, principal.tenant);
        let row = self.award_row(tenant, id).await?.ok_or_else(Trouble::missing)?;
        reach(principal, Permission::Read, row.issuer)?;
        let eyes = Eyes::of(principal, row.issuer);
        let now = self.clock.now();
        let (award, credential) =
            self.show.award_and_credential(tenant, id, &row, eyes, now).await?;
        Ok(GetAwardResponse { award: Some(award), credential })
    }

    pub(crate) async fn get_awards(
        &self,
        principal: &Principal,
        request: GetAwardsRequest,
    ) -> Outcome<GetAwardsResponse> {
        if request.award_ids.len() > MOST {
            return Err(Trouble::invalid("/awardIds", "at most 100 awards at once: ask for fewer"));
        }
        let ids = request.award_ids.iter().map(|id| award_id(id)).collect::<Outcome<Vec<_>>>()?;
        let awards = self.awards_of(principal, &ids).await?;
        Ok(GetAwardsResponse { awards })
    }

    pub(crate) async fn list_awards(
        &self,
        principal: &Principal,
        request: ListAwardsRequest,
    ) -> Outcome<ListAwardsResponse> {
        let tenant = principal.tenant;
        let ListAwardsRequest { page: wanted, badge_id, earner_id } = request;
        let (table, prefix, total) = match (badge_id.as_str(), earner_id.as_str()) {
            ("", "") => {
                principal.require(Permission::Read)?;
                (BY_TIME, vec![], self.awards.count(&Key::new(tenant, COUNT, [])).await?)
            }
            (badge, "") => {
                let badge: BadgeId =
                    badge.parse().map_err(|error| Trouble::invalid_id("/badgeId", error))?;
                match self.badges.issuer_of(tenant, badge).await? {
                    Some(issuer) => reach(principal, Permission::Read, issuer)?,
                    // As much as they learn of a badge that is out of their reach.
                    None => principal.require(Permission::Read).map_err(|_| Trouble::missing())?,
                }
                let prefix = badge.bytes().to_vec();
                let total = self.awards.count(&Key::new(tenant, COUNT, prefix.clone())).await?;
                (BY_BADGE, prefix, total)
            }
            ("", person) => {
                let person: SubjectId =
                    person.parse().map_err(|error| Trouble::invalid_id("/earnerId", error))?;
                principal.require(Permission::Read)?;
                let row: Option<EarnerRow> = self.awards.read(&earner_key(tenant, person)).await?;
                let total = row.map_or(0, |row| i64::from(row.awards));
                (BY_PERSON, person.bytes().to_vec(), total)
            }
            _ => {
                let message = "ask for the awards of a badge or of an earner, not both";
                return Err(Trouble::invalid("/earnerId", message));
            }
        };
        let list = List { tenant, table, prefix, direction: Direction::Backward, total };
        let (rows, info) = page(&self.awards, list, wanted).await?;
        let ids: Vec<AwardId> = rows.iter().filter_map(|(place, _)| tables::id_at(place)).collect();
        let awards = self.awards_of(principal, &ids).await?;
        Ok(ListAwardsResponse { awards, page: Some(info) })
    }

    /// Those that are there and within reach, in the order asked.
    async fn awards_of(&self, principal: &Principal, ids: &[AwardId]) -> Outcome<Vec<wire::Award>> {
        let (tenant, now) = (principal.tenant, self.clock.now());
        let keys: Vec<Key> = ids.iter().map(|id| Key::new(tenant, AWARD, id.bytes())).collect();
        let rows = self.awards.get_many(&keys).await?;
        let mut awards = Vec::with_capacity(ids.len());
        for (id, row) in ids.iter().zip(rows) {
            let Some(row) = row else { continue };
            let row: AwardRow = self.awards.decode(&row)?;
            if reach(principal, Permission::Read, row.issuer).is_ok() {
                let eyes = Eyes::of(principal, row.issuer);
                awards.push(self.show.award(tenant, *id, &row, eyes, now).await?);
            }
        }
        Ok(awards)
    }

    /// What anyone may see. The name is there, as in the credential's page; the address is not.
    pub(crate) async fn public_award(
        &self,
        request: GetPublicAwardRequest,
    ) -> Outcome<GetPublicAwardResponse> {
        let id = award_id(&request.award_id)?;
        let tenant = self.tenant_of(id).await?.ok_or_else(Trouble::missing)?;
        // Before the row is read: it is at least as new.
        let position = self.awards.applied()?.0;
        let row = self.award_row(tenant, id).await?.ok_or_else(Trouble::missing)?;
        let (now, eyes) = (self.clock.now(), Eyes::Public);
        let (award, credential) = if request.summary {
            (self.show.award(tenant, id, &row, eyes, now).await?, vec![])
        } else {
            self.show.award_and_credential(tenant, id, &row, eyes, now).await?
        };
        Ok(GetPublicAwardResponse { award: Some(award), credential, position })
    }
}
