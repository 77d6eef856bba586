//! How refusals and failures are said on the wire, and read back. One of the two mappings in the
//! system; the other is the gateway's, to GraphQL and HTTP.

use std::collections::BTreeMap;

use auth::{AuthError, Denied};
use eventstore::{AppendError, ExecuteError, StoreError, Unreadable};
use kernel::{Class, Rejection};
use keyvault::VaultError;
use prost::Message;
use proto::write::v1::Refusal as Wired;
use readmodel::{ReadModelError, WaitError};
use tonic::{Code, Status};

use crate::command;

/// A refusal as callers see it: travels as `laurel.write.v1.Refusal` in the details of a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable, upper case, such as `BADGE_ARCHIVED`.
    pub code: String,
    /// Fit to show to a person.
    pub message: String,
    /// A JSON pointer into the request, when it is about a field.
    pub path: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// What the code promises, such as the id of the award that is already there.
    pub details: BTreeMap<String, String>,
}

impl Refusal {
    /// A refusal that repeating does not heal.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message, details) = (code.into(), message.into(), BTreeMap::new());
        Self { code, message, path: None, retryable: false, details }
    }

    /// The same, about that field.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The same, to be tried again.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.details.insert(key.into(), value.into());
        self
    }

    /// As a status.
    #[must_use]
    pub fn status(self, code: Code) -> Status {
        let wired = Wired {
            code: self.code,
            message: self.message.clone(),
            path: self.path.unwrap_or_default(),
            retryable: self.retryable,
            details: self.details.into_iter().collect(),
        };
        Status::with_details(code, self.message, wired.encode_to_vec().into())
    }

    /// What a status says. One without our details, such as a broken connection's, gets the code
    /// that fits its own.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        match Wired::decode(status.details()) {
            Ok(wired) if !wired.code.is_empty() => Self {
                code: wired.code,
                message: wired.message,
                path: (!wired.path.is_empty()).then_some(wired.path),
                retryable: wired.retryable,
                details: wired.details.into_iter().collect(),
            },
            _ => Self::plain(status.code()),
        }
    }

    fn plain(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::OutOfRange => {
                Self::new("INVALID_INPUT", "the request is not valid")
            }
            Code::NotFound => Self::new("NOT_FOUND", "there is nothing of that name here"),
            Code::PermissionDenied => Self::new(Denied::CODE, "you may not do that here"),
            Code::Unauthenticated => Self::new("UNAUTHENTICATED", "sign in first"),
            Code::ResourceExhausted => {
                Self::new("LIMIT_EXCEEDED", "a limit was reached: try again later").retryable()
            }
            Code::Unimplemented => Self::new("UNIMPLEMENTED", "this call is not offered here"),
            Code::Unavailable | Code::DeadlineExceeded | Code::Aborted | Code::Cancelled => {
                Self::new("UNAVAILABLE", "the service cannot be reached: try again").retryable()
            }
            _ => Self::new("INTERNAL", "something went wrong on our side"),
        }
    }
}

/// The gRPC code of a class of refusals.
#[must_use]
pub fn code_of(class: Class) -> Code {
    match class {
        Class::Invalid => Code::InvalidArgument,
        Class::Missing => Code::NotFound,
        Class::Conflict => Code::FailedPrecondition,
        Class::Forbidden => Code::PermissionDenied,
        Class::Exhausted => Code::ResourceExhausted,
    }
}

/// The status of a command that did not end well.
#[must_use]
pub fn of<R: Rejection>(error: ExecuteError<R>) -> Status {
    match error {
        ExecuteError::Rejected(rejection) => of_rejection(&rejection),
        ExecuteError::Store(error) => of_store(error),
        ExecuteError::Append(error) => of_append(error),
        ExecuteError::Unreadable(error) => of_unreadable(&error),
        ExecuteError::Unwritable(error) => internal(&error),
        ExecuteError::Mismatch => command::mismatch().status(code_of(Class::Conflict)),
    }
}

/// The status of a rejection.
#[must_use]
pub fn of_rejection<R: Rejection>(rejection: &R) -> Status {
    let refusal = Refusal::new(rejection.code(), rejection.to_string());
    let refusal = match rejection.path() {
        Some(path) => refusal.at(path),
        None => refusal,
    };
    refusal.status(code_of(rejection.class()))
}

/// The status of a refusal that is no aggregate's, such as of a field that cannot be read.
#[must_use]
pub fn rejected(
    code: &str,
    class: Class,
    message: &str,
    path: Option<&str>,
    details: &[(&str, &str)],
) -> Status {
    let mut refusal = Refusal::new(code, message);
    refusal.path = path.map(str::to_owned);
    for (key, value) in details {
        refusal = refusal.with(*key, *value);
    }
    refusal.status(code_of(class))
}

/// The status of a field that cannot be read as what it means.
#[must_use]
pub fn invalid(path: &str, error: &dyn std::error::Error) -> Status {
    Refusal::new("INVALID_INPUT", error.to_string()).at(path).status(Code::InvalidArgument)
}

/// The status of a field that should hold an id and does not.
#[must_use]
pub fn invalid_id(path: &str, error: &dyn std::error::Error) -> Status {
    Refusal::new("INVALID_ID", error.to_string()).at(path).status(Code::InvalidArgument)
}

/// The one status for what is absent and for what belongs to somebody else.
#[must_use]
pub fn missing() -> Status {
    Refusal::plain(Code::NotFound).status(Code::NotFound)
}

/// The status of a token that was not accepted.
#[must_use]
pub fn unauthenticated(error: AuthError) -> Status {
    Refusal::new(error.code(), error.to_string()).status(Code::Unauthenticated)
}

/// The status of a caller who may not.
#[must_use]
pub fn denied(denied: Denied) -> Status {
    Refusal::new(Denied::CODE, denied.to_string()).status(Code::PermissionDenied)
}

/// The status of a log that cannot be read.
#[must_use]
pub fn of_store(error: StoreError) -> Status {
    match error {
        StoreError::Deleted => missing(),
        error => unavailable(&error),
    }
}

/// The status of a write that did not happen, or may not have.
#[must_use]
pub fn of_append(error: AppendError) -> Status {
    match error {
        AppendError::Conflict { .. } => {
            let message = "others changed the same thing at the same time: try again";
            Refusal::new("CONCURRENT_CHANGES", message).retryable().status(Code::Aborted)
        }
        AppendError::Deleted => missing(),
        AppendError::TooLarge => {
            Refusal::new("TOO_LARGE", error.to_string()).status(Code::InvalidArgument)
        }
        error => unavailable(&error),
    }
}

/// The status of a fact that nobody here can read.
#[must_use]
pub fn of_unreadable(error: &Unreadable) -> Status {
    internal(error)
}

/// The status of a read model that does not answer.
#[must_use]
pub fn of_read_model(error: ReadModelError) -> Status {
    match error {
        ReadModelError::Unreadable(_) => internal(&error),
        error => unavailable(&error),
    }
}

/// The status of a wait that was too long.
#[must_use]
pub fn of_wait(error: WaitError) -> Status {
    Refusal::new("CONSISTENCY_TIMEOUT", error.to_string()).retryable().status(Code::Unavailable)
}

/// The status of a key vault that does not answer.
#[must_use]
pub fn of_vault(error: VaultError) -> Status {
    match error {
        VaultError::Corrupt(_) | VaultError::Taken | VaultError::Invalid(_) => internal(&error),
        error => unavailable(&error),
    }
}

/// "Unavailable" for the caller, the cause for the log.
#[must_use]
pub fn unavailable(error: &dyn std::error::Error) -> Status {
    tracing::warn!(error = %Chain(error), "a call failed for now");
    Refusal::plain(Code::Unavailable).status(Code::Unavailable)
}

/// "Something went wrong" for the caller, the cause for the log.
#[must_use]
pub fn internal(error: &dyn std::error::Error) -> Status {
    tracing::error!(error = %Chain(error), "a call failed");
    Refusal::plain(Code::Internal).status(Code::Internal)
}

/// An error and what caused it, in one line.
pub(crate) struct Chain<'e>(pub(crate) &'e dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_back_from_its_status() {
        let refusal = Refusal::new("ALREADY_AWARDED", "this person holds the badge already")
            .at("/recipient/email")
            .with("award", "award_1")
            .retryable();
        let status = refusal.clone().status(Code::FailedPrecondition);
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(Refusal::of(&status), refusal);
    }

    #[test]
    fn a_foreign_status_gets_a_code_and_tells_nothing_of_its_inside() {
        let refusal = Refusal::of(&Status::unavailable("tcp connect error: 10.0.0.1:50051"));
        assert_eq!((refusal.code.as_str(), refusal.retryable), ("UNAVAILABLE", true));
        assert!(!refusal.message.contains("10.0.0.1"));
        let garbled = Status::with_details(Code::NotFound, "x", vec![0xff, 0xff].into());
        assert_eq!(Refusal::of(&garbled).code, "NOT_FOUND");
    }

    #[test]
    fn causes_go_to_the_log_and_not_to_the_caller() {
        let status = of_store(StoreError::Unavailable("disk /dev/sda1 is full".into()));
        assert_eq!(status.code(), Code::Unavailable);
        assert!(!format!("{status:?}").contains("sda1"));
    }
}
