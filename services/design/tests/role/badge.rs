use auth::Role;
use design_domain::BadgeId;
use issuers_domain::IssuerId;
use proto::{design::v1 as wire, page::v1::PageRequest};
use tonic::Code;

use crate::world::{World, assert_alike, code, content, creation, update};

fn unknown() -> String {
    BadgeId::derived([9; 16]).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_is_made_once_however_often_it_is_asked_for() {
    let mut world = World::new().await;
    let issuer = world.issuers[0];
    let first = world.create("k", issuer, "First Aid").await;
    assert_eq!((first.status(), first.version), (wire::BadgeStatus::Draft, 0));
    assert!(first.has_draft);
    assert_eq!(world.create("k", issuer, "First Aid").await, first);
    let other = world.rig.call(&world.designer, creation("k", issuer, "Other"));
    let other = world.client.create_badge(other).await;
    assert_eq!(code(other), ("IDEMPOTENCY_MISMATCH".into(), "/idempotencyKey".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_version_never_changes() {
    let mut world = World::new().await;
    let badge = world.create("k", world.issuers[0], "First Aid").await;
    let published = world.publish("p1", &badge.id).await.badge.expect("a badge");
    assert_eq!((published.version, published.has_draft), (1, false));
    let call = world.rig.call(&world.designer, update("u", &badge.id, content("Second Aid")));
    let updated = world.client.update_badge(call).await.expect("updated").into_inner();
    let updated = updated.badge.expect("a badge");
    assert_eq!((updated.version, updated.has_draft), (1, true));
    world.rig.clock.advance(1_000);
    let second = world.publish("p2", &badge.id).await.badge.expect("a badge");
    assert_eq!((second.version, second.has_draft), (2, false));
    let repeat = world.publish("p1", &badge.id).await;
    assert!(repeat.written.expect("written").replayed);
    assert_eq!(repeat.badge.expect("a badge").version, 2);
    for (version, shown, name) in [(0, 2, "Second Aid"), (1, 1, "First Aid"), (2, 2, "Second Aid")]
    {
        let request = wire::GetPublicBadgeRequest { badge_id: badge.id.clone(), version };
        let public = world.client.get_public_badge(world.public(request).await).await;
        let public = public.expect("public").into_inner();
        assert_eq!((public.version, public.artwork_media_type.as_str()), (shown, ""));
        assert_eq!(public.badge.expect("a badge").content.expect("content").name, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_not_public() {
    let mut world = World::new().await;
    let badge = world.create("k", world.issuers[0], "First Aid").await;
    let get = |id: &str, version| wire::GetPublicBadgeRequest { badge_id: id.into(), version };
    let draft = world.client.get_public_badge(world.public(get(&badge.id, 0)).await).await;
    let absent = world.client.get_public_badge(world.public(get(&unknown(), 0)).await).await;
    assert_alike(draft, absent);
    world.publish("p", &badge.id).await;
    let later = world.client.get_public_badge(world.public(get(&badge.id, 2)).await).await;
    assert_eq!(code(later).0, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_badge_changes_no_more_and_stays_public() {
    let mut world = World::new().await;
    let badge = world.create("k", world.issuers[0], "First Aid").await;
    world.publish("p", &badge.id).await;
    let archive =
        wire::ArchiveBadgeRequest { idempotency_key: "a".into(), badge_id: badge.id.clone() };
    let archived = world.client.archive_badge(world.rig.call(&world.designer, archive)).await;
    let archived = archived.expect("archived").into_inner().badge.expect("a badge");
    assert_eq!(archived.status(), wire::BadgeStatus::Archived);
    let call = world.rig.call(&world.designer, update("u", &badge.id, content("Late")));
    assert_eq!(code(world.client.update_badge(call).await).0, "BADGE_ARCHIVED");
    let request = wire::GetPublicBadgeRequest { badge_id: badge.id, version: 1 };
    let public = world.client.get_public_badge(world.public(request).await).await;
    assert!(public.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_needs_an_issuer_of_its_tenant() {
    let mut world = World::new().await;
    let absent = creation("k", IssuerId::derived([8; 16]), "First Aid");
    let foreign = creation("k", world.issuers[0], "First Aid");
    let stranger = world.stranger();
    let absent = world.client.create_badge(world.rig.call(&stranger, absent)).await;
    let foreign = world.client.create_badge(world.rig.call(&stranger, foreign)).await;
    assert_alike(foreign, absent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_badge_is_as_absent_as_none() {
    let mut world = World::new().await;
    let badge = world.create("k", world.issuers[0], "First Aid").await;
    let stranger = world.stranger();
    let here = world.at_issuers(Role::Designer, &[world.issuers[1]]);
    for caller in [&stranger, &here] {
        let get = |id: &str| wire::GetBadgeRequest { badge_id: id.into() };
        let foreign = world.client.get_badge(world.fresh(caller, get(&badge.id)).await).await;
        let absent = world.client.get_badge(world.fresh(caller, get(&unknown())).await).await;
        assert_alike(foreign, absent);
        let call = |id: &str| world.rig.call(caller, update("u", id, content("Mine")));
        let (foreign, absent) = (call(&badge.id), call(&unknown()));
        let foreign = world.client.update_badge(foreign).await;
        let absent = world.client.update_badge(absent).await;
        assert_alike(foreign, absent);
    }
    let malformed = wire::GetBadgeRequest { badge_id: "badge_x".into() };
    let malformed = world.client.get_badge(world.rig.call(&stranger, malformed)).await;
    assert_eq!(code(malformed), ("INVALID_ID".into(), "/badgeId".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_low_a_role_designs_nothing() {
    let mut world = World::new().await;
    let issuer = world.issuers[0];
    let badge = world.create("k", issuer, "First Aid").await;
    let now = world.rig.now();
    let operator = auth::Principal::operator(
        world.tenant,
        now,
        now.plus_millis(60_000),
        world.rig.context.stores.ids.uuid(),
    );
    let awarder = world.rig.member(world.tenant, Role::Awarder);
    for caller in [awarder, world.at_issuers(Role::Viewer, &[issuer]), operator] {
        let create = world.rig.call(&caller, creation("x", issuer, "Mine"));
        let create = world.client.create_badge(create).await.expect_err("too low");
        let call = world.rig.call(&caller, update("u", &badge.id, content("Mine")));
        let change = world.client.update_badge(call).await.expect_err("too low");
        let store = wire::StoreArtworkRequest::default();
        let store = world.client.store_artwork(world.rig.call(&caller, store)).await;
        let store = store.expect_err("too low");
        for refused in [create, change, store] {
            assert_eq!(refused.code(), Code::PermissionDenied);
        }
    }
    let nobody = tonic::Request::new(wire::GetBadgeRequest { badge_id: badge.id });
    let nobody = world.client.get_badge(nobody).await.expect_err("no token");
    assert_eq!(nobody.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_content_is_named_by_its_place() {
    let mut world = World::new().await;
    let issuer = world.issuers[0];
    let cases = [
        ("INVALID_INPUT", "/content/name", content("")),
        (
            "INVALID_INPUT",
            "/content/achievementType",
            wire::BadgeContent { achievement_type: "Medal".into(), ..content("A") },
        ),
        (
            "INVALID_ID",
            "/content/artworkId",
            wire::BadgeContent { artwork_id: "../../etc/passwd".into(), ..content("A") },
        ),
        ("INVALID_INPUT", "/content/name", content("Badge <img src=x>")),
        (
            "INVALID_INPUT",
            "/content/description",
            wire::BadgeContent { description: "right \u{202e}tfel".into(), ..content("A") },
        ),
        (
            "INVALID_INPUT",
            "/content/criteriaNarrative",
            wire::BadgeContent {
                criteria_narrative: "[x](javascript:alert(1))".into(),
                ..content("A")
            },
        ),
        (
            "INVALID_INPUT",
            "/content/tags",
            wire::BadgeContent { tags: vec!["<b>x</b>".into()], ..content("A") },
        ),
        ("NOT_FOUND", "", wire::BadgeContent { artwork_id: "a".repeat(64), ..content("A") }),
    ];
    for (expected, path, content) in cases {
        let request = wire::CreateBadgeRequest {
            content: Some(content),
            ..creation("k", issuer, "First Aid")
        };
        let refused = world.client.create_badge(world.rig.call(&world.designer, request)).await;
        assert_eq!(code(refused), (expected.into(), path.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_what_the_caller_works_for_page_by_page() {
    let mut world = World::new().await;
    let mut all = Vec::new();
    for n in 0..7 {
        world.rig.clock.advance(1);
        let issuer = world.issuers[n % 2];
        let badge = world.create(&n.to_string(), issuer, "Aid").await;
        if n < 3 {
            world.publish(&format!("p{n}"), &badge.id).await;
        }
        all.insert(0, (badge.id, issuer, n < 3));
    }
    let [first, second] = world.issuers;
    let viewer = world.rig.member(world.tenant, Role::Viewer);
    let callers = [
        (viewer, vec![first, second]),
        (world.at_issuers(Role::Viewer, &[first]), vec![first]),
        (world.at_issuers(Role::Designer, &[first, second]), vec![first, second]),
    ];
    for (caller, issuers) in callers {
        for (status, published) in
            [(wire::BadgeStatus::Unspecified, None), (wire::BadgeStatus::Published, Some(true))]
        {
            let fits = |badge: &&(String, IssuerId, bool)| {
                issuers.contains(&badge.1) && published.is_none_or(|published| badge.2 == published)
            };
            let expected: Vec<String> = all.iter().filter(fits).map(|b| b.0.clone()).collect();
            let (mut seen, mut after) = (Vec::new(), Vec::new());
            loop {
                let page = Some(PageRequest { first: 2, after, ..PageRequest::default() });
                let request = wire::ListBadgesRequest { page, status: status.into() };
                let call = world.fresh(&caller, request).await;
                let answer = world.client.list_badges(call).await.expect("a page").into_inner();
                let info = answer.page.expect("page info");
                assert_eq!(info.has_previous, !seen.is_empty());
                assert_eq!(usize::try_from(info.total), Ok(expected.len()));
                seen.extend(answer.badges.into_iter().map(|badge| badge.id));
                assert_eq!(info.has_next, seen.len() < expected.len());
                if !info.has_next {
                    break;
                }
                after = info.cursors.last().expect("a cursor").clone();
            }
            assert_eq!(seen, expected);
        }
    }
    let bad = PageRequest { first: 1, last: 1, ..PageRequest::default() };
    let bad = wire::ListBadgesRequest { page: Some(bad), status: 0 };
    let bad = world.client.list_badges(world.rig.call(&world.designer, bad)).await;
    assert_eq!(code(bad), ("INVALID_INPUT".into(), "/page".into()));
}
