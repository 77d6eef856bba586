use auth::Role;
use awarding_domain::{Award, AwardCreated, AwardEvent, AwardId, Particulars, Stated};
use eventstore::Expected;
use keyvault::Owner;
use openbadges::SecretKey;
use openbadges::verify::{CheckKind, Options, Outcome, Report, Verifier};
use proto::{
    awarding::v1::{
        AcceptAwardRequest, AwardStatus, DeclineAwardRequest, GetAwardRequest, GetAwardsRequest,
        GetPublicAwardRequest, GetStatusListRequest, GetStatusListResponse, ListAwardsRequest,
        RevokeAwardRequest, WatchAwardsRequest,
    },
    page::v1::PageRequest,
};

use crate::world::{World, answer, id};

fn verifier() -> Verifier {
    let processor = jsonld::Processor::new(jsonld::Contexts::bundled());
    Verifier::new(processor.into())
}

fn list_of(credential: &[u8]) -> String {
    let credential: serde_json::Value = serde_json::from_slice(credential).unwrap();
    credential["credentialStatus"]["statusListCredential"].as_str().unwrap().to_owned()
}

async fn verify(world: &World, award: &str, position: u64) -> Report {
    let mut client = world.client.clone();
    let request = GetPublicAwardRequest { award_id: award.into(), summary: false };
    let public = answer(client.get_public_award(world.call_at(position, request)).await).unwrap();
    let url = list_of(&public.credential);
    let list = url.rsplit('/').next().unwrap().to_owned();
    let request = GetStatusListRequest { status_list_id: list };
    let list = answer(client.get_status_list(world.call_at(position, request)).await).unwrap();
    let now = world.rig.now().whole_second().date_time();
    let lookup = |wanted: &str| Ok(world.web(wanted, (&url, &list.credential)));
    verifier().verify_with(&public.credential, lookup, &Options::default(), now)
}

#[tokio::test]
async fn an_award_verifies_until_it_is_revoked() {
    let world = World::new().await;
    let made =
        world.award(world.award_request("a", "Ada@example.org", "Ada Lovelace")).await.unwrap();
    let (award, position) = (made.award.unwrap(), made.written.unwrap().position);
    assert_eq!(award.status(), AwardStatus::PendingClaim);
    assert_eq!(award.recipient.unwrap().email, "ada@example.org");
    let report = verify(&world, &award.id, position).await;
    assert!(report.is_valid(), "{report:?}");

    let request = RevokeAwardRequest {
        idempotency_key: "r".into(),
        award_id: award.id.clone(),
        reason: "Ada cheated".into(),
    };
    let mut client = world.client.clone();
    let revoked = answer(client.revoke_award(world.call(request.clone())).await).unwrap();
    assert_eq!(revoked.award.as_ref().unwrap().revocation_reason, "Ada cheated");
    let position = revoked.written.unwrap().position;
    let report = verify(&world, &award.id, position).await;
    assert_eq!(report.outcome(CheckKind::Proof), Outcome::Valid);
    assert_eq!(report.outcome(CheckKind::Status), Outcome::Invalid, "{report:?}");
    let again = answer(client.revoke_award(world.call(request)).await).unwrap();
    assert!(again.written.unwrap().replayed);
}

#[tokio::test]
async fn an_award_sealed_in_the_first_form_is_written_as_it_was_signed() {
    let world = World::new().await;
    let mut request = world.award_request("a", "ada@example.org", "Ada Lovelace");
    request.narrative = "Wrote the first program.".into();
    let made = world.award(request).await.unwrap();
    let public = async |award_id: String, position| {
        let request = GetPublicAwardRequest { award_id, summary: false };
        let mut client = world.client.clone();
        answer(client.get_public_award(world.call_at(position, request)).await).unwrap()
    };
    let signed = public(made.award.unwrap().id, made.written.unwrap().position).await;

    let award: AwardId = signed.award.as_ref().unwrap().id.parse().unwrap();
    let stores = &world.rig.context.stores;
    let (state, _) =
        eventstore::load::<Award>(&*stores.events, world.tenant, &award).await.unwrap();
    let Award::Made(made) = state else { panic!("no award") };
    let created = made.created;
    let sealed = &created.particulars;
    let bytes = keyvault::unseal(&*stores.vault, world.tenant, Particulars::PURPOSE, sealed).await;
    let particulars = Particulars::read(&bytes.unwrap().unwrap()).unwrap();
    let credential: serde_json::Value = serde_json::from_slice(&signed.credential).unwrap();
    let stated = Stated {
        credential_id: credential["id"].as_str().unwrap().to_owned(),
        achieved_at: created.achieved_at,
        issued_at: created.issued_at,
        expires_at: created.expires_at,
        index: created.index,
    };
    let first = serde_json::json!({
        "email": particulars.email,
        "name": particulars.name,
        "fill": particulars.fill(stated),
        "signature": kernel::Base64(particulars.signature.to_vec()),
    });
    let owner = Owner::new(world.tenant, created.person);
    let key = stores.vault.key(&owner, sealed.key_version).await.unwrap().unwrap();
    let first = serde_json::to_vec(&first).unwrap();
    let particulars = key.seal(&owner, Particulars::PURPOSE, &first, [7; 24]);
    let old = AwardEvent::Created(Box::new(AwardCreated { particulars, ..created }));
    let award: AwardId = id(77);
    let position = world.tell::<Award>(&award, Expected::NoStream, &[old]).await;
    let shown = public(award.to_string(), position.0).await;
    assert_eq!(shown.credential, signed.credential);
    let (shown, signed) = (shown.award.unwrap(), signed.award.unwrap());
    assert_eq!((shown.recipient, shown.narrative), (signed.recipient, signed.narrative));
}

#[tokio::test]
async fn the_same_command_again_makes_the_same_award() {
    let world = World::new().await;
    let request = world.award_request("a", "ada@example.org", "Ada");
    let first = world.award(request.clone()).await.unwrap();
    let again = world.award(request.clone()).await.unwrap();
    assert_eq!(first.award, again.award);
    let (first, again) = (first.written.unwrap(), again.written.unwrap());
    assert_eq!((first.position, first.replayed), (again.position, false));
    assert!(again.replayed);

    let mut other = request.clone();
    other.narrative = "Another story.".into();
    assert_eq!(world.award(other).await.unwrap_err().code, "IDEMPOTENCY_MISMATCH");
    let other = world.award_request("a", "bob@example.org", "Bob");
    assert_eq!(world.award(other).await.unwrap_err().code, "IDEMPOTENCY_MISMATCH");
    let other = world.award_request("b", "ADA@example.org", "Ada");
    assert_eq!(world.award(other).await.unwrap_err().code, "DUPLICATE_AWARD");
}

#[tokio::test]
async fn a_badge_can_be_given_anew_after_revoking() {
    let world = World::new().await;
    let first = world.award(world.award_request("a", "ada@example.org", "")).await.unwrap();
    let first = first.award.unwrap().id;
    let request = RevokeAwardRequest {
        idempotency_key: "r".into(),
        award_id: first.clone(),
        reason: String::new(),
    };
    answer(world.client.clone().revoke_award(world.call(request)).await).unwrap();
    let second = world.award(world.award_request("b", "ada@example.org", "")).await.unwrap();
    assert_ne!(second.award.unwrap().id, first);
    let replay = world.award(world.award_request("a", "ada@example.org", "")).await.unwrap();
    assert_eq!(replay.award.unwrap().id, first, "the first command still made the first award");
}

#[tokio::test]
async fn wrong_input_is_named_in_its_place() {
    let world = World::new().await;
    let good = || world.award_request("a", "ada@example.org", "Ada");
    let refused = async |change: &dyn Fn(&mut proto::awarding::v1::CreateAwardRequest)| {
        let mut request = good();
        change(&mut request);
        let refusal = world.award(request).await.unwrap_err();
        (refusal.code, refusal.path.unwrap_or_default())
    };
    let pair = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    let email = refused(&|r| r.recipient.as_mut().unwrap().email = "ada".into()).await;
    assert_eq!(email, pair("RECIPIENT_INVALID", "/recipient/email"));
    assert_eq!(
        refused(&|r| r.recipient = None).await,
        pair("RECIPIENT_INVALID", "/recipient/email")
    );
    let badge = refused(&|r| r.badge_id = "badge_x".into()).await;
    assert_eq!(badge, pair("INVALID_ID", "/badgeId"));
    let badge = refused(&|r| r.badge_id = id::<design_domain::BadgeKind>(9).to_string()).await;
    assert_eq!(badge, pair("BADGE_UNKNOWN", "/badgeId"));
    let date = refused(&|r| r.achieved_at = "2126-01-01".into()).await;
    assert_eq!(date, pair("INVALID_INPUT", "/achievedAt"));

    let mut only = good();
    only.validate_only = true;
    let checked = world.award(only).await.unwrap();
    assert_eq!((checked.award, checked.written), (None, None));
    let position = world.archive(world.badge).await;
    let mut client = world.client.clone();
    let late = answer(client.create_award(world.call_at(position.0, good())).await);
    assert_eq!(late.unwrap_err().code, "BADGE_ARCHIVED");
}

#[tokio::test]
async fn an_award_right_after_publishing_does_not_wait_for_anybody() {
    let world = World::new().await;
    for n in 10..14 {
        let badge = id(n);
        world.publish(badge).await;
        let mut request = world.award_request(&n.to_string(), "ada@example.org", "");
        request.badge_id = badge.to_string();
        assert_eq!(world.award(request).await.unwrap().award.unwrap().badge_version, 1);
    }
}

#[tokio::test]
async fn an_issuer_with_a_p256_key_awards_by_the_suite_of_such_keys() {
    let key = SecretKey::p256(&[5; 32]).unwrap();
    let world = World::signed_by(key).await;
    let made = world.award(world.award_request("a", "ada@example.org", "")).await.unwrap();
    let (award_id, position) = (made.award.unwrap().id, made.written.unwrap().position);
    let report = verify(&world, &award_id, position).await;
    assert!(report.is_valid(), "{report:?}");
    let mut client = world.client.clone();
    let request = GetPublicAwardRequest { award_id, summary: false };
    let public = answer(client.get_public_award(world.call_at(position, request)).await).unwrap();
    let credential: serde_json::Value = serde_json::from_slice(&public.credential).unwrap();
    assert_eq!(credential["proof"][0]["cryptosuite"], "ecdsa-rdfc-2019");
    let list = list_of(&public.credential).rsplit('/').next().unwrap().to_owned();
    let request = GetStatusListRequest { status_list_id: list };
    let list = answer(client.get_status_list(world.call_at(position, request)).await).unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list.credential).unwrap();
    assert_eq!(list["proof"][0]["cryptosuite"], "ecdsa-rdfc-2019");
}

#[tokio::test]
async fn an_award_after_a_rotation_is_signed_with_the_new_key() {
    let world = World::new().await;
    world.award(world.award_request("a", "ada@example.org", "")).await.unwrap();
    world.rotate().await;
    world.award(world.award_request("b", "bob@example.org", "")).await.unwrap();
}

#[tokio::test]
async fn awards_made_at_once_are_all_made() {
    let world = World::new().await;
    let requests = (0..64).map(|n| {
        world.award(world.award_request(&n.to_string(), &format!("p{n}@example.org"), ""))
    });
    let made = futures_util::future::join_all(requests).await;
    let mut ids: Vec<String> =
        made.into_iter().map(|made| made.unwrap().award.unwrap().id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 64);
}

#[tokio::test]
async fn foreign_and_absent_awards_answer_alike() {
    let world = World::new().await;
    let made = world.award(world.award_request("a", "ada@example.org", "")).await.unwrap();
    let (award, position) = (made.award.unwrap().id, made.written.unwrap().position);
    let stranger = world.rig.member(id(77), Role::Owner);
    let absent = id::<awarding_domain::AwardKind>(99).to_string();
    let mut client = world.client.clone();
    let mut answers = vec![];
    for award_id in [award, absent] {
        let mut request = world.rig.call(&stranger, GetAwardRequest { award_id });
        let token = position.to_string().parse().unwrap();
        request.metadata_mut().insert("laurel-consistency-token", token);
        let status = client.get_award(request).await.unwrap_err();
        answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, tonic::Code::NotFound);
}

#[tokio::test]
async fn a_viewer_sees_no_people_and_awards_nothing() {
    let world = World::new().await;
    let made = world.award(world.award_request("a", "ada@example.org", "Ada")).await.unwrap();
    let (award, position) = (made.award.unwrap().id, made.written.unwrap().position);
    let viewer = world.rig.member(world.tenant, Role::Viewer);
    let mut client = world.client.clone();
    let request = world.award_request("b", "bob@example.org", "");
    let refused = client.create_award(world.rig.call(&viewer, request)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let get = || GetAwardRequest { award_id: award.clone() };
    answer(client.get_award(world.call_at(position, get())).await).unwrap();
    let seen = answer(client.get_award(world.rig.call(&viewer, get())).await).unwrap();
    assert_eq!(seen.award.unwrap().recipient, None);
}

#[tokio::test]
async fn a_grant_at_one_issuer_reaches_no_other() {
    let world = World::new().await;
    let at = |issuer: String| {
        let mut member = world.rig.member(world.tenant, Role::Awarder);
        member.grants[0].scope = auth::Scope::Issuer(issuer);
        member
    };
    let here = at(world.issuer.to_string());
    let elsewhere = at(id::<issuers_domain::IssuerKind>(9).to_string());
    let mut client = world.client.clone();
    let request = || world.award_request("a", "ada@example.org", "Ada");
    let refused = answer(client.create_award(world.rig.call(&elsewhere, request())).await);
    assert_eq!(refused.unwrap_err().code, "BADGE_UNKNOWN");
    let made = answer(client.create_award(world.rig.call(&here, request())).await).unwrap();
    let award_id = made.award.unwrap().id;
    world.caught_up().await;
    let get = || GetAwardRequest { award_id: award_id.clone() };
    let refused = answer(client.get_award(world.rig.call(&elsewhere, get())).await);
    assert_eq!(refused.unwrap_err().code, "NOT_FOUND");
    answer(client.get_award(world.rig.call(&here, get())).await).unwrap();
    let all = client.list_awards(world.rig.call(&here, ListAwardsRequest::default())).await;
    assert_eq!(all.unwrap_err().code(), tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn only_its_earner_accepts_an_award() {
    let world = World::new().await;
    let made = world.award(world.award_request("a", "ada@example.org", "Ada")).await.unwrap();
    let award = made.award.unwrap().id;
    let earner = world.earner_of(&award).await;
    let stranger = auth::Principal {
        subject: id::<awarding_domain::EarnerKind>(9).to_string(),
        ..earner.clone()
    };
    let mut client = world.client.clone();
    let accept = || AcceptAwardRequest { idempotency_key: "x".into(), award_id: award.clone() };
    let refused = answer(client.accept_award(world.rig.call(&stranger, accept())).await);
    assert_eq!(refused.unwrap_err().code, "NOT_FOUND");
    let refused = answer(client.accept_award(world.call(accept())).await);
    assert!(refused.is_err(), "the issuer's people are not the earner");
    let accepted = answer(client.accept_award(world.rig.call(&earner, accept())).await).unwrap();
    assert_eq!(accepted.award.unwrap().status(), AwardStatus::Active);
    let decline = DeclineAwardRequest { idempotency_key: "y".into(), award_id: award.clone() };
    let declined = answer(client.decline_award(world.rig.call(&earner, decline)).await).unwrap();
    let position = declined.written.unwrap().position;
    let report = verify(&world, &award, position).await;
    assert!(report.is_valid(), "declining takes nothing back: {report:?}");
}

#[tokio::test]
async fn lists_are_newest_first_and_pages_join_up() {
    let world = World::new().await;
    let mut made = vec![];
    let mut position = 0;
    for n in 0..7 {
        let request = world.award_request(&n.to_string(), &format!("p{n}@example.org"), "");
        let one = world.award(request).await.unwrap();
        made.insert(0, one.award.unwrap().id);
        position = one.written.unwrap().position;
    }
    let mut client = world.client.clone();
    for size in [1, 2, 3, 7, 100] {
        let (mut seen, mut after) = (vec![], vec![]);
        loop {
            let page = Some(PageRequest { first: size, after, ..PageRequest::default() });
            let request = ListAwardsRequest {
                page,
                badge_id: world.badge.to_string(),
                ..ListAwardsRequest::default()
            };
            let list = answer(client.list_awards(world.call_at(position, request)).await).unwrap();
            let info = list.page.unwrap();
            assert_eq!((info.total, info.has_previous), (7, !seen.is_empty()));
            seen.extend(list.awards.into_iter().map(|award| award.id));
            after = info.cursors.last().unwrap().clone();
            if !info.has_next {
                break;
            }
        }
        assert_eq!(seen, made, "in pages of {size}");
    }
    let page = Some(PageRequest { last: 2, ..PageRequest::default() });
    let request = ListAwardsRequest { page, ..ListAwardsRequest::default() };
    let list = answer(client.list_awards(world.call(request)).await).unwrap();
    let ids: Vec<String> = list.awards.into_iter().map(|award| award.id).collect();
    assert_eq!(ids, made[5..]);
    let info = list.page.unwrap();
    assert_eq!((info.has_next, info.has_previous), (false, true));
    let request = GetAwardsRequest { award_ids: vec![made[3].clone(), made[0].clone()] };
    let some = answer(client.get_awards(world.call(request)).await).unwrap();
    assert_eq!(some.awards.iter().map(|a| &a.id).collect::<Vec<_>>(), [&made[3], &made[0]]);
}

#[tokio::test]
async fn a_watcher_hears_what_happens_in_order() {
    let world = World::new().await;
    let made = world.award(world.award_request("a", "ada@example.org", "")).await.unwrap();
    let award_id = made.award.unwrap().id;
    let mut client = world.client.clone();
    let request = RevokeAwardRequest {
        idempotency_key: "r".into(),
        award_id: award_id.clone(),
        reason: String::new(),
    };
    answer(client.revoke_award(world.call(request)).await).unwrap();
    let request = world.call(WatchAwardsRequest { after: Some(0) });
    let mut news = client.watch_awards(request).await.unwrap().into_inner();
    for kind in ["CREATED", "REVOKED"] {
        let message = news.message().await.unwrap().unwrap();
        assert_eq!((message.kind.as_str(), &message.award_id), (kind, &award_id));
    }
}

#[tokio::test]
async fn a_watch_from_now_on_tells_where_it_begins_so_that_it_can_be_taken_up_from_there() {
    let world = World::new().await;
    let before = world.award(world.award_request("a", "ada@example.org", "")).await.unwrap();
    let mut client = world.client.clone();
    let request = world.call(WatchAwardsRequest { after: None });
    let watching = client.watch_awards(request).await.unwrap();
    let begins = runtime::call::position(watching.metadata()).unwrap().unwrap();
    assert_eq!(begins.0, before.written.unwrap().position);
    drop(watching);
    let made = world.award(world.award_request("b", "bob@example.org", "")).await.unwrap();
    let request = world.call(WatchAwardsRequest { after: Some(begins.0) });
    let mut news = client.watch_awards(request).await.unwrap().into_inner();
    let message = news.message().await.unwrap().unwrap();
    assert_eq!(message.award_id, made.award.unwrap().id);
}

#[tokio::test]
async fn a_status_list_is_the_same_after_a_restart() {
    let world = World::new().await;
    let made = world.award(world.award_request("a", "ada@example.org", "")).await.unwrap();
    let (award_id, position) = (made.award.unwrap().id, made.written.unwrap().position);
    let mut client = world.client.clone();
    let request = GetPublicAwardRequest { award_id, summary: false };
    let public = answer(client.get_public_award(world.call_at(position, request)).await).unwrap();
    let status_list_id = list_of(&public.credential).rsplit('/').next().unwrap().to_owned();
    let request = || GetStatusListRequest { status_list_id: status_list_id.clone() };
    let first = answer(client.get_status_list(tonic::Request::new(request())).await).unwrap();
    let mut other = crate::world::client(&world.rig.context, &world.key);
    let second = answer(other.get_status_list(tonic::Request::new(request())).await).unwrap();
    assert_eq!(first, second);

    let read = |list: &GetStatusListResponse| {
        serde_json::from_slice::<serde_json::Value>(&list.credential).unwrap()
    };
    world.rig.clock.advance(86_400_000);
    let next_day = answer(other.get_status_list(tonic::Request::new(request())).await).unwrap();
    let (first, next_day) = (read(&first), read(&next_day));
    assert_eq!(first["credentialSubject"], next_day["credentialSubject"]);
    assert_eq!(first["validFrom"], next_day["validFrom"]);
    assert_ne!(first["validUntil"], next_day["validUntil"], "signed anew every day");
    assert_eq!(first["credentialSubject"]["ttl"], 1_000 * second.max_age_seconds);
}
