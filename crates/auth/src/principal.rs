use kernel::{Actor, OrganizationId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Grant, Permission, Role, Scope};

/// What kind of caller it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Who runs this deployment.
    Operator,
    /// A person who works for an organization.
    Member,
    /// A program of an organization.
    Client,
    /// A person who holds awards.
    Earner,
    /// A role of this system.
    Service,
}

/// Who calls, by a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The typed id (`member_…`, `client_…`, `earner_…`), `service:` and a role, or `operator`.
    pub subject: String,
    /// What kind of caller.
    pub kind: Kind,
    /// Whose member or client, if anybody's.
    pub organization: Option<OrganizationId>,
    /// Where the caller acts: the only source of a tenant there is.
    pub tenant: TenantId,
    /// What was granted, as far as it concerns this tenant.
    pub grants: Vec<Grant>,
    /// From when the token is.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Which token.
    pub token_id: Uuid,
}

/// The caller may not do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("you may not {} here: ask an administrator for a role that may", .permission.text())]
pub struct Denied {
    /// What was missing.
    pub permission: Permission,
}

impl Denied {
    /// The stable code.
    pub const CODE: &'static str = "NOT_PERMITTED";
}

impl Principal {
    /// Who runs this deployment, acting in a tenant.
    #[must_use]
    pub fn operator(
        tenant: TenantId,
        issued_at: Timestamp,
        expires_at: Timestamp,
        token_id: Uuid,
    ) -> Self {
        Self {
            subject: "operator".to_owned(),
            kind: Kind::Operator,
            organization: None,
            tenant,
            grants: vec![Grant { role: Role::Owner, scope: Scope::Organization }],
            issued_at,
            expires_at,
            token_id,
        }
    }

    /// Nothing when the caller has the permission in the whole tenant.
    ///
    /// # Errors
    /// [`Denied`] when no grant at tenant or organization level includes it.
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        self.permitted(permission, None)
    }

    /// Nothing when the caller has the permission for that issuer, by its id in text form.
    ///
    /// # Errors
    /// [`Denied`] when no grant that reaches the issuer includes it.
    pub fn require_at(&self, permission: Permission, issuer: &str) -> Result<(), Denied> {
        self.permitted(permission, Some(issuer))
    }

    fn permitted(&self, permission: Permission, at: Option<&str>) -> Result<(), Denied> {
        let reaches = |scope: &Scope| match scope {
            Scope::Organization => true,
            Scope::Tenant => !permission.concerns_organization(),
            Scope::Issuer(issuer) => {
                !permission.concerns_organization() && at == Some(issuer.as_str())
            }
        };
        let granted = self.grants.iter().any(|g| g.role.permits(permission) && reaches(&g.scope));
        if granted { Ok(()) } else { Err(Denied { permission }) }
    }

    /// The name under which facts remember the caller.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self.subject.strip_prefix("service:") {
            Some(role) => Actor::system(role),
            None => Actor::of(&self.subject),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(role: Role, scope: Scope) -> Principal {
        let mut principal = Principal::operator(
            TenantId::PLATFORM,
            Timestamp::default(),
            Timestamp::default(),
            Uuid::nil(),
        );
        principal.grants = vec![Grant { role, scope }];
        principal
    }

    #[test]
    fn a_grant_reaches_down_and_never_up_or_sideways() {
        let issuer = || Scope::Issuer("issuer_1".to_owned());
        for (scope, tenant, here, elsewhere) in [
            (Scope::Organization, true, true, true),
            (Scope::Tenant, true, true, true),
            (issuer(), false, true, false),
        ] {
            let awarder = with(Role::Awarder, scope);
            let award = Permission::AwardBadges;
            assert_eq!(awarder.require(award).is_ok(), tenant);
            assert_eq!(awarder.require_at(award, "issuer_1").is_ok(), here);
            assert_eq!(awarder.require_at(award, "issuer_2").is_ok(), elsewhere);
        }
    }

    #[test]
    fn tenants_are_managed_at_organization_level_only() {
        assert!(with(Role::Admin, Scope::Organization).require(Permission::ManageTenants).is_ok());
        assert!(with(Role::Owner, Scope::Tenant).require(Permission::ManageTenants).is_err());
    }

    #[test]
    fn each_role_may_what_the_table_says() {
        use Permission::*;
        let all = [
            ManageOrganization,
            ManageTenants,
            ManageMembers,
            ManageClients,
            ManageIssuers,
            ManageKeys,
            DesignBadges,
            AwardBadges,
            RevokeAwards,
            ErasePeople,
            ReadPeople,
            ReadAnalytics,
            Read,
        ];
        let table: [(Role, &[Permission]); 6] = [
            (Role::Owner, &all),
            (Role::Admin, &all[1..]),
            (Role::Designer, &[DesignBadges, Read]),
            (Role::Awarder, &[AwardBadges, RevokeAwards, ReadPeople, Read]),
            (Role::Analyst, &[ReadAnalytics, Read]),
            (Role::Viewer, &[Read]),
        ];
        for (role, may) in table {
            let principal = with(role, Scope::Organization);
            for permission in all {
                let permitted = principal.require(permission).is_ok();
                assert_eq!(permitted, may.contains(&permission), "{role:?} {permission:?}");
            }
        }
    }

    #[test]
    fn facts_remember_services_as_the_system() {
        let mut principal = with(Role::Owner, Scope::Tenant);
        assert_eq!(principal.actor().as_str(), "operator");
        principal.subject = "service:awarding".to_owned();
        assert_eq!(principal.actor().as_str(), "system:awarding");
    }
}
