use futures_util::future::join_all;
use kernel::Position;

use super::{SLOT, TENANT, apply, key, put};
use crate::{Applied, Change, Key, ReadModels};

fn tally() -> Key {
    Key::new(TENANT, "counts", "tally")
}

/// On another checkpoint than the expected one nothing changes: no row, no counter, no member, no
/// checkpoint; and the answer says where the checkpoint is.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn a_stale_apply_changes_nothing(store: &dyn ReadModels) {
    let member = Change::Distinct { key: tally(), member: [1; 16] };
    let changes = [put("a", "1"), Change::Add { key: tally(), by: 1 }, member];
    let done = store.apply(SLOT, &changes, Position(0), Position(5)).await.unwrap();
    assert_eq!(done, Applied::Done);
    assert_eq!(store.checkpoint(SLOT).await.unwrap(), Position(5));
    assert_eq!(store.position(SLOT).await.unwrap(), Position(5));

    let other = Change::Distinct { key: tally(), member: [2; 16] };
    let stale = [
        put("a", "2"),
        put("b", "2"),
        Change::Delete { key: key("a") },
        Change::Add { key: tally(), by: 1 },
        other.clone(),
    ];
    for expected in [Position(0), Position(4), Position(6)] {
        let applied = store.apply(SLOT, &stale, expected, Position(9)).await.unwrap();
        assert_eq!(applied, Applied::Stale { current: Position(5) });
    }
    assert_eq!(store.checkpoint(SLOT).await.unwrap(), Position(5));
    let rows = store.get_many(SLOT, &[key("a"), key("b")]).await.unwrap();
    assert_eq!(rows, [Some(b"1".to_vec()), None]);
    assert_eq!(store.count(SLOT, &tally()).await.unwrap(), 2);
    apply(store, SLOT, &[other]).await;
    assert_eq!(store.count(SLOT, &tally()).await.unwrap(), 3, "the stale member was not counted");
}

/// When one change of a batch cannot be stored, none is, and the checkpoint stays.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn everything_applies_or_nothing(store: &dyn ReadModels) {
    apply(store, SLOT, &[put("a", "1")]).await;
    let too_long = put(vec![0; 513], "x");
    let changes = [put("a", "2"), Change::Add { key: tally(), by: 1 }, too_long];
    store.apply(SLOT, &changes, Position(1), Position(2)).await.expect_err("the id is too long");
    assert_eq!(store.get(SLOT, &key("a")).await.unwrap(), Some(b"1".to_vec()));
    assert_eq!(store.count(SLOT, &tally()).await.unwrap(), 0);
    assert_eq!(store.checkpoint(SLOT).await.unwrap(), Position(1));
    apply(store, SLOT, &[]).await;
    assert_eq!(store.checkpoint(SLOT).await.unwrap(), Position(2), "a step without changes");
}

/// Of those who apply the same step at once, exactly one does.
///
/// # Panics
/// When the adapter breaks the promise.
pub async fn concurrent_appliers_win_one_step_each(store: &dyn ReadModels) {
    const STEPS: u64 = 50;
    let applier = |name: u8| async move {
        let (mut won, mut at) = (0, Position::START);
        while at.0 < STEPS {
            let changes = [put([name], at.0.to_be_bytes()), Change::Add { key: tally(), by: 1 }];
            let next = Position(at.0 + 1);
            at = match store.apply(SLOT, &changes, at, next).await.unwrap() {
                Applied::Done => {
                    won += 1;
                    next
                }
                Applied::Stale { current } => current,
            };
            tokio::task::yield_now().await;
        }
        won
    };
    let won: i64 = join_all((0..8).map(applier)).await.into_iter().sum();
    assert_eq!(won, 50);
    assert_eq!(store.count(SLOT, &tally()).await.unwrap(), 50);
}
