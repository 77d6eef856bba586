//! A server that cannot be used, or not now, is said to be so, in time and with what to do.

use std::{error::Error, fmt::Write, time::Duration};

use kernel::Position;
use readmodel::{Applied, ReadModelError, ReadModels, Redis, RedisOptions};

use crate::{
    SLOT,
    servers::{Cluster, Server, installed},
    steps, steps_key,
};

fn open(url: String) -> Redis {
    let answer_within = Duration::from_millis(500);
    Redis::open(&RedisOptions { answer_within, ..RedisOptions::new(url) }).unwrap()
}

/// What is said of something that failed, with its causes.
fn said<T: std::fmt::Debug>(answer: Result<T, ReadModelError>) -> String {
    let error = answer.expect_err("it fails");
    assert!(matches!(error, ReadModelError::Unavailable(_)), "{error:?}");
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        write!(text, ": {error}").unwrap();
        cause = error.source();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_would_drop_rows_is_refused() {
    if !installed() {
        return;
    }
    let server = Server::start(&["--maxmemory-policy", "allkeys-lru"]);
    let said = said(open(server.url()).check().await);
    assert!(said.contains("set maxmemory-policy noeviction"), "{said}");
    server.tell("CONFIG SET maxmemory-policy noeviction");
    open(server.url()).check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_cluster_is_not_taken_for_a_server() {
    if !installed() {
        return;
    }
    let bus = crate::servers::free_port().to_string();
    let server = Server::start(&["--cluster-enabled", "yes", "--cluster-port", &bus]);
    let said = said(open(server.url()).check().await);
    assert!(said.contains("redis+cluster://"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_an_answer_and_the_right_one_works_later() {
    if !installed() {
        return;
    }
    let server = Server::start(&["--requirepass", "right"]);
    let said = said(open(server.url().replace("://", "://:wrong@")).check().await);
    assert!(said.contains("WRONGPASS") || said.contains("uthentication"), "{said}");
    let options =
        RedisOptions { password: Some("right".into()), ..RedisOptions::new(server.url()) };
    Redis::open(&options).unwrap().check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_changed_under_a_store_is_told_and_all_goes_on_when_it_is_right() {
    if !installed() {
        return;
    }
    let server = Server::start(&["--requirepass", "right"]);
    let store = open(server.url().replace("://", "://:right@"));
    store.apply(SLOT, &steps::changes(0..9), Position(0), Position(9)).await.unwrap();
    // Connections that there are stay as they are, so they are ended.
    let change = |from: &str, to: &str| {
        for (password, command) in
            [(from, format!("CONFIG SET requirepass {to}")), (to, "CLIENT KILL TYPE normal".into())]
        {
            let answer = server.tell_all(&format!("-a {password} --no-auth-warning {command}"));
            assert!(!answer.concat().contains("ERR"), "{answer:?}");
        }
    };
    change("right", "other");
    let why = said(store.apply(SLOT, &steps::changes(9..18), Position(9), Position(18)).await);
    assert!(why.contains("WRONGPASS") || why.contains("uthentication"), "{why}");
    said(store.get(SLOT, &steps_key()).await);
    change("other", "right");
    let until = std::time::Instant::now() + Duration::from_mins(1);
    while let Err(error) = store.get(SLOT, &steps_key()).await {
        assert!(std::time::Instant::now() < until, "{error:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(store.checkpoint(SLOT).await.unwrap(), Position(9), "nothing was half applied");
    let applied = store.apply(SLOT, &steps::changes(9..18), Position(9), Position(18)).await;
    assert_eq!(applied.unwrap(), Applied::Done);
    steps::assert_consistent(&store, SLOT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_rights_of_the_manual_may_do_everything() {
    if !installed() {
        return;
    }
    let server = Server::start(&[]);
    let manual = include_str!("../../../../docs/READ-MODELS.md");
    let rule = manual.lines().find(|line| line.starts_with("ACL SETUSER laurel"));
    let rule = rule.expect("the manual says which rights are needed").replace("SECRET", "geheim");
    let answer = server.tell(&rule);
    assert!(answer.starts_with("+OK"), "{answer}");
    assert!(server.tell("CONFIG SET requirepass other").starts_with("+OK"));
    let url = server.url().replace("://", "://laurel:geheim@");
    crate::keeps_the_promises(&format!("{url}?buckets=3")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_no_rows_and_says_so() {
    if !installed() {
        return;
    }
    let master = Server::start(&[]);
    let replica = Server::start(&["--replicaof", &format!("127.0.0.1 {}", master.port)]);
    crate::servers::until("the replica", || {
        replica.tell("INFO replication").contains("master_link_status:up")
    });
    let applied =
        open(replica.url()).apply(SLOT, &steps::changes(0..9), Position(0), Position(9)).await;
    let said = said(applied);
    assert!(said.contains("read only"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_memory_applies_nothing_and_goes_on_when_it_has_some() {
    if !installed() {
        return;
    }
    let server = Server::start(&[]);
    let store = open(format!("{}?buckets=5", server.url()));
    let at = |n: u64| Position(n * 300);
    store.apply(SLOT, &steps::changes(0..300), at(0), at(1)).await.unwrap();
    server.tell("CONFIG SET maxmemory 1");
    let refused = store.apply(SLOT, &steps::changes(300..600), at(1), at(2)).await;
    let said = said(refused);
    assert!(said.contains("maxmemory"), "{said}");
    steps::assert_consistent(&store, SLOT).await;
    assert_eq!(store.checkpoint(SLOT).await.unwrap(), at(1));
    server.tell("CONFIG SET maxmemory 0");
    let applied = store.apply(SLOT, &steps::changes(300..600), at(1), at(2)).await.unwrap();
    assert_eq!(applied, Applied::Done);
    steps::assert_consistent(&store, SLOT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_is_not_waited_for_longer_than_said() {
    if !installed() {
        return;
    }
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let store = open(server.url());
    store.check().await.unwrap();
    let port = server.port;
    let asleep = std::thread::spawn(move || crate::servers::tell(port, "DEBUG SLEEP 4"));
    let start = std::time::Instant::now();
    let mut answer = Ok(None);
    while answer.is_ok() && start.elapsed() < Duration::from_secs(3) {
        answer = store.get(SLOT, &steps_key()).await;
    }
    let said = said(answer);
    assert!(said.contains("no answer in time"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    asleep.join().unwrap();
    store.get(SLOT, &steps_key()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listening_is_said_and_scripts_that_were_forgotten_are_sent_again() {
    if !installed() {
        return;
    }
    let mut server = Server::start(&[]);
    let store = open(server.url());
    store.apply(SLOT, &steps::changes(0..9), Position(0), Position(9)).await.unwrap();
    server.tell("SCRIPT FLUSH");
    store.apply(SLOT, &steps::changes(9..18), Position(9), Position(18)).await.unwrap();
    steps::assert_consistent(&store, SLOT).await;
    server.kill();
    let said = said(store.get(SLOT, &steps_key()).await);
    assert!(said.contains("refused") || said.contains("connect"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_spreads_rows_otherwise_is_refused() {
    if !installed() {
        return;
    }
    let server = Server::start(&[]);
    let store = open(format!("{}?buckets=4", server.url()));
    store.apply(SLOT, &steps::changes(0..9), Position(0), Position(9)).await.unwrap();
    // The heads of models are spread as well: only where both find the head is there a word of it.
    let other = open(format!("{}?buckets=8", server.url()));
    match other.get(SLOT, &steps_key()).await {
        Err(error) => assert!(said::<()>(Err(error)).contains("set buckets=4")),
        Ok(row) => assert_eq!(row, None),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_most_of_its_masters_says_that_it_is_down() {
    if !installed() {
        return;
    }
    let mut cluster = Cluster::start(Duration::from_secs(1));
    let store = open(cluster.url());
    store.apply(SLOT, &steps::changes(0..9), Position(0), Position(9)).await.unwrap();
    let survivor = cluster.masters()[0];
    for node in (0..6).filter(|node| *node != survivor) {
        cluster.servers[node].kill();
    }
    crate::servers::until("that it is down", || {
        cluster.servers[survivor].tell("CLUSTER INFO").contains("cluster_state:fail")
    });
    said(store.apply(SLOT, &steps::changes(9..18), Position(9), Position(18)).await);
    said(store.get(SLOT, &steps_key()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_only_a_server_with_a_certificate_of_that_authority_is_spoken_to() {
    if !installed() {
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("crt"), folder.path().join("key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let port = crate::servers::free_port();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let _server = Server::start(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
        "--tls-ca-cert-file",
        certificate,
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://127.0.0.1:{port}");
    let authorities = Some(made.cert.pem().into_bytes());
    let options = RedisOptions { authorities, ..RedisOptions::new(&*url) };
    let store = Redis::open(&options).unwrap();
    store.check().await.unwrap();
    store.apply(SLOT, &steps::changes(0..9), Position(0), Position(9)).await.unwrap();
    steps::assert_consistent(&store, SLOT).await;
    let said = said(open(url).check().await);
    assert!(said.contains("ertificate"), "{said}");
}
