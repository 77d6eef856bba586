//! The backpack through its gRPC routes, on embedded stores.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fake_awarding;
mod world;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use eventstore::load;
use kernel::{Position, TenantId};
use keyvault::Owner;
use proto::{awarding::v1::AwardStatus, backpack::v1::*, page::v1::PageRequest};
use runtime::{Refusal, call};
use tonic::{Code, Request};

use crate::world::{ADA, World, award_id, person, tenant, token_in};

fn ask(email: &str) -> RequestSignInRequest {
    RequestSignInRequest { email: email.to_owned() }
}

/// A list as the earner sees it, up to a position.
async fn list(
    world: &World,
    address: &str,
    page: PageRequest,
    at: Position,
) -> ListHoldingsResponse {
    let principal = world.principal(world.earner(address).await);
    let mut request = world.rig.call(&principal, ListHoldingsRequest { page: Some(page) });
    request.metadata_mut().insert(call::CONSISTENCY, at.0.into());
    world.client.clone().list_holdings(request).await.expect("listed").into_inner()
}

fn ids(response: &ListHoldingsResponse) -> Vec<String> {
    response.holdings.iter().map(|holding| holding.award_id.clone()).collect()
}

#[tokio::test]
async fn an_earner_signs_in_by_a_link_that_works_once() {
    let mut world = World::new();
    let mut client = world.client.clone();
    client.request_sign_in(ask(" Ada@Example.ORG ")).await.unwrap();
    let letter = world.letters.recv().await.unwrap();
    assert_eq!(letter.to.as_str(), ADA);
    assert!(letter.text.contains("https://badges.example.org/sign-in/"));
    assert!(letter.html.contains(&token_in(&letter)));
    let token = token_in(&letter);
    let said = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert!(!String::from_utf8_lossy(&said).contains("ada"), "the link hides the address");

    let redeem = RedeemSignInRequest { token };
    let reply = client.redeem_sign_in(redeem.clone()).await.unwrap().into_inner();
    assert_eq!(reply.earner_id, world.earner(ADA).await.to_string());
    let mine = call::with_token(&reply.access_token, ListHoldingsRequest { page: None }).unwrap();
    assert_eq!(client.list_holdings(mine).await.unwrap().into_inner().holdings, []);

    let again = client.redeem_sign_in(redeem).await.unwrap_err();
    assert_eq!(Refusal::of(&again).code, "SIGN_IN_LINK_USED");
}

#[tokio::test]
async fn a_link_ends_after_fifteen_minutes_and_nothing_else_is_one() {
    let mut world = World::new();
    let mut client = world.client.clone();
    client.request_sign_in(ask(ADA)).await.unwrap();
    let token = token_in(&world.letters.recv().await.unwrap());
    let mut code = async |token: String| {
        let refused = client.redeem_sign_in(RedeemSignInRequest { token }).await.unwrap_err();
        Refusal::of(&refused).code
    };
    let access = world.principal(world.earner(ADA).await);
    let access = world.rig.context.tokens.access(&access);
    assert_eq!(code(access).await, "INVALID_INPUT", "an access token is no link");
    assert_eq!(code("x".repeat(5000)).await, "INVALID_INPUT");
    world.rig.clock.advance(15 * 60 * 1000 + 1);
    assert_eq!(code(token).await, "SIGN_IN_LINK_EXPIRED");
}

#[tokio::test]
async fn every_address_is_answered_alike_and_mailed_five_times_an_hour() {
    let mut world = World::new();
    let mut client = world.client.clone();
    for _ in 0..7 {
        let answer = client.request_sign_in(ask(ADA)).await.unwrap().into_inner();
        assert_eq!(answer, RequestSignInResponse {});
    }
    client.request_sign_in(ask("bob@example.org")).await.unwrap();
    let refused = client.request_sign_in(ask("ada")).await.unwrap_err();
    let refusal = Refusal::of(&refused);
    assert_eq!((refusal.code.as_str(), refusal.path.as_deref()), ("INVALID_INPUT", Some("/email")));
    world.rig.context.tasks.shutdown(std::time::Duration::from_secs(10)).await.unwrap();
    let mut sent = Vec::new();
    while let Ok(letter) = world.letters.try_recv() {
        sent.push(letter.to.as_str().to_owned());
    }
    sent.sort();
    assert_eq!(sent, [ADA, ADA, ADA, ADA, ADA, "bob@example.org"]);
}

#[tokio::test]
async fn holdings_of_all_tenants_are_listed_newest_first_with_their_state() {
    let world = World::new();
    let ada = world.earner(ADA).await;
    let bob = world.earner("bob@example.org").await;
    let soon = world.rig.now().plus_millis(1000);
    world.award(tenant(1), 1, ada, None).await;
    world.award(tenant(2), 2, ada, Some(soon)).await;
    world.award(tenant(1), 9, bob, None).await;
    world.award(tenant(1), 3, ada, None).await;
    world.award(tenant(1), 4, ada, None).await;
    world.award(tenant(2), 5, ada, Some(soon)).await;
    world.accepted(tenant(1), 3, ada).await;
    world.declined(tenant(1), 4, ada).await;
    world.accepted(tenant(2), 5, ada).await;
    let at = world.revoked(tenant(2), 5, ada).await;
    world.rig.clock.advance(2000);
    let all = list(&world, ADA, PageRequest::default(), at).await;
    let states: Vec<_> =
        all.holdings.iter().map(|holding| (holding.award_id.clone(), holding.status())).collect();
    let expected = [
        (5, AwardStatus::Revoked),
        (4, AwardStatus::Declined),
        (3, AwardStatus::Active),
        (2, AwardStatus::Expired),
        (1, AwardStatus::PendingClaim),
    ];
    assert_eq!(states, expected.map(|(n, state)| (award_id(n).to_string(), state)));
    assert_eq!(all.page.unwrap().total, 5);
    let erased = world.person_erased(tenant(1)).await;
    let all = list(&world, ADA, PageRequest::default(), erased).await;
    assert_eq!(all.holdings[4].status(), AwardStatus::Erased);
    assert_eq!(all.holdings[0].status(), AwardStatus::Revoked, "another tenant's is untouched");
}

#[tokio::test]
async fn the_page_size_and_the_direction_never_change_the_sequence() {
    let world = World::new();
    let ada = world.earner(ADA).await;
    let mut at = Position::START;
    for n in 1..=7 {
        at = world.award(tenant(n % 2), n, ada, None).await;
    }
    let whole = ids(&list(&world, ADA, PageRequest::default(), at).await);
    assert_eq!(whole.len(), 7);
    for size in 1..=8 {
        let (mut forward, mut after) = (Vec::new(), Vec::new());
        loop {
            let page = PageRequest { first: size, after, ..Default::default() };
            let part = list(&world, ADA, page, at).await;
            let info = part.page.clone().unwrap();
            assert_eq!(info.has_previous, !forward.is_empty());
            forward.extend(ids(&part));
            assert_eq!(info.has_next, forward.len() < 7);
            assert_eq!(info.total, 7);
            if !info.has_next {
                break;
            }
            after = info.cursors.last().unwrap().clone();
        }
        assert_eq!(forward, whole);
        let (mut backward, mut before) = (Vec::new(), Vec::new());
        loop {
            let page = PageRequest { last: size, before, ..Default::default() };
            let part = list(&world, ADA, page, at).await;
            let info = part.page.clone().unwrap();
            assert_eq!(info.has_next, !backward.is_empty());
            backward.splice(0..0, ids(&part));
            assert_eq!(info.has_previous, backward.len() < 7);
            if !info.has_previous {
                break;
            }
            before = info.cursors[0].clone();
        }
        assert_eq!(backward, whole);
    }
}

#[tokio::test]
async fn impossible_pages_are_refused() {
    let world = World::new();
    let principal = world.principal(world.earner(ADA).await);
    for page in [
        PageRequest { first: 1, last: 1, ..Default::default() },
        PageRequest { first: 101, ..Default::default() },
        PageRequest { after: vec![1, 2, 3], ..Default::default() },
        PageRequest { before: vec![0; 9], ..Default::default() },
    ] {
        let request = world.rig.call(&principal, ListHoldingsRequest { page: Some(page) });
        let refused = world.client.clone().list_holdings(request).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).code, "INVALID_INPUT");
    }
}

#[tokio::test]
async fn a_backpack_opens_to_its_earner_only() {
    let world = World::new();
    let mut client = world.client.clone();
    let anybody = Request::new(ListHoldingsRequest { page: None });
    let refused = client.list_holdings(anybody).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let member = world.rig.member(tenant(1), auth::Role::Owner);
    let refused = client
        .list_holdings(world.rig.call(&member, ListHoldingsRequest { page: None }))
        .await
        .unwrap_err();
    assert_eq!(Refusal::of(&refused).code, "NOT_PERMITTED");
    let erase = EraseMeRequest { idempotency_key: "k".into() };
    let refused = client.erase_me(world.rig.call(&member, erase)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).code, "NOT_PERMITTED");
}

#[tokio::test]
async fn the_earners_word_goes_to_awarding_and_its_answer_comes_back_whole() {
    let world = World::new();
    let mut client = world.client.clone();
    let principal = world.principal(world.earner(ADA).await);
    let (idempotency_key, id) = ("k".to_owned(), award_id(1).to_string());
    let accept = AcceptAwardRequest { idempotency_key, award_id: id.clone() };
    let reply = client.accept_award(world.rig.call(&principal, accept)).await.unwrap().into_inner();
    let holding = reply.holding.unwrap();
    assert_eq!((holding.award_id.clone(), holding.status()), (id.clone(), AwardStatus::Active));
    assert_eq!(reply.written.unwrap().position, 42);
    let decline = DeclineAwardRequest { idempotency_key: "l".into(), award_id: id };
    let refused = client.decline_award(world.rig.call(&principal, decline)).await.unwrap_err();
    let refusal = Refusal::of(&refused);
    assert_eq!(
        (refused.code(), refusal.code.as_str()),
        (Code::FailedPrecondition, "AWARD_REVOKED")
    );
    assert_eq!(refusal.details["award"], "x");
}

/// Ada signed in, with an award in each of two tenants.
async fn ada_at_home(world: &mut World) -> (String, awarding_domain::EarnerId) {
    let mut client = world.client.clone();
    client.request_sign_in(ask(ADA)).await.unwrap();
    let token = token_in(&world.letters.recv().await.unwrap());
    let reply = client.redeem_sign_in(RedeemSignInRequest { token }).await.unwrap().into_inner();
    let ada = world.earner(ADA).await;
    world.award(tenant(1), 1, ada, None).await;
    world.award(tenant(2), 2, ada, None).await;
    world.award(tenant(2), 3, ada, None).await;
    (reply.access_token, ada)
}

fn erase_me(token: &str) -> Request<EraseMeRequest> {
    call::with_token(token, EraseMeRequest { idempotency_key: "goodbye".into() }).unwrap()
}

async fn state(world: &World, earner: awarding_domain::EarnerId) -> backpack_domain::Earner {
    let events = &*world.rig.context.stores.events;
    let loaded = load::<backpack_domain::Earner>(events, TenantId::PLATFORM, &earner).await;
    loaded.unwrap().0
}

#[tokio::test]
async fn an_erased_earner_is_gone_everywhere() {
    let mut world = World::new();
    let (token, ada) = ada_at_home(&mut world).await;
    let mut client = world.client.clone();
    let reply = client.erase_me(erase_me(&token)).await.unwrap().into_inner();
    let position = Position(reply.written.unwrap().position);
    assert_eq!(state(&world, ada).await, backpack_domain::Earner::Erased);
    assert_eq!(world.forgotten.recv().await.unwrap(), ada.to_string());
    let owner = Owner::new(TenantId::PLATFORM, ada);
    assert!(world.rig.context.stores.vault.key(&owner, 1).await.unwrap().is_none());
    let mut erased = std::mem::take(&mut world.awarding.0.lock().unwrap().erased);
    erased.sort();
    let mut expected: Vec<_> = [1, 2]
        .map(|n| (tenant(n).to_string(), person(tenant(n)).to_string()))
        .into_iter()
        .collect();
    expected.sort();
    let told: Vec<_> = erased.iter().map(|(t, p, _)| (t.clone(), p.clone())).collect();
    assert_eq!(told, expected, "each tenant once, however many awards");

    let refused = client.erase_me(erase_me(&token)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).code, "TOKEN_REVOKED");
    world.rig.clock.advance(1000);
    let left = list(&world, ADA, PageRequest::default(), position).await;
    assert_eq!((left.holdings.len(), left.page.unwrap().total), (0, 0));
    let later = world.award(tenant(1), 7, ada, None).await;
    let back = list(&world, ADA, PageRequest::default(), later).await;
    assert_eq!(ids(&back), [award_id(7).to_string()], "a new award begins a new backpack");
}

#[tokio::test]
async fn an_erasure_that_was_cut_short_is_ended_by_the_policy() {
    let mut world = World::new();
    let (token, ada) = ada_at_home(&mut world).await;
    world.awarding.0.lock().unwrap().failures = 1;
    tokio::time::pause();
    world.client.clone().erase_me(erase_me(&token)).await.unwrap();
    while state(&world, ada).await != backpack_domain::Earner::Erased {
        tokio::task::yield_now().await;
        tokio::time::advance(std::time::Duration::from_millis(200)).await;
    }
    let asked = world.awarding.0.lock().unwrap();
    let mut tenants: Vec<_> = asked.erased.iter().map(|(tenant, ..)| tenant.clone()).collect();
    tenants.sort();
    tenants.dedup();
    assert_eq!(tenants.len(), 2);
    assert!(asked.erased.iter().all(|(_, person, key)| key.ends_with(person.as_str())));
}

#[tokio::test]
async fn no_address_stands_in_the_data_folder() {
    let mut world = World::new();
    ada_at_home(&mut world).await;
    let mut folders = vec![world.rig.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(ADA.len()).any(|part| part == ADA.as_bytes());
            assert!(!found, "{} holds the address", path.display());
        }
    }
}
