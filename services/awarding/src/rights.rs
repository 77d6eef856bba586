use std::sync::Arc;

use auth::{Denied, Kind, Permission, Principal, Scope};
use runtime::call;
use tonic::Request;

use crate::{
    badges,
    trouble::{Outcome, Trouble},
};

/// Who calls on behalf of a tenant and has that permission somewhere in it. Operators have no
/// business here, and earners only with their own awards.
pub(crate) fn caller<T>(request: &Request<T>, permission: Permission) -> Outcome<Arc<Principal>> {
    let principal = call::principal(request)?;
    let works_here = !matches!(principal.kind, Kind::Operator | Kind::Earner);
    let somewhere = principal.require(permission).is_ok()
        || principal.grants.iter().any(|grant| match &grant.scope {
            Scope::Issuer(issuer) => principal.require_at(permission, issuer).is_ok(),
            Scope::Organization | Scope::Tenant => false,
        });
    if works_here && somewhere { Ok(principal) } else { Err(Denied { permission }.into()) }
}

/// Nothing when the permission reaches that issuer. What the caller may not even read is missing.
pub(crate) fn reach(
    principal: &Principal,
    permission: Permission,
    issuer: impl std::fmt::Display,
) -> Outcome<()> {
    let issuer = issuer.to_string();
    match principal.require_at(permission, &issuer) {
        Ok(()) => Ok(()),
        Err(denied) if principal.require_at(Permission::Read, &issuer).is_ok() => {
            Err(denied.into())
        }
        Err(_) => Err(Trouble::missing()),
    }
}

/// As [`reach`], for a badge to award: one that the caller may not even read is unknown.
pub(crate) fn reach_badge(
    principal: &Principal,
    issuer: impl std::fmt::Display + Copy,
) -> Outcome<()> {
    match principal.require_at(Permission::Read, &issuer.to_string()) {
        Ok(()) => reach(principal, Permission::AwardBadges, issuer),
        Err(_) => Err(badges::unknown()),
    }
}
