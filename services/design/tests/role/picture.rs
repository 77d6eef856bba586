use proto::design::v1 as wire;

use crate::world::{SVG, World, code, content};

fn public(badge: &str, media_type: &str) -> wire::GetPublicArtworkRequest {
    let (badge_id, media_type) = (badge.into(), media_type.into());
    wire::GetPublicArtworkRequest { badge_id, version: 0, media_type }
}

#[tokio::test(flavor = "multi_thread")]
async fn artwork_is_stored_by_its_safe_content_and_shown_as_both_kinds() {
    let mut world = World::new().await;
    let id = world.store("image/svg+xml", SVG.as_bytes()).await.expect("stored");
    let commented = SVG.replace("<circle", "<!-- mine --><circle");
    let again = world.store("image/svg+xml", commented.as_bytes()).await.expect("stored");
    assert_eq!(id, again);
    let content = wire::BadgeContent {
        artwork_id: id.clone(),
        artwork_caption: "A disc".into(),
        ..content("First Aid")
    };
    let request = wire::CreateBadgeRequest {
        idempotency_key: "k".into(),
        issuer_id: world.issuers[0].to_string(),
        content: Some(content),
    };
    let made = world.client.create_badge(world.rig.call(&world.designer, request)).await;
    let badge = made.expect("made").into_inner().badge.expect("a badge");
    assert_eq!(badge.content.expect("content").artwork_id, id);
    let hidden =
        world.client.get_public_artwork(world.public(public(&badge.id, "image/png")).await);
    assert_eq!(code(hidden.await).0, "NOT_FOUND", "a draft's picture is nobody's business");
    world.publish("p", &badge.id).await;
    let shown = wire::GetPublicBadgeRequest { badge_id: badge.id.clone(), version: 1 };
    let shown = world.client.get_public_badge(world.public(shown).await).await.expect("shown");
    assert_eq!(shown.into_inner().artwork_media_type, "image/svg+xml");
    let svg = public(&badge.id, "image/svg+xml");
    let svg = world.client.get_public_artwork(world.public(svg).await).await.expect("shown");
    let svg = svg.into_inner();
    assert_eq!((svg.digest, svg.media_type.as_str()), (id, "image/svg+xml"));
    assert_eq!(String::from_utf8(svg.content).expect("text"), SVG);
    let png = public(&badge.id, "image/png");
    let png = world.client.get_public_artwork(world.public(png).await).await.expect("shown");
    assert!(png.into_inner().content.starts_with(b"\x89PNG"));
    let other = world.client.get_public_artwork(world.public(public(&badge.id, "text/html")).await);
    assert_eq!(code(other.await), ("INVALID_INPUT".into(), "/mediaType".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_needs_words_for_those_who_cannot_see_it() {
    let mut world = World::new().await;
    let artwork_id = world.store("image/svg+xml", SVG.as_bytes()).await.expect("stored");
    let request = wire::CreateBadgeRequest {
        idempotency_key: "k".into(),
        issuer_id: world.issuers[0].to_string(),
        content: Some(wire::BadgeContent { artwork_id, ..content("First Aid") }),
    };
    let refused = world.client.create_badge(world.rig.call(&world.designer, request)).await;
    assert_eq!(code(refused), ("INVALID_INPUT".into(), "/content/artworkCaption".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_uploads_are_refused_by_kind() {
    let mut world = World::new().await;
    let script = SVG.replace("<circle", "<script/><circle");
    let large = SVG.replace("<circle", &format!("{}<circle", " ".repeat(600_000)));
    for (media_type, content, expected) in [
        ("image/svg+xml", script.as_bytes(), "ARTWORK_UNSAFE"),
        ("image/svg+xml", b"<svg", "ARTWORK_MALFORMED"),
        ("image/svg+xml", large.as_bytes(), "ARTWORK_TOO_LARGE"),
        ("image/png", SVG.as_bytes(), "ARTWORK_MALFORMED"),
        ("image/gif", b"GIF89a", "INVALID_INPUT"),
    ] {
        let refused = world.store(media_type, content).await;
        assert_eq!(code(refused).0, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_another_tenant_is_not_there() {
    let mut world = World::new().await;
    let stored =
        wire::StoreArtworkRequest { content: SVG.into(), media_type: "image/svg+xml".into() };
    let stranger = world.stranger();
    let stored = world.client.store_artwork(world.rig.call(&stranger, stored)).await;
    let artwork_id = stored.expect("stored").into_inner().artwork.expect("artwork").id;
    let request = wire::CreateBadgeRequest {
        idempotency_key: "k".into(),
        issuer_id: world.issuers[0].to_string(),
        content: Some(wire::BadgeContent {
            artwork_id,
            artwork_caption: "A disc".into(),
            ..content("First Aid")
        }),
    };
    let refused = world.client.create_badge(world.rig.call(&world.designer, request)).await;
    assert_eq!(code(refused).0, "NOT_FOUND");
}
