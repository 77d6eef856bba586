//! Refusals in the protocol's words: clients read the code, the trailers and some the text.

use tonic::{
    Code, Status,
    metadata::{AsciiMetadataValue, MetadataMap},
};

use crate::{
    StoreError,
    raw::{Found, LAST, Refused, Standing, StreamName},
};

/// A status with what a client is told beside it.
pub(super) fn with(code: Code, text: impl Into<String>, said: &[(&'static str, &str)]) -> Status {
    let mut metadata = MetadataMap::new();
    for (name, value) in said {
        // What is no text for a header is left out.
        if let Ok(value) = AsciiMetadataValue::try_from(*value) {
            metadata.insert(*name, value);
        }
    }
    Status::with_metadata(code, text, metadata)
}

pub(super) fn deleted(stream: &str) -> Status {
    let said = [("exception", "stream-deleted"), ("stream-name", stream)];
    with(Code::FailedPrecondition, format!("Event stream '{stream}' is deleted."), &said)
}

pub(super) fn not_authenticated() -> Status {
    Status::unauthenticated("the name or the password is wrong")
}

pub(super) fn denied() -> Status {
    with(Code::PermissionDenied, "Access Denied", &[("exception", "access-denied")])
}

fn of_user(code: Code, exception: &str, text: String, login: &str) -> Status {
    with(code, text, &[("exception", exception), ("login-name", login)])
}

pub(super) fn user_missing(login: &str) -> Status {
    of_user(Code::NotFound, "user-not-found", format!("User '{login}' is not found."), login)
}

pub(super) fn user_conflict(login: &str) -> Status {
    let text = format!("There is a user '{login}' already.");
    of_user(Code::FailedPrecondition, "user-conflict", text, login)
}

/// One of those with whom the server was started.
pub(super) fn user_fixed(login: &str) -> Status {
    let text = format!("the user '{login}' is set where the server is configured: change it there");
    of_user(Code::FailedPrecondition, "user-conflict", text, login)
}

pub(super) fn no_scavenge(id: &str) -> Status {
    let said = [("exception", "scavenge-not-found"), ("scavenge-id", id)];
    with(Code::NotFound, format!("Scavenge '{id}' is not found."), &said)
}

pub(super) fn missing_property(name: &str) -> Status {
    let said = [
        ("exception", "missing-required-metadata-property"),
        ("required-metadata-properties", "type,content-type"),
    ];
    let text = format!("Required Metadata Property '{name}' is missing");
    with(Code::InvalidArgument, text, &said)
}

pub(super) fn append_too_large(most: usize) -> Status {
    let limit = most.to_string();
    let said =
        [("exception", "maximum-append-size-exceeded"), ("maximum-append-size", limit.as_str())];
    with(Code::InvalidArgument, format!("Maximum Append Size of {most} Exceeded."), &said)
}

pub(super) fn event_too_large(id: uuid::Uuid, size: usize, most: usize) -> Status {
    let (id, size, limit) = (id.to_string(), size.to_string(), most.to_string());
    let text =
        format!("Event with Id: {id}, Size: {size}, exceeds Maximum Append Event Size of {most}.");
    let said = [
        ("exception", "maximum-append-event-size-exceeded"),
        ("event-id", id.as_str()),
        ("proposed-append-event-size", size.as_str()),
        ("maximum-append-event-size", limit.as_str()),
    ];
    with(Code::InvalidArgument, text, &said)
}

/// The number by which the protocol's texts name what was expected.
pub(super) fn expected_number(standing: Standing) -> i64 {
    match standing {
        Standing::Any => -2,
        Standing::NoStream => -1,
        Standing::Exists => -4,
        Standing::Revision(revision) => revision.cast_signed(),
    }
}

pub(super) fn wrong_version(what: &str, stream: &str, standing: Standing, found: Found) -> Status {
    let expected = expected_number(standing).to_string();
    let actual = found.newest().map_or(-1, u64::cast_signed).to_string();
    let text = format!(
        "{what} failed due to WrongExpectedVersion. Stream: {stream}, Expected version: \
         {expected}, Actual version: {actual}"
    );
    let said = [
        ("exception", "wrong-expected-version"),
        ("stream-name", stream),
        ("expected-version", expected.as_str()),
        ("actual-version", actual.as_str()),
    ];
    with(Code::FailedPrecondition, text, &said)
}

/// A write that was refused for a reason that no answer of the call has a place for.
pub(super) fn refused(refused: &Refused, stream: &StreamName, most: usize) -> Status {
    match refused {
        Refused::Conflict { found, .. } => {
            let standing = Standing::Revision(found.newest().unwrap_or(LAST));
            wrong_version("Append", stream.as_str(), standing, *found)
        }
        // Who writes so names them himself.
        Refused::Unmet(_) => Status::failed_precondition(refused.to_string()),
        Refused::Tombstoned { .. } => deleted(stream.as_str()),
        Refused::TooLarge => append_too_large(most),
        Refused::Malformed(why) => Status::invalid_argument(*why),
        // Clients send a write again when they are told that it was not confirmed in time.
        Refused::Unknown(_) => Status::deadline_exceeded(refused.to_string()),
        Refused::Unavailable(source) => {
            tracing::warn!(error = %source, "a write was refused");
            Status::unavailable(refused.to_string())
        }
    }
}

pub(super) fn unreadable(error: &StoreError) -> Status {
    match error {
        StoreError::Closed => Status::unavailable(error.to_string()),
        StoreError::Deleted => Status::failed_precondition(error.to_string()),
        StoreError::Unavailable(source) => {
            tracing::error!(error = %source, "a read failed");
            Status::unavailable(error.to_string())
        }
    }
}
