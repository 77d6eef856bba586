//! Grants: as they arrive, as they are shown, as they stand in a token, and who may give them.

use auth::{Denied, Permission, Principal};
use eventstore::EventStore;
use issuers_domain::{Grant, GrantRejection, Grants, Issuer, Role, Scope, Tenant};
use kernel::{OrganizationId, Rejection, TenantId};
use proto::issuers::v1 as wire;
use runtime::{command, status};
use tonic::Status;

use crate::input;

/// The grants in `/grants`.
///
/// # Errors
/// `INVALID_INPUT`, `INVALID_ID`.
pub(crate) fn read(grants: &[wire::Grant]) -> Result<Grants, Status> {
    const PATH: &str = "/grants";
    // Before anything is read of a list without end.
    if grants.len() > 1_000 {
        return Err(status::of_rejection(&GrantRejection::Number));
    }
    let mut read = Vec::with_capacity(grants.len());
    for grant in grants {
        let role = match grant.role() {
            wire::Role::Owner => Role::Owner,
            wire::Role::Admin => Role::Admin,
            wire::Role::Designer => Role::Designer,
            wire::Role::Awarder => Role::Awarder,
            wire::Role::Analyst => Role::Analyst,
            wire::Role::Viewer => Role::Viewer,
            wire::Role::Unspecified => return Err(refused("name the role of each grant")),
        };
        let scope = match (grant.tenant_id.as_str(), grant.issuer_id.as_str()) {
            ("", "") => Scope::Organization,
            ("", _) => return Err(refused("name the tenant of an issuer, too")),
            (tenant, "") => Scope::Tenant(input::id(tenant, PATH)?),
            (tenant, issuer) => {
                let (tenant, issuer) = (input::id(tenant, PATH)?, input::id(issuer, PATH)?);
                Scope::Issuer { tenant, issuer }
            }
        };
        read.push(Grant { role, scope });
    }
    Grants::new(read).map_err(|rejection| status::of_rejection(&rejection))
}

fn refused(message: &str) -> Status {
    let rejection = GrantRejection::Number;
    status::rejected(rejection.code(), rejection.class(), message, rejection.path(), &[])
}

/// The grants as callers see them.
pub(crate) fn shown(grants: &Grants) -> Vec<wire::Grant> {
    let shown = grants.as_slice().iter().map(|grant| {
        let role = match grant.role {
            Role::Owner => wire::Role::Owner,
            Role::Admin => wire::Role::Admin,
            Role::Designer => wire::Role::Designer,
            Role::Awarder => wire::Role::Awarder,
            Role::Analyst => wire::Role::Analyst,
            Role::Viewer => wire::Role::Viewer,
        };
        let (tenant_id, issuer_id) = match grant.scope {
            Scope::Organization => (String::new(), String::new()),
            Scope::Tenant(tenant) => (tenant.to_string(), String::new()),
            Scope::Issuer { tenant, issuer } => (tenant.to_string(), issuer.to_string()),
        };
        wire::Grant { role: role.into(), tenant_id, issuer_id }
    });
    shown.collect()
}

/// The grants that hold in a tenant, as its tokens carry them.
pub(crate) fn in_tenant(grants: &Grants, tenant: TenantId) -> Vec<auth::Grant> {
    let here = grants.as_slice().iter().filter(|grant| grant.scope.reaches(tenant));
    let here = here.map(|grant| auth::Grant {
        role: match grant.role {
            Role::Owner => auth::Role::Owner,
            Role::Admin => auth::Role::Admin,
            Role::Designer => auth::Role::Designer,
            Role::Awarder => auth::Role::Awarder,
            Role::Analyst => auth::Role::Analyst,
            Role::Viewer => auth::Role::Viewer,
        },
        scope: match grant.scope {
            Scope::Organization => auth::Scope::Organization,
            Scope::Tenant(_) => auth::Scope::Tenant,
            Scope::Issuer { issuer, .. } => auth::Scope::Issuer(issuer.to_string()),
        },
    });
    here.collect()
}

/// Whether the caller has the permission in the whole organisation.
pub(crate) fn everywhere(principal: &Principal, permission: Permission) -> bool {
    let wide = |grant: &auth::Grant| grant.scope == auth::Scope::Organization;
    principal.grants.iter().any(|grant| wide(grant) && grant.role.permits(permission))
}

/// Nothing when the caller may give or take these grants: nobody reaches further through others
/// than on their own, and only owners make owners.
///
/// # Errors
/// `NOT_PERMITTED`.
pub(crate) fn require(
    principal: &Principal,
    permission: Permission,
    grants: &Grants,
) -> Result<(), Status> {
    principal.require(permission).map_err(status::denied)?;
    if grants.own() {
        principal.require(Permission::ManageOrganization).map_err(status::denied)?;
    }
    let within = |grant: &Grant| grant.scope.tenant() == Some(principal.tenant);
    if everywhere(principal, permission) || grants.as_slice().iter().all(within) {
        Ok(())
    } else {
        Err(status::denied(Denied { permission }))
    }
}

/// Nothing when every tenant and issuer that they name is the organisation's.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn check_places(
    events: &dyn EventStore,
    organization: OrganizationId,
    grants: &Grants,
) -> Result<(), Status> {
    let mut checked: Option<TenantId> = None;
    for grant in grants.as_slice() {
        if let Some(tenant) = grant.scope.tenant()
            && checked != Some(tenant)
        {
            let found = command::state::<Tenant>(events, organization.home(), &tenant).await?;
            if found == Tenant::Absent {
                return Err(status::missing());
            }
            checked = Some(tenant);
        }
        if let Scope::Issuer { tenant, issuer } = grant.scope
            && command::state::<Issuer>(events, tenant, &issuer).await? == Issuer::Absent
        {
            return Err(status::missing());
        }
    }
    Ok(())
}
