use axum::{
    body::Body,
    http::{Method, Request},
};
use kernel::TenantId;
use proto::analytics::v1::EngagementKind;

use super::scene::{AWARD, BADGE, Scene};

/// Kind and count of everything told, in order of kinds.
fn told(scene: &Scene) -> Vec<(EngagementKind, u64)> {
    let state = scene.state();
    let all = state.recorded.iter().flat_map(|(_, request)| &request.engagements);
    let mut told: Vec<_> = all.map(|told| (told.kind(), told.count)).collect();
    told.sort_by_key(|(kind, _)| *kind as i32);
    told
}

#[tokio::test]
async fn what_is_looked_at_is_told_once_in_the_tenants_name() {
    let scene = Scene::new();
    for _ in 0..3 {
        scene.page(&format!("/c/{AWARD}")).await;
    }
    scene.page(&format!("/b/{BADGE}")).await;
    scene.get(&format!("/c/{AWARD}.json"), "*/*").await;
    let head = Request::builder().method(Method::HEAD).uri(format!("/c/{AWARD}.json"));
    scene.send(head.body(Body::empty()).unwrap()).await;
    scene.page("/c/nonsense").await;
    scene.web.tell().await;
    scene.web.tell().await;
    assert_eq!(told(&scene), [(EngagementKind::Viewed, 4), (EngagementKind::Verified, 1)]);
    let state = scene.state();
    let (bearer, request) = &state.recorded[0];
    let token = bearer.strip_prefix("Bearer ").unwrap();
    let service = scene.rig.context.verifier.access(token, scene.rig.now()).unwrap();
    assert_eq!(service.kind, auth::Kind::Service);
    assert_eq!(service.tenant, TenantId::derived([1; 16]));
    assert_eq!(request.engagements[0].day, "2026-03-01");
    assert_eq!(request.engagements[0].badge_id, BADGE);
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later_under_the_same_key() {
    let scene = Scene::new();
    scene.page(&format!("/c/{AWARD}")).await;
    scene.state().analytics_fails = 1;
    scene.web.tell().await;
    assert_eq!(told(&scene), []);
    scene.page(&format!("/c/{AWARD}")).await;
    scene.web.tell().await;
    let ones = [(EngagementKind::Viewed, 1); 2];
    assert_eq!(told(&scene), ones, "two recordings, each once");
    let state = scene.state();
    let keys: Vec<_> = state.recorded.iter().map(|(_, told)| &told.idempotency_key).collect();
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_cancelled_process_tells_what_it_counted() {
    let scene = Scene::new();
    scene.page(&format!("/c/{AWARD}")).await;
    let cancelled = scene.rig.context.tasks.cancelled();
    let flush = crate::web::flush(scene.web.clone(), cancelled.clone());
    cancelled.cancel();
    flush.await;
    assert_eq!(told(&scene), [(EngagementKind::Viewed, 1)]);
}
