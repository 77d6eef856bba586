use auth::{Kind, Permission, Principal};
use awarding_domain::{Award, AwardCommand, AwardId, Made};
use eventstore::{Execution, carry_out, load};
use kernel::{Class, TenantId};
use keyvault::Owner;
use proto::{
    awarding::v1::{
        self as wire, AcceptAwardRequest, AcceptAwardResponse, DeclineAwardRequest,
        DeclineAwardResponse, RevokeAwardRequest, RevokeAwardResponse,
    },
    write::v1::Written,
};
use runtime::{command, status};

use crate::{
    awards::AwardRow,
    rights::reach,
    role::Awarding,
    show::{Eyes, REASON},
    terms::award_id,
    trouble::{Outcome, Trouble},
};

/// Characters of a reason.
const LONGEST_REASON: usize = 1_000;

impl Awarding {
    /// Takes an award back; doing it again changes nothing.
    pub(crate) async fn revoke_award(
        &self,
        principal: &Principal,
        execution: Execution,
        request: RevokeAwardRequest,
    ) -> Outcome<RevokeAwardResponse> {
        let id = award_id(&request.award_id)?;
        let made = self.made(execution.tenant, id).await?;
        reach(principal, Permission::RevokeAwards, made.created.issuer)?;
        let reason = request.reason.trim();
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if reason.chars().count() > LONGEST_REASON || reason.chars().any(control) {
            return Err(Trouble::invalid(
                "/reason",
                "a reason is a text of at most 1000 characters",
            ));
        }
        let sealed = &made.created.particulars;
        let owner = Owner::new(execution.tenant, made.created.person);
        let reason = match self.vault.key(&owner, sealed.key_version).await? {
            Some(key) if !reason.is_empty() => {
                Some(key.seal(&owner, REASON, reason.as_bytes(), rand::random()))
            }
            Some(_) => None,
            None => return Err(erased()),
        };
        let command = AwardCommand::Revoke { at: execution.at, reason };
        let (award, written) =
            self.change(&execution, id, command, Eyes::of(principal, made.created.issuer)).await?;
        Ok(RevokeAwardResponse { award: Some(award), written: Some(written) })
    }

    /// The earner's yes.
    pub(crate) async fn accept_award(
        &self,
        principal: &Principal,
        execution: Execution,
        request: AcceptAwardRequest,
    ) -> Outcome<AcceptAwardResponse> {
        let (execution, id) = self.own(principal, execution, &request.award_id).await?;
        let command = AwardCommand::Accept { at: execution.at };
        let (award, written) = self.change(&execution, id, command, Eyes::Earner).await?;
        Ok(AcceptAwardResponse { award: Some(award), written: Some(written) })
    }

    /// The earner's no. The award stays valid: only its issuer can take it back.
    pub(crate) async fn decline_award(
        &self,
        principal: &Principal,
        execution: Execution,
        request: DeclineAwardRequest,
    ) -> Outcome<DeclineAwardResponse> {
        let (execution, id) = self.own(principal, execution, &request.award_id).await?;
        let command = AwardCommand::Decline { at: execution.at };
        let (award, written) = self.change(&execution, id, command, Eyes::Earner).await?;
        Ok(DeclineAwardResponse { award: Some(award), written: Some(written) })
    }

    /// The earner's own award, and the command as one in the award's tenant.
    async fn own(
        &self,
        principal: &Principal,
        mut execution: Execution,
        award: &str,
    ) -> Outcome<(Execution, AwardId)> {
        if principal.kind != Kind::Earner {
            return Err(auth::Denied { permission: Permission::AwardBadges }.into());
        }
        let id = award_id(award)?;
        execution.tenant = self.tenant_of(id).await?.ok_or_else(Trouble::missing)?;
        let made = self.made(execution.tenant, id).await?;
        if made.created.earner.to_string() != principal.subject {
            return Err(Trouble::missing());
        }
        if self.is_erased(execution.tenant, &made).await? {
            return Err(erased());
        }
        Ok((execution, id))
    }

    pub(crate) async fn made(&self, tenant: TenantId, id: AwardId) -> Outcome<Made> {
        match load::<Award>(&*self.events, tenant, &id).await?.0 {
            Award::Made(made) => Ok(*made),
            Award::Absent => Err(Trouble::missing()),
        }
    }

    async fn change(
        &self,
        execution: &Execution,
        id: AwardId,
        command: AwardCommand,
        eyes: Eyes,
    ) -> Outcome<(wire::Award, Written)> {
        let (award, done) = carry_out::<Award>(&*self.events, execution, &id, command).await?;
        let Award::Made(made) = award else {
            return Err(Trouble::Failed(status::missing()));
        };
        let row = AwardRow::of(*made);
        let award = self.show.award(execution.tenant, id, &row, eyes, self.clock.now()).await?;
        Ok((award, command::written(done)))
    }
}

fn erased() -> Trouble {
    let message = "this person was erased, and what was awarded to them withdrawn";
    Trouble::refused(Class::Conflict, "EARNER_ERASED", message)
}
