//! What is destroyed in one process is forgotten in all.

use std::sync::Arc;

use kernel::Sealed;
use keyvault::{KeyVault, Owner, remote::Remote, unseal};

use crate::{
    proxy::Proxy,
    spy::Spy,
    world::{PATIENCE, Server, Split, channel, embedded, over, owner, remote, spawn, until_whole},
};

async fn sealed_for(vault: &dyn KeyVault, owner: &Owner) -> Sealed {
    let key = vault.ensure(std::slice::from_ref(owner)).await.unwrap().remove(0);
    key.seal(owner, "name", b"Ada", [1; 24])
}

async fn opens(vault: &dyn KeyVault, owner: &Owner, sealed: &Sealed) -> bool {
    unseal(vault, owner.tenant, "name", sealed).await.unwrap().is_some()
}

/// A remote whose stream of destructions goes over a proxy.
async fn behind(server: &Server) -> (Remote, Proxy) {
    let proxy = Proxy::to(server.address).await;
    let split = Split { watch: channel(proxy.address), calls: channel(server.address) };
    (over(split).await, proxy)
}

#[tokio::test]
async fn two_that_hold_a_key_forget_it_before_the_destruction_returns() {
    let folder = tempfile::tempdir().unwrap();
    let spy = Spy::on(embedded(folder.path(), 7));
    let server = Server::usual(spy.clone());
    let (one, two) = (remote(server.address).await, remote(server.address).await);
    for round in 0..50 {
        let ada = owner(&format!("person_{round}"));
        let sealed = sealed_for(&one, &ada).await;
        assert!(opens(&one, &ada, &sealed).await && opens(&two, &ada, &sealed).await);
        let asked = spy.asked();
        assert!(opens(&one, &ada, &sealed).await && opens(&two, &ada, &sealed).await);
        assert_eq!(spy.asked(), asked, "both hold it");
        // By one of them, and by the process of the vault itself.
        let destroyer: &dyn KeyVault = if round % 2 == 0 { &one } else { &*server.shared };
        destroyer.destroy(&ada).await.unwrap();
        assert!(!opens(&one, &ada, &sealed).await && !opens(&two, &ada, &sealed).await);
        assert_eq!(sealed_for(&two, &ada).await.key_version, 2);
        assert!(!opens(&one, &ada, &sealed).await);
    }
}

#[tokio::test]
async fn a_silent_remote_delays_a_destruction_for_its_lease_and_forgets_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(embedded(folder.path(), 7));
    let one = remote(server.address).await;
    let (silent, proxy) = behind(&server).await;
    let (ada, bob) = (owner("person_ada"), owner("person_bob"));
    let sealed = sealed_for(&one, &ada).await;
    assert!(opens(&silent, &ada, &sealed).await);
    proxy.stall();
    one.destroy(&ada).await.expect("within the deadline");
    assert!(!opens(&silent, &ada, &sealed).await, "its lease has lapsed: it asks");
    until_whole(&silent, false).await;
    one.destroy(&bob).await.unwrap();
    proxy.flow();
    until_whole(&silent, true).await;
    assert!(!opens(&silent, &ada, &sealed).await);
}

#[tokio::test]
async fn without_word_from_the_server_every_key_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let spy = Spy::on(embedded(folder.path(), 7));
    let server = Server::start(spy.clone());
    let (silent, proxy) = behind(&server).await;
    let ada = owner("person_ada");
    let sealed = sealed_for(&silent, &ada).await;
    let from_memory = async || {
        let asked = spy.asked();
        assert!(opens(&silent, &ada, &sealed).await);
        spy.asked() == asked
    };
    proxy.stall();
    until_whole(&silent, false).await;
    for _ in 0..3 {
        assert!(!from_memory().await);
    }
    proxy.flow();
    let again = async { while !from_memory().await {} };
    tokio::time::timeout(PATIENCE, again).await.expect("from memory again");
}

#[tokio::test]
async fn who_lost_the_stream_forgets_everything_and_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let spy = Spy::on(embedded(folder.path(), 7));
    let server = Server::start(spy.clone());
    let (lost, proxy) = behind(&server).await;
    let ada = owner("person_ada");
    let sealed = sealed_for(&lost, &ada).await;
    let mut whole = lost.whole();
    whole.mark_unchanged();
    proxy.cut();
    whole.changed().await.unwrap();
    until_whole(&lost, true).await;
    let asked = spy.asked();
    assert!(opens(&lost, &ada, &sealed).await);
    assert_eq!(spy.asked(), asked + 1, "it was forgotten");
    server.shared.destroy(&ada).await.unwrap();
    assert!(!opens(&lost, &ada, &sealed).await, "told over the new stream");
}

#[tokio::test]
async fn an_answer_that_a_destruction_overtakes_is_not_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let spy = Spy::on(embedded(folder.path(), 7));
    let server = Server::start(spy.clone());
    let (one, two) = (remote(server.address).await, Arc::new(remote(server.address).await));
    let ada = owner("person_ada");
    let sealed = sealed_for(&one, &ada).await;
    spy.answer.set_open(false);
    let came = spy.answer.count();
    let slow = {
        let (two, ada) = (Arc::clone(&two), ada.clone());
        spawn(async move { two.key(&ada, 1).await })
    };
    spy.answer.came(came + 1).await;
    one.destroy(&ada).await.unwrap();
    spy.answer.set_open(true);
    slow.await.unwrap().unwrap();
    assert!(!opens(&*two, &ada, &sealed).await);
}

#[tokio::test]
async fn a_destruction_goes_on_when_its_caller_goes_away() {
    let folder = tempfile::tempdir().unwrap();
    let spy = Spy::on(embedded(folder.path(), 7));
    let server = Server::start(spy.clone());
    let (one, two) = (Arc::new(remote(server.address).await), remote(server.address).await);
    let ada = owner("person_ada");
    let sealed = sealed_for(&two, &ada).await;
    spy.destruction.set_open(false);
    let call = {
        let (one, ada) = (Arc::clone(&one), ada.clone());
        spawn(async move { one.destroy(&ada).await })
    };
    spy.destruction.came(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert!(opens(&two, &ada, &sealed).await, "not yet");
    spy.destruction.set_open(true);
    let forgotten = async {
        while opens(&two, &ada, &sealed).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, forgotten).await.expect("it goes on");
}

#[tokio::test]
async fn a_new_key_is_given_out_when_all_have_forgotten_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let spy = Spy::on(embedded(folder.path(), 7));
    let server = Server::start(spy.clone());
    let one = Arc::new(remote(server.address).await);
    let two = remote(server.address).await;
    let (silent, proxy) = behind(&server).await;
    let ada = owner("person_ada");
    let old = sealed_for(&silent, &ada).await;
    proxy.stall();
    let destruction = {
        let (one, ada) = (Arc::clone(&one), ada.clone());
        spawn(async move { one.destroy(&ada).await })
    };
    spy.destruction.came(1).await;
    let new = sealed_for(&two, &ada).await;
    assert_eq!(new.key_version, 2);
    assert!(!opens(&silent, &ada, &old).await, "whose lease has lapsed");
    assert!(opens(&silent, &ada, &new).await);
    destruction.await.unwrap().unwrap();
}
