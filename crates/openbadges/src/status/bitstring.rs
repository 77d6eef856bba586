//! Which credentials are revoked: Bitstring Status List 1.0.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::v3::{CREDENTIALS_V2, one_type};

/// How many entries a list has at least, so that an entry hides among others.
pub const STATUS_LIST_ENTRIES: u32 = 131_072;
/// How many bytes a list may have once inflated: 64 million entries.
const MAX_BYTES: usize = 8 << 20;
/// How many characters an encoded list may have.
const MAX_ENCODED: usize = 12 << 20;

/// Why a status list cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusListError {
    /// The list is not `u` and base64url of gzip.
    #[error("could not decode the status list: it must be u, then base64url of gzip data")]
    Malformed,
    /// The list is shorter than the standard allows.
    #[error("could not use the status list: it has fewer than 131072 entries")]
    TooShort,
    /// The list is longer than this software reads.
    #[error("could not use the status list: it has more than 67108864 entries")]
    TooLong,
    /// The index lies outside of the list.
    #[error("could not look up entry {0}: the status list ends before it")]
    OutOfRange(u64),
}

/// One bit per credential; the leftmost bit of the first byte is entry 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    bits: Vec<u8>,
}

impl StatusList {
    /// Makes a list in which nothing is set, with at least [`STATUS_LIST_ENTRIES`] entries.
    pub fn new(entries: u32) -> Self {
        let bytes = entries.max(STATUS_LIST_ENTRIES).div_ceil(8);
        Self { bits: vec![0; (bytes as usize).min(MAX_BYTES)] }
    }

    /// Gives the number of entries.
    pub fn entries(&self) -> u64 {
        self.bits.len() as u64 * 8
    }

    /// Tells whether an entry is set.
    ///
    /// # Errors
    /// When the list has no such entry.
    pub fn get(&self, index: u64) -> Result<bool, StatusListError> {
        let (byte, mask) = self.locate(index)?;
        Ok(self.bits[byte] & mask != 0)
    }

    /// Sets or clears an entry.
    ///
    /// # Errors
    /// When the list has no such entry.
    pub fn set(&mut self, index: u64, value: bool) -> Result<(), StatusListError> {
        let (byte, mask) = self.locate(index)?;
        if value {
            self.bits[byte] |= mask;
        } else {
            self.bits[byte] &= !mask;
        }
        Ok(())
    }

    fn locate(&self, index: u64) -> Result<(usize, u8), StatusListError> {
        let byte = usize::try_from(index / 8).map_err(|_| StatusListError::OutOfRange(index))?;
        if byte >= self.bits.len() {
            return Err(StatusListError::OutOfRange(index));
        }
        Ok((byte, 0x80 >> (index % 8)))
    }

    /// Writes the list as `encodedList`: `u` and the base64url of its gzip. The same list gives
    /// the same text.
    ///
    /// # Panics
    /// Never: it compresses into memory.
    pub fn encode(&self) -> String {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let compressed = gzip
            .write_all(&self.bits)
            .and_then(|()| gzip.finish())
            .expect("writing to a vector cannot fail");
        let mut text = String::from("u");
        URL_SAFE_NO_PAD.encode_string(compressed, &mut text);
        text
    }

    /// Reads an `encodedList`, inflating no more than a bounded amount.
    ///
    /// # Errors
    /// When the text is malformed, or the list too short or too long.
    pub fn decode(text: &str) -> Result<Self, StatusListError> {
        let encoded = text.strip_prefix('u').ok_or(StatusListError::Malformed)?;
        if encoded.len() > MAX_ENCODED {
            return Err(StatusListError::TooLong);
        }
        let compressed = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| StatusListError::Malformed)?;
        let mut bits = Vec::with_capacity(STATUS_LIST_ENTRIES as usize / 8);
        GzDecoder::new(compressed.as_slice())
            .take(MAX_BYTES as u64 + 1)
            .read_to_end(&mut bits)
            .map_err(|_| StatusListError::Malformed)?;
        if bits.len() > MAX_BYTES {
            return Err(StatusListError::TooLong);
        }
        if bits.len() < STATUS_LIST_ENTRIES as usize / 8 {
            return Err(StatusListError::TooShort);
        }
        Ok(Self { bits })
    }
}

/// Where the revocation of one credential is looked up: `BitstringStatusListEntry`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusListEntry {
    /// The list's URL, `#` and the index.
    pub id: String,
    #[serde(rename = "type")]
    kind: String,
    /// `revocation`.
    pub status_purpose: String,
    /// The entry's number in base 10, as text.
    pub status_list_index: String,
    /// The URL of the list.
    pub status_list_credential: String,
}

impl StatusListEntry {
    /// Makes the entry that says where a credential's revocation will be found.
    pub fn revocation(list_url: &str, index: u32) -> Self {
        Self::at(list_url, &index.to_string())
    }

    pub(crate) fn at(list_url: &str, index: &str) -> Self {
        Self {
            id: format!("{list_url}#{index}"),
            kind: "BitstringStatusListEntry".to_owned(),
            status_purpose: "revocation".to_owned(),
            status_list_index: index.to_owned(),
            status_list_credential: list_url.to_owned(),
        }
    }
}

/// A `BitstringStatusListCredential` without proof: a status list as its issuer publishes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusListCredential {
    #[serde(rename = "@context")]
    context: Vec<String>,
    /// The URL of the list.
    pub id: String,
    #[serde(rename = "type")]
    types: Vec<String>,
    /// The id of the issuer: the same as that of the credentials listed.
    pub issuer: String,
    /// From when on this state of the list is valid (`xsd:dateTimeStamp`).
    pub valid_from: String,
    /// Until when it may be relied upon (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_until: Option<String>,
    credential_subject: StatusListSubject,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusListSubject {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    status_purpose: String,
    encoded_list: String,
}

impl StatusListCredential {
    /// Makes the credential of a list of revocations.
    pub fn revocation(
        url: impl Into<String>,
        issuer: impl Into<String>,
        valid_from: impl Into<String>,
        list: &StatusList,
    ) -> Self {
        let id = url.into();
        let mut types = one_type("VerifiableCredential");
        types.push("BitstringStatusListCredential".to_owned());
        Self {
            context: one_type(CREDENTIALS_V2),
            types,
            issuer: issuer.into(),
            valid_from: valid_from.into(),
            valid_until: None,
            credential_subject: StatusListSubject {
                id: format!("{id}#list"),
                kind: "BitstringStatusList".to_owned(),
                status_purpose: "revocation".to_owned(),
                encoded_list: list.encode(),
            },
            id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_is_the_leftmost_bit() {
        let mut list = StatusList::new(0);
        list.set(0, true).unwrap();
        list.set(9, true).unwrap();
        assert_eq!(list.bits[..2], [0b1000_0000, 0b0100_0000]);
        list.set(0, false).unwrap();
        assert!(!list.get(0).unwrap());
    }

    #[test]
    fn a_list_survives_encoding() {
        let mut list = StatusList::new(200_000);
        for index in [0, 1, 8, 131_072, 199_999] {
            list.set(index, true).unwrap();
        }
        let text = list.encode();
        assert!(text.starts_with("uH4sI"));
        assert_eq!(StatusList::decode(&text).unwrap(), list);
    }

    #[test]
    fn the_empty_list_of_the_recommendation_reads() {
        // Bitstring Status List v1.0, example 2.
        let list = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";
        let list = StatusList::decode(list).unwrap();
        assert_eq!(list, StatusList::new(STATUS_LIST_ENTRIES));
    }

    #[test]
    fn short_endless_and_broken_lists_are_refused() {
        let gzip = |bytes: &[u8]| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
            gzip.write_all(bytes).unwrap();
            format!("u{}", URL_SAFE_NO_PAD.encode(gzip.finish().unwrap()))
        };
        assert_eq!(StatusList::decode(&gzip(&[0; 16_383])), Err(StatusListError::TooShort));
        assert_eq!(
            StatusList::decode(&gzip(&vec![0; MAX_BYTES + 1])),
            Err(StatusListError::TooLong)
        );
        for text in ["", "u", "uAAAA", "zH4sI", "u===="] {
            assert_eq!(StatusList::decode(text), Err(StatusListError::Malformed), "{text}");
        }
        assert_eq!(StatusList::new(0).get(131_072), Err(StatusListError::OutOfRange(131_072)));
    }
}
