//! The read models as pure functions of the facts.
#![expect(clippy::unwrap_used, reason = "what cannot be had here fails the test")]

use std::sync::Arc;

use awarding_domain::{AwardCreated, AwardEvent, Digest, ErasedAward, PersonErased, PersonEvent};
use eventstore::{RecordedEvent, StreamId, encode};
use kernel::{Actor, Base64, CommandId, Envelope, Id, Position, Sealed, TenantId, Timestamp};
use readmodel::{Projection, memory::Memory};
use serde::Serialize;

/// Stands in every row that holds what is sealed.
const NONCE: [u8; 24] = [0xa5; 24];

fn id<K: kernel::Kind>(n: u8) -> Id<K> {
    Id::derived([n; 16])
}

fn tenant() -> TenantId {
    id(1)
}

fn awards() -> Arc<dyn Projection> {
    awarding::projections().into_iter().find(|model| model.model().name == "awards").unwrap()
}

fn fact<E: Serialize>(position: u64, stream: StreamId, event: &E) -> RecordedEvent {
    let (kind, data) = encode(event).unwrap();
    let envelope = Envelope {
        tenant: tenant(),
        actor: Actor::system("test"),
        command: CommandId::derived(&[&position.to_be_bytes()]),
        fingerprint: None,
        correlation: None,
        causation: None,
        traceparent: None,
        at: Timestamp::from_unix_millis(1_000),
    };
    RecordedEvent {
        decoded: eventstore::Decoded::default(),
        id: envelope.command.uuid(),
        stream,
        revision: 0,
        position: Position(position),
        kind: kind.into(),
        data,
        metadata: serde_json::to_vec(&envelope).unwrap(),
    }
}

fn created(position: u64, award: u8, key_version: u32) -> RecordedEvent {
    let person: kernel::SubjectId = id(3);
    let (nonce, ciphertext) = (Base64(NONCE.to_vec()), Base64(vec![award; 147]));
    let event = AwardEvent::Created(Box::new(AwardCreated {
        badge: id(1),
        badge_version: 1,
        issuer: id(2),
        person,
        earner: id(4),
        generation: 0,
        achieved_at: Timestamp::from_unix_millis(1),
        issued_at: Timestamp::from_unix_millis(2),
        expires_at: None,
        template: Digest([0; 32]),
        credential: Digest([1; 32]),
        list: id(5),
        index: award.into(),
        notify: false,
        particulars: Sealed { subject: person.to_string(), key_version, nonce, ciphertext },
    }));
    fact(
        position,
        StreamId::named("award", tenant(), id::<awarding_domain::AwardKind>(award)),
        &event,
    )
}

fn erased(position: u64, awards: &[u8]) -> RecordedEvent {
    let award = |n: &u8| ErasedAward { award: id(*n), list: id(5), index: (*n).into() };
    let awards = awards.iter().map(award).collect();
    let event = PersonEvent::Erased(PersonErased { key_version: 1, awards });
    fact(position, StreamId::named("person", tenant(), id::<kernel::SubjectKind>(3)), &event)
}

fn withdrawn(memory: &Memory) -> usize {
    memory.rows.keys().filter(|key| key.table == "withdrawn").count()
}

fn sealed(memory: &Memory) -> usize {
    let holds = |row: &Vec<u8>| row.windows(NONCE.len()).any(|part| part == NONCE);
    memory.rows.values().filter(|row| holds(row)).count()
}

#[test]
fn an_erasure_withdraws_the_awards_and_drops_what_was_sealed() {
    let story = [created(1, 10, 1), created(2, 11, 1), erased(3, &[10, 11])];
    let before = Memory::fold(&*awards(), &story[..2]).unwrap();
    assert_eq!((withdrawn(&before), sealed(&before)), (0, 2));
    let after = Memory::fold(&*awards(), &story).unwrap();
    assert_eq!((withdrawn(&after), sealed(&after)), (2, 0));
    assert_eq!(before.counters, after.counters, "the issuer's books stay right");
}

#[test]
fn an_award_sealed_just_before_the_key_was_destroyed_is_withdrawn_too() {
    let late = [created(1, 10, 1), erased(2, &[10]), created(3, 11, 1)];
    let memory = Memory::fold(&*awards(), &late).unwrap();
    assert_eq!((withdrawn(&memory), sealed(&memory)), (2, 0));
    let back = [created(1, 10, 1), erased(2, &[10]), created(3, 11, 2)];
    let memory = Memory::fold(&*awards(), &back).unwrap();
    assert_eq!((withdrawn(&memory), sealed(&memory)), (1, 1), "a later key is another matter");
}

/// What is measured in Redis is made of rows of this size; see `docs/READ-MODELS.md`.
#[test]
fn an_award_takes_as_many_bytes_as_are_measured() {
    let memory = Memory::fold(&*awards(), &[created(1, 10, 1)]).unwrap();
    let row = memory.rows.iter().find(|(key, _)| key.table == "award").unwrap().1;
    // With an address and a name of 46 bytes; moments of today take ten bytes more than those of this
    // story, and a place in a list up to two more.
    assert_eq!(row.len(), 279);
}
