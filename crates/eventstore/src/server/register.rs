//! Users who were registered by administrators: records in the log, one stream each, as KurrentDB
//! names them. What is kept of a password is in `password`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use kernel::Revision;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tonic::Status;

use super::{
    access::Caller,
    convert::{USER, fresh_id},
    password::Kept,
    status,
};
use crate::{
    Deletion, Embedded,
    raw::{Batch, Content, Direction, NewRecord, Refused, Standing, StreamName, Stretch},
};

/// One who was registered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Person {
    pub login_name: String,
    pub full_name: String,
    pub groups: Vec<String>,
    pub disabled: bool,
    pub password: Kept,
}

/// A person, where their stream stands and since when, in milliseconds since 1970.
pub(super) struct Entry {
    pub person: Person,
    pub revision: Revision,
    pub since: u64,
}

/// The users of a store.
pub(super) struct Register {
    store: Arc<Embedded>,
    /// Passwords are derived by so many at a time, and for so many calls.
    deriving: Semaphore,
    waiting: Semaphore,
    proven: Mutex<HashMap<String, Proven>>,
    secret: Option<[u8; 32]>,
}

/// A password that was found right: not it, but what tells it from others while this process lives.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Proven {
    revision: Revision,
    mark: [u8; 32],
}

const WAITING: usize = 100;
/// So many are remembered.
const PROVEN: usize = 1000;
/// So many may have been registered, ever.
const MOST: u64 = 10_000;

/// Names all who were registered, each by a record.
const ALL: &str = "$users";

fn stream(name: &str) -> StreamName {
    StreamName::new(&format!("{USER}{name}"))
}

fn record(kind: &str, content: Content, data: Vec<u8>) -> NewRecord {
    NewRecord { id: fresh_id(), kind: kind.to_owned(), content, data, metadata: Vec::new() }
}

impl Register {
    pub fn of(store: Arc<Embedded>) -> Self {
        let mut secret = [0; 32];
        let secret = SystemRandom::new().fill(&mut secret).ok().map(|()| secret);
        Self {
            store,
            deriving: Semaphore::new(2),
            waiting: Semaphore::new(WAITING),
            proven: Mutex::default(),
            secret,
        }
    }

    /// Who calls with that password.
    ///
    /// # Errors
    /// Not authenticated; or the log cannot be read, or too many are asking.
    pub async fn admit(&self, name: &str, password: &str) -> Result<Caller, Status> {
        let Some(Entry { person, revision, .. }) = self.find(name).await? else {
            if self.last().await?.is_some() {
                // It takes as long as for one who is there, so that the time tells nothing.
                self.keep(password.to_owned()).await?;
            }
            return Err(status::not_authenticated());
        };
        let proven = self.secret.map(|secret| {
            let said = [&secret, password.as_bytes()].concat();
            let mut mark = [0; 32];
            mark.copy_from_slice(digest::digest(&digest::SHA256, &said).as_ref());
            Proven { revision, mark }
        });
        let known = {
            let all = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
            proven.is_some() && all.get(name) == proven.as_ref()
        };
        if !known {
            let (kept, said) = (person.password.clone(), password.to_owned());
            if !self.derive(move || kept.is(&said)).await? {
                return Err(status::not_authenticated());
            }
            if let Some(proven) = proven {
                let mut all = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
                if all.len() >= PROVEN {
                    all.clear();
                }
                all.insert(name.to_owned(), proven);
            }
        }
        if person.disabled {
            return Err(status::not_authenticated());
        }
        Ok(Caller::Registered { name: person.login_name, groups: person.groups })
    }

    /// What is to be kept of a password.
    pub async fn keep(&self, password: String) -> Result<Kept, Status> {
        let kept = self.derive(move || Kept::of(&password)).await?;
        kept.ok_or_else(|| Status::unavailable("the system has no randomness"))
    }

    /// Whether that is their password.
    pub async fn is(&self, person: &Person, password: String) -> Result<bool, Status> {
        let kept = person.password.clone();
        self.derive(move || kept.is(&password)).await
    }

    async fn derive<T: Send + 'static>(
        &self,
        derive: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Status> {
        let busy = |_| Status::resource_exhausted("too many passwords are looked at: try again");
        let _place = self.waiting.try_acquire().map_err(busy)?;
        let ended = || Status::unavailable("the event store is shutting down");
        let _turn = self.deriving.acquire().await.map_err(|_| ended())?;
        tokio::task::spawn_blocking(derive).await.map_err(|_| ended())
    }

    /// One of them.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn find(&self, name: &str) -> Result<Option<Entry>, Status> {
        let found = self.store.stretch(&stream(name), None, Direction::Backwards, 1).await;
        let found = found.map_err(|error| status::unreadable(&error))?;
        let Stretch::Of { mut records, .. } = found else { return Ok(None) };
        let Some(record) = records.pop() else { return Ok(None) };
        let person = serde_json::from_slice(&record.data).map_err(|error| {
            tracing::error!(%error, stream = %record.stream, "a user cannot be read");
            Status::data_loss("the record of the user cannot be read: register them again")
        })?;
        Ok(Some(Entry { person, revision: record.revision, since: record.created }))
    }

    /// How many were ever registered, less one; none when nobody was.
    async fn last(&self) -> Result<Option<Revision>, Status> {
        let all = StreamName::new(ALL);
        let newest = self.store.stretch(&all, None, Direction::Backwards, 1).await;
        Ok(match newest.map_err(|error| status::unreadable(&error))? {
            Stretch::Of { last, .. } => Some(last),
            Stretch::NotFound | Stretch::Tombstoned => None,
        })
    }

    /// The names of all.
    pub async fn names(&self) -> Result<BTreeSet<String>, Status> {
        let (mut names, mut from) = (BTreeSet::new(), Some(0));
        while let Some(revision) = from {
            let all = StreamName::new(ALL);
            let page = self.store.stretch(&all, Some(revision), Direction::Forwards, 1000).await;
            let page = page.map_err(|error| status::unreadable(&error))?;
            let Stretch::Of { records, next, .. } = page else { break };
            names.extend(records.iter().map(|it| String::from_utf8_lossy(&it.data).into_owned()));
            from = next;
        }
        Ok(names)
    }

    /// Adds one.
    ///
    /// # Errors
    /// There is one of that name, or are too many.
    pub async fn add(&self, person: &Person) -> Result<(), Status> {
        if self.last().await?.is_some_and(|last| last + 1 >= MOST) {
            return Err(Status::resource_exhausted("there are too many users"));
        }
        let all = StreamName::new(ALL);
        let name = &person.login_name;
        let data = serialized(person)?;
        let batch = Batch {
            streams: vec![(stream(name), Standing::NoStream), (all, Standing::Any)],
            records: vec![
                (0, record("$UserCreated", Content::Json, data)),
                (1, record("$User", Content::Binary, name.clone().into_bytes())),
            ],
            revives: true,
            thorough: false,
        };
        match self.store.write(batch).await {
            Ok(_) => Ok(()),
            Err(Refused::Conflict { .. }) => Err(status::user_conflict(name)),
            Err(refused) => Err(status::refused(&refused, &stream(name), usize::MAX)),
        }
    }

    /// Writes what became of one, who must stand where they were found.
    pub async fn change(&self, kind: &str, entry: &Entry) -> Result<(), Status> {
        let name = &entry.person.login_name;
        let record = record(kind, Content::Json, serialized(&entry.person)?);
        let standing = Standing::Revision(entry.revision);
        let written = self.store.write(Batch::one(stream(name), standing, vec![record])).await;
        match written {
            Ok(_) => Ok(()),
            Err(Refused::Conflict { .. }) => {
                Err(Status::aborted("the user was changed meanwhile: try again"))
            }
            Err(refused) => Err(status::refused(&refused, &stream(name), usize::MAX)),
        }
    }

    /// Forgets one.
    pub async fn remove(&self, name: &str) -> Result<(), Status> {
        match self.store.erase(&stream(name), Standing::Exists, Deletion::Soft).await {
            Ok(_) => Ok(()),
            Err(Refused::Conflict { .. } | Refused::Tombstoned { .. }) => {
                Err(status::user_missing(name))
            }
            Err(refused) => Err(status::refused(&refused, &stream(name), usize::MAX)),
        }
    }
}

fn serialized(person: &Person) -> Result<Vec<u8>, Status> {
    serde_json::to_vec(person).map_err(|error| Status::internal(error.to_string()))
}
