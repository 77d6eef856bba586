//! What arrives as text becomes what it means, or a refusal that names the field.

use kernel::{EmailAddress, Id, InvalidId, Kind};
use tonic::Status;

use crate::status;

/// The id in that field.
///
/// # Errors
/// `INVALID_ID`.
pub fn id<K: Kind>(text: &str, path: &str) -> Result<Id<K>, Status> {
    text.parse().map_err(|error: InvalidId| status::invalid_id(path, &error))
}

/// The address in that field.
///
/// # Errors
/// `INVALID_INPUT`.
pub fn email(text: &str, path: &str) -> Result<EmailAddress, Status> {
    text.parse().map_err(|error: kernel::InvalidEmail| status::invalid(path, &error))
}
