use std::fs;

use auth::{Principal, Role};
use issuers_domain::MemberId;
use proto::issuers::v1 as wire;
use tonic::Code;

use crate::world::{OWNER, World, assert_alike, code, granted};

const BO: &str = "bo@ost.example";

fn invitation(key: &str, email: &str, grants: Vec<wire::Grant>) -> wire::InviteMemberRequest {
    wire::InviteMemberRequest { idempotency_key: key.into(), email: email.into(), grants }
}

fn change(key: &str, member: &str, grants: Vec<wire::Grant>) -> wire::ChangeMemberRequest {
    let (idempotency_key, member_id) = (key.into(), member.into());
    wire::ChangeMemberRequest { idempotency_key, member_id, grants }
}

fn removal(key: &str, member: &str) -> wire::RemoveMemberRequest {
    wire::RemoveMemberRequest { idempotency_key: key.into(), member_id: member.into() }
}

fn viewer() -> Vec<wire::Grant> {
    vec![granted(wire::Role::Viewer, None)]
}

fn owner() -> Vec<wire::Grant> {
    vec![granted(wire::Role::Owner, None)]
}

async fn bo(world: &mut World, grants: Vec<wire::Grant>) -> wire::Member {
    let call = world.rig.call(&world.owner, invitation("bo", BO, grants));
    world.client.invite_member(call).await.expect("invited").into_inner().member.expect("a member")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_is_one_member() {
    let mut world = World::new().await;
    let first = bo(&mut world, viewer()).await;
    assert_eq!((first.email.as_str(), first.grants.len()), (BO, 1));
    assert_eq!(bo(&mut world, viewer()).await, first, "a repeat");
    let again = world.rig.call(&world.owner, invitation("other", " BO@ost.example", viewer()));
    assert_eq!(code(world.client.invite_member(again).await).0, "MEMBER_EXISTS");
    let mismatch = world.rig.call(&world.owner, invitation("bo", BO, owner()));
    assert_eq!(code(world.client.invite_member(mismatch).await).0, "IDEMPOTENCY_MISMATCH");
    let removed = world.client.remove_member(world.rig.call(&world.owner, removal("x", &first.id)));
    assert!(
        !removed.await.expect("removed").into_inner().member.expect("it").removed_at.is_empty()
    );
    let back = world.rig.call(&world.owner, invitation("back", BO, viewer()));
    let back = world.client.invite_member(back).await.expect("invited again").into_inner();
    let back = back.member.expect("a member");
    assert_eq!((back.id, back.removed_at), (first.id, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_can_be_neither_removed_nor_demoted() {
    let mut world = World::new().await;
    let (caller, ada) = (world.owner.clone(), world.owner.subject.clone());
    let demote = |world: &World, key: &str| world.rig.call(&caller, change(key, &ada, viewer()));
    let demoted = world.client.change_member(demote(&world, "1")).await;
    assert_eq!(code(demoted).0, "LAST_OWNER");
    let removed = world.client.remove_member(world.rig.call(&caller, removal("2", &ada))).await;
    assert_eq!(code(removed).0, "LAST_OWNER");
    let bo = bo(&mut world, owner()).await;
    world.client.change_member(demote(&world, "3")).await.expect("bo owns it, too");
    world.client.change_member(demote(&world, "3")).await.expect("a repeat");
    let removed = world.client.remove_member(world.rig.call(&caller, removal("4", &bo.id))).await;
    assert_eq!(code(removed).0, "LAST_OWNER");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_further_through_others_than_alone() {
    let mut world = World::new().await;
    let admin = world.member("member_00000000000000000000000004", world.tenant, Role::Admin);
    let local = world.here(Role::Admin);
    let here = Some(world.tenant);
    let try_invite = |caller: &Principal, grants| {
        world.rig.call(caller, invitation("k", "cy@ost.example", grants))
    };
    let cases = [
        try_invite(&admin, owner()),
        try_invite(&local, viewer()),
        try_invite(
            &local,
            vec![granted(wire::Role::Viewer, here), granted(wire::Role::Admin, None)],
        ),
        try_invite(&world.here(Role::Designer), vec![granted(wire::Role::Viewer, here)]),
    ];
    for call in cases {
        let refused = world.client.invite_member(call).await.expect_err("too far");
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let call = world.rig.call(&local, invitation("k", BO, vec![granted(wire::Role::Viewer, here)]));
    world.client.invite_member(call).await.expect("within reach");
    let ada = world.owner.subject.clone();
    for caller in [admin, local] {
        let demoted = world.client.remove_member(world.rig.call(&caller, removal("z", &ada))).await;
        assert_eq!(demoted.expect_err("not an owner").code(), Code::PermissionDenied);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_name_what_there_is() {
    let mut world = World::new().await;
    let unknown = Some(kernel::TenantId::derived([5; 16]));
    let call = |world: &World, grants| world.rig.call(&world.owner, invitation("k", BO, grants));
    for (expected, grants) in [
        ("NOT_FOUND", vec![granted(wire::Role::Viewer, unknown)]),
        ("INVALID_INPUT", vec![]),
        ("INVALID_INPUT", vec![granted(wire::Role::Unspecified, None)]),
        ("INVALID_INPUT", vec![granted(wire::Role::Owner, Some(world.tenant))]),
        (
            "INVALID_ID",
            vec![wire::Grant { tenant_id: "x".into(), ..granted(wire::Role::Viewer, None) }],
        ),
    ] {
        let refused = world.client.invite_member(call(&world, grants)).await;
        assert_eq!(code(refused).0, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_shown_to_those_who_may_see_people_and_stored_for_nobody() {
    let mut world = World::new().await;
    let bo = bo(&mut world, viewer()).await;
    let mut seen = Vec::new();
    for caller in [world.owner.clone(), world.here(Role::Admin), world.here(Role::Viewer)] {
        let head = world.rig.context.stores.events.head().await.expect("a head").0;
        let get = world.at(&caller, head, wire::GetMemberRequest { member_id: bo.id.clone() });
        let member = world.client.get_member(get).await.expect("a member").into_inner();
        seen.push(member.member.expect("it").email);
    }
    assert_eq!(seen, [BO, "", ""]);
    let mut folders = vec![world.rig.folder.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                // Letters are for the person, and forgotten by person.
                if !path.ends_with("outbox") {
                    folders.push(path);
                }
            } else {
                files += 1;
                let bytes = fs::read(&path).expect("a file");
                for address in [BO, OWNER] {
                    let found = bytes.windows(address.len()).any(|part| part == address.as_bytes());
                    assert!(!found, "{address} in {}", path.display());
                }
            }
        }
    }
    assert!(files > 3, "the stores are there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_member_is_as_absent_as_none() {
    let mut world = World::new().await;
    let bo = bo(&mut world, viewer()).await;
    let unknown = MemberId::derived([9; 16]).to_string();
    let stranger = world.stranger();
    let get = |world: &World, id: &str| {
        world.rig.call(&stranger, wire::GetMemberRequest { member_id: id.into() })
    };
    let foreign = world.client.get_member(get(&world, &bo.id)).await;
    let absent = world.client.get_member(get(&world, &unknown)).await;
    assert_alike(foreign, absent);
    let remove = |world: &World, id: &str| world.rig.call(&stranger, removal("k", id));
    let foreign = world.client.remove_member(remove(&world, &bo.id)).await;
    let absent = world.client.remove_member(remove(&world, &unknown)).await;
    assert_alike(foreign, absent);
}
