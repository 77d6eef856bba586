//! A part of a log that looks like a log of its own: tenants that nobody else has, from here on.

use std::sync::Arc;

use eventstore::{
    AppendError, Appended, Deletion, EventStore, Expected, Filter, Page, RecordedEvent, Scope,
    Signal, Signals, StoreError, StreamId, Write,
};
use futures_util::StreamExt;
use kernel::{Position, Revision, TenantId};
use uuid::Uuid;

#[derive(Clone)]
pub(crate) struct Namespace {
    store: Arc<dyn EventStore>,
    /// Everything up to here was there before.
    origin: Position,
    /// What is added to the numbers of tenants; they have few digits.
    base: u128,
}

impl Namespace {
    pub(crate) async fn within(store: &Arc<dyn EventStore>) -> Arc<dyn EventStore> {
        let origin = store.head().await.expect("the store answers");
        let base = Uuid::new_v4().as_u128() & !0xFFFF;
        Arc::new(Self { store: Arc::clone(store), origin, base })
    }

    fn there(&self, stream: &StreamId) -> StreamId {
        let tenant = self.tenant(stream.tenant());
        StreamId::named(stream.category(), tenant, stream.id())
    }

    fn tenant(&self, tenant: TenantId) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(self.base + tenant.uuid().as_u128()))
    }

    fn here(&self, fact: RecordedEvent) -> Option<RecordedEvent> {
        let number = fact.stream.tenant().uuid().as_u128().checked_sub(self.base)?;
        let tenant = (number <= 0xFFFF).then(|| TenantId::from_uuid(Uuid::from_u128(number)))?;
        let stream = StreamId::named(fact.stream.category(), tenant, fact.stream.id());
        Some(RecordedEvent { stream, ..fact })
    }

    fn all_here(&self, facts: Vec<RecordedEvent>) -> Vec<RecordedEvent> {
        facts.into_iter().filter_map(|fact| self.here(fact)).collect()
    }

    fn after(&self, position: Position) -> Position {
        position.max(self.origin)
    }

    fn told(&self, position: Position) -> Position {
        if position <= self.origin { Position::START } else { position }
    }

    fn filter(&self, filter: &Filter) -> Filter {
        let scope = match filter.scope {
            Scope::Tenant(tenant) => Scope::Tenant(self.tenant(tenant)),
            Scope::EveryTenant => Scope::EveryTenant,
        };
        Filter { scope, categories: filter.categories.clone() }
    }
}

#[async_trait::async_trait]
impl EventStore for Namespace {
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        let there = |write: Write| Write { stream: self.there(&write.stream), ..write };
        self.store.append(writes.into_iter().map(there).collect()).await
    }

    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        Ok(self.all_here(self.store.read(&self.there(stream), from, max).await?))
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError> {
        let page = self.store.read_all(self.after(after), &self.filter(filter), max).await?;
        let next = self.told(page.next);
        Ok(Page { facts: self.all_here(page.facts), next, ..page })
    }

    fn subscribe(&self, after: Position, filter: Filter) -> Signals {
        let signals = self.store.subscribe(self.after(after), self.filter(&filter));
        let namespace = self.clone();
        Box::pin(signals.map(move |signal| {
            Ok(match signal? {
                Signal::Facts(facts) => {
                    let last = facts.last().map(|fact| fact.position).unwrap_or_default();
                    match namespace.all_here(facts) {
                        none if none.is_empty() => Signal::Checkpoint(last),
                        facts => Signal::Facts(facts),
                    }
                }
                Signal::Checkpoint(at) => Signal::Checkpoint(namespace.told(at)),
                Signal::CaughtUp(at) => Signal::CaughtUp(namespace.told(at)),
            })
        }))
    }

    async fn head(&self) -> Result<Position, StoreError> {
        Ok(self.told(self.store.head().await?))
    }

    fn stride(&self) -> u64 {
        self.store.stride()
    }

    async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        self.store.delete(&self.there(stream), expected, how).await
    }
}
