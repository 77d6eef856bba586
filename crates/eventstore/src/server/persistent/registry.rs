//! Which groups there are.

use std::{collections::BTreeMap, sync::Arc};

use tokio::{sync::Mutex, task::JoinSet};
use tonic::Status;

use super::{
    keeping,
    pump::Served,
    settings::{Kept, LOG},
    status as said,
};
use crate::{
    Embedded,
    raw::{Refused, StreamName},
    server::status,
};

/// The most groups of a store.
const MOST: usize = 1000;

/// The groups, by source and name.
pub(in crate::server) struct Registry {
    store: Arc<Embedded>,
    groups: Mutex<Option<Groups>>,
    /// What moves them. They end with the registry.
    moving: std::sync::Mutex<JoinSet<()>>,
}

type Groups = BTreeMap<(String, String), Arc<Served>>;

impl Registry {
    pub fn of(store: Arc<Embedded>) -> Self {
        Self { store, groups: Mutex::default(), moving: std::sync::Mutex::default() }
    }

    /// Does something with all groups, which are read from the log when they were not yet.
    async fn with<T>(
        &self,
        act: impl AsyncFnOnce(&mut Groups) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut held = self.groups.lock().await;
        let groups = match held.take() {
            Some(groups) => groups,
            None => self.load().await?,
        };
        act(held.insert(groups)).await
    }

    async fn load(&self) -> Result<Groups, Status> {
        let kept = keeping::groups(&self.store).await;
        let mut groups = Groups::new();
        for kept in kept.map_err(|error| status::unreadable(&error))? {
            let name = (kept.source.clone(), kept.group.clone());
            groups.insert(name, Served::load(&self.store, kept).await?);
        }
        Ok(groups)
    }

    async fn keep(&self, groups: &Groups) -> Result<(), Status> {
        let kept: Vec<Kept> = groups.values().map(|group| group.kept.clone()).collect();
        let written = keeping::keep_groups(&self.store, &kept).await;
        written.map_err(|refused: Refused| {
            status::refused(&refused, &StreamName::new(LOG), usize::MAX)
        })
    }

    pub(super) async fn get(&self, source: &str, group: &str) -> Result<Arc<Served>, Status> {
        let name = (source.to_owned(), group.to_owned());
        let found = self.with(async |groups| Ok(groups.get(&name).cloned())).await?;
        found.ok_or_else(|| said::missing(source, group))
    }

    /// All groups, or those of one source.
    pub(super) async fn list(&self, source: Option<&str>) -> Result<Vec<Arc<Served>>, Status> {
        self.with(async |groups| {
            let of = |served: &&Arc<Served>| source.is_none_or(|of| served.kept.source == of);
            Ok(groups.values().filter(of).cloned().collect())
        })
        .await
    }

    /// Adds a group.
    pub(super) async fn create(&self, kept: Kept) -> Result<(), Status> {
        self.with(async |groups| {
            let name = (kept.source.clone(), kept.group.clone());
            if groups.contains_key(&name) {
                return Err(said::exists(&kept.source, &kept.group));
            }
            if groups.len() >= MOST {
                return Err(Status::resource_exhausted("there are too many groups"));
            }
            let served = Served::load(&self.store, kept).await?;
            groups.insert(name.clone(), served);
            let written = self.keep(groups).await;
            if written.is_err() {
                groups.remove(&name);
            }
            written
        })
        .await
    }

    /// Replaces a group; its consumers have to join again.
    pub(super) async fn update(&self, kept: Kept) -> Result<(), Status> {
        self.with(async |groups| {
            let name = (kept.source.clone(), kept.group.clone());
            let Some(before) = groups.get(&name).cloned() else {
                return Err(said::missing(&kept.source, &kept.group));
            };
            before.keep(true).await;
            before.end(&said::dropped(&kept));
            groups.insert(name, Served::load(&self.store, kept).await?);
            self.keep(groups).await
        })
        .await
    }

    pub(super) async fn delete(&self, source: &str, group: &str) -> Result<(), Status> {
        self.with(async |groups| {
            let name = (source.to_owned(), group.to_owned());
            let Some(served) = groups.remove(&name) else {
                return Err(said::missing(source, group));
            };
            self.keep(groups).await?;
            served.end(&said::dropped(&served.kept));
            served.keeping.forget(&self.store).await;
            Ok(())
        })
        .await
    }

    /// Reads all groups from the log anew; consumers have to join again.
    pub async fn restart(&self) -> Result<(), Status> {
        self.with(async |groups| {
            for served in groups.values() {
                served.keep(true).await;
                served.end(&said::dropped(&served.kept));
            }
            *groups = self.load().await?;
            Ok(())
        })
        .await
    }

    /// Sees to it that something moves the group.
    pub(super) fn start(&self, group: &Arc<Served>) {
        if group.starts() {
            let mut moving = self.moving.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            while moving.try_join_next().is_some() {}
            moving.spawn(Arc::clone(group).run());
        }
    }
}
