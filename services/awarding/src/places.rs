use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use awarding_domain::{
    CAPACITY, Permutation, StatusList, StatusListCommand, StatusListEvent, StatusListId,
    status_list,
};
use eventstore::{AppendError, EventStore, Execution, Expected, StreamId};
use issuers_domain::IssuerId;
use kernel::{Actor, Aggregate, TenantId};
use keyvault::KeyVault;
use runtime::{Clock, Ids};
use tokio::sync::Mutex as AsyncMutex;

use crate::trouble::{Outcome, Trouble};

/// Gives each credential its place in a status list: from a block of numbers that this process has
/// reserved, so that no two processes ever give the same one.
pub(crate) struct Places {
    events: Arc<dyn EventStore>,
    vault: Arc<dyn KeyVault>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    blocks: Mutex<HashMap<(TenantId, IssuerId), Slot>>,
}

/// An issuer's block, while it has one.
type Slot = Arc<AsyncMutex<Option<Block>>>;

/// Where the revocation of one credential will be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) list: StatusListId,
    pub(crate) index: u32,
}

/// Numbers of one list that are ours, and how its stream stands as far as we know.
struct Block {
    number: u32,
    list: StatusListId,
    permutation: Permutation,
    state: StatusList,
    count: u64,
    next: u32,
    to: u32,
}

/// Numbers reserved at once for single awards; batches reserve what they need.
const BLOCK: u32 = 64;
/// Lists that are looked through by doubling before looking more closely.
const MOST_LISTS: u32 = 1 << 20;

impl Places {
    pub(crate) fn new(
        events: Arc<dyn EventStore>,
        vault: Arc<dyn KeyVault>,
        clock: Arc<dyn Clock>,
        ids: Ids,
    ) -> Self {
        Self { events, vault, clock, ids, blocks: Mutex::default() }
    }

    /// So many places in the issuer's lists.
    pub(crate) async fn take(
        &self,
        tenant: TenantId,
        issuer: IssuerId,
        count: usize,
    ) -> Outcome<Vec<Place>> {
        let slot = {
            let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(blocks.entry((tenant, issuer)).or_default())
        };
        // Held while reserving: whoever waits wants the numbers that are being reserved.
        let mut slot = slot.lock().await;
        let mut places = Vec::with_capacity(count);
        while places.len() < count {
            let missing = u32::try_from(count - places.len()).unwrap_or(u32::MAX);
            let block = match slot.take() {
                Some(block) if block.next < block.to => block,
                used => self.reserve(tenant, issuer, used, missing.max(BLOCK)).await?,
            };
            let block = slot.insert(block);
            let end = block.to.min(block.next.saturating_add(missing));
            let index = |number| block.permutation.place(number);
            places.extend((block.next..end).map(|n| Place { list: block.list, index: index(n) }));
            block.next = end;
        }
        Ok(places)
    }

    async fn reserve(
        &self,
        tenant: TenantId,
        issuer: IssuerId,
        used: Option<Block>,
        count: u32,
    ) -> Outcome<Block> {
        let mut block = if let Some(block) = used {
            block
        } else {
            let number = self.newest(tenant, issuer).await?;
            self.open(tenant, issuer, number).await?
        };
        loop {
            let number = block.number;
            let command = StatusListCommand::Reserve { issuer, number, count };
            let Ok(events) = block.state.decide(command) else {
                block = self.open(tenant, issuer, number + 1).await?;
                continue;
            };
            let execution = Execution {
                tenant,
                actor: Actor::system("awarding"),
                command: self.ids.command(),
                fingerprint: None,
                causation: None,
                traceparent: runtime::trace::traceparent(),
                at: self.clock.now(),
            };
            let stream = StreamId::of::<StatusList>(tenant, &block.list);
            let write = execution
                .write(stream, Expected::after(block.count), &events)
                .map_err(|error| Trouble::fault("a fact has no stored form", &error))?;
            match self.events.append(vec![write]).await.pop() {
                Some(Ok(_)) => {
                    let StatusListEvent::Reserved(range) = &events[0];
                    (block.next, block.to) = (range.from, range.to);
                    block.count += 1;
                    block.state = events.into_iter().fold(block.state, StatusList::evolve);
                    return Ok(block);
                }
                // Another process was faster, or nobody knows: what is not ours for sure is lost.
                Some(Err(AppendError::Conflict { .. } | AppendError::Unknown(_))) => {
                    block = self.open(tenant, issuer, number).await?;
                }
                Some(Err(error)) => return Err(error.into()),
                None => return Err(eventstore::StoreError::Closed.into()),
            }
        }
    }

    async fn open(&self, tenant: TenantId, issuer: IssuerId, number: u32) -> Outcome<Block> {
        let list = status_list(tenant, issuer, number);
        let secret = self.vault.secret(tenant, "status-index").await?;
        let permutation = Permutation::new(secret.expose(), list);
        let (state, count) = eventstore::load::<StatusList>(&*self.events, tenant, &list).await?;
        let end = CAPACITY;
        Ok(Block { number, list, permutation, state, count, next: end, to: end })
    }

    /// The issuer's newest list that exists, or the first: found by doubling, then by halving.
    async fn newest(&self, tenant: TenantId, issuer: IssuerId) -> Outcome<u32> {
        let (mut there, mut absent) = (0, 1);
        while absent < MOST_LISTS && self.exists(tenant, issuer, absent).await? {
            (there, absent) = (absent, absent * 2);
        }
        while absent - there > 1 {
            let middle = there.midpoint(absent);
            if self.exists(tenant, issuer, middle).await? {
                there = middle;
            } else {
                absent = middle;
            }
        }
        Ok(there)
    }

    async fn exists(&self, tenant: TenantId, issuer: IssuerId, number: u32) -> Outcome<bool> {
        let list = status_list(tenant, issuer, number);
        let stream = StreamId::of::<StatusList>(tenant, &list);
        Ok(!self.events.read(&stream, 0, 1).await?.is_empty())
    }
}
