//! What arrives as text becomes what it means, or a refusal that names the field.

use auth::{Denied, Kind, Permission, Principal};
use kernel::{Class, Id};
use runtime::{call, status};
use tonic::{Request, Status};

/// The id in that field.
pub(crate) fn id<K: kernel::Kind>(text: &str, path: &str) -> Result<Id<K>, Status> {
    text.parse().map_err(|error: kernel::InvalidId| refused("INVALID_ID", &error, path))
}

/// The refusal of a field.
pub(crate) fn refused(code: &str, error: &dyn std::error::Error, path: &str) -> Status {
    status::rejected(code, Class::Invalid, &error.to_string(), Some(path), &[])
}

/// A member or client: nobody else may do or see anything here but what is public.
pub(crate) fn colleague<T>(request: &Request<T>) -> Result<Principal, Status> {
    let principal = call::principal(request)?;
    match principal.kind {
        Kind::Member | Kind::Client => Ok((*principal).clone()),
        _ => Err(status::denied(Denied { permission: Permission::Read })),
    }
}
