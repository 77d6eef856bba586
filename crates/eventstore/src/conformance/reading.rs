use kernel::Position;

use super::{append, assert_as_written, events, places, read, read_all, stream, tenant, write};
use crate::{EventStore, Expected, Filter, RecordedEvent, StreamId};

pub(super) async fn a_stream_is_read_in_pages(store: &dyn EventStore) {
    let stream = stream("thing", "1");
    let written = events("a", 150);
    append(store, &stream, Expected::NoStream, written.clone()).await;
    for size in [1, 7, 64, 65, 150, 1000] {
        let mut stored: Vec<RecordedEvent> = Vec::new();
        loop {
            let page = store.read(&stream, stored.len() as u64, size).await;
            let page = page.unwrap_or_else(|error| panic!("a page must be readable: {error}"));
            assert!(page.len() <= size, "a page holds no more than was asked for");
            if page.is_empty() {
                break;
            }
            stored.extend(page);
        }
        assert_as_written(&stored, &stream, 0, &written);
    }
    let none = store.read(&stream, u64::MAX, 10).await;
    assert!(none.is_ok_and(|facts| facts.is_empty()), "nothing comes after the end");
}

pub(super) async fn a_stream_that_is_not_there_is_empty(store: &dyn EventStore) {
    append(store, &stream("thing", "1"), Expected::NoStream, events("a", 1)).await;
    assert!(read(store, &stream("thing", "10")).await.is_empty(), "an absent stream is empty");
}

/// A log in which tenants and categories alternate.
async fn mixed(store: &dyn EventStore) {
    let stream = |n: usize| {
        let category = ["award", "badge", "claim"][n % 3];
        StreamId::named(category, tenant((n % 4) as u128), n)
    };
    for round in 0..2_u64 {
        let writes = (0..60).map(|n| {
            write(&stream(n), Expected::after(2 * round), events(&format!("{n} {round}"), 2))
        });
        let answers = store.append(writes.collect()).await;
        assert!(answers.iter().all(Result::is_ok), "the log is made: {answers:?}");
    }
}

pub(super) async fn page_sizes_never_change_the_sequence(store: &dyn EventStore) {
    mixed(store).await;
    let everything = read_all(store, &Filter::every_tenant(&[]), 1000).await;
    assert_eq!(everything.len(), 240, "everything is there");
    for filter in [
        Filter::every_tenant(&[]),
        Filter::every_tenant(&["award"]),
        Filter::every_tenant(&["claim", "award"]),
        Filter::every_tenant(&["nothing"]),
        Filter::tenant(tenant(2), &[]),
        Filter::tenant(tenant(2), &["badge"]),
        Filter::tenant(tenant(3), &["badge", "claim", "nothing"]),
        Filter::tenant(tenant(9), &[]),
    ] {
        let admitted = everything.iter().filter(|fact| filter.admits(&fact.stream));
        let admitted: Vec<RecordedEvent> = admitted.cloned().collect();
        for size in [1, 2, 5, 16, 100] {
            let facts = read_all(store, &filter, size).await;
            assert_eq!(places(&facts), places(&admitted), "{filter:?} by pages of {size}");
        }
    }
}

pub(super) async fn tenants_never_meet(store: &dyn EventStore) {
    let (ours, theirs) = (tenant(1), tenant(2));
    let stream = |tenant| StreamId::named("thing", tenant, "same");
    append(store, &stream(ours), Expected::NoStream, events("ours", 2)).await;
    append(store, &stream(theirs), Expected::NoStream, events("theirs", 3)).await;
    assert_as_written(&read(store, &stream(ours)).await, &stream(ours), 0, &events("ours", 2));
    for (tenant, count) in [(ours, 2), (theirs, 3), (super::tenant(3), 0)] {
        let facts = read_all(store, &Filter::tenant(tenant, &[]), 10).await;
        assert_eq!(facts.len(), count, "a tenant has its own facts");
        assert!(facts.iter().all(|fact| fact.stream.tenant() == tenant), "and no others");
    }
}

pub(super) async fn an_empty_log_has_nothing_at_its_head(store: &dyn EventStore) {
    assert_eq!(super::head(store).await, Position::START, "an empty log stands at the start");
    let page = store.read_all(Position::START, &Filter::every_tenant(&[]), 10).await;
    let page = page.unwrap_or_else(|error| panic!("an empty log must be readable: {error}"));
    assert!(page.facts.is_empty() && page.at_head, "there is nothing to read on for");
    assert_eq!(page.next, Position::START, "nothing was considered");
}
