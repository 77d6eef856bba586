use auth::{Kind, Role};
use issuers_domain::ClientId;
use proto::issuers::v1 as wire;
use tonic::{Code, Request, Status};

use crate::world::{World, assert_alike, code, granted};

async fn create(world: &mut World, key: &str) -> wire::CreateClientResponse {
    let request = wire::CreateClientRequest {
        idempotency_key: key.into(),
        name: "Campus system".into(),
        grants: vec![granted(wire::Role::Awarder, Some(world.tenant))],
    };
    let call = world.rig.call(&world.owner, request);
    world.client.create_client(call).await.expect("made").into_inner()
}

async fn authenticate(
    world: &mut World,
    id: &str,
    secret: &str,
) -> Result<wire::AccessToken, Status> {
    let head = world.rig.context.stores.events.head().await.expect("a head").0;
    let (client_id, secret) = (id.into(), secret.into());
    let mut call = Request::new(wire::AuthenticateClientRequest { client_id, secret });
    let head = head.to_string().parse().expect("digits");
    call.metadata_mut().insert(runtime::call::CONSISTENCY, head);
    let answer = world.client.authenticate_client(call).await?;
    Ok(answer.into_inner().access_token.expect("a token"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_shows_the_same_secret_and_another_command_another() {
    let mut world = World::new().await;
    let first = create(&mut world, "c").await;
    let again = create(&mut world, "c").await;
    assert_eq!((&first.client, &first.secret), (&again.client, &again.secret));
    assert!(again.written.expect("written").replayed);
    assert_ne!(create(&mut world, "d").await.secret, first.secret);
    assert!(first.secret.starts_with("laurel_") && first.secret.len() > 43);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_a_token_for_what_it_was_granted() {
    let mut world = World::new().await;
    let made = create(&mut world, "c").await;
    let id = made.client.expect("it").id;
    let token = authenticate(&mut world, &id, &made.secret).await.expect("a token");
    assert_eq!(token.tenant_id, world.tenant.to_string());
    let now = world.rig.now();
    let principal = world.rig.context.verifier.access(&token.token, now).expect("ours");
    assert_eq!((principal.kind, principal.subject.as_str()), (Kind::Client, id.as_str()));
    assert_eq!(principal.grants[0].role, Role::Awarder);
    assert_eq!(principal.expires_at, now.plus_millis(3_600_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_client_and_a_wrong_secret_are_refused_alike() {
    let mut world = World::new().await;
    let made = create(&mut world, "c").await;
    let id = made.client.expect("it").id;
    let unknown = ClientId::derived([9; 16]).to_string();
    let mut refusals = Vec::new();
    for (id, secret) in
        [(id.as_str(), "laurel_wrong"), (&unknown, &made.secret), ("client_x", ""), ("", "")]
    {
        let refused = authenticate(&mut world, id, secret).await.expect_err("refused");
        refusals.push((refused.code(), refused.message().to_owned(), refused.details().to_vec()));
    }
    assert_eq!(refusals[0].0, Code::Unauthenticated);
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_client_and_its_tokens_work_no_more() {
    let mut world = World::new().await;
    let made = create(&mut world, "c").await;
    let id = made.client.expect("it").id;
    let token = authenticate(&mut world, &id, &made.secret).await.expect("a token").token;
    world.rig.clock.advance(1_000);
    let request = wire::RevokeClientRequest { idempotency_key: "r".into(), client_id: id.clone() };
    let revoked = world.client.revoke_client(world.rig.call(&world.owner, request)).await;
    assert!(!revoked.expect("revoked").into_inner().client.expect("it").revoked_at.is_empty());
    let refused = authenticate(&mut world, &id, &made.secret).await;
    assert_eq!(code(refused).0, "CLIENT_REVOKED");
    let refused = authenticate(&mut world, &id, "laurel_wrong").await;
    assert_eq!(code(refused).0, "UNAUTHENTICATED", "told to the holder of the secret only");
    let verifier = &world.rig.context.verifier;
    let refused = async {
        while verifier.access(&token, world.rig.now()).is_ok() {
            tokio::task::yield_now().await;
        }
        verifier.access(&token, world.rig.now()).expect_err("revoked")
    };
    let within = std::time::Duration::from_secs(20);
    let refused = tokio::time::timeout(within, refused).await.expect("the policy follows");
    assert_eq!(refused.code(), "TOKEN_REVOKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_client_is_as_absent_as_none() {
    let mut world = World::new().await;
    let id = create(&mut world, "c").await.client.expect("it").id;
    let stranger = world.stranger();
    let revoke = |world: &World, client_id: String| {
        let request = wire::RevokeClientRequest { idempotency_key: "r".into(), client_id };
        world.rig.call(&stranger, request)
    };
    let unknown = ClientId::derived([9; 16]).to_string();
    let foreign = world.client.revoke_client(revoke(&world, id.clone())).await;
    let absent = world.client.revoke_client(revoke(&world, unknown)).await;
    assert_alike(foreign, absent);
    let viewer = world.here(Role::Viewer);
    let low = wire::RevokeClientRequest { idempotency_key: "r".into(), client_id: id };
    let low = world.client.revoke_client(world.rig.call(&viewer, low)).await;
    assert_eq!(low.expect_err("too low").code(), Code::PermissionDenied);
}
