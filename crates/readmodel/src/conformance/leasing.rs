use std::time::Duration;

use uuid::Uuid;

use crate::Leases;

/// Runs every test of leases on a store whose leases nobody else takes.
///
/// # Panics
/// When the store breaks a promise.
pub async fn leases(store: &dyn Leases) {
    one_at_a_time_holds_a_lease(store).await;
    a_lease_that_nobody_renews_ends(store).await;
}

const LONG: Duration = Duration::from_mins(5);

async fn one_at_a_time_holds_a_lease(store: &dyn Leases) {
    let [one, other] = [Uuid::from_u128(1), Uuid::from_u128(2)];
    assert!(store.hold("conformance-a", one, LONG).await.expect("answers"), "it is free");
    assert!(store.hold("conformance-a", one, LONG).await.expect("answers"), "it is held on");
    assert!(!store.hold("conformance-a", other, LONG).await.expect("answers"), "it is taken");
    assert!(store.hold("conformance-b", other, LONG).await.expect("answers"), "another is free");
    store.release("conformance-a", other).await.expect("answers");
    assert!(!store.hold("conformance-a", other, LONG).await.expect("answers"), "not theirs");
    store.release("conformance-a", one).await.expect("answers");
    store.release("conformance-a", one).await.expect("once more changes nothing");
    assert!(store.hold("conformance-a", other, LONG).await.expect("answers"), "it is free again");
    for name in ["conformance-a", "conformance-b"] {
        store.release(name, other).await.expect("answers");
    }
}

async fn a_lease_that_nobody_renews_ends(store: &dyn Leases) {
    let [one, other] = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let short = Duration::from_millis(30);
    assert!(store.hold("conformance-c", one, short).await.expect("answers"));
    while !store.hold("conformance-c", other, LONG).await.expect("answers") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!store.hold("conformance-c", one, short).await.expect("answers"), "it is lost");
    store.release("conformance-c", other).await.expect("answers");
}
