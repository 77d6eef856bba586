use std::fs;

use kernel::TenantId;
use proto::issuers::v1 as wire;
use tonic::{Code, Request};

use crate::world::{OWNER, World, code};

async fn link(world: &mut World) -> String {
    for email in ["nobody@ost.example", OWNER] {
        let request = Request::new(wire::RequestMemberSignInRequest { email: email.into() });
        world.client.request_member_sign_in(request).await.expect("answers alike");
    }
    // The invitation is the other letter.
    let links = world.links(&world.owner.subject, 2).await;
    links.into_iter().next().expect("a link")
}

fn redemption(token: &str) -> Request<wire::RedeemMemberSignInRequest> {
    Request::new(wire::RedeemMemberSignInRequest { token: token.into() })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_leads_to_where_members_sign_in() {
    let world = World::new().await;
    let letters = world.letters(&world.owner.subject, 1).await;
    let place = format!("{}/sign-in?to=organization", world.rig.context.public_url);
    let mut shown = letters[0].split(&place).skip(1);
    assert!(shown.next().expect("in the text").starts_with("\r\n"), "{}", letters[0]);
    assert!(shown.next().expect("in the page").starts_with("\">"), "{}", letters[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_once_and_leads_to_the_organization() {
    let mut world = World::new().await;
    let link = link(&mut world).await;
    let redeemed = world.client.redeem_member_sign_in(redemption(&link)).await.expect("a token");
    let tokens = redeemed.into_inner().access_tokens;
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].tenant_id, world.organization.home().to_string());
    let now = world.rig.now();
    let principal = world.rig.context.verifier.access(&tokens[0].token, now).expect("ours");
    assert_eq!(principal.subject, world.owner.subject);
    assert_eq!(principal.expires_at, now.plus_millis(900_000));
    let again = world.client.redeem_member_sign_in(redemption(&link)).await;
    assert_eq!(code(again).0, "SIGN_IN_LINK_USED");
    let outbox = fs::read_dir(world.rig.folder.path().join("outbox")).expect("the outbox");
    assert_eq!(outbox.count(), 1, "nobody but the member got a letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_fifteen_minutes_and_for_nothing_else() {
    let mut world = World::new().await;
    let link = link(&mut world).await;
    let mut bearer = Request::new(wire::GetOrganizationRequest {});
    let value = format!("Bearer {link}").parse().expect("a value");
    bearer.metadata_mut().insert("authorization", value);
    let refused = world.client.get_organization(bearer).await.expect_err("no access token");
    assert_eq!(refused.code(), Code::Unauthenticated);
    world.rig.clock.advance(16 * 60 * 1000);
    let late = world.client.redeem_member_sign_in(redemption(&link)).await;
    assert_eq!(code(late).0, "SIGN_IN_LINK_EXPIRED");
    let access = world.rig.context.tokens.access(&world.owner);
    for token in ["", "x.y.z", &access] {
        let refused = world.client.redeem_member_sign_in(redemption(token)).await;
        assert_eq!(code(refused).0, "UNAUTHENTICATED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_enters_tenants_of_the_organization_only() {
    let mut world = World::new().await;
    let enter = |world: &World, tenant: TenantId| {
        let request = wire::EnterTenantRequest { tenant_id: tenant.to_string() };
        world.rig.call(&world.owner, request)
    };
    for tenant in [world.tenant, world.organization.home()] {
        let entered = world.client.enter_tenant(enter(&world, tenant)).await.expect("entered");
        let token = entered.into_inner().access_token.expect("a token");
        let principal = world.rig.context.verifier.access(&token.token, world.rig.now());
        let principal = principal.expect("ours");
        assert_eq!(principal.tenant, tenant);
        assert!(principal.expires_at <= world.owner.expires_at, "no token outlives its cause");
    }
    for tenant in [TenantId::derived([5; 16]), TenantId::PLATFORM] {
        let refused = world.client.enter_tenant(enter(&world, tenant)).await;
        assert_eq!(code(refused).0, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_of_an_unknown_or_unreachable_provider_is_refused() {
    let mut world = World::new().await;
    // {"alg":"RS256"} and the issuer as claims; no provider vouches for either.
    let unknown = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2V2aWwuZXhhbXBsZSJ9.c2ln";
    let known = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUifQ.c2ln";
    let long = "x".repeat(20_000);
    for (token, expected) in [
        (unknown, "UNAUTHENTICATED"),
        ("no token", "UNAUTHENTICATED"),
        (&long, "UNAUTHENTICATED"),
        (known, "UNAVAILABLE"),
    ] {
        let request = Request::new(wire::ExchangeIdTokenRequest { id_token: token.into() });
        let refused = world.client.exchange_id_token(request).await;
        assert_eq!(code(refused).0, expected);
    }
}
