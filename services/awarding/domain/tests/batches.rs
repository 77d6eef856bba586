//! A batch goes through its rows once, in order, however often a worker starts anew.

use awarding_domain::{
    Batch, BatchCommand, BatchEvent, BatchRejection, Outcome, RowRefusal, Tally,
};
use kernel::{Aggregate, Id, Sealed, Timestamp, testing::given};
use proptest::prelude::*;

fn sealed(n: u8) -> Sealed {
    let (nonce, ciphertext) = (kernel::Base64(vec![n]), kernel::Base64(vec![n]));
    Sealed { subject: "batch_x".into(), key_version: 1, nonce, ciphertext }
}

fn submit(rows: u32, pieces: u8) -> BatchCommand {
    let csv = (0..pieces).map(sealed).collect();
    BatchCommand::Submit {
        badge: Id::derived([1; 16]),
        issuer: Id::derived([2; 16]),
        rows,
        notify: true,
        csv,
    }
}

fn outcome(line: u32) -> Outcome {
    if line.is_multiple_of(3) {
        Outcome::Refused { line, refusal: RowRefusal { code: "X".into(), ..RowRefusal::default() } }
    } else {
        Outcome::Awarded { line, award: Id::derived([2; 16]) }
    }
}

fn progress(done: u32, count: u32) -> BatchCommand {
    let outcomes = (done..done + count).map(|row| outcome(row + 2)).collect();
    BatchCommand::Progress { done, outcomes, at: Timestamp::from_unix_millis(1) }
}

fn submitted(rows: u32, pieces: u8) -> Vec<BatchEvent> {
    Batch::default().decide(submit(rows, pieces)).expect("accepted")
}

#[test]
fn a_large_csv_is_several_facts_and_one_whole() {
    let events = submitted(5, 3);
    assert_eq!(events.len(), 3);
    let Batch::Running(running) = given::<Batch>(events) else { panic!("it runs") };
    assert_eq!(running.csv, [sealed(0), sealed(1), sealed(2)]);
    assert_eq!(running.tally, Tally { rows: 5, awarded: 0, refused: 0 });
}

#[test]
fn a_batch_has_rows_but_not_too_many() {
    for command in [submit(0, 1), submit(20_001, 1), submit(1, 0)] {
        assert_eq!(Batch::default().decide(command), Err(BatchRejection::Rows));
    }
    assert_eq!(
        given::<Batch>(submitted(1, 1)).decide(submit(1, 1)),
        Err(BatchRejection::Submitted)
    );
}

#[test]
fn a_worker_that_is_behind_is_told_so() {
    let mut batch = given::<Batch>(submitted(4, 1));
    assert_eq!(batch.decide(progress(2, 1)), Err(BatchRejection::Behind));
    assert_eq!(batch.decide(progress(0, 5)), Err(BatchRejection::Behind));
    let events = batch.decide(progress(0, 2)).expect("in place");
    batch = events.into_iter().fold(batch, Batch::evolve);
    assert_eq!(batch.decide(progress(0, 2)), Err(BatchRejection::Behind));
    assert_eq!(Batch::Absent.decide(progress(0, 1)), Err(BatchRejection::Missing));
}

proptest! {
    #[test]
    fn chunks_of_any_size_reach_the_same_end(rows in 1u32..200, sizes in prop::collection::vec(1u32..50, 1..200)) {
        let mut batch = given::<Batch>(submitted(rows, 1));
        let mut done = 0;
        for size in sizes.into_iter().cycle() {
            let count = size.min(rows - done);
            let events = batch.decide(progress(done, count)).expect("in place");
            batch = events.into_iter().fold(batch, Batch::evolve);
            done += count;
            if done == rows {
                break;
            }
            prop_assert!(matches!(batch, Batch::Running(_)));
        }
        let refused = u32::try_from((2..rows + 2).filter(|line| line.is_multiple_of(3)).count()).expect("small");
        prop_assert_eq!(&batch, &Batch::Finished(Tally { rows, awarded: rows - refused, refused }));
        prop_assert_eq!(batch.decide(progress(done, 1)), Err(BatchRejection::Behind));
    }
}
