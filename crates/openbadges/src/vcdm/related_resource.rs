//! `relatedResource`: things outside a credential that its issuer fixed by digest (VCDM 2.0, 5.3).

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::faults::{Faults, Place};
use super::{known_digests, object, url};

/// A digest that an issuer stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceDigest {
    /// SHA-256.
    Sha256([u8; 32]),
    /// SHA-384.
    Sha384([u8; 48]),
    /// SHA-512.
    Sha512([u8; 64]),
}

/// A thing outside a credential, and what its issuer says of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedResource {
    /// Where it is.
    pub id: String,
    /// By `digestSRI`, one of which must agree; empty when the issuer gave none.
    pub by_sri: Vec<ResourceDigest>,
    /// By `digestMultibase`, likewise.
    pub by_multibase: Vec<ResourceDigest>,
}

impl ResourceDigest {
    fn new(bytes: &[u8]) -> Option<Self> {
        Some(match bytes.len() {
            32 => Self::Sha256(bytes.try_into().ok()?),
            48 => Self::Sha384(bytes.try_into().ok()?),
            64 => Self::Sha512(bytes.try_into().ok()?),
            _ => return None,
        })
    }

    /// `sha384-…` in base64, of either alphabet (Subresource Integrity, 3.1); options are passed over.
    fn from_sri(text: &str) -> Option<Self> {
        let (algorithm, rest) = text.split_once('-')?;
        let encoded = rest.split('?').next()?.trim_end_matches('=');
        let digest = Self::new(&decode_base64(encoded)?)?;
        (digest.name() == algorithm).then_some(digest)
    }

    /// Multibase over a multihash; the bare bytes of a digest are taken as well, for many write it so.
    fn from_multibase(text: &str) -> Option<Self> {
        let bytes = match text.split_at_checked(1)? {
            (_, rest) if rest.len() > 128 => return None,
            ("u" | "m", rest) => decode_base64(rest)?,
            ("z", rest) => bs58::decode(rest).into_vec().ok()?,
            ("f", rest) => hex::decode(rest).ok()?,
            _ => return None,
        };
        match bytes.as_slice() {
            [0x12, 32, hash @ ..] | [0x20, 48, hash @ ..] | [0x13, 64, hash @ ..] => {
                Self::new(hash)
            }
            bare => Self::new(bare),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha384(_) => "sha384",
            Self::Sha512(_) => "sha512",
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha384(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }
}

impl RelatedResource {
    /// Reads one entry of `relatedResource`.
    ///
    /// # Errors
    /// When it has no id, no digest, or one that cannot be read; in words for people.
    pub fn of(entry: &Value) -> Result<Self, &'static str> {
        let id = entry.get("id").and_then(Value::as_str).ok_or("must have an id")?;
        let by_sri: Vec<_> = match entry.get("digestSRI") {
            None => Vec::new(),
            Some(Value::String(text)) => text
                .split_ascii_whitespace()
                .map(ResourceDigest::from_sri)
                .collect::<Option<_>>()
                .filter(|all: &Vec<_>| !all.is_empty())
                .ok_or("must have a digestSRI such as sha384-… in base64")?,
            Some(_) => return Err("must have a digestSRI that is a text"),
        };
        let multibase = match entry.get("digestMultibase") {
            None => &[][..],
            Some(Value::Array(all)) => all,
            Some(one) => std::slice::from_ref(one),
        };
        let by_multibase = multibase
            .iter()
            .map(|one| ResourceDigest::from_multibase(one.as_str()?))
            .collect::<Option<Vec<_>>>()
            .ok_or("must have a digestMultibase that is the multibase form of a sha-2 digest")?;
        if by_sri.is_empty() && by_multibase.is_empty() {
            return Err("must have a digestSRI or a digestMultibase");
        }
        Ok(Self { id: id.to_owned(), by_sri, by_multibase })
    }

    /// Tells whether bytes found at its URL are those that the issuer meant.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.agrees(|digest| match digest {
            ResourceDigest::Sha256(hash) => Sha256::digest(bytes).as_slice() == hash,
            ResourceDigest::Sha384(hash) => Sha384::digest(bytes).as_slice() == hash,
            ResourceDigest::Sha512(hash) => Sha512::digest(bytes).as_slice() == hash,
        })
    }

    /// Tells whether it is a revision known of its URL; nothing when none is known.
    fn is_as_known(&self) -> Option<bool> {
        let mut revisions = known_digests::of(&self.id).peekable();
        revisions.peek()?;
        Some(revisions.any(|known| {
            self.agrees(|digest| known.contains(&hex::encode(digest.bytes()).as_str()))
        }))
    }

    fn agrees(&self, is: impl Fn(&ResourceDigest) -> bool) -> bool {
        let one_of = |digests: &[ResourceDigest]| digests.is_empty() || digests.iter().any(&is);
        one_of(&self.by_sri) && one_of(&self.by_multibase)
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.len() > 128 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

/// Gives the resources that a credential fixes by digest and that are not known here: to be
/// fetched and compared, or told as not checked.
pub fn unknown_resources(credential: &Value) -> Vec<RelatedResource> {
    let entries = match credential.get("relatedResource") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let read = entries.iter().filter_map(|entry| RelatedResource::of(entry).ok());
    read.filter(|resource| resource.is_as_known().is_none()).collect()
}

/// Checks the shape of each entry, that no id comes twice, and the digests of what is known.
pub(super) fn check(faults: &mut Faults, place: &Place, credential: &Value) {
    let mut seen = HashSet::new();
    for (place, entry) in object::each(faults, place, credential, "relatedResource") {
        url::require_id(faults, &place, entry);
        let Some(id) = entry.get("id").and_then(Value::as_str) else { continue };
        if !seen.insert(id) {
            faults.add(&place.member("id"), "must not be that of another related resource");
        }
        let media_type = entry.get("mediaType");
        if media_type.is_some_and(|kind| !kind.as_str().is_some_and(|kind| kind.contains('/'))) {
            faults.add(&place.member("mediaType"), "must be a media type");
        }
        match RelatedResource::of(entry) {
            Err(why) => faults.add(&place, why),
            Ok(resource) if resource.is_as_known() == Some(false) => {
                faults.add(&place, "has a digest that is not that of the resource");
            }
            Ok(_) => {}
        }
    }
}
