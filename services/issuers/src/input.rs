//! What arrives as text becomes what it means, or a refusal that names the field.

use auth::{Denied, Permission, Principal};
use issuers_domain::Name;
use kernel::OrganizationId;
pub(crate) use runtime::input::{email, id};
use runtime::{call, status};
use tonic::{Request, Status};

/// The name in `/name`.
pub(crate) fn name(text: &str) -> Result<Name, Status> {
    text.parse().map_err(|error| status::invalid("/name", &error))
}

/// A member or client and the organisation that it works for: nobody else may do or see anything
/// here but where a call says so.
pub(crate) fn colleague<T>(request: &Request<T>) -> Result<(Principal, OrganizationId), Status> {
    let principal = call::colleague(request)?;
    let organization = principal.organization;
    let organization =
        organization.ok_or_else(|| status::denied(Denied { permission: Permission::Read }))?;
    Ok(((*principal).clone(), organization))
}
