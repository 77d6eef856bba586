use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text;

/// What an id identifies. Implemented by empty enums.
pub trait Kind: 'static {
    /// The type prefix, one to eight lower-case letters, unique in the system.
    const PREFIX: &'static str;
}

/// A typed id in `TypeID` form: `prefix_` and 26 characters of Crockford base 32 over 16 bytes, such
/// as `tenant_01h455vb4pex5vsknk084sn02q`. Sorts by time when made from a `UUIDv7`.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// The text is no id of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 26 characters")]
pub struct InvalidId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;
/// The value of each byte as a digit; 255 for what is none.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut value: u8 = 0;
    while value < 32 {
        values[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    values
};

impl<K: Kind> Id<K> {
    /// The id with these 128 bits.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// An id made from what must be unique: the first 16 bytes of a keyed or plain digest, marked as
    /// a version 8 UUID. The same bytes always make the same id.
    #[must_use]
    pub fn derived(digest: [u8; 16]) -> Self {
        Self::from_uuid(uuid::Builder::from_custom_bytes(digest).into_uuid())
    }

    /// The 128 bits.
    #[must_use]
    pub const fn uuid(&self) -> Uuid {
        self.0
    }

    /// The 16 bytes, most significant first.
    #[must_use]
    pub fn bytes(&self) -> [u8; 16] {
        self.0.into_bytes()
    }

    fn encode(self, buffer: &mut [u8; 40]) -> &str {
        let prefix = K::PREFIX.as_bytes();
        buffer[..prefix.len()].copy_from_slice(prefix);
        buffer[prefix.len()] = b'_';
        let end = prefix.len() + 1 + DIGITS;
        let mut rest = self.0.as_u128();
        for digit in buffer[prefix.len() + 1..end].iter_mut().rev() {
            *digit = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        std::str::from_utf8(&buffer[..end]).unwrap_or_default()
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { prefix: K::PREFIX };
        let digits =
            text.strip_prefix(K::PREFIX).and_then(|t| t.strip_prefix('_')).ok_or(invalid)?;
        if digits.len() != DIGITS || digits.as_bytes()[0] > b'7' {
            return Err(invalid);
        }
        let mut bits: u128 = 0;
        for digit in digits.bytes() {
            let value = VALUES[usize::from(digit)];
            if value == 255 {
                return Err(invalid);
            }
            bits = bits << 5 | u128::from(value);
        }
        Ok(Self::from_uuid(Uuid::from_u128(bits)))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; 40]))
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str((*self).encode(&mut [0; 40]))
        } else {
            self.bytes().serialize(serializer)
        }
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            text::read(deserializer, |text| text.parse().map_err(|e: InvalidId| e.to_string()))
        } else {
            Ok(Self::from_uuid(Uuid::from_bytes(<[u8; 16]>::deserialize(deserializer)?)))
        }
    }
}

/// Marks ids of tenants.
pub enum TenantKind {}
impl Kind for TenantKind {
    const PREFIX: &'static str = "tenant";
}

/// An isolated issuing space. Comes from a verified token or a stored fact, never from a request
/// field; no call on a port can be written without one.
pub type TenantId = Id<TenantKind>;

/// Marks ids of organisations.
pub enum OrganizationKind {}
impl Kind for OrganizationKind {
    const PREFIX: &'static str = "org";
}

/// A customer: the owner of tenants.
pub type OrganizationId = Id<OrganizationKind>;

impl OrganizationId {
    /// The space that holds what belongs to the organisation itself rather than to one of its
    /// tenants: its own streams, members and organisation-wide clients.
    #[must_use]
    pub fn home(self) -> TenantId {
        TenantId::from_uuid(self.uuid())
    }
}

impl TenantId {
    /// The space of the platform itself: what spans organisations, such as sign-in identities.
    pub const PLATFORM: TenantId = TenantId::from_uuid(Uuid::nil());
}

/// Marks ids of the people that personal data is about.
pub enum SubjectKind {}
impl Kind for SubjectKind {
    const PREFIX: &'static str = "person";
}

/// A person as one tenant knows them: derived by keyed hash from the canonical address, so that the
/// same address in the same tenant is the same person, and nobody without the key can tell whose.
pub type SubjectId = Id<SubjectKind>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_id_reads_back(bits: u128) {
            let id = TenantId::from_uuid(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<TenantId>(), Ok(id));
            let json = serde_json::to_string(&id).expect("ids are strings");
            prop_assert_eq!(serde_json::from_str::<TenantId>(&json).expect("reads"), id);
        }

        #[test]
        fn ids_sort_as_their_text_does(a: u128, b: u128) {
            let (a, b) = (Uuid::from_u128(a), Uuid::from_u128(b));
            let (a, b) = (TenantId::from_uuid(a), TenantId::from_uuid(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<TenantId>();
        }
    }

    #[test]
    fn another_kind_or_form_is_refused() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(7));
        assert!(tenant.to_string().parse::<OrganizationId>().is_err());
        let text = tenant.to_string();
        assert!(text.to_uppercase().parse::<TenantId>().is_err());
        assert!(format!("{text}0").parse::<TenantId>().is_err());
        assert!(text.replacen("_0", "_8", 1).parse::<TenantId>().is_err(), "more than 128 bits");
    }
}
