//! The store against a list in memory that is too simple to be wrong.

use std::collections::BTreeMap;

use eventstore::{
    AppendError, Deletion, Embedded, EmbeddedOptions, EventStore, Expected, Filter, StoreError,
    Write,
};
use kernel::Position;
use proptest::{collection::vec, prelude::*};
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{event, folder, stream};

#[derive(Clone, Debug)]
enum Step {
    /// Appends on the revision of the stream, so many further, or as if there was nothing.
    Append {
        stream: u8,
        off: i8,
        count: u8,
    },
    /// Sends the last write to a stream again.
    Repeat {
        stream: u8,
    },
    Delete {
        stream: u8,
        off: i8,
        tombstone: bool,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let off = prop_oneof![6 => Just(0_i8), 1 => -3..3_i8, 1 => Just(i8::MIN)];
    prop_oneof![
        8 => (0..3_u8, off.clone(), 1..4_u8)
            .prop_map(|(stream, off, count)| Step::Append { stream, off, count }),
        2 => (0..3_u8).prop_map(|stream| Step::Repeat { stream }),
        2 => (0..3_u8, off, any::<bool>(), any::<bool>())
            .prop_map(|(stream, off, a, b)| Step::Delete { stream, off, tombstone: a && b }),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Default)]
struct Model {
    /// Every fact ever: stream, revision, id; no id when deleted.
    log: Vec<(u8, u64, Option<Uuid>)>,
    streams: BTreeMap<u8, Known>,
    made: usize,
}

#[derive(Default)]
struct Known {
    next: u64,
    tombstoned: bool,
    last: Option<Write>,
}

impl Model {
    fn held(&self, stream: u8) -> Vec<(u64, Uuid)> {
        let of = |fact: &&(u8, u64, Option<Uuid>)| fact.0 == stream;
        self.log
            .iter()
            .filter(of)
            .filter_map(|(_, revision, id)| Some((*revision, (*id)?)))
            .collect()
    }

    fn next(&self, stream: u8) -> u64 {
        self.streams.get(&stream).map_or(0, |known| known.next)
    }

    fn expected(&self, stream: u8, off: i8) -> Expected {
        if off == i8::MIN {
            return Expected::NoStream;
        }
        Expected::after(self.next(stream).saturating_add_signed(off.into()))
    }

    /// Whether a write on this expectation goes to the end.
    fn fits(&self, stream: u8, expected: Expected) -> bool {
        let empty = self.held(stream).is_empty();
        expected == Expected::after(self.next(stream)) || empty && expected == Expected::NoStream
    }

    /// What an append answers: the last revision and whether it was there, or nothing.
    fn append(&mut self, stream: u8, write: &Write) -> Option<(u64, bool)> {
        let known = self.streams.entry(stream).or_default();
        if known.tombstoned {
            return None;
        }
        let count = write.events.len() as u64;
        if self.fits(stream, write.expected) {
            let next = self.next(stream);
            for (event, revision) in write.events.iter().zip(next..) {
                self.log.push((stream, revision, Some(event.id)));
            }
            let last = Some(write.clone());
            self.streams.insert(stream, Known { next: next + count, tombstoned: false, last });
            return Some((next + count - 1, false));
        }
        let held = self.held(stream);
        let first = match write.expected {
            Expected::NoStream => held.first()?.0,
            Expected::Revision(revision) => revision + 1,
        };
        let same =
            |(event, revision): (&eventstore::NewEvent, u64)| held.contains(&(revision, event.id));
        write.events.iter().zip(first..).all(same).then_some((first + count - 1, true))
    }

    fn delete(&mut self, stream: u8, expected: Expected, tombstone: bool) -> bool {
        if self.streams.get(&stream).is_some_and(|known| known.tombstoned) {
            return false;
        }
        if !self.fits(stream, expected) {
            return false;
        }
        self.streams.entry(stream).or_default().tombstoned = tombstone;
        for fact in self.log.iter_mut().filter(|fact| fact.0 == stream) {
            fact.2 = None;
        }
        true
    }
}

async fn check(store: &Embedded, model: &Model) {
    for number in 0..3 {
        let read = store.read(&stream(number), 0, 1000).await;
        if model.streams.get(&number).is_some_and(|known| known.tombstoned) {
            assert!(matches!(read, Err(StoreError::Deleted)));
        } else {
            let read = read.expect("facts");
            let read: Vec<_> = read.iter().map(|fact| (fact.revision, fact.id)).collect();
            assert_eq!(read, model.held(number));
        }
    }
    let everything = Filter::every_tenant(&[]);
    let page = store.read_all(Position::START, &everything, 1000).await.expect("facts");
    let read = page.facts.iter().map(|fact| (fact.position.0, fact.revision, fact.id));
    let held = model
        .log
        .iter()
        .zip(1..)
        .filter_map(|((_, revision, id), at)| id.map(|id| (at, *revision, id)));
    assert_eq!(read.collect::<Vec<_>>(), held.collect::<Vec<_>>());
    assert_eq!(page.next, Position(model.log.len() as u64));
}

async fn run(steps: Vec<Step>, held: usize) {
    let folder = folder();
    let open = || {
        let options = EmbeddedOptions { held, ..EmbeddedOptions::at(folder.path()) };
        Embedded::open(options).expect("the store opens")
    };
    let (mut store, mut model) = (open(), Model::default());
    for step in steps {
        let (number, write) = match step {
            Step::Append { stream: number, off, count } => {
                let expected = model.expected(number, off);
                let label = |n: usize| event(&format!("{n}"));
                let events = (model.made..).take(count.into()).map(label).collect();
                model.made += usize::from(count);
                (number, Write { stream: stream(number), expected, events })
            }
            Step::Repeat { stream: number } => {
                let known = model.streams.get(&number).and_then(|known| known.last.clone());
                let Some(write) = known else { continue };
                (number, write)
            }
            Step::Delete { stream: number, off, tombstone } => {
                let expected = model.expected(number, off);
                let how = if tombstone { Deletion::Tombstone } else { Deletion::Soft };
                let deleted = store.delete(&stream(number), expected, how).await;
                assert_eq!(
                    deleted.is_ok(),
                    model.delete(number, expected, tombstone),
                    "{deleted:?}"
                );
                continue;
            }
            Step::Reopen => {
                store.close().await;
                store = open();
                check(&store, &model).await;
                continue;
            }
        };
        let wanted = model.append(number, &write);
        let answer = store.append(vec![write]).await.remove(0);
        match (&answer, wanted) {
            (Ok(appended), Some(wanted)) => {
                assert_eq!((appended.revision, appended.repeated), wanted);
            }
            (Err(AppendError::Conflict { .. } | AppendError::Deleted), None) => {}
            _ => panic!("{answer:?} where the model says {wanted:?}"),
        }
    }
    check(&store, &model).await;
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn the_store_does_as_a_simple_list_would(steps in vec(step(), 1..40), held in 0..30_usize) {
        Runtime::new().expect("a runtime").block_on(run(steps, held));
    }
}
