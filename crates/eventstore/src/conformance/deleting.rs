use super::{
    append, assert_as_written, assert_deleted, events, head, places, read, read_all, stream, write,
};
use crate::{AppendError, Deletion, EventStore, Expected, Filter, RecordedEvent, StreamId};

async fn delete(store: &dyn EventStore, stream: &StreamId, expected: Expected, how: Deletion) {
    let deleted = store.delete(stream, expected, how).await;
    deleted.unwrap_or_else(|error| panic!("{stream} must be deletable, but: {error}"));
}

pub(super) async fn a_soft_deletion_lets_the_stream_go_on(store: &dyn EventStore) {
    let stream = stream("thing", "1");
    append(store, &stream, Expected::NoStream, events("a", 3)).await;
    delete(store, &stream, Expected::Revision(2), Deletion::Soft).await;
    assert!(read(store, &stream).await.is_empty(), "its facts are gone");
    delete(store, &stream, Expected::Revision(2), Deletion::Soft).await;

    let again = append(store, &stream, Expected::NoStream, events("b", 2)).await;
    assert_eq!(
        (again.revision, again.repeated),
        (4, false),
        "revisions go on from where they were"
    );
    assert_as_written(&read(store, &stream).await, &stream, 3, &events("b", 2));
    let repeated = append(store, &stream, Expected::NoStream, events("b", 2)).await;
    assert!(repeated.repeated, "a repeat is known after a deletion too");
    append(store, &stream, Expected::Revision(4), events("c", 1)).await;

    delete(store, &stream, Expected::Revision(5), Deletion::Soft).await;
    let appended = append(store, &stream, Expected::Revision(5), events("d", 1)).await;
    assert_eq!(appended.revision, 6, "the last revision may be expected as well");
    let old = store.append(vec![write(&stream, Expected::Revision(0), events("x", 1))]).await;
    assert!(
        matches!(old[..], [Err(AppendError::Conflict { .. })]),
        "old revisions may not: {old:?}"
    );
}

pub(super) async fn a_tombstone_is_for_ever(store: &dyn EventStore) {
    let (held, empty) = (stream("thing", "1"), stream("thing", "2"));
    append(store, &held, Expected::NoStream, events("a", 3)).await;
    delete(store, &held, Expected::Revision(2), Deletion::Tombstone).await;
    delete(store, &empty, Expected::NoStream, Deletion::Tombstone).await;
    for stream in [&held, &empty] {
        assert_deleted(&store.read(stream, 0, 10).await);
        for expected in [Expected::NoStream, Expected::Revision(2)] {
            let answers = store.append(vec![write(stream, expected, events("b", 1))]).await;
            assert!(matches!(answers[..], [Err(AppendError::Deleted)]), "no more: {answers:?}");
        }
        let again = store.delete(stream, Expected::NoStream, Deletion::Soft).await;
        assert!(matches!(again, Err(AppendError::Deleted)), "nor be deleted again: {again:?}");
    }
}

pub(super) async fn a_deletion_expects_a_revision(store: &dyn EventStore) {
    let stream = stream("thing", "1");
    append(store, &stream, Expected::NoStream, events("a", 3)).await;
    for how in [Deletion::Soft, Deletion::Tombstone] {
        for wrong in [Expected::NoStream, Expected::Revision(1), Expected::Revision(u64::MAX)] {
            let deleted = store.delete(&stream, wrong, how).await;
            assert!(
                matches!(
                    deleted,
                    Err(AppendError::Conflict { expected, actual: Expected::Revision(2) })
                        if expected == wrong
                ),
                "a conflict names both revisions: {deleted:?}"
            );
        }
    }
    assert_as_written(&read(store, &stream).await, &stream, 0, &events("a", 3));
}

pub(super) async fn other_facts_stay_where_they_are(store: &dyn EventStore) {
    let streams: Vec<StreamId> = (0..4).map(|n| stream("thing", n)).collect();
    for n in 0..3 {
        for stream in &streams {
            append(store, stream, Expected::after(n), events(&format!("{stream} {n}"), 1)).await;
        }
    }
    let everything = Filter::every_tenant(&[]);
    let before = read_all(store, &everything, 100).await;
    delete(store, &streams[1], Expected::Revision(2), Deletion::Soft).await;
    delete(store, &streams[3], Expected::Revision(2), Deletion::Tombstone).await;

    // Whether the deleted ones are still in the log is the store's affair.
    let kept = |fact: &&RecordedEvent| [&streams[0], &streams[2]].contains(&&fact.stream);
    let left: Vec<_> = before.iter().filter(kept).cloned().collect();
    for size in [1, 3, 100] {
        let after = read_all(store, &everything, size).await;
        let after: Vec<_> = after.iter().filter(kept).cloned().collect();
        assert_eq!(places(&after), places(&left), "the rest reads as before");
    }
    let last = before[before.len() - 1].position;
    assert!(head(store).await >= last, "the head stays, even when its fact is gone");
    let next = append(store, &streams[0], Expected::Revision(2), events("next", 1)).await;
    assert!(next.position > last, "no position is given twice");
}
