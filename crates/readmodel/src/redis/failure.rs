//! Why Redis did not answer, or was not asked.

use redis::RedisError;

use crate::ReadModelError;

/// Why a batch cannot be stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("the id of a row in {0} is longer than 512 bytes: shorten what it is made of")]
    LongId(&'static str),
    #[error("a row in {0} is longer than 16 MiB: split it")]
    LongRow(&'static str),
    #[error("{0:?} cannot name a table: use lower-case letters and hyphens")]
    Table(&'static str),
}

/// Why a server cannot be used, or did not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Answered(#[source] RedisError),
    #[error("no answer in time: look at the server's load and the network")]
    Late,
    #[error("no sentinel names a master called {0}: check the name and the sentinels' addresses")]
    NoMaster(String),
    #[error("{0} is a replica: wait until sentinels agree on a master")]
    Replica(String),
    #[error("the server is a node of a cluster: write redis+cluster:// and name some of its nodes")]
    Clustered,
    #[error("the server is Redis {0}: version 7.0 or newer is needed")]
    Old(String),
    #[error(
        "the server drops rows when memory is short (maxmemory-policy {0}): set maxmemory-policy noeviction"
    )]
    Evicts(String),
    #[error(
        "the rows were spread over {stored} buckets and this process is set to {ours}: set buckets={stored}, or another prefix to have them rebuilt"
    )]
    Buckets { stored: String, ours: u16 },
    #[error(
        "an answer has another shape than expected: does something else write under this prefix"
    )]
    Shape,
    #[error("others kept changing the rows meanwhile")]
    Contended,
    #[error("the last attempt to connect failed: {0}")]
    Recently(String),
}

impl Failure {
    /// Whether another connection may fare better.
    pub(super) fn is_of_connection(&self) -> bool {
        use redis::{ErrorKind, ServerErrorKind as Server};
        match self {
            Failure::Answered(error) => matches!(
                error.kind(),
                ErrorKind::Io
                    | ErrorKind::Parse
                    | ErrorKind::AuthenticationFailed
                    | ErrorKind::ClusterConnectionNotFound
                    | ErrorKind::Server(Server::ReadOnly | Server::MasterDown)
            ),
            Failure::Late => true,
            _ => false,
        }
    }

    /// Whether the same may be asked again at once over another connection. Every script tells
    /// whether it was run before, so nothing is done twice.
    pub(super) fn is_worth_another(&self) -> bool {
        self.is_of_connection() && matches!(self, Failure::Answered(error) if !error.is_timeout())
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() { Failure::Late } else { Failure::Answered(error) }
    }
}

impl From<Failure> for ReadModelError {
    fn from(failure: Failure) -> Self {
        ReadModelError::Unavailable(failure.into())
    }
}

impl From<Refused> for ReadModelError {
    fn from(refused: Refused) -> Self {
        ReadModelError::Unavailable(refused.into())
    }
}
