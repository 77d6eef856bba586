//! The promises of [`EventStore`], as a test that every adapter runs: call [`all`] from it.
//!
//! One function proves one promise, on a store of its own. To add a promise, write it down at the
//! port, prove it in the file for its subject, and call it here.

mod appending;
mod deleting;
mod reading;
mod subscribing;

use std::sync::Arc;

use kernel::{CommandId, Position, TenantId};
use uuid::Uuid;

use crate::{
    Appended, EventStore, Expected, Filter, NewEvent, RecordedEvent, StoreError, StreamId, Write,
};

/// Tests every promise, each on a fresh, empty store.
///
/// # Panics
/// When a promise is broken, with the one that was.
pub async fn all(fresh: impl AsyncFn() -> Arc<dyn EventStore>) {
    appending::facts_read_back_as_they_were_written(&*fresh().await).await;
    appending::a_write_on_another_revision_is_a_conflict_that_names_both(&*fresh().await).await;
    appending::a_repeat_is_answered_as_the_first_time(&*fresh().await).await;
    appending::a_repeat_in_part_is_a_conflict(&*fresh().await).await;
    appending::writes_of_one_call_do_not_depend_on_each_other(&*fresh().await).await;
    appending::the_second_write_of_a_call_to_a_stream_is_a_conflict(&*fresh().await).await;
    appending::positions_grow_and_a_write_stands_together(&*fresh().await).await;
    appending::one_of_many_writers_wins_each_revision(&*fresh().await).await;
    appending::what_is_too_large_is_refused_alone(&*fresh().await).await;
    appending::what_is_malformed_is_refused(&*fresh().await).await;

    reading::a_stream_is_read_in_pages(&*fresh().await).await;
    reading::a_stream_that_is_not_there_is_empty(&*fresh().await).await;
    reading::page_sizes_never_change_the_sequence(&*fresh().await).await;
    reading::tenants_never_meet(&*fresh().await).await;
    reading::an_empty_log_has_nothing_at_its_head(&*fresh().await).await;

    subscribing::a_subscription_starts_anywhere(&*fresh().await).await;
    subscribing::what_is_appended_meanwhile_comes_once_and_in_order(&*fresh().await).await;
    subscribing::catching_up_is_told_even_when_nothing_passes(&*fresh().await).await;
    subscribing::what_the_filter_leaves_out_moves_the_checkpoint(&*fresh().await).await;
    subscribing::whoever_falls_far_behind_is_told_on_catching_up_again(&*fresh().await).await;

    deleting::a_soft_deletion_lets_the_stream_go_on(&*fresh().await).await;
    deleting::a_tombstone_is_for_ever(&*fresh().await).await;
    deleting::a_deletion_expects_a_revision(&*fresh().await).await;
    deleting::other_facts_stay_where_they_are(&*fresh().await).await;
}

/// One tenant of a few.
fn tenant(n: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(n))
}

/// A stream of the first tenant.
fn stream(category: &str, id: impl std::fmt::Display) -> StreamId {
    StreamId::named(category, tenant(1), id)
}

/// So many facts that no other call to this makes, unless of the same label.
fn events(label: &str, count: usize) -> Vec<NewEvent> {
    let event = |n: usize| NewEvent {
        id: CommandId::derived(&[label.as_bytes()]).event_id(label, n),
        kind: format!("thing-{}.v1", if n.is_multiple_of(2) { "made" } else { "changed" }),
        data: format!(r#"{{"label":"{label}","n":{n}}}"#).into_bytes(),
        metadata: format!(r#"{{"of":"{label}"}}"#).into_bytes(),
    };
    (0..count).map(event).collect()
}

fn write(stream: &StreamId, expected: Expected, events: Vec<NewEvent>) -> Write {
    Write { stream: stream.clone(), expected, events }
}

/// Appends one write that must succeed.
async fn append(
    store: &dyn EventStore,
    stream: &StreamId,
    expected: Expected,
    events: Vec<NewEvent>,
) -> Appended {
    let mut answers = store.append(vec![write(stream, expected, events)]).await;
    assert_eq!(answers.len(), 1, "every write gets one answer");
    match answers.pop() {
        Some(Ok(appended)) => appended,
        other => panic!("a write to {stream} at {expected:?} must succeed, but: {other:?}"),
    }
}

/// The whole of a stream.
async fn read(store: &dyn EventStore, stream: &StreamId) -> Vec<RecordedEvent> {
    let read = store.read(stream, 0, 1000).await;
    read.unwrap_or_else(|error| panic!("{stream} must be readable, but: {error}"))
}

/// All that passes the filter, by pages of this size.
async fn read_all(store: &dyn EventStore, filter: &Filter, size: usize) -> Vec<RecordedEvent> {
    let (mut after, mut facts) = (Position::START, Vec::new());
    loop {
        let page = store.read_all(after, filter, size).await;
        let page = page.unwrap_or_else(|error| panic!("the log must be readable, but: {error}"));
        assert!(page.facts.len() <= size, "a page holds no more than was asked for");
        assert!(page.next >= after, "reading goes on, not back");
        assert!(page.next > after || page.at_head, "a page that is not the last leads on");
        for fact in &page.facts {
            assert!(fact.position > after && fact.position <= page.next, "a page keeps its bounds");
        }
        facts.extend(page.facts);
        after = page.next;
        if page.at_head {
            return facts;
        }
    }
}

async fn head(store: &dyn EventStore) -> Position {
    store.head().await.unwrap_or_else(|error| panic!("the head must be known, but: {error}"))
}

/// What tells facts apart, for comparisons.
fn places(facts: &[RecordedEvent]) -> Vec<(u64, &str, u64, Uuid)> {
    let place = |fact: &RecordedEvent| (fact.position.0, fact.revision, fact.id);
    let named = |fact| {
        let (position, revision, id) = place(fact);
        (position, fact.stream.as_str(), revision, id)
    };
    facts.iter().map(named).collect()
}

fn assert_as_written(stored: &[RecordedEvent], stream: &StreamId, first: u64, events: &[NewEvent]) {
    assert_eq!(stored.len(), events.len(), "as many facts as were written");
    for ((fact, event), revision) in stored.iter().zip(events).zip(first..) {
        assert_eq!(&fact.stream, stream, "the stream is the one written to");
        assert_eq!(fact.revision, revision, "revisions are the places in the stream");
        assert_eq!(fact.id, event.id, "ids are kept");
        assert_eq!(&*fact.kind, event.kind, "types are kept");
        assert_eq!(fact.data, event.data, "payloads are kept to the byte");
        assert_eq!(fact.metadata, event.metadata, "metadata is kept to the byte");
    }
}

fn assert_deleted(read: &Result<Vec<RecordedEvent>, StoreError>) {
    assert!(matches!(read, Err(StoreError::Deleted)), "a tombstoned stream says so: {read:?}");
}
