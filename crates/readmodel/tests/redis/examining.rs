//! What is seen of a server without changing it.

use readmodel::{Redis, RedisOptions};

use crate::servers::{CALM, Cluster, Server, Watched, installed};

fn at(url: &str) -> Redis {
    Redis::open(&RedisOptions::new(url)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_seen_as_it_is_and_nothing_is_written() {
    if !installed() {
        return;
    }
    let server = Server::start(&["--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb"]);
    let seen = at(&server.url()).examine().await;
    assert!(seen.silent.is_empty() && seen.slots.is_none(), "{seen:?}");
    assert_eq!(seen.missing_rights, Ok(Vec::new()));
    let one = &seen.servers[0];
    assert!(one.version.starts_with(char::is_numeric), "{one:?}");
    assert_eq!((one.role.as_str(), one.replicas, one.clustered), ("master", 0, false));
    assert_eq!(
        (one.eviction.as_str(), one.memory.1, one.appends),
        ("allkeys-lru", 100 << 20, false)
    );
    assert!(one.clock.is_some_and(|millis| millis > 1_700_000_000_000), "{one:?}");
    assert!(server.tell("DBSIZE").starts_with(":0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_a_user_lacks_are_named() {
    if !installed() {
        return;
    }
    let server = Server::start(&[]);
    let manual = include_str!("../../../../docs/READ-MODELS.md");
    let rule = manual.lines().find(|line| line.starts_with("ACL SETUSER laurel")).unwrap();
    server.tell(&rule.replace("SECRET", "geheim"));
    let url = server.url().replace("://", "://laurel:geheim@");
    assert_eq!(at(&url).examine().await.missing_rights, Ok(Vec::new()), "those of the manual");
    server.tell("ACL SETUSER laurel -zadd -cluster|slots");
    let missing = at(&url).examine().await.missing_rights;
    assert_eq!(missing, Ok(vec!["cluster".to_owned(), "zadd".to_owned()]));
    let others = at(&format!("{url}?prefix=others")).examine().await.missing_rights.unwrap();
    assert!(others.contains(&"get".to_owned()), "keys of others: {others:?}");

    let wrong = at(&server.url().replace("://", "://laurel:wrong@")).examine().await;
    assert!(wrong.servers.is_empty() && wrong.missing_rights.is_err(), "{wrong:?}");
    let (_, why) = &wrong.silent[0];
    assert!(why.contains("WRONGPASS") || why.contains("uthentication"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_master_of_a_cluster_is_seen_and_the_one_behind_sentinels() {
    if !installed() {
        return;
    }
    let cluster = Cluster::start(CALM);
    let seen = at(&cluster.url()).examine().await;
    assert_eq!((seen.servers.len(), seen.slots), (3, Some(16_384)), "{seen:?}");
    assert!(seen.servers.iter().all(|it| it.clustered && it.role == "master"), "{seen:?}");
    assert_eq!(seen.missing_rights, Ok(Vec::new()));

    let watched = Watched::start();
    let seen = at(&watched.url()).examine().await;
    assert_eq!((seen.servers.len(), seen.slots), (1, None), "{seen:?}");
    assert_eq!(seen.servers[0].role, "master");
}
