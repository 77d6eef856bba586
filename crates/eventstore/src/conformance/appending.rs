use futures_util::future::join_all;
use uuid::Uuid;

use super::{append, assert_as_written, events, head, places, read, read_all, stream, write};
use crate::{AppendError, Appended, EventStore, Expected, Filter};

fn assert_conflict(answer: Option<&Result<Appended, AppendError>>, on: Expected, at: Expected) {
    match answer {
        Some(Err(AppendError::Conflict { expected, actual })) => {
            assert_eq!((*expected, *actual), (on, at), "a conflict names both revisions");
        }
        other => panic!("a write on {on:?} of a stream at {at:?} is a conflict, not {other:?}"),
    }
}

pub(super) async fn facts_read_back_as_they_were_written(store: &dyn EventStore) {
    let stream = stream("thing", "1");
    let (first, second) = (events("first", 3), events("second", 2));
    let appended = append(store, &stream, Expected::NoStream, first.clone()).await;
    assert_eq!((appended.revision, appended.repeated), (2, false), "the last revision is told");
    let later = append(store, &stream, Expected::Revision(2), second.clone()).await;
    assert_eq!((later.revision, later.repeated), (4, false), "revisions go on");
    assert!(later.position > appended.position, "positions grow");

    let stored = read(store, &stream).await;
    assert_as_written(&stored, &stream, 0, &[first, second].concat());
    assert_eq!(stored[2].position, appended.position, "the position told is the last fact's");
    assert_eq!(stored[4].position, later.position, "the position told is the last fact's");
    assert_eq!(head(store).await, later.position, "the head is the newest fact's position");
}

pub(super) async fn a_write_on_another_revision_is_a_conflict_that_names_both(
    store: &dyn EventStore,
) {
    let stream = stream("thing", "1");
    let missing = [Expected::Revision(0), Expected::Revision(u64::MAX)];
    for expected in missing {
        let answers = store.append(vec![write(&stream, expected, events("x", 1))]).await;
        assert_conflict(answers.first(), expected, Expected::NoStream);
    }
    append(store, &stream, Expected::NoStream, events("a", 3)).await;
    for expected in [
        Expected::NoStream,
        Expected::Revision(0),
        Expected::Revision(1),
        Expected::Revision(3),
        Expected::Revision(u64::MAX),
    ] {
        let answers = store.append(vec![write(&stream, expected, events("y", 1))]).await;
        assert_conflict(answers.first(), expected, Expected::Revision(2));
    }
    assert_eq!(read(store, &stream).await.len(), 3, "a conflict writes nothing");
}

pub(super) async fn a_repeat_is_answered_as_the_first_time(store: &dyn EventStore) {
    let stream = stream("thing", "1");
    let first = append(store, &stream, Expected::NoStream, events("a", 3)).await;
    let second = append(store, &stream, Expected::Revision(2), events("b", 2)).await;
    append(store, &stream, Expected::Revision(4), events("c", 1)).await;

    let again = append(store, &stream, Expected::NoStream, events("a", 3)).await;
    assert_eq!(again, Appended { repeated: true, ..first }, "a repeat of the first write");
    let again = append(store, &stream, Expected::Revision(2), events("b", 2)).await;
    assert_eq!(again, Appended { repeated: true, ..second }, "a repeat of a later write");
    assert_eq!(read(store, &stream).await.len(), 6, "a repeat writes nothing");
}

pub(super) async fn a_repeat_in_part_is_a_conflict(store: &dyn EventStore) {
    let stream = stream("thing", "1");
    append(store, &stream, Expected::NoStream, events("a", 3)).await;
    let (newest, none) = (Expected::Revision(2), Expected::NoStream);

    let mut other_end = events("a", 3);
    other_end[2].id = Uuid::from_u128(7);
    let answers = store.append(vec![write(&stream, none, other_end)]).await;
    assert_conflict(answers.first(), none, newest);

    let answers = store.append(vec![write(&stream, none, events("a", 4))]).await;
    assert_conflict(answers.first(), none, newest);

    let moved = Expected::Revision(0);
    let answers = store.append(vec![write(&stream, moved, events("a", 2))]).await;
    assert_conflict(answers.first(), moved, newest);
    assert_eq!(read(store, &stream).await.len(), 3, "none of them writes anything");
}

pub(super) async fn writes_of_one_call_do_not_depend_on_each_other(store: &dyn EventStore) {
    let streams: Vec<_> = (0..5).map(|n| stream("thing", n)).collect();
    append(store, &streams[2], Expected::NoStream, events("before", 1)).await;
    let call = |n: usize| write(&streams[n], Expected::NoStream, events(&format!("call {n}"), 2));
    let answers = store.append((0..5).map(call).collect()).await;

    assert_eq!(answers.len(), 5, "every write gets one answer, in order");
    assert_conflict(answers.get(2), Expected::NoStream, Expected::Revision(0));
    for (n, answer) in answers.iter().enumerate().filter(|(n, _)| *n != 2) {
        let stored = read(store, &streams[n]).await;
        assert_as_written(&stored, &streams[n], 0, &events(&format!("call {n}"), 2));
        match answer {
            Ok(appended) => assert_eq!(appended.position, stored[1].position, "its own position"),
            Err(error) => panic!("a conflict beside it must not stop a write, but: {error}"),
        }
    }
    assert!(store.append(Vec::new()).await.is_empty(), "no writes, no answers");
}

pub(super) async fn the_second_write_of_a_call_to_a_stream_is_a_conflict(store: &dyn EventStore) {
    let stream = stream("thing", "1");
    let first = write(&stream, Expected::NoStream, events("a", 1));
    let second = write(&stream, Expected::Revision(0), events("b", 1));
    let answers = store.append(vec![first, second]).await;
    assert!(matches!(answers.first(), Some(Ok(_))), "the first goes through: {answers:?}");
    let second = answers.get(1);
    assert!(
        matches!(second, Some(Err(AppendError::Conflict { expected: Expected::Revision(0), .. }))),
        "the second is a conflict: {second:?}"
    );
    assert_eq!(read(store, &stream).await.len(), 1, "only the first is written");
}

pub(super) async fn positions_grow_and_a_write_stands_together(store: &dyn EventStore) {
    let writers = (0..16).map(async |writer| {
        let stream = stream("thing", writer);
        let mut appended = Vec::new();
        for n in 0..10_u64 {
            let label = format!("{writer} {n}");
            let done = append(store, &stream, Expected::after(2 * n), events(&label, 2)).await;
            appended.push(done.position);
        }
        appended
    });
    let mut appended: Vec<_> = join_all(writers).await.into_iter().flatten().collect();
    appended.sort_unstable();
    let facts = read_all(store, &Filter::every_tenant(&[]), 64).await;
    assert_eq!(facts.len(), 320, "everything is there, once");
    for pair in facts.windows(2) {
        assert!(pair[0].position < pair[1].position, "positions grow");
    }
    for (pair, position) in facts.chunks_exact(2).zip(appended) {
        assert_eq!(pair[0].stream, pair[1].stream, "the facts of one write stand together");
        assert_eq!(pair[1].position, position, "and the position told is its last fact's");
    }
    assert!(store.stride() >= 1, "a fact takes at least one position");
}

pub(super) async fn one_of_many_writers_wins_each_revision(store: &dyn EventStore) {
    let stream = stream("thing", "1");
    for revision in 0..10_u64 {
        let expected = Expected::after(revision);
        let attempts = (0..64).map(|writer| {
            let label = format!("{revision} {writer}");
            store.append(vec![write(&stream, expected, events(&label, 1))])
        });
        let answers: Vec<_> = join_all(attempts).await.into_iter().flatten().collect();
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(won, 1, "exactly one writer wins revision {revision}");
        for answer in answers.iter().filter(|answer| answer.is_err()) {
            assert_conflict(Some(answer), expected, Expected::Revision(revision));
        }
    }
    let facts = read(store, &stream).await;
    assert_eq!(places(&facts).len(), 10, "and nothing else is written");
}

pub(super) async fn what_is_too_large_is_refused_alone(store: &dyn EventStore) {
    let mut large_payload = events("a", 1);
    large_payload[0].data = vec![b' '; (1 << 20) + 1];
    let mut large_metadata = events("b", 1);
    large_metadata[0].metadata = vec![b' '; (64 << 10) + 1];
    let mut largest = events("c", 1);
    largest[0].data = vec![b' '; 1 << 20];
    largest[0].metadata = vec![b' '; 64 << 10];
    let write = |n, events| write(&stream("thing", n), Expected::NoStream, events);
    let answers = store
        .append(vec![
            write(0, large_payload),
            write(1, large_metadata),
            write(2, events("many", 1001)),
            write(3, largest.clone()),
            write(4, events("most", 1000)),
        ])
        .await;
    for answer in &answers[..3] {
        assert!(matches!(answer, Err(AppendError::TooLarge)), "too large says so: {answer:?}");
    }
    for answer in &answers[3..] {
        assert!(answer.is_ok(), "what is just not too large goes through: {answer:?}");
    }
    assert_as_written(&read(store, &stream("thing", 3)).await, &stream("thing", 3), 0, &largest);
    let before = head(store).await;

    let call = |n| write(n, events(&n.to_string(), 1));
    let answers = store.append((0..4097).map(call).collect()).await;
    assert_eq!(answers.len(), 4097, "every write gets one answer");
    assert!(answers.iter().all(|answer| matches!(answer, Err(AppendError::TooLarge))));
    assert_eq!(head(store).await, before, "what is too large writes nothing");
    let facts = read_all(store, &Filter::every_tenant(&[]), 1000).await;
    assert_eq!(facts.len(), 1001, "what is too large writes nothing");
}

pub(super) async fn what_is_malformed_is_refused(store: &dyn EventStore) {
    let thing = stream("thing", "1");
    let mut nil = events("a", 1);
    nil[0].id = Uuid::nil();
    for malformed in [
        write(&thing, Expected::NoStream, Vec::new()),
        write(&thing, Expected::NoStream, nil),
        write(&stream("two-parts", "1"), Expected::NoStream, events("b", 1)),
    ] {
        let answers = store.append(vec![malformed]).await;
        let answer = answers.first();
        assert!(matches!(answer, Some(Err(AppendError::Unavailable(_)))), "refused: {answer:?}");
    }
    assert_eq!(head(store).await.0, 0, "nothing is written");
}
