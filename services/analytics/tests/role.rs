//! Analytics through its gRPC routes, and its read model against a plain fold of the facts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use auth::Role;
use awarding_domain::{
    AwardAccepted, AwardCreated, AwardDeclined, AwardEvent, AwardId, AwardRevoked, Digest,
    EarnerId, StatusListId,
};
use design_domain::BadgeId;
use eventstore::{Execution, Expected, RecordedEvent, StreamId};
use issuers_domain::IssuerId;
use kernel::{Actor, Base64, Day, Sealed, SubjectId, TenantId, Timestamp};
use proptest::prelude::*;
use proto::analytics::v1::{analytics_client::AnalyticsClient, *};
use readmodel::memory::Memory;
use runtime::{Refusal, Wire, call, testing::Rig};
use tonic::Request;

fn tenant(n: u8) -> TenantId {
    TenantId::derived([n; 16])
}

fn badge(n: u8) -> BadgeId {
    BadgeId::derived([n; 16])
}

fn role() -> (Rig, AnalyticsClient<Wire>) {
    let rig = Rig::new(analytics::projections());
    let parts = analytics::role(&rig.context);
    let client = AnalyticsClient::new(runtime::local(parts.guarded(&rig.context)));
    (rig, client)
}

fn seen(n: u8, kind: EngagementKind, day: &str, count: u64) -> Engagement {
    let (badge_id, day) = (badge(n).to_string(), day.to_owned());
    Engagement { badge_id, kind: kind.into(), day, count }
}

fn record(rig: &Rig, key: &str, engagements: Vec<Engagement>) -> Request<RecordEngagementRequest> {
    let token = rig.context.tokens.service("gateway", tenant(1), rig.now());
    let idempotency_key = key.to_owned();
    call::with_token(&token, RecordEngagementRequest { idempotency_key, engagements }).unwrap()
}

async fn activity(
    rig: &Rig,
    client: &mut AnalyticsClient<Wire>,
    badge_id: &str,
    at: u64,
) -> GetActivityResponse {
    let member = rig.member(tenant(1), Role::Analyst);
    let (from, to) = ("2026-02-20".to_owned(), "2026-03-05".to_owned());
    let message = GetActivityRequest { badge_id: badge_id.to_owned(), from, to };
    let mut request = rig.call(&member, message);
    request.metadata_mut().insert(call::CONSISTENCY, at.into());
    client.get_activity(request).await.expect("answered").into_inner()
}

#[tokio::test]
async fn what_was_seen_is_counted_once_however_often_it_is_told() {
    use EngagementKind::{Verified, Viewed};
    let (rig, mut client) = role();
    let told = || {
        vec![
            seen(1, Viewed, "2026-03-01", 3),
            seen(1, Verified, "2026-03-01", 1),
            seen(2, Viewed, "2026-02-28", 4),
            seen(1, Viewed, "2026-02-28", 5),
        ]
    };
    let first = client.record_engagement(record(&rig, "a", told())).await.unwrap().into_inner();
    assert!(!first.written.unwrap().replayed);
    let again = client.record_engagement(record(&rig, "a", told())).await.unwrap().into_inner();
    let written = again.written.unwrap();
    assert!(written.replayed);

    let all = activity(&rig, &mut client, "", written.position).await;
    let day = |day: &str, viewed, verified| DayActivity {
        day: day.to_owned(),
        counts: Some(Counts { viewed, verified, ..Counts::default() }),
    };
    assert_eq!(all.days, [day("2026-02-28", 9, 0), day("2026-03-01", 3, 1)]);
    assert_eq!(all.totals, Some(Counts { viewed: 12, verified: 1, ..Counts::default() }));
    let one = activity(&rig, &mut client, &badge(1).to_string(), written.position).await;
    assert_eq!(one.days, [day("2026-02-28", 5, 0), day("2026-03-01", 3, 1)]);
    let none = activity(&rig, &mut client, &badge(3).to_string(), written.position).await;
    assert_eq!((none.days.len(), none.totals), (0, Some(Counts::default())));
}

#[tokio::test]
async fn only_services_record_and_only_analysts_read() {
    let (rig, mut client) = role();
    let member = rig.member(tenant(1), Role::Owner);
    let engagements = vec![seen(1, EngagementKind::Viewed, "2026-03-01", 1)];
    let message = RecordEngagementRequest { idempotency_key: "k".into(), engagements };
    let refused = client.record_engagement(rig.call(&member, message)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).code, "NOT_PERMITTED");
    let viewer = rig.member(tenant(1), Role::Viewer);
    let (from, to) = ("2026-03-01".to_owned(), "2026-03-01".to_owned());
    let message = GetActivityRequest { badge_id: String::new(), from, to };
    let refused = client.get_activity(rig.call(&viewer, message)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn input_out_of_bounds_is_refused_in_its_place() {
    use EngagementKind::{Unspecified, Viewed};
    let (rig, mut client) = role();
    let today = "2026-03-01";
    for (engagements, code, path) in [
        (vec![], "INVALID_INPUT", "/engagements"),
        (vec![seen(1, Viewed, today, 1); 1001], "INVALID_INPUT", "/engagements"),
        (vec![seen(1, Viewed, today, 0)], "INVALID_INPUT", "/engagements"),
        (vec![seen(1, Viewed, today, u64::MAX)], "INVALID_INPUT", "/engagements"),
        (vec![seen(1, Unspecified, today, 1)], "INVALID_INPUT", "/engagements/0/kind"),
        (vec![seen(1, Viewed, "2026-04-02", 1)], "INVALID_INPUT", "/engagements/0/day"),
        (vec![seen(1, Viewed, "tomorrow", 1)], "INVALID_INPUT", "/engagements/0/day"),
        (
            vec![Engagement { badge_id: "badge_1".into(), ..seen(1, Viewed, today, 1) }],
            "INVALID_ID",
            "/engagements/0/badgeId",
        ),
    ] {
        let refused = client.record_engagement(record(&rig, "k", engagements)).await.unwrap_err();
        let refusal = Refusal::of(&refused);
        assert_eq!((refusal.code.as_str(), refusal.path.as_deref()), (code, Some(path)));
    }
    let analyst = rig.member(tenant(1), Role::Analyst);
    for (badge_id, from, to, path) in [
        ("", "2026-03-02", "2026-03-01", "/to"),
        ("", "2025-01-01", "2026-03-01", "/to"),
        ("", "", "2026-03-01", "/from"),
        ("issuer_1", "2026-03-01", "2026-03-01", "/badgeId"),
    ] {
        let [badge_id, from, to] = [badge_id, from, to].map(str::to_owned);
        let message = GetActivityRequest { badge_id, from, to };
        let refused = client.get_activity(rig.call(&analyst, message)).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).path.as_deref(), Some(path));
    }
}

/// One thing that happens: in which tenant, to which badge, on which day, what, how often.
#[derive(Clone, Copy, Debug)]
struct Happening {
    tenant: u8,
    badge: u8,
    day: i32,
    kind: u8,
    times: u64,
}

fn happening() -> impl Strategy<Value = Happening> {
    (1..3_u8, 1..4_u8, -3..4_i32, 1..=6_u8, 1..50_u64).prop_map(
        |(tenant, badge, day, kind, times)| {
            let times = if kind > 4 { times } else { 1 };
            Happening { tenant, badge, day, kind, times }
        },
    )
}

/// The fact of a happening, as the log gives it.
fn fact(n: usize, happening: Happening) -> RecordedEvent {
    let Happening { tenant: t, badge: b, day, kind, times } = happening;
    let at = Day(20_000 + day).start().plus_millis(86_399_999);
    let (badge, issuer) = (badge(b), IssuerId::derived([9; 16]));
    let earner = EarnerId::derived([8; 16]);
    let number = u128::try_from(n).unwrap();
    let award = AwardId::from_uuid(uuid::Uuid::from_u128(number));
    let stream = StreamId::named("award", tenant(t), award);
    let (stream, (kind, data)) = match kind {
        1 => (stream, encode(&created(badge, at))),
        2 => (stream, encode(&AwardEvent::Accepted(AwardAccepted { badge, issuer, earner, at }))),
        3 => (stream, encode(&AwardEvent::Declined(AwardDeclined { badge, issuer, earner, at }))),
        4 => {
            let revoked = AwardRevoked { badge, issuer, earner, at, reason: None };
            (stream, encode(&AwardEvent::Revoked(revoked)))
        }
        kind => {
            let (viewed, verified) = if kind == 5 { (times, 0) } else { (0, times) };
            let day = Day(20_000 + day);
            let recorded = analytics_domain::EngagementRecorded { badge, day, viewed, verified };
            let stream = StreamId::named("engagement", tenant(t), n);
            (stream, encode(&analytics_domain::EngagementEvent::Recorded(recorded)))
        }
    };
    RecordedEvent {
        decoded: eventstore::Decoded::default(),
        id: uuid::Uuid::from_u128(number),
        stream,
        revision: 0,
        position: kernel::Position(n as u64 + 1),
        kind: kind.into(),
        data,
        metadata: b"{}".to_vec(),
    }
}

fn created(badge: BadgeId, at: Timestamp) -> AwardEvent {
    AwardEvent::Created(Box::new(AwardCreated {
        badge,
        badge_version: 1,
        issuer: IssuerId::derived([9; 16]),
        person: SubjectId::derived([7; 16]),
        earner: EarnerId::derived([8; 16]),
        generation: 0,
        achieved_at: Timestamp::default(),
        issued_at: at,
        expires_at: None,
        template: Digest::of(b"template"),
        credential: Digest::of(b"credential"),
        list: StatusListId::derived([6; 16]),
        index: 0,
        notify: false,
        particulars: Sealed {
            subject: "person_1".into(),
            key_version: 1,
            nonce: Base64(vec![0; 24]),
            ciphertext: Base64(vec![0; 40]),
        },
    }))
}

fn encode<E: serde::Serialize>(event: &E) -> (String, Vec<u8>) {
    eventstore::encode(event).unwrap()
}

type Place = (u8, Option<u8>, Option<i32>, u8);

/// What a person would count with pencil and paper.
fn by_hand(happenings: &[Happening]) -> BTreeMap<Place, i64> {
    let mut sums = BTreeMap::new();
    for Happening { tenant, badge, day, kind, times } in happenings {
        for badge in [None, Some(*badge)] {
            for day in [None, Some(20_000 + *day)] {
                let count = i64::try_from(*times).unwrap();
                *sums.entry((*tenant, badge, day, *kind)).or_default() += count;
            }
        }
    }
    sums
}

/// The counters of the model, by what they count.
fn by_model(memory: &Memory) -> BTreeMap<Place, i64> {
    let place = |key: &readmodel::Key| -> Place {
        let tenant = key.tenant.bytes()[0];
        let (kind, rest) = key.id.split_last().unwrap();
        let day = |bytes: &[u8]| i32::from_be_bytes(bytes.try_into().unwrap()) ^ i32::MIN;
        match (key.table, rest) {
            ("totals", []) => (tenant, None, None, *kind),
            ("totals", rest) => (tenant, Some(rest[0]), None, *kind),
            ("days", rest) => (tenant, None, Some(day(rest)), *kind),
            (_, rest) => (tenant, Some(rest[0]), Some(day(&rest[16..])), *kind),
        }
    };
    memory.counters.iter().map(|(key, count)| (place(key), *count)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_number_equals_a_fold_of_the_facts(
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let facts: Vec<RecordedEvent> =
            happenings.iter().enumerate().map(|(n, what)| fact(n, *what)).collect();
        let memory = Memory::fold(&analytics::activity::ActivityProjection, &facts).unwrap();
        prop_assert_eq!(by_model(&memory), by_hand(&happenings));
    }
}

#[tokio::test]
async fn the_answer_of_the_role_is_the_fold_too() {
    let (rig, mut client) = role();
    let happenings: Vec<Happening> = (0..200_u64)
        .map(|n| {
            let part = |modulus: u64| u8::try_from(n % modulus).unwrap();
            let (badge, kind) = (part(3) + 1, part(6) + 1);
            let times = if kind > 4 { n + 1 } else { 1 };
            Happening { tenant: 1, badge, day: i32::from(part(5)) + 510, kind, times }
        })
        .collect();
    let mut at = 0;
    for (n, what) in happenings.iter().enumerate() {
        let fact = fact(n, *what);
        let execution = Execution {
            tenant: tenant(1),
            actor: Actor::system("test"),
            command: rig.context.stores.ids.command(),
            fingerprint: None,
            causation: None,
            traceparent: None,
            at: rig.now(),
        };
        let value: serde_json::Value = serde_json::from_slice(&fact.data).unwrap();
        let event = BTreeMap::from([(fact.kind.to_string(), value)]);
        let write = execution.write(fact.stream, Expected::NoStream, &[event]).unwrap();
        let appended = rig.context.stores.events.append(vec![write]).await.remove(0);
        at = appended.unwrap().position.0;
    }
    let sums = by_hand(&happenings);
    for of in [None, Some(1), Some(2), Some(3)] {
        let badge_id = of.map_or_else(String::new, |n| badge(n).to_string());
        let first = Day(20_510);
        let analyst = rig.member(tenant(1), Role::Analyst);
        let (from, to) = (first.to_string(), Day(20_520).to_string());
        let mut request = rig.call(&analyst, GetActivityRequest { badge_id, from, to });
        request.metadata_mut().insert(call::CONSISTENCY, at.into());
        let reply = client.get_activity(request).await.unwrap().into_inner();
        let told = |day: Option<i32>, counts: Counts| {
            let Counts { issued, claimed, declined, revoked, viewed, verified } = counts;
            for (kind, count) in (1..).zip([issued, claimed, declined, revoked, viewed, verified]) {
                assert_eq!(count, sums.get(&(1, of, day, kind)).copied().unwrap_or(0));
            }
        };
        assert_eq!(reply.days.len(), 5);
        for day in reply.days {
            told(Some(day.day.parse::<Day>().unwrap().0), day.counts.unwrap());
        }
        told(None, reply.totals.unwrap());
    }
}
