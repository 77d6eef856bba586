use std::collections::HashSet;

use auth::Role;
use issuers_domain::{IssuerId, KeyId};
use kernel::TenantId;
use openbadges::{Multikey, PublicKey};
use proto::issuers::v1::{self as wire, SigningKeyKind};
use tonic::{Code, Status};

use crate::{
    issuer::{creation, issuer},
    world::{World, assert_alike, code},
};

pub fn rotation(key: &str, issuer: &str, kind: SigningKeyKind) -> wire::RotateSigningKeyRequest {
    let (idempotency_key, issuer_id) = (key.to_owned(), issuer.to_owned());
    wire::RotateSigningKeyRequest { idempotency_key, issuer_id, kind: kind.into() }
}

async fn sign(
    world: &mut World,
    tenant: TenantId,
    issuer: &str,
    key: &str,
    payloads: Vec<Vec<u8>>,
) -> Result<Vec<Vec<u8>>, Status> {
    let token = world.rig.context.tokens.service("awarding", tenant, world.rig.now());
    let (issuer_id, key_id) = (issuer.to_owned(), key.to_owned());
    let request = wire::SignRequest { issuer_id, key_id, payloads };
    let call = runtime::call::with_token(&token, request).expect("a token");
    world.client.sign(call).await.map(|signed| signed.into_inner().signatures)
}

#[tokio::test(flavor = "multi_thread")]
async fn services_sign_with_the_published_key_of_either_kind() {
    let mut world = World::new().await;
    let tenant = world.tenant;
    for (kind, text) in [(SigningKeyKind::Ed25519, "z6Mk"), (SigningKeyKind::P256, "zDna")] {
        let asked = wire::CreateIssuerRequest {
            key_kind: kind.into(),
            ..creation(kind.as_str_name(), "Ost")
        };
        let call = world.rig.call(&world.owner, asked);
        let issuer = world.client.create_issuer(call).await.expect("made").into_inner();
        let issuer = issuer.issuer.expect("it");
        assert_eq!(issuer.keys[0].kind(), kind);
        assert!(issuer.keys[0].multikey.starts_with(text));
        let key: Multikey = issuer.keys[0].multikey.parse().expect("a key");
        let key = PublicKey::from(key);
        for count in [1, 16, 40] {
            let payloads: Vec<Vec<u8>> = (0..count).map(|n| vec![n; 64]).collect();
            let ask = (issuer.id.as_str(), issuer.keys[0].id.as_str());
            let signed = sign(&mut world, tenant, ask.0, ask.1, payloads.clone());
            let signed = signed.await.expect("signed");
            assert_eq!(signed.len(), payloads.len());
            for (payload, signature) in payloads.iter().zip(&signed) {
                assert_eq!(signature.len(), 64);
                key.verify(key.algorithm(), payload, signature).expect("it verifies");
            }
            let again = sign(&mut world, tenant, ask.0, ask.1, payloads).await;
            assert_eq!(again.expect("signed"), signed, "the same again");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_signs_and_nothing_foreign_is_signed() {
    let mut world = World::new().await;
    let issuer = issuer(&mut world).await;
    let key = issuer.keys[0].id.clone();
    let request = wire::SignRequest {
        issuer_id: issuer.id.clone(),
        key_id: key.clone(),
        payloads: vec![vec![1]],
    };
    let owner = world.client.sign(world.rig.call(&world.owner, request)).await;
    assert_eq!(owner.expect_err("not for owners").code(), Code::PermissionDenied);
    let elsewhere = TenantId::derived([9; 16]);
    let foreign = sign(&mut world, elsewhere, &issuer.id, &key, vec![vec![1]]).await;
    let unknown = IssuerId::derived([9; 16]).to_string();
    let absent = sign(&mut world, elsewhere, &unknown, &key, vec![vec![1]]).await;
    assert_alike(foreign, absent);
    let tenant = world.tenant;
    for payloads in [vec![], vec![vec![0; 65_537]], vec![vec![0]; 1_025]] {
        let refused = sign(&mut world, tenant, &issuer.id, &key, payloads).await;
        assert_eq!(code(refused), ("LIMIT_EXCEEDED".into(), "/payloads".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_stays_published_and_signs_no_more() {
    let mut world = World::new().await;
    let issuer = issuer(&mut world).await;
    let (tenant, old) = (world.tenant, issuer.keys[0].id.clone());
    sign(&mut world, tenant, &issuer.id, &old, vec![vec![1]]).await.expect("signed");
    let rotate = |world: &World, key: &str| {
        world.rig.call(&world.owner, rotation(key, &issuer.id, SigningKeyKind::Unspecified))
    };
    let rotated = world.client.rotate_signing_key(rotate(&world, "r")).await.expect("rotated");
    let rotated = rotated.into_inner();
    let keys = &rotated.issuer.as_ref().expect("it").keys;
    assert_eq!(keys[1].id, old);
    assert!(!keys[1].retired_at.is_empty() && keys[0].retired_at.is_empty());
    let again = world.client.rotate_signing_key(rotate(&world, "r")).await.expect("replayed");
    assert_eq!(again.into_inner().issuer, rotated.issuer);
    let refused = sign(&mut world, tenant, &issuer.id, &old, vec![vec![1]]).await;
    assert_eq!(code(refused).0, "KEY_RETIRED");
    let new = keys[0].id.clone();
    sign(&mut world, tenant, &issuer.id, &new, vec![vec![1]]).await.expect("signed");
    let request = wire::GetPublicIssuerRequest { issuer_id: issuer.id.clone() };
    let mut request = tonic::Request::new(request);
    let position = rotated.written.expect("written").position.to_string();
    request.metadata_mut().insert(runtime::call::CONSISTENCY, position.parse().expect("digits"));
    let public = world.client.get_public_issuer(request).await.expect("public").into_inner();
    assert_eq!(public.issuer, rotated.issuer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_keeps_the_kind_of_the_key_unless_told_otherwise() {
    let mut world = World::new().await;
    let issuer = issuer(&mut world).await;
    let mut kinds = Vec::new();
    for (key, kind) in [
        ("1", SigningKeyKind::Unspecified),
        ("2", SigningKeyKind::P256),
        ("3", SigningKeyKind::Unspecified),
        ("4", SigningKeyKind::Ed25519),
    ] {
        let call = world.rig.call(&world.owner, rotation(key, &issuer.id, kind));
        let rotated = world.client.rotate_signing_key(call).await.expect("rotated").into_inner();
        let keys = rotated.issuer.expect("it").keys;
        kinds.push(keys[0].kind());
        let (tenant, id) = (world.tenant, keys[0].id.clone());
        sign(&mut world, tenant, &issuer.id, &id, vec![vec![1]]).await.expect("signed");
    }
    let (ed25519, p256) = (SigningKeyKind::Ed25519, SigningKeyKind::P256);
    assert_eq!(kinds, [ed25519, p256, p256, ed25519]);
    let unknown = wire::RotateSigningKeyRequest {
        kind: 9,
        ..rotation("5", &issuer.id, SigningKeyKind::Unspecified)
    };
    let refused = world.client.rotate_signing_key(world.rig.call(&world.owner, unknown)).await;
    assert_eq!(code(refused), ("INVALID_INPUT".into(), "/kind".into()));
}

fn revocation(key: &str, issuer: &wire::Issuer, since: &str) -> wire::RevokeSigningKeyRequest {
    wire::RevokeSigningKeyRequest {
        idempotency_key: key.into(),
        issuer_id: issuer.id.clone(),
        key_id: issuer.keys[0].id.clone(),
        compromised_since: since.into(),
        reason: "a backup was lost".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compromised_key_is_replaced_and_published_as_such() {
    let mut world = World::new().await;
    let issuer = issuer(&mut world).await;
    let (tenant, lost) = (world.tenant, issuer.keys[0].id.clone());
    sign(&mut world, tenant, &issuer.id, &lost, vec![vec![1]]).await.expect("signed");
    let since = "2024-05-05T10:00:00Z";
    let mut asked = revocation("r", &issuer, "2024-05-05T12:00:00.750+02:00");
    let call = world.rig.call(&world.owner, asked.clone());
    let revoked = world.client.revoke_signing_key(call).await.expect("revoked").into_inner();
    let keys = revoked.issuer.as_ref().expect("it").keys.clone();
    assert_eq!((keys.len(), keys[1].id.as_str()), (2, lost.as_str()));
    assert_eq!(keys[1].compromised_since, since);
    assert_eq!(keys[1].revocation_reason, "a backup was lost");
    assert!(!keys[1].retired_at.is_empty());
    assert!(keys[0].retired_at.is_empty() && keys[0].compromised_since.is_empty());
    let refused = sign(&mut world, tenant, &issuer.id, &lost, vec![vec![1]]).await;
    assert_eq!(code(refused).0, "KEY_RETIRED");
    sign(&mut world, tenant, &issuer.id, &keys[0].id, vec![vec![1]]).await.expect("signed");

    let again = world.client.revoke_signing_key(world.rig.call(&world.owner, asked.clone())).await;
    let again = again.expect("replayed").into_inner();
    assert!(again.written.expect("written").replayed);
    assert_eq!(again.issuer, revoked.issuer);
    for (key, since, expected) in
        [("s", "2024-05-05T10:00:01Z", Some("KEY_REVOKED")), ("t", "2024-01-01T00:00:00Z", None)]
    {
        asked = revocation(key, &issuer, since);
        let answer = world.client.revoke_signing_key(world.rig.call(&world.owner, asked)).await;
        if let Some(expected) = expected {
            assert_eq!(code(answer).0, expected);
        } else {
            let issuer = answer.expect("earlier").into_inner().issuer.expect("it");
            assert_eq!((issuer.keys.len(), &*issuer.keys[1].compromised_since), (2, since));
        }
    }
    let request = wire::GetPublicIssuerRequest { issuer_id: issuer.id.clone() };
    let mut request = tonic::Request::new(request);
    let position = revoked.written.expect("written").position.to_string();
    request.metadata_mut().insert(runtime::call::CONSISTENCY, position.parse().expect("digits"));
    let public = world.client.get_public_issuer(request).await.expect("public").into_inner();
    let keys = public.issuer.expect("it").keys;
    assert!(!keys[1].compromised_since.is_empty() && keys[1].revocation_reason.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_revoked_by_who_may_since_a_moment_that_was() {
    let mut world = World::new().await;
    let issuer = issuer(&mut world).await;
    let good = "2024-05-05T10:00:00Z";
    let ask = |change: fn(&mut wire::RevokeSigningKeyRequest)| {
        let mut request = revocation("r", &issuer, good);
        change(&mut request);
        request
    };
    let cases = [
        (ask(|r| r.compromised_since = "yesterday".into()), ("INVALID_INPUT", "/compromisedSince")),
        (ask(|r| r.compromised_since.clear()), ("INVALID_INPUT", "/compromisedSince")),
        (
            ask(|r| r.compromised_since = "9999-01-01T00:00:00Z".into()),
            ("INVALID_INPUT", "/compromisedSince"),
        ),
        (ask(|r| r.key_id = KeyId::derived([9; 16]).to_string()), ("NOT_FOUND", "/keyId")),
        (ask(|r| r.key_id = "key".into()), ("INVALID_ID", "/keyId")),
        (ask(|r| r.reason = "x".repeat(1_001)), ("INVALID_INPUT", "/reason")),
    ];
    for (request, expected) in cases {
        let refused = world.client.revoke_signing_key(world.rig.call(&world.owner, request)).await;
        assert_eq!(code(refused), (expected.0.into(), expected.1.into()));
    }
    let designer = world.here(Role::Designer);
    let call = world.rig.call(&designer, revocation("r", &issuer, good));
    let refused = world.client.revoke_signing_key(call).await;
    assert_eq!(refused.expect_err("too low").code(), Code::PermissionDenied);
    let unknown = IssuerId::derived([9; 16]).to_string();
    let stranger = world.stranger();
    let call = world.rig.call(&stranger, revocation("r", &issuer, good));
    let foreign = world.client.revoke_signing_key(call).await;
    let request =
        wire::RevokeSigningKeyRequest { issuer_id: unknown, ..revocation("r", &issuer, good) };
    let absent = world.client.revoke_signing_key(world.rig.call(&stranger, request)).await;
    assert_alike(foreign, absent);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_issuers_share_a_key() {
    let mut world = World::new().await;
    let mut keys = HashSet::new();
    for number in 0..200 {
        let kind = if number % 2 == 0 { SigningKeyKind::Ed25519 } else { SigningKeyKind::P256 };
        let asked = wire::CreateIssuerRequest {
            key_kind: kind.into(),
            ..creation(&number.to_string(), "Ost")
        };
        let call = world.rig.call(&world.owner, asked);
        let issuer = world.client.create_issuer(call).await.expect("made").into_inner();
        keys.insert(issuer.issuer.expect("it").keys[0].multikey.clone());
    }
    assert_eq!(keys.len(), 200);
}
