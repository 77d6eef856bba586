use std::collections::BTreeMap;

use kernel::{Aggregate, Class, Rejection, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    IssuerId, KeyId, NewKey, Profile, SigningKeyKind, SigningKeyRetired, SigningKeyRevoked,
};

/// Who issues within a tenant: its profile, and the keys that sign for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Issuer {
    /// Never made.
    #[default]
    Absent,
    /// There.
    Active {
        /// How it presents itself.
        profile: Profile,
        /// How often that was stated, from 1.
        version: u32,
        /// The key that signs.
        key: KeyId,
        /// Of which kind it is.
        kind: SigningKeyKind,
        /// The keys that signed before.
        retired: Vec<KeyId>,
        /// The keys that others may have got hold of, and since when.
        revoked: BTreeMap<KeyId, Timestamp>,
        /// Whether its id is its key (did:key), which then can never be another.
        named_by_key: bool,
    },
}

/// What can be asked of an issuer.
#[derive(Clone, Debug)]
pub enum IssuerCommand {
    /// Makes it, with its first key.
    Create(IssuerCreated, NewKey),
    /// States another profile.
    Update(Profile),
    /// Signs with this key from now on.
    RotateKey(NewKey),
    /// Takes back what a key signs from a moment on, for others may have got hold of it. If it is
    /// the key that signs, the new one signs from now on; otherwise there is no use for that.
    RevokeKey {
        /// Which, since when and why.
        revoked: SigningKeyRevoked,
        /// What takes its place.
        new: NewKey,
        /// Now.
        at: Timestamp,
    },
}

/// What can happen to an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IssuerEvent {
    /// It was made.
    #[serde(rename = "issuer-created.v1")]
    Created(IssuerCreated),
    /// Its profile was stated anew.
    #[serde(rename = "issuer-updated.v1")]
    Updated(IssuerUpdated),
    /// It got a key, which signs from now on.
    #[serde(rename = "signing-key-added.v1")]
    KeyAdded(NewKey),
    /// A key no longer signs; what it signed stays valid.
    #[serde(rename = "signing-key-retired.v1")]
    KeyRetired(SigningKeyRetired),
    /// A key is in wrong hands: what it signed from a moment on is void.
    #[serde(rename = "signing-key-revoked.v1")]
    KeyRevoked(SigningKeyRevoked),
}

/// A new issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuerCreated {
    /// Which.
    pub issuer: IssuerId,
    /// did:web or did:key, the id that stands in its credentials for ever.
    pub did: String,
    /// How it presents itself; version 1.
    pub profile: Profile,
}

/// A profile stated anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuerUpdated {
    /// Which statement it is, from 2.
    pub version: u32,
    /// The whole profile.
    pub profile: Profile,
}

/// Why an issuer refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerRejection {
    /// It is not there.
    #[error("there is no such issuer")]
    NotFound,
    /// The key signed before and was replaced.
    #[error("this key signs no more: make a new one")]
    KeyRetired,
    /// Its id is its key.
    #[error("this issuer is named by its key (did:key), which stays: make another issuer")]
    NamedByKey,
    /// It has no such key.
    #[error("this issuer has no such signing key: check its id")]
    KeyUnknown,
    /// What was signed cannot be taken back before it was.
    #[error("a key cannot be revoked from a moment in the future: name the moment of the loss")]
    RevokedInFuture,
    /// That would make good again what is void.
    #[error("this key is revoked from an earlier moment on: that cannot be taken back")]
    RevokedBefore,
}

impl Rejection for IssuerRejection {
    fn code(&self) -> &'static str {
        match self {
            IssuerRejection::NotFound | IssuerRejection::KeyUnknown => "NOT_FOUND",
            IssuerRejection::KeyRetired | IssuerRejection::NamedByKey => "KEY_RETIRED",
            IssuerRejection::RevokedInFuture => "INVALID_INPUT",
            IssuerRejection::RevokedBefore => "KEY_REVOKED",
        }
    }

    fn class(&self) -> Class {
        match self {
            IssuerRejection::NotFound | IssuerRejection::KeyUnknown => Class::Missing,
            IssuerRejection::KeyRetired
            | IssuerRejection::NamedByKey
            | IssuerRejection::RevokedBefore => Class::Conflict,
            IssuerRejection::RevokedInFuture => Class::Invalid,
        }
    }

    fn path(&self) -> Option<&'static str> {
        match self {
            IssuerRejection::NotFound
            | IssuerRejection::KeyRetired
            | IssuerRejection::NamedByKey => None,
            IssuerRejection::KeyUnknown => Some("/keyId"),
            IssuerRejection::RevokedInFuture | IssuerRejection::RevokedBefore => {
                Some("/compromisedSince")
            }
        }
    }
}

impl Aggregate for Issuer {
    const CATEGORY: &'static str = "issuer";
    type Id = IssuerId;
    type Command = IssuerCommand;
    type Event = IssuerEvent;
    type Rejection = IssuerRejection;

    fn decide(&self, command: IssuerCommand) -> Result<Vec<IssuerEvent>, IssuerRejection> {
        use IssuerCommand::{Create, RevokeKey, RotateKey, Update};
        match (self, command) {
            (Issuer::Absent, Create(created, key)) => {
                Ok(vec![IssuerEvent::Created(created), IssuerEvent::KeyAdded(key)])
            }
            (Issuer::Active { .. }, Create(..)) => Ok(vec![]),
            (Issuer::Absent, Update(_) | RotateKey(_) | RevokeKey { .. }) => {
                Err(IssuerRejection::NotFound)
            }
            (Issuer::Active { profile, .. }, Update(same)) if *profile == same => Ok(vec![]),
            (Issuer::Active { version, .. }, Update(profile)) => {
                let version = version.saturating_add(1);
                Ok(vec![IssuerEvent::Updated(IssuerUpdated { version, profile })])
            }
            (Issuer::Active { key, .. }, RotateKey(new)) if *key == new.key => Ok(vec![]),
            (Issuer::Active { named_by_key: true, .. }, RotateKey(_) | RevokeKey { .. }) => {
                Err(IssuerRejection::NamedByKey)
            }
            (Issuer::Active { retired, .. }, RotateKey(new)) if retired.contains(&new.key) => {
                Err(IssuerRejection::KeyRetired)
            }
            (Issuer::Active { key, .. }, RotateKey(new)) => {
                let retired = SigningKeyRetired { key: *key };
                Ok(vec![IssuerEvent::KeyRetired(retired), IssuerEvent::KeyAdded(new)])
            }
            (Issuer::Active { key, retired, .. }, RevokeKey { revoked, .. })
                if *key != revoked.key && !retired.contains(&revoked.key) =>
            {
                Err(IssuerRejection::KeyUnknown)
            }
            (Issuer::Active { .. }, RevokeKey { revoked, at, .. })
                if revoked.compromised_since > at =>
            {
                Err(IssuerRejection::RevokedInFuture)
            }
            (Issuer::Active { key, revoked: known, .. }, RevokeKey { revoked, new, .. }) => {
                match known.get(&revoked.key) {
                    Some(since) if *since == revoked.compromised_since => Ok(vec![]),
                    Some(since) if *since < revoked.compromised_since => {
                        Err(IssuerRejection::RevokedBefore)
                    }
                    _ if *key == revoked.key => {
                        let retired = SigningKeyRetired { key: *key };
                        Ok(vec![
                            IssuerEvent::KeyRevoked(revoked),
                            IssuerEvent::KeyRetired(retired),
                            IssuerEvent::KeyAdded(new),
                        ])
                    }
                    _ => Ok(vec![IssuerEvent::KeyRevoked(revoked)]),
                }
            }
        }
    }

    fn evolve(self, event: IssuerEvent) -> Self {
        use IssuerEvent::{Created, KeyAdded, KeyRetired, KeyRevoked, Updated};
        if let Created(IssuerCreated { profile, did, .. }) = event {
            return Issuer::Active {
                profile,
                version: 1,
                // The first key follows in the same write.
                key: KeyId::derived([0; 16]),
                kind: SigningKeyKind::Ed25519,
                retired: Vec::new(),
                revoked: BTreeMap::new(),
                named_by_key: did.starts_with("did:key:"),
            };
        }
        let Issuer::Active {
            mut profile,
            mut version,
            mut key,
            mut kind,
            mut retired,
            mut revoked,
            named_by_key,
        } = self
        else {
            return Issuer::Absent;
        };
        match event {
            Created(_) => {}
            Updated(updated) => (version, profile) = (updated.version, updated.profile),
            KeyAdded(new) => (key, kind) = (new.key, new.kind()),
            KeyRetired(old) => retired.push(old.key),
            KeyRevoked(lost) => {
                revoked.insert(lost.key, lost.compromised_since);
            }
        }
        Issuer::Active { profile, version, key, kind, retired, revoked, named_by_key }
    }
}

#[cfg(test)]
mod tests {
    use kernel::testing::given;

    use super::*;

    fn profile(name: &str) -> Profile {
        Profile::new(name, "https://ost.example/", "", "").expect("a profile")
    }

    fn created() -> IssuerCreated {
        let issuer = IssuerId::derived([1; 16]);
        let did = format!("did:web:localhost:i:{issuer}");
        IssuerCreated { issuer, did, profile: profile("Ost") }
    }

    fn key(n: u8) -> NewKey {
        NewKey { key: KeyId::derived([n; 16]), multikey: format!("z6Mk{n}") }
    }

    fn issuer() -> Issuer {
        given([IssuerEvent::Created(created()), IssuerEvent::KeyAdded(key(1))])
    }

    #[test]
    fn it_begins_with_a_key() {
        let create = IssuerCommand::Create(created(), key(1));
        let begun = vec![IssuerEvent::Created(created()), IssuerEvent::KeyAdded(key(1))];
        assert_eq!(Issuer::Absent.decide(create.clone()), Ok(begun));
        assert_eq!(issuer().decide(create), Ok(vec![]));
    }

    #[test]
    fn each_other_profile_is_a_version() {
        let update = |name| IssuerCommand::Update(profile(name));
        assert_eq!(issuer().decide(update("Ost")), Ok(vec![]));
        let second = IssuerUpdated { version: 2, profile: profile("West") };
        assert_eq!(issuer().decide(update("West")), Ok(vec![IssuerEvent::Updated(second.clone())]));
        let third = IssuerUpdated { version: 3, profile: profile("Ost") };
        let issuer = issuer().evolve(IssuerEvent::Updated(second));
        assert_eq!(issuer.decide(update("Ost")), Ok(vec![IssuerEvent::Updated(third)]));
    }

    #[test]
    fn a_new_key_retires_the_present_one_for_good() {
        let rotate = |n| IssuerCommand::RotateKey(key(n));
        assert_eq!(issuer().decide(rotate(1)), Ok(vec![]), "it signs already");
        let retired = IssuerEvent::KeyRetired(SigningKeyRetired { key: key(1).key });
        let rotated = vec![retired, IssuerEvent::KeyAdded(key(2))];
        assert_eq!(issuer().decide(rotate(2)), Ok(rotated.clone()));
        let issuer = rotated.into_iter().fold(issuer(), Issuer::evolve);
        assert_eq!(issuer.decide(rotate(1)), Err(IssuerRejection::KeyRetired));
    }

    fn now() -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_000_000)
    }

    fn lost(n: u8, seconds_ago: i64) -> SigningKeyRevoked {
        let compromised_since = now().plus_millis(-1000 * seconds_ago);
        SigningKeyRevoked { key: key(n).key, compromised_since, reason: "a lost disk".into() }
    }

    fn revoke(n: u8, seconds_ago: i64) -> IssuerCommand {
        IssuerCommand::RevokeKey { revoked: lost(n, seconds_ago), new: key(9), at: now() }
    }

    #[test]
    fn an_issuer_that_is_named_by_its_key_keeps_it() {
        let created = IssuerCreated { did: "did:key:z6Mk1".into(), ..created() };
        let issuer: Issuer = given([IssuerEvent::Created(created), IssuerEvent::KeyAdded(key(1))]);
        assert_eq!(issuer.decide(IssuerCommand::RotateKey(key(1))), Ok(vec![]), "it signs");
        for command in [IssuerCommand::RotateKey(key(2)), revoke(1, 60)] {
            assert_eq!(issuer.decide(command), Err(IssuerRejection::NamedByKey));
        }
    }

    #[test]
    fn a_compromised_key_that_signs_is_replaced_at_once() {
        let facts = vec![
            IssuerEvent::KeyRevoked(lost(1, 60)),
            IssuerEvent::KeyRetired(SigningKeyRetired { key: key(1).key }),
            IssuerEvent::KeyAdded(key(9)),
        ];
        assert_eq!(issuer().decide(revoke(1, 60)), Ok(facts.clone()));
        let issuer = facts.into_iter().fold(issuer(), Issuer::evolve);
        assert_eq!(issuer.decide(revoke(1, 60)), Ok(vec![]), "it is so already");
        assert_eq!(issuer.decide(IssuerCommand::RotateKey(key(9))), Ok(vec![]), "it signs");
        assert_eq!(
            issuer.decide(IssuerCommand::RotateKey(key(1))),
            Err(IssuerRejection::KeyRetired)
        );
    }

    #[test]
    fn a_retired_key_is_revoked_without_a_new_one() {
        let rotated = [
            IssuerEvent::KeyRetired(SigningKeyRetired { key: key(1).key }),
            IssuerEvent::KeyAdded(key(2)),
        ];
        let issuer = rotated.into_iter().fold(issuer(), Issuer::evolve);
        let facts = vec![IssuerEvent::KeyRevoked(lost(1, 60))];
        assert_eq!(issuer.decide(revoke(1, 60)), Ok(facts.clone()));
        let issuer = facts.into_iter().fold(issuer, Issuer::evolve);
        assert_eq!(issuer.decide(IssuerCommand::RotateKey(key(2))), Ok(vec![]), "2 still signs");
    }

    #[test]
    fn a_loss_may_turn_out_to_be_older_but_never_newer() {
        let issuer = issuer().evolve(IssuerEvent::KeyRevoked(lost(1, 60)));
        let issuer = issuer.evolve(IssuerEvent::KeyRetired(SigningKeyRetired { key: key(1).key }));
        let issuer = issuer.evolve(IssuerEvent::KeyAdded(key(2)));
        assert_eq!(issuer.decide(revoke(1, 59)), Err(IssuerRejection::RevokedBefore));
        let earlier = vec![IssuerEvent::KeyRevoked(lost(1, 3600))];
        assert_eq!(issuer.decide(revoke(1, 3600)), Ok(earlier));
    }

    #[test]
    fn an_unknown_key_and_a_future_loss_are_refused() {
        assert_eq!(issuer().decide(revoke(7, 60)), Err(IssuerRejection::KeyUnknown));
        assert_eq!(issuer().decide(revoke(1, -1)), Err(IssuerRejection::RevokedInFuture));
        assert!(issuer().decide(revoke(1, 0)).is_ok());
    }

    #[test]
    fn the_kind_of_a_key_is_told_by_its_text() {
        let kind_of = |issuer: &Issuer| match issuer {
            Issuer::Active { kind, .. } => *kind,
            Issuer::Absent => panic!("it is there"),
        };
        assert_eq!(kind_of(&issuer()), SigningKeyKind::Ed25519);
        let key = NewKey { key: key(2).key, multikey: "zDnaepBuvsQ8cpsW".into() };
        let issuer = issuer().evolve(IssuerEvent::KeyAdded(key));
        assert_eq!(kind_of(&issuer), SigningKeyKind::P256);
    }

    #[test]
    fn what_is_not_there_cannot_change() {
        let rotate = IssuerCommand::RotateKey(key(1));
        for command in [IssuerCommand::Update(profile("Ost")), rotate, revoke(1, 60)] {
            assert_eq!(Issuer::Absent.decide(command), Err(IssuerRejection::NotFound));
        }
    }
}
