use std::sync::Arc;

use auth::{Permission, Principal};
use awarding_domain::{AwardId, Digest, Particulars, Stated, Template, credential_id};
use eventstore::EventStore;
use kernel::{TenantId, Timestamp};
use keyvault::KeyVault;
use moka::sync::Cache;
use openbadges::CredentialTemplate;
use proto::awarding::v1::{self as wire, AwardStatus};

use crate::{
    awards::{AwardRow, ClaimRow, SealedRow},
    trouble::{Outcome, Trouble},
};

/// What the reason of a revocation is sealed for.
pub(crate) const REASON: &str = "award-revocation";

/// Turns what is stored into what is shown: unseals what may be seen, writes credentials out.
pub(crate) struct Show {
    pub(crate) events: Arc<dyn EventStore>,
    pub(crate) vault: Arc<dyn KeyVault>,
    templates: Cache<(TenantId, Digest), Arc<CredentialTemplate>>,
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// Somebody of the tenant who may see people.
    People,
    /// Somebody of the tenant who may not.
    Tenant,
    /// Anybody: the name, as the credential's own page shows it, but no address.
    Public,
    /// The earner, whose data it is.
    Earner,
}

impl Eyes {
    /// What a member of the tenant may see of an issuer's awards.
    pub(crate) fn of(principal: &Principal, issuer: impl std::fmt::Display) -> Self {
        let people = principal.require_at(Permission::ReadPeople, &issuer.to_string());
        if people.is_ok() { Eyes::People } else { Eyes::Tenant }
    }
}

impl Show {
    pub(crate) fn new(events: Arc<dyn EventStore>, vault: Arc<dyn KeyVault>) -> Self {
        Self { events, vault, templates: Cache::new(1_000) }
    }

    /// What is sealed in an award; none when the person was erased.
    pub(crate) async fn particulars(
        &self,
        tenant: TenantId,
        row: &AwardRow,
    ) -> Outcome<Option<Particulars>> {
        let Some(sealed) = &row.particulars else { return Ok(None) };
        let Some(bytes) = self.unseal(tenant, row, Particulars::PURPOSE, sealed).await? else {
            return Ok(None);
        };
        let broken = || Trouble::broken("an award's sealed part cannot be read");
        Particulars::read(&bytes).map(Some).ok_or_else(broken)
    }

    async fn unseal(
        &self,
        tenant: TenantId,
        row: &AwardRow,
        purpose: &str,
        sealed: &SealedRow,
    ) -> Outcome<Option<Vec<u8>>> {
        let sealed = sealed.under(row.person);
        Ok(keyvault::unseal(&*self.vault, tenant, purpose, &sealed).await?)
    }

    /// An award as those eyes may see it.
    pub(crate) async fn award(
        &self,
        tenant: TenantId,
        id: AwardId,
        row: &AwardRow,
        eyes: Eyes,
        now: Timestamp,
    ) -> Outcome<wire::Award> {
        let particulars = self.particulars(tenant, row).await?;
        self.opened(tenant, id, row, particulars.as_ref(), eyes, now).await
    }

    /// The same and its credential exactly as it was signed; no bytes when the person was erased.
    pub(crate) async fn award_and_credential(
        &self,
        tenant: TenantId,
        id: AwardId,
        row: &AwardRow,
        eyes: Eyes,
        now: Timestamp,
    ) -> Outcome<(wire::Award, Vec<u8>)> {
        let particulars = self.particulars(tenant, row).await?;
        let award = self.opened(tenant, id, row, particulars.as_ref(), eyes, now).await?;
        let credential = match &particulars {
            Some(them) => self.credential(tenant, id, row, them).await?,
            None => vec![],
        };
        Ok((award, credential))
    }

    /// An award whose sealed part was opened already.
    async fn opened(
        &self,
        tenant: TenantId,
        id: AwardId,
        row: &AwardRow,
        particulars: Option<&Particulars>,
        eyes: Eyes,
        now: Timestamp,
    ) -> Outcome<wire::Award> {
        let mut award = shown(tenant, id, row, particulars, eyes, now);
        // Whoever relies on a credential may know why it no longer holds.
        let told = !matches!(eyes, Eyes::Tenant) && particulars.is_some();
        if let Some((_, Some(reason))) = row.revoked.as_ref().filter(|_| told) {
            let opened = self.unseal(tenant, row, REASON, reason).await?;
            award.revocation_reason =
                opened.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        }
        Ok(award)
    }

    /// The credential exactly as it was signed.
    pub(crate) async fn credential(
        &self,
        tenant: TenantId,
        id: AwardId,
        row: &AwardRow,
        particulars: &Particulars,
    ) -> Outcome<Vec<u8>> {
        let template = self.template(tenant, row.template).await?;
        let nowhere = || Trouble::broken("a recorded template has no status list");
        let fill = particulars.fill(Stated {
            credential_id: credential_id(&template, id).ok_or_else(nowhere)?,
            achieved_at: row.achieved_at.into(),
            issued_at: row.issued_at.into(),
            expires_at: row.expires_at.map(Timestamp::from),
            index: row.index,
        });
        Ok(template.fill(&fill, &particulars.signature))
    }

    async fn template(&self, tenant: TenantId, digest: Digest) -> Outcome<Arc<CredentialTemplate>> {
        if let Some(template) = self.templates.get(&(tenant, digest)) {
            return Ok(template);
        }
        let (template, _) = eventstore::load::<Template>(&*self.events, tenant, &digest).await?;
        let Template::Recorded(text) = template else { return Err(Trouble::missing()) };
        let template = CredentialTemplate::try_from(text)
            .map_err(|error| Trouble::fault("a recorded template cannot be read", &error))?;
        let template = Arc::new(template);
        self.templates.insert((tenant, digest), Arc::clone(&template));
        Ok(template)
    }
}

/// An award as those eyes may see it, without the reason of its revocation.
pub(crate) fn shown(
    tenant: TenantId,
    id: AwardId,
    row: &AwardRow,
    particulars: Option<&Particulars>,
    eyes: Eyes,
    now: Timestamp,
) -> wire::Award {
    let text = |at: Option<crate::awards::Millis>| {
        at.map(|at| Timestamp::from(at).to_string()).unwrap_or_default()
    };
    let recipient = particulars.filter(|_| eyes != Eyes::Tenant).map(|them| wire::Recipient {
        email: if eyes == Eyes::Public { String::new() } else { them.email.clone() },
        name: them.name.clone(),
    });
    let evidence = particulars.map(|them| them.evidence.iter().map(evidence).collect());
    let claimed = match row.claim {
        ClaimRow::Accepted(at) => Some(at),
        ClaimRow::Pending | ClaimRow::Declined(_) => None,
    };
    wire::Award {
        id: id.to_string(),
        tenant_id: tenant.to_string(),
        badge_id: row.badge.to_string(),
        badge_version: row.badge_version,
        issuer_id: row.issuer.to_string(),
        earner_id: if eyes == Eyes::Public { String::new() } else { row.person.to_string() },
        status: status(row, particulars.is_none(), now).into(),
        achieved_at: text(Some(row.achieved_at)),
        issued_at: text(Some(row.issued_at)),
        expires_at: text(row.expires_at),
        claimed_at: text(claimed),
        revoked_at: text(row.revoked.as_ref().map(|(at, _)| *at)),
        revocation_reason: String::new(),
        recipient,
        evidence: evidence.unwrap_or_default(),
        narrative: particulars.and_then(|them| them.narrative.clone()).unwrap_or_default(),
    }
}

fn status(row: &AwardRow, erased: bool, now: Timestamp) -> AwardStatus {
    let expired = row.expires_at.is_some_and(|at| Timestamp::from(at) <= now);
    match row.claim {
        _ if erased => AwardStatus::Erased,
        _ if row.revoked.is_some() => AwardStatus::Revoked,
        ClaimRow::Declined(_) => AwardStatus::Declined,
        _ if expired => AwardStatus::Expired,
        ClaimRow::Accepted(_) => AwardStatus::Active,
        ClaimRow::Pending => AwardStatus::PendingClaim,
    }
}

fn evidence(evidence: &openbadges::Evidence) -> wire::Evidence {
    wire::Evidence {
        name: evidence.name.clone().unwrap_or_default(),
        url: evidence.id.clone().unwrap_or_default(),
        description: evidence.description.clone().unwrap_or_default(),
    }
}
