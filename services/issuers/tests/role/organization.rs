use auth::Role;
use kernel::TenantId;
use proto::issuers::v1 as wire;
use proto::page::v1::PageRequest;

use crate::world::{World, assert_alike, code, creation, granted, operator};

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_made_once_however_often_it_is_asked_for() {
    let mut world = World::new().await;
    let again = world.rig.call(&operator(&world.rig), creation("key"));
    let again = world.client.create_organization(again).await.expect("replayed").into_inner();
    assert_eq!(again.organization.expect("it").id, world.organization.to_string());
    assert!(again.written.expect("written").replayed);
    let other = wire::CreateOrganizationRequest {
        owner_email: "eve@ost.example".into(),
        ..creation("key")
    };
    let other = world.client.create_organization(world.rig.call(&operator(&world.rig), other));
    let mismatch = ("IDEMPOTENCY_MISMATCH".into(), "/idempotencyKey".into());
    assert_eq!(code(other.await), mismatch);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_make_organizations_and_that_is_all_they_may() {
    let mut world = World::new().await;
    let owner = world.rig.call(&world.owner, creation("k"));
    let refused = world.client.create_organization(owner).await.expect_err("not for owners");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let named = wire::CreateTenantRequest { idempotency_key: "k".into(), name: "X".into() };
    let operator = world.rig.call(&operator(&world.rig), named);
    let refused = world.client.create_tenant(operator).await.expect_err("not for operators");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_field_is_named() {
    let mut world = World::new().await;
    let cases = [
        ("/name", wire::CreateOrganizationRequest { name: " ".into(), ..creation("k") }),
        (
            "/ownerEmail",
            wire::CreateOrganizationRequest { owner_email: "x".into(), ..creation("k") },
        ),
        ("/idempotencyKey", creation("")),
    ];
    for (path, request) in cases {
        let call = world.rig.call(&operator(&world.rig), request);
        let refused = world.client.create_organization(call).await;
        assert_eq!(code(refused).1, path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_made_by_those_who_manage_the_organization() {
    let mut world = World::new().await;
    let named = |key: &str, name: &str| wire::CreateTenantRequest {
        idempotency_key: key.into(),
        name: name.into(),
    };
    for caller in [world.here(Role::Admin), world.member("member_x", world.tenant, Role::Designer)]
    {
        let refused = world.client.create_tenant(world.rig.call(&caller, named("k", "X"))).await;
        assert_eq!(refused.expect_err("too low").code(), tonic::Code::PermissionDenied);
    }
    let make = |world: &World, name: &str| world.rig.call(&world.owner, named("k", name));
    let law = world.client.create_tenant(make(&world, "Law")).await.expect("made").into_inner();
    let again = world.client.create_tenant(make(&world, "Law")).await.expect("same").into_inner();
    assert_eq!(law.tenant, again.tenant);
    assert!(again.written.expect("written").replayed);
    let other = world.client.create_tenant(make(&world, "Art")).await;
    assert_eq!(code(other).0, "IDEMPOTENCY_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_finds_no_tenant_and_no_organization() {
    let mut world = World::new().await;
    let get = |world: &World, tenant: TenantId| {
        let request = wire::GetTenantRequest { tenant_id: tenant.to_string() };
        world.rig.call(&world.stranger(), request)
    };
    let foreign = world.client.get_tenant(get(&world, world.tenant)).await;
    let absent = world.client.get_tenant(get(&world, TenantId::derived([5; 16]))).await;
    assert_alike(foreign, absent);
    let none = world.rig.call(&world.stranger(), wire::GetOrganizationRequest {});
    assert_eq!(code(world.client.get_organization(none).await).0, "NOT_FOUND");
    let malformed = wire::GetTenantRequest { tenant_id: "tenant_x".into() };
    let malformed = world.client.get_tenant(world.rig.call(&world.owner, malformed)).await;
    assert_eq!(code(malformed), ("INVALID_ID".into(), "/tenantId".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_tenants_add_up_from_either_end() {
    let mut world = World::new().await;
    let mut position = 0;
    let mut made = vec![world.tenant.to_string()];
    for n in 0..6 {
        world.rig.clock.advance(1);
        let named = wire::CreateTenantRequest { idempotency_key: n.to_string(), name: "T".into() };
        let call = world.rig.call(&world.owner, named);
        let tenant = world.client.create_tenant(call).await.expect("made").into_inner();
        made.insert(0, tenant.tenant.expect("it").id);
        position = tenant.written.expect("written").position;
    }
    for from_end in [false, true] {
        let (mut seen, mut cursor) = (Vec::<String>::new(), Vec::new());
        loop {
            let page = if from_end {
                PageRequest { last: 3, before: cursor, ..PageRequest::default() }
            } else {
                PageRequest { first: 3, after: cursor, ..PageRequest::default() }
            };
            let request = wire::ListTenantsRequest { page: Some(page) };
            let call = world.at(&world.owner, position, request);
            let answer = world.client.list_tenants(call).await.expect("a page").into_inner();
            let info = answer.page.expect("page info");
            assert_eq!(info.total, 7);
            let first = seen.is_empty();
            let ids = answer.tenants.into_iter().map(|tenant| tenant.id);
            let (more, behind) = if from_end {
                seen = ids.chain(seen).collect();
                (info.has_previous, info.has_next)
            } else {
                seen.extend(ids);
                (info.has_next, info.has_previous)
            };
            assert_eq!((more, behind), (seen.len() < 7, !first));
            if !more {
                break;
            }
            cursor = if from_end { info.cursors.first() } else { info.cursors.last() }
                .expect("a cursor")
                .clone();
        }
        assert_eq!(seen, made);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_works_in_one_tenant_sees_that_one() {
    let mut world = World::new().await;
    let invitation = wire::InviteMemberRequest {
        idempotency_key: "i".into(),
        email: "bo@ost.example".into(),
        grants: vec![granted(wire::Role::Viewer, Some(world.tenant))],
    };
    let invited = world.client.invite_member(world.rig.call(&world.owner, invitation)).await;
    let invited = invited.expect("invited").into_inner();
    let named = wire::CreateTenantRequest { idempotency_key: "k".into(), name: "Law".into() };
    let law = world.client.create_tenant(world.rig.call(&world.owner, named)).await;
    let law = law.expect("made").into_inner();
    let position = law.written.expect("written").position;
    let mut bo = world.here(Role::Viewer);
    bo.subject = invited.member.expect("a member").id;
    let call = world.at(&bo, position, wire::ListTenantsRequest::default());
    let seen = world.client.list_tenants(call).await.expect("a list").into_inner();
    assert_eq!(seen.page.expect("page info").total, 1);
    assert_eq!(seen.tenants[0].id, world.tenant.to_string());
    let other = wire::GetTenantRequest { tenant_id: law.tenant.expect("it").id };
    let absent = wire::GetTenantRequest { tenant_id: TenantId::derived([5; 16]).to_string() };
    let other = world.client.get_tenant(world.rig.call(&bo, other)).await;
    let absent = world.client.get_tenant(world.rig.call(&bo, absent)).await;
    assert_alike(other, absent);
}
