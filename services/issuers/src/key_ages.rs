//! The read model of the keys that sign now, oldest first: how old they are is measured.

use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{Issuer, IssuerEvent, IssuerId, IssuerKind, SigningKeyKind};
use kernel::{Aggregate, TenantId, Timestamp};
use metrics::gauge;
use readmodel::{Change, Direction, Key, Model, Projection, Rows, Scan, View, row, tables};

pub(crate) const MODEL: Model = Model { name: "signing-keys", version: 1 };

/// In the platform's space: where an issuer's key stands among those of its kind.
const PLACES: &str = "place";
/// In the platform's space: the kind of a key, when it was made, and whose it is.
const AGES: &str = "age";

const KINDS: [(u8, &str); 2] = [(0, "ed25519"), (1, "p256")];

/// Projects the keys of every tenant.
pub(crate) struct KeyAges;

fn place_key(issuer: IssuerId) -> Key {
    Key::new(TenantId::PLATFORM, PLACES, issuer.bytes())
}

impl Projection for KeyAges {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &[Issuer::CATEGORY]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        let id = fact.stream.id().parse::<IssuerId>();
        id.map(place_key).into_iter().collect()
    }

    fn project(&self, fact: &RecordedEvent, known: &Rows) -> Result<Vec<Change>, Unreadable> {
        let Some((id, fact)) = tables::about::<Issuer, IssuerKind>(fact)? else {
            return Ok(vec![]);
        };
        // The key that signed before is retired by the key that signs from now on.
        let IssuerEvent::KeyAdded(new) = &fact.event else { return Ok(vec![]) };
        let mut place = vec![match new.kind() {
            SigningKeyKind::Ed25519 => 0,
            SigningKeyKind::P256 => 1,
        }];
        place.extend(tables::place(fact.envelope.at, id));
        let (key, mut changes) = (place_key(id), Vec::new());
        if let Some(before) = known.read::<Vec<u8>>(&key) {
            changes.push(Change::Delete { key: Key::new(TenantId::PLATFORM, AGES, before) });
        }
        changes.push(row::put(key, &place));
        changes.push(row::mark(Key::new(TenantId::PLATFORM, AGES, place)));
        Ok(changes)
    }
}

/// Records how old the oldest key of each kind is that signs; nothing of a kind that nobody has.
pub(crate) async fn measure(view: &View, now: Timestamp) {
    for (kind, name) in KINDS {
        if let Some(since) = oldest(view, kind).await {
            let age = runtime::metrics::seconds(since, now);
            gauge!("laurel_signing_key_age_seconds", "kind" => name).set(age);
        }
    }
}

async fn oldest(view: &View, kind: u8) -> Option<Timestamp> {
    let scan = Scan {
        tenant: TenantId::PLATFORM,
        table: AGES,
        prefix: vec![kind],
        after: None,
        before: None,
        direction: Direction::Forward,
        limit: 1,
    };
    // While it is built, or its store is away, nothing is recorded.
    let rows = view.scan(&scan).await.ok()?;
    let (place, _) = rows.first()?;
    let at = place.strip_prefix(&[kind])?.first_chunk::<8>()?;
    Some(Timestamp::from_unix_millis(i64::from_be_bytes(*at) ^ i64::MIN))
}

#[cfg(test)]
mod tests {
    use eventstore::{StreamId, encode};
    use issuers_domain::{KeyId, NewKey};
    use kernel::{Actor, CommandId, Envelope, Position};
    use readmodel::memory::Memory;

    use super::*;

    /// That an issuer signs with a new key from that second on.
    fn added(issuer: u8, second: u8, multikey: &str) -> RecordedEvent {
        let tenant = TenantId::derived([1; 16]);
        let event = IssuerEvent::KeyAdded(NewKey {
            key: KeyId::derived([second; 16]),
            multikey: multikey.to_owned(),
        });
        let (kind, data) = encode(&event).unwrap();
        let envelope = Envelope {
            tenant,
            actor: Actor::system("test"),
            command: CommandId::derived(&[&[second]]),
            fingerprint: None,
            correlation: None,
            causation: None,
            traceparent: None,
            at: Timestamp::from_unix_millis(i64::from(second) * 1000),
        };
        RecordedEvent {
            decoded: eventstore::Decoded::default(),
            id: envelope.command.uuid(),
            stream: StreamId::of::<Issuer>(tenant, &IssuerId::derived([issuer; 16])),
            revision: 0,
            position: Position(second.into()),
            kind: kind.into(),
            data,
            metadata: serde_json::to_vec(&envelope).unwrap(),
        }
    }

    fn oldest_of(facts: &[RecordedEvent], kind: u8) -> Option<i64> {
        let memory = Memory::fold(&KeyAges, facts).unwrap();
        let mut places = memory.rows.keys().filter(|key| key.table == AGES).map(|key| &key.id);
        let place = places.find_map(|place| place.strip_prefix(&[kind]))?;
        Some(i64::from_be_bytes(*place.first_chunk::<8>()?) ^ i64::MIN)
    }

    #[test]
    fn the_oldest_key_of_a_kind_is_the_first_that_was_not_replaced() {
        let mut facts = vec![added(1, 1, "z6Mk1"), added(2, 2, "z6Mk2"), added(3, 3, "zDn3")];
        assert_eq!((oldest_of(&facts, 0), oldest_of(&facts, 1)), (Some(1000), Some(3000)));
        facts.push(added(1, 4, "z6Mk4"));
        assert_eq!(oldest_of(&facts, 0), Some(2000), "the first issuer has a new key");
        facts.push(added(3, 5, "z6Mk5"));
        assert_eq!(oldest_of(&facts, 1), None, "a key of one kind takes the place of another");
    }
}
