//! What is seen of a store without changing it.

use eventstore::{EventStore, KurrentRight, examine_kurrent, kurrent_places};
use kernel::Position;
use uuid::Uuid;

use super::{connect, server::Server};

const TRIAL: Uuid = Uuid::from_u128(77);

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_seen_as_it_is_and_nothing_is_written() {
    let server = Server::start().await;
    let seen = examine_kurrent(&server.connection(), TRIAL).await.unwrap();
    assert!(seen.silent.is_empty(), "{seen:?}");
    assert_eq!(seen.leader, Some(server.address().to_string()));
    assert_eq!(seen.members.len(), 1);
    assert!(seen.members[0].alive && seen.members[0].state == "Leader", "{seen:?}");
    let leader = seen.of_leader.expect("it leads");
    assert!(leader.lacking.is_empty() && leader.version.is_some(), "{leader:?}");
    let granted = [leader.read, leader.append, leader.delete];
    assert!(granted.iter().all(|right| *right == KurrentRight::Granted), "{granted:?}");
    assert!(leader.clock.is_some_and(|millis| millis > 1_700_000_000_000));
    assert_eq!(connect(server.connection()).head().await.unwrap(), Position::START);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_missing_node_are_told_apart() {
    let server = Server::guarded("us", "geheim").await;
    let at = |user: &str| server.connection().replace("://", &format!("://{user}"));
    let rights = async |url: String| {
        let seen = examine_kurrent(&url, TRIAL).await.unwrap();
        let leader = seen.of_leader.expect("it leads");
        [leader.read, leader.append, leader.delete]
    };
    let right = rights(at("us:geheim@")).await;
    assert!(right.iter().all(|right| *right == KurrentRight::Granted), "{right:?}");
    let wrong = rights(at("us:wrong@")).await;
    assert!(wrong.iter().all(|right| *right == KurrentRight::Unknown), "{wrong:?}");
    let nobody = rights(at("")).await;
    assert!(nobody.iter().all(|right| *right == KurrentRight::Denied), "{nobody:?}");

    let two = server.connection().replace('?', ",127.0.0.1:1?");
    let two = two.replace("://", "://us:geheim@");
    let seen = examine_kurrent(&two, TRIAL).await.unwrap();
    assert_eq!(seen.silent.len(), 1, "{seen:?}");
    assert_eq!(seen.silent[0].0, "127.0.0.1:1");
    assert!(seen.of_leader.is_some(), "the other leads");

    let nowhere = examine_kurrent("kurrentdb://127.0.0.1:1?tls=false", TRIAL).await.unwrap();
    assert!(nowhere.leader.is_none() && nowhere.of_leader.is_none(), "{nowhere:?}");
    examine_kurrent("kurrentdb://h?tls=perhaps", TRIAL).await.unwrap_err();
    let (places, tls) = kurrent_places("kurrentdb://a:3,b:1?tls=true").unwrap();
    assert_eq!((places, tls), (vec![("a".into(), 3), ("b".into(), 1)], true));
}
