use kernel::{Aggregate, Class, Rejection};
use serde::{Deserialize, Serialize};

use crate::{IssuerId, KeyId, Profile};

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
        /// The keys that signed before.
        retired: Vec<KeyId>,
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
}

/// A new issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuerCreated {
    /// Which.
    pub issuer: IssuerId,
    /// did:web, the id that stands in its credentials for ever.
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

/// A key whose seed is in the vault already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// Which.
    pub key: KeyId,
    /// The public key as Multikey, z6Mk….
    pub multikey: String,
}

/// A key that signs no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKeyRetired {
    /// Which.
    pub key: KeyId,
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
}

impl Rejection for IssuerRejection {
    fn code(&self) -> &'static str {
        match self {
            IssuerRejection::NotFound => "NOT_FOUND",
            IssuerRejection::KeyRetired => "KEY_RETIRED",
        }
    }

    fn class(&self) -> Class {
        match self {
            IssuerRejection::NotFound => Class::Missing,
            IssuerRejection::KeyRetired => Class::Conflict,
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
        use IssuerCommand::{Create, RotateKey, Update};
        match (self, command) {
            (Issuer::Absent, Create(created, key)) => {
                Ok(vec![IssuerEvent::Created(created), IssuerEvent::KeyAdded(key)])
            }
            (Issuer::Active { .. }, Create(..)) => Ok(vec![]),
            (Issuer::Absent, Update(_) | RotateKey(_)) => Err(IssuerRejection::NotFound),
            (Issuer::Active { profile, .. }, Update(same)) if *profile == same => Ok(vec![]),
            (Issuer::Active { version, .. }, Update(profile)) => {
                let version = version.saturating_add(1);
                Ok(vec![IssuerEvent::Updated(IssuerUpdated { version, profile })])
            }
            (Issuer::Active { key, .. }, RotateKey(new)) if *key == new.key => Ok(vec![]),
            (Issuer::Active { retired, .. }, RotateKey(new)) if retired.contains(&new.key) => {
                Err(IssuerRejection::KeyRetired)
            }
            (Issuer::Active { key, .. }, RotateKey(new)) => {
                let retired = SigningKeyRetired { key: *key };
                Ok(vec![IssuerEvent::KeyRetired(retired), IssuerEvent::KeyAdded(new)])
            }
        }
    }

    fn evolve(self, event: IssuerEvent) -> Self {
        use IssuerEvent::{Created, KeyAdded, KeyRetired, Updated};
        match (self, event) {
            (_, Created(IssuerCreated { profile, .. })) => {
                // The first key follows in the same write.
                let key = KeyId::derived([0; 16]);
                Issuer::Active { profile, version: 1, key, retired: Vec::new() }
            }
            (Issuer::Active { key, retired, .. }, Updated(IssuerUpdated { version, profile }))
            | (Issuer::Active { profile, version, retired, .. }, KeyAdded(NewKey { key, .. })) => {
                Issuer::Active { profile, version, key, retired }
            }
            (
                Issuer::Active { profile, version, key, mut retired },
                KeyRetired(SigningKeyRetired { key: old }),
            ) => {
                retired.push(old);
                Issuer::Active { profile, version, key, retired }
            }
            (Issuer::Absent, Updated(_) | KeyAdded(_) | KeyRetired(_)) => Issuer::Absent,
        }
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

    #[test]
    fn what_is_not_there_cannot_change() {
        for command in [IssuerCommand::Update(profile("Ost")), IssuerCommand::RotateKey(key(1))] {
            assert_eq!(Issuer::Absent.decide(command), Err(IssuerRejection::NotFound));
        }
    }
}
