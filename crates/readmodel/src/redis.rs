//! The read models in Redis (or Valkey): one server, one watched by sentinels, or a cluster.
//!
//! Rows are kept as sorted *pages*, packed, some hundred rows each: a fifth of the memory of a key
//! or an element a row. This process takes pages apart and puts them together; Redis finds them by
//! their *fences* (the first key of each) and stores them, in scripts that compare before they
//! write.
//!
//! Rows are spread over *buckets* by tenant and table; a bucket lives on one node. The *head* of a
//! slot holds its checkpoint and remembers, for each bucket, the last batch that touched it; a
//! bucket's *marker* says which it holds. A batch that is in one place is applied by one script.
//! Another is first stored whole beside the head, then applied part by part, each guarded by its
//! bucket's marker; whoever finds it pending completes it.
//!
//! Where marker and head do not agree, rows are lost: a failover went back behind what was
//! acknowledged, or somebody emptied a node. Such a slot answers [`ReadModelError::Lost`] and is
//! never read as empty or old; [`crate::Runner`] builds the model anew.

mod address;
mod apply;
mod builds;
mod check;
mod examine;
mod failure;
mod head;
mod lease;
mod leaves;
mod link;
mod names;
mod page;
mod part;
mod pending;
mod read;
mod scripts;
mod store;

use std::{fmt, time::Duration};

use ::redis::{ClientTlsConfig, TlsCertificates};
use kernel::Position;

use self::{
    address::Address,
    link::{Link, Patience},
    names::Names,
    store::Store,
};
pub use self::{
    address::AddressError,
    examine::{RedisPlaces, RedisSeen, RedisServer},
};
use crate::{
    Applied, Change, Key, ModelState, ReadModelError, ReadModels, Row, Scan, Slot, effect::count,
};

/// How Redis is reached.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://`, `redis+sentinel://` or `redis+cluster://` (with `rediss` over TLS), then
    /// `[user:password@]host[:port][,…][/database or /master][?prefix=…&buckets=…]`.
    pub url: String,
    /// The password, where it does not stand in the URL.
    pub password: Option<String>,
    /// The certificates of the authorities to trust, in PEM; those of the system when none are given.
    pub authorities: Option<Vec<u8>>,
    /// The certificate to show and its key, in PEM.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// How long a connection may take.
    pub connect_within: Duration,
    /// How long an answer may take.
    pub answer_within: Duration,
}

impl RedisOptions {
    /// Redis at this address; connections within two seconds, answers within five.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        let (connect_within, answer_within) = (Duration::from_secs(2), Duration::from_secs(5));
        let (password, authorities, identity) = (None, None, None);
        Self { url: url.into(), password, authorities, identity, connect_within, answer_within }
    }
}

/// The read models in Redis.
pub struct Redis {
    store: Store,
    address: Address,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Redis {
    /// The read models there. Nothing is connected before it is needed, and what fails is connected
    /// again.
    ///
    /// # Errors
    /// [`AddressError`] when the URL cannot be used.
    pub fn open(options: &RedisOptions) -> Result<Self, AddressError> {
        let mut address = Address::parse(&options.url)?;
        if options.password.is_some() {
            address.password.clone_from(&options.password);
        }
        let client_tls = options
            .identity
            .clone()
            .map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
        let certificates = (client_tls.is_some() || options.authorities.is_some())
            .then(|| TlsCertificates { client_tls, root_cert: options.authorities.clone() });
        let patience = Patience { connect: options.connect_within, answer: options.answer_within };
        let names = Names { prefix: address.prefix.clone(), buckets: address.buckets };
        let store = Store::new(Link::new(address.clone(), certificates, patience), names);
        Ok(Self { store, address })
    }

    /// Connects, unless it is connected, and sees that the server can hold read models: it is new
    /// enough and drops no rows when memory is short.
    ///
    /// # Errors
    /// [`ReadModelError::Unavailable`], whose source says what to do.
    pub async fn check(&self) -> Result<(), ReadModelError> {
        Ok(self.store.link.ask(&::redis::cmd("PING")).await.map(|_| ())?)
    }
}

#[async_trait::async_trait]
impl ReadModels for Redis {
    async fn get(&self, slot: Slot, key: &Key) -> Result<Option<Vec<u8>>, ReadModelError> {
        let rows = self.store.get_many(slot, std::slice::from_ref(key)).await?;
        Ok(rows.into_iter().next().flatten())
    }

    async fn get_many(
        &self,
        slot: Slot,
        keys: &[Key],
    ) -> Result<Vec<Option<Vec<u8>>>, ReadModelError> {
        self.store.get_many(slot, keys).await
    }

    async fn scan(&self, slot: Slot, scan: &Scan) -> Result<Vec<Row>, ReadModelError> {
        self.store.scan(slot, scan).await
    }

    async fn count(&self, slot: Slot, key: &Key) -> Result<i64, ReadModelError> {
        match self.get(slot, key).await? {
            Some(row) if row.len() != 8 => Err(ReadModelError::Unreadable(slot.model.name)),
            row => Ok(row.map_or(0, |row| count(&row))),
        }
    }

    async fn apply(
        &self,
        slot: Slot,
        changes: &[Change],
        expected: Position,
        next: Position,
    ) -> Result<Applied, ReadModelError> {
        self.store.apply(slot, changes, expected, next).await
    }

    async fn checkpoint(&self, slot: Slot) -> Result<Position, ReadModelError> {
        self.store.checkpoint(slot).await
    }

    async fn position(&self, slot: Slot) -> Result<Position, ReadModelError> {
        self.store.position(slot).await
    }

    async fn state(&self, name: &'static str) -> Result<ModelState, ReadModelError> {
        self.store.state(name).await
    }

    async fn set_state(&self, name: &'static str, state: ModelState) -> Result<(), ReadModelError> {
        self.store.set_state(name, state).await
    }

    async fn change_state(
        &self,
        name: &'static str,
        before: ModelState,
        after: ModelState,
    ) -> Result<bool, ReadModelError> {
        self.store.change_state(name, before, after).await
    }

    async fn clear(&self, slot: Slot) -> Result<(), ReadModelError> {
        self.store.clear(slot).await
    }

    /// Nothing: Redis makes durable what it was told to make durable (see `docs/READ-MODELS.md`).
    async fn flush(&self) -> Result<(), ReadModelError> {
        Ok(())
    }
}
