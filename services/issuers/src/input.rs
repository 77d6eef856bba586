//! What arrives as text becomes what it means, or a refusal that names the field.

use std::str::FromStr;

use auth::{Denied, Kind, Permission, Principal};
use issuers_domain::Name;
use kernel::{Class, EmailAddress, Id, OrganizationId};
use runtime::{call, status};
use tonic::{Request, Status};

/// The refusal of a field.
pub(crate) fn invalid(path: &str, error: &dyn std::error::Error) -> Status {
    status::rejected("INVALID_INPUT", Class::Invalid, &error.to_string(), Some(path), &[])
}

/// The id in that field.
pub(crate) fn id<K: kernel::Kind>(text: &str, path: &str) -> Result<Id<K>, Status> {
    Id::from_str(text).map_err(|error| {
        status::rejected("INVALID_ID", Class::Invalid, &error.to_string(), Some(path), &[])
    })
}

/// The name in `/name`.
pub(crate) fn name(text: &str) -> Result<Name, Status> {
    text.parse().map_err(|error| invalid("/name", &error))
}

/// The address in that field.
pub(crate) fn email(text: &str, path: &str) -> Result<EmailAddress, Status> {
    text.parse().map_err(|error| invalid(path, &error))
}

/// A member or client and the organisation that it works for: nobody else may do or see anything
/// here but where a call says so.
pub(crate) fn colleague<T>(request: &Request<T>) -> Result<(Principal, OrganizationId), Status> {
    let principal = call::principal(request)?;
    match (principal.kind, principal.organization) {
        (Kind::Member | Kind::Client, Some(organization)) => {
            Ok(((*principal).clone(), organization))
        }
        _ => Err(status::denied(Denied { permission: Permission::Read })),
    }
}
