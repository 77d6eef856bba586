//! What the questions are asked of.

use std::{fs::File, path::PathBuf, time::Duration};

use eventstore::{Glance, OpenError};
use runtime::{Config, config::Problem};

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
}

/// How long an answer over the network may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Ground {
    pub(super) fn new(config: Config, problems: Vec<Problem>) -> Self {
        let log = eventstore::glance(&config.data.join("events"));
        let lock = File::open(config.data.join("events/lock"));
        let in_use = lock.is_ok_and(|lock| lock.try_lock_shared().is_err());
        let client = reqwest::Client::builder().timeout(PATIENCE).build().ok();
        Self { config, problems, log, in_use, client }
    }

    pub(super) fn vault(&self) -> PathBuf {
        self.config.data.join("keys/keys.sqlite")
    }
}
