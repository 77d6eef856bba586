//! What the questions are asked of.

use std::{fs::File, path::PathBuf, time::Duration};

use eventstore::{Glance, KurrentSeen, OpenError};
use readmodel::{Redis, RedisOptions, RedisSeen};
use runtime::{Config, config::Problem};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::stores::chain;

/// An installation.
pub(super) struct Ground {
    pub(super) config: Config,
    pub(super) problems: Vec<Problem>,
    /// What can be seen of the log, if there is one.
    pub(super) log: Result<Glance, OpenError>,
    /// Whether a living process has the stores open.
    pub(super) in_use: bool,
    /// Asks servers, of the operator's own choosing.
    pub(super) client: Option<reqwest::Client>,
    kurrent: OnceCell<Seen<KurrentSeen>>,
    redis: OnceCell<Seen<RedisSeen>>,
}

/// What was seen of a store that is perhaps elsewhere. Each is looked at once.
pub(super) enum Seen<T> {
    /// It is in the data folder.
    Embedded,
    /// The URL cannot be used.
    Unusable(String),
    /// It is elsewhere.
    There(T),
}

/// Where a store is that is elsewhere.
pub(super) struct Places {
    pub(super) nodes: Vec<(String, u16)>,
    pub(super) tls: bool,
    pub(super) cluster: bool,
}

/// How long an answer over the network may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Ground {
    pub(super) fn new(config: Config, problems: Vec<Problem>) -> Self {
        let log = eventstore::glance(&config.data.join("events"));
        let lock = File::open(config.data.join("events/lock"));
        let in_use = lock.is_ok_and(|lock| lock.try_lock_shared().is_err());
        let client = reqwest::Client::builder().timeout(PATIENCE).build().ok();
        let (kurrent, redis) = (OnceCell::new(), OnceCell::new());
        Self { config, problems, log, in_use, client, kurrent, redis }
    }

    /// Whether Laurel may be serving here: nobody can tell by the lock of a log that is elsewhere.
    pub(super) fn may_serve(&self) -> bool {
        self.in_use || self.config.stores.events.url().is_some()
    }

    pub(super) fn vault(&self) -> PathBuf {
        self.config.data.join("keys/keys.sqlite")
    }

    /// What the KurrentDB shows.
    pub(super) async fn kurrent(&self) -> &Seen<KurrentSeen> {
        let look = async {
            let Some(url) = self.config.stores.events.url() else { return Seen::Embedded };
            let trial = Uuid::from_bytes(rand::random());
            match Box::pin(eventstore::examine_kurrent(url, trial)).await {
                Ok(seen) => Seen::There(seen),
                Err(error) => Seen::Unusable(chain(&error)),
            }
        };
        self.kurrent.get_or_init(|| look).await
    }

    /// What Redis shows.
    pub(super) async fn redis(&self) -> &Seen<RedisSeen> {
        let look = async {
            let Some(url) = self.config.stores.models.url() else { return Seen::Embedded };
            match Redis::open(&RedisOptions::new(url)) {
                Ok(redis) => Seen::There(Box::pin(redis.examine()).await),
                Err(error) => Seen::Unusable(chain(&error)),
            }
        };
        self.redis.get_or_init(|| look).await
    }

    /// Where the log is, if it is elsewhere and can be reached by its URL.
    pub(super) fn events_places(&self) -> Option<Places> {
        let (nodes, tls) = eventstore::kurrent_places(self.config.stores.events.url()?).ok()?;
        let nodes =
            nodes.into_iter().filter_map(|(host, port)| Some((host, port.try_into().ok()?)));
        Some(Places { nodes: nodes.collect(), tls, cluster: false })
    }

    /// Where the read models are, if they are elsewhere and can be reached by their URL.
    pub(super) fn models_places(&self) -> Option<Places> {
        let options = RedisOptions::new(self.config.stores.models.url()?);
        let places = Redis::places(&options).ok()?;
        Some(Places { nodes: places.nodes, tls: places.tls, cluster: places.cluster })
    }
}
