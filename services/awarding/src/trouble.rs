use kernel::Class;
use runtime::{Refusal, command, status};
use tonic::Status;

use crate::create::is_retired;

/// Why a use case did not end well. A refusal is an answer, and may become a row's outcome; a
/// failure is an accident, was logged, and may heal by trying again.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// What the caller can act on.
    Refused(Class, Refusal),
    /// What the caller cannot.
    Failed(Status),
}

pub(crate) type Outcome<T> = Result<T, Trouble>;

impl Trouble {
    pub(crate) fn refused(class: Class, code: &str, message: &str) -> Self {
        Self::Refused(class, Refusal::new(code, message))
    }

    /// Wrong input at that place of the request.
    pub(crate) fn invalid(path: &str, message: &str) -> Self {
        Self::Refused(Class::Invalid, Refusal::new("INVALID_INPUT", message).at(path))
    }

    /// An id that is none, at that place of the request.
    pub(crate) fn invalid_id(path: &str, error: kernel::InvalidId) -> Self {
        let message = error.to_string();
        Self::Refused(Class::Invalid, Refusal::new("INVALID_ID", message).at(path))
    }

    /// What is absent, or somebody else's: the same for both.
    pub(crate) fn missing() -> Self {
        Self::Failed(status::missing())
    }

    /// Another request came under the same idempotency key.
    pub(crate) fn mismatch() -> Self {
        Self::Refused(Class::Conflict, command::mismatch())
    }

    /// Something stored that does not read as it was written, told to the log without what it is,
    /// for that may be personal.
    pub(crate) fn broken(what: &'static str) -> Self {
        tracing::error!("{what}");
        Self::internal()
    }

    /// What failed outside and may succeed later, told to the log.
    pub(crate) fn for_now(what: &'static str, error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(error, "{what}");
        Self::Failed(status::unavailable(error))
    }

    /// Whether the same may succeed later by itself.
    pub(crate) fn heals(&self) -> bool {
        let Self::Failed(status) = self else { return false };
        // Another key signs as soon as the catalogue knows it, and a role that knows no token yet, or
        // no more, is no fault of a fact.
        let unknown = status.code() == tonic::Code::Unauthenticated;
        unknown || Refusal::of(status).retryable || is_retired(status)
    }

    fn internal() -> Self {
        let message = "something went wrong on our side";
        Self::Failed(Refusal::new("INTERNAL", message).status(tonic::Code::Internal))
    }

    /// A fault of ours, told to the log.
    pub(crate) fn fault(what: &'static str, error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "{what}");
        Self::internal()
    }
}

impl From<Trouble> for Status {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(class, refusal) => refusal.status(status::code_of(class)),
            Trouble::Failed(status) => status,
        }
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        Self::Failed(status)
    }
}

macro_rules! failures {
    ($($error:ty => $map:path),+ $(,)?) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Self::Failed($map(error))
            }
        }
    )+};
}

failures! {
    eventstore::StoreError => status::of_store,
    eventstore::AppendError => status::of_append,
    readmodel::ReadModelError => status::of_read_model,
    readmodel::WaitError => status::of_wait,
    keyvault::VaultError => status::of_vault,
    auth::Denied => status::denied,
}

impl From<eventstore::Unreadable> for Trouble {
    fn from(error: eventstore::Unreadable) -> Self {
        Self::Failed(status::of_unreadable(&error))
    }
}

impl<R: kernel::Rejection> From<eventstore::ExecuteError<R>> for Trouble {
    fn from(error: eventstore::ExecuteError<R>) -> Self {
        match error {
            eventstore::ExecuteError::Mismatch => Self::mismatch(),
            error => Self::Failed(status::of(error)),
        }
    }
}
