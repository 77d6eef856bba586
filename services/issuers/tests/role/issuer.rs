use auth::{Principal, Role, Scope};
use issuers_domain::IssuerId;
use proto::issuers::v1::{self as wire, SigningKeyKind};
use tonic::Code;

use crate::{
    signing_key::rotation,
    world::{World, assert_alike, code},
};

pub fn creation(key: &str, name: &str) -> wire::CreateIssuerRequest {
    wire::CreateIssuerRequest {
        idempotency_key: key.into(),
        name: name.into(),
        url: "https://ost.example/".into(),
        ..wire::CreateIssuerRequest::default()
    }
}

pub async fn issuer(world: &mut World) -> wire::Issuer {
    let call = world.rig.call(&world.owner, creation("i", "Ost"));
    let created = world.client.create_issuer(call).await.expect("made").into_inner();
    created.issuer.expect("it")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_command_makes_the_same_issuer_with_the_same_key() {
    let mut world = World::new().await;
    let first = issuer(&mut world).await;
    assert_eq!(first.did, format!("did:web:badges.example.org:i:{}", first.id));
    assert_eq!(first.keys.len(), 1);
    assert!(first.keys[0].multikey.starts_with("z6Mk") && first.keys[0].retired_at.is_empty());
    assert_eq!(issuer(&mut world).await, first);
    let other = world.rig.call(&world.owner, creation("i", "West"));
    let other = world.client.create_issuer(other).await;
    assert_eq!(code(other), ("IDEMPOTENCY_MISMATCH".into(), "/idempotencyKey".into()));
    let wrong = wire::CreateIssuerRequest { url: "ftp://x".into(), ..creation("j", "West") };
    let wrong = world.client.create_issuer(world.rig.call(&world.owner, wrong)).await;
    assert_eq!(code(wrong), ("INVALID_INPUT".into(), "/url".into()));
    let markup = wire::CreateIssuerRequest {
        description: "<b>The</b> university".into(),
        ..creation("k", "West")
    };
    let markup = world.client.create_issuer(world.rig.call(&world.owner, markup)).await;
    assert_eq!(code(markup), ("INVALID_INPUT".into(), "/description".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_change_is_not_undone_by_a_repeat_of_an_earlier_one() {
    let mut world = World::new().await;
    let issuer = issuer(&mut world).await;
    let update = |world: &World, key: &str, name: &str| {
        let (idempotency_key, issuer_id) = (key.into(), issuer.id.clone());
        let name = name.into();
        let parts = wire::UpdateIssuerRequest::default();
        let request = wire::UpdateIssuerRequest { idempotency_key, issuer_id, name, ..parts };
        world.rig.call(&world.owner, request)
    };
    world.client.update_issuer(update(&world, "1", "West")).await.expect("updated");
    world.client.update_issuer(update(&world, "2", "North")).await.expect("updated");
    let repeat = world.client.update_issuer(update(&world, "1", "West")).await.expect("replayed");
    let repeat = repeat.into_inner();
    assert!(repeat.written.expect("written").replayed);
    assert_eq!(repeat.issuer.expect("it").name, "North");
    let other = world.client.update_issuer(update(&world, "1", "South")).await;
    assert_eq!(code(other).0, "IDEMPOTENCY_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_issuer_is_as_absent_as_none() {
    let mut world = World::new().await;
    let issuer = issuer(&mut world).await;
    let stranger = world.stranger();
    let get = |world: &World, caller: &Principal, issuer_id: String| {
        world.rig.call(caller, wire::GetIssuerRequest { issuer_id })
    };
    let unknown = IssuerId::derived([9; 16]).to_string();
    let foreign = world.client.get_issuer(get(&world, &stranger, issuer.id.clone())).await;
    let absent = world.client.get_issuer(get(&world, &stranger, unknown.clone())).await;
    assert_alike(foreign, absent);
    let update = |world: &World, issuer_id: String| {
        let (idempotency_key, name) = ("u".into(), "Mine".into());
        let parts = wire::UpdateIssuerRequest::default();
        let request = wire::UpdateIssuerRequest { idempotency_key, issuer_id, name, ..parts };
        world.rig.call(&world.stranger(), request)
    };
    let foreign = world.client.update_issuer(update(&world, issuer.id.clone())).await;
    let absent = world.client.update_issuer(update(&world, unknown)).await;
    assert_alike(foreign, absent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_at_one_issuer_reaches_that_issuer_only() {
    let mut world = World::new().await;
    let first = issuer(&mut world).await;
    let call = world.rig.call(&world.owner, creation("j", "West"));
    let second = world.client.create_issuer(call).await.expect("made").into_inner();
    let position = second.written.expect("written").position;
    let second = second.issuer.expect("it");
    let mut caller = world.here(Role::Admin);
    caller.grants[0].scope = Scope::Issuer(first.id.clone());
    let seen = world.at(&caller, position, wire::ListIssuersRequest::default());
    let seen = world.client.list_issuers(seen).await.expect("a list").into_inner();
    assert_eq!(seen.issuers, std::slice::from_ref(&first));
    for (issuer, fine) in [(first, true), (second, false)] {
        let get = wire::GetIssuerRequest { issuer_id: issuer.id.clone() };
        let got = world.client.get_issuer(world.rig.call(&caller, get)).await;
        assert_eq!(got.is_ok(), fine);
        let rotate = rotation("r", &issuer.id, SigningKeyKind::Unspecified);
        let rotated = world.client.rotate_signing_key(world.rig.call(&caller, rotate)).await;
        assert_eq!(rotated.is_ok(), fine);
    }
    let viewer = world.here(Role::Viewer);
    let refused = world.client.create_issuer(world.rig.call(&viewer, creation("k", "X"))).await;
    assert_eq!(refused.expect_err("too low").code(), Code::PermissionDenied);
}
