//! The bits of a status list, in memory and as text.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::gzip::{GzipError, compress, inflate};

/// How many entries a list has at least, so that an entry hides among others.
pub const STATUS_LIST_ENTRIES: u32 = 131_072;
/// How many bytes a list may have once inflated: 134 million entries of one bit.
const MAX_BYTES: usize = 16 << 20;
/// How many characters an encoded list may have: one of [`MAX_BYTES`] that do not compress.
const MAX_ENCODED: usize = 23 << 20;

/// Why a status list cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusListError {
    /// The text does not begin with `u`.
    #[error("could not decode the status list: it must be base64url in multibase form, u…")]
    NotMultibase,
    /// What follows `u` is not base64url without padding.
    #[error("could not decode the status list: it is not base64url without padding")]
    NotBase64Url,
    /// The bytes are not gzip.
    #[error("could not decode the status list: its bytes are not gzip")]
    NotGzip,
    /// The gzip is cut short, or its check sum is wrong.
    #[error("could not decode the status list: its gzip data is damaged")]
    Corrupt,
    /// Bytes follow the gzip.
    #[error("could not decode the status list: bytes follow the gzip data")]
    TrailingBytes,
    /// A second gzip member follows, which some software would read and some would not.
    #[error("could not decode the status list: it is more than one gzip member")]
    SecondMember,
    /// The list is shorter than the standard allows.
    #[error("could not use the status list: it has fewer than 131072 entries")]
    TooShort,
    /// The list is longer than this software reads.
    #[error("could not use the status list: it is larger than 16 MiB")]
    TooLong,
    /// The index lies outside of the list.
    #[error("could not look up entry {0}: the status list ends before it")]
    OutOfRange(u64),
    /// The entries are too small for the value.
    #[error("could not set an entry to {0}: it has fewer bits")]
    ValueTooLarge(u8),
}

impl From<GzipError> for StatusListError {
    fn from(error: GzipError) -> Self {
        match error {
            GzipError::NotGzip => Self::NotGzip,
            GzipError::Corrupt => Self::Corrupt,
            GzipError::TooLong => Self::TooLong,
            GzipError::Trailing => Self::TrailingBytes,
            GzipError::SecondMember => Self::SecondMember,
        }
    }
}

/// How many bits an entry has: from 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u8")]
pub struct StatusSize(u8);

/// Why a number is no [`StatusSize`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("status entries of {0} bits cannot be read: from 1 to 8 are supported")]
pub struct StatusSizeError(u64);

impl StatusSize {
    /// One bit: set or not.
    pub const ONE: Self = Self(1);

    /// Makes a size; there is none of no bits, and this software knows none of more than 8.
    pub fn new(bits: u64) -> Option<Self> {
        u8::try_from(bits).ok().filter(|bits| (1..=8).contains(bits)).map(Self)
    }

    /// Gives the number of bits.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Gives the number of values that an entry can have.
    pub fn values(self) -> usize {
        1 << self.0
    }
}

impl TryFrom<u64> for StatusSize {
    type Error = StatusSizeError;

    fn try_from(bits: u64) -> Result<Self, StatusSizeError> {
        Self::new(bits).ok_or(StatusSizeError(bits))
    }
}

impl From<StatusSize> for u8 {
    fn from(size: StatusSize) -> Self {
        size.0
    }
}

/// One entry of some bits per credential; the leftmost bits of the first byte are entry 0.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: Vec<u8>,
    size: StatusSize,
}

impl StatusList {
    /// Makes a list of one bit per entry in which nothing is set, with at least
    /// [`STATUS_LIST_ENTRIES`] entries.
    pub fn new(entries: u32) -> Self {
        Self::sized(entries, StatusSize::ONE)
    }

    /// Makes a list in which every entry is 0, with at least [`STATUS_LIST_ENTRIES`] entries.
    pub fn sized(entries: u32, size: StatusSize) -> Self {
        let bits = u64::from(entries.max(STATUS_LIST_ENTRIES)) * u64::from(size.0);
        let bytes = usize::try_from(bits.div_ceil(8)).map_or(MAX_BYTES, |all| all.min(MAX_BYTES));
        Self { bits: vec![0; bytes], size }
    }

    /// Gives the number of entries.
    pub fn entries(&self) -> u64 {
        self.bits.len() as u64 * 8 / u64::from(self.size.0)
    }

    /// Gives the number of bits of an entry.
    pub fn size(&self) -> StatusSize {
        self.size
    }

    /// Tells whether an entry is anything but 0.
    ///
    /// # Errors
    /// When the list has no such entry.
    pub fn get(&self, index: u64) -> Result<bool, StatusListError> {
        self.value(index).map(|value| value != 0)
    }

    /// Gives the value of an entry, its first bit being the highest.
    ///
    /// # Errors
    /// When the list has no such entry.
    pub fn value(&self, index: u64) -> Result<u8, StatusListError> {
        let start = self.locate(index)?;
        let bit = |at: usize| self.bits[at / 8] >> (7 - at % 8) & 1;
        Ok((start..start + usize::from(self.size.0)).fold(0, |value, at| value << 1 | bit(at)))
    }

    /// Sets an entry to 1, or to 0.
    ///
    /// # Errors
    /// When the list has no such entry.
    pub fn set(&mut self, index: u64, value: bool) -> Result<(), StatusListError> {
        self.set_value(index, value.into())
    }

    /// Sets an entry to a value.
    ///
    /// # Errors
    /// When the list has no such entry, or the entry has fewer bits than the value.
    pub fn set_value(&mut self, index: u64, value: u8) -> Result<(), StatusListError> {
        if usize::from(value) >= self.size.values() {
            return Err(StatusListError::ValueTooLarge(value));
        }
        let start = self.locate(index)?;
        for offset in 0..self.size.0 {
            let at = start + usize::from(offset);
            let mask = 0x80 >> (at % 8);
            if value >> (self.size.0 - 1 - offset) & 1 == 1 {
                self.bits[at / 8] |= mask;
            } else {
                self.bits[at / 8] &= !mask;
            }
        }
        Ok(())
    }

    /// Where the first bit of an entry stands.
    fn locate(&self, index: u64) -> Result<usize, StatusListError> {
        let out_of_range = StatusListError::OutOfRange(index);
        if index >= self.entries() {
            return Err(out_of_range);
        }
        usize::try_from(index * u64::from(self.size.0)).map_err(|_| out_of_range)
    }

    /// Writes the list as `encodedList`: `u` and the base64url of its gzip. The same list gives
    /// the same text.
    pub fn encode(&self) -> String {
        let mut text = String::from("u");
        URL_SAFE_NO_PAD.encode_string(compress(&self.bits), &mut text);
        text
    }

    /// Reads an `encodedList` of one bit per entry, inflating no more than a bounded amount.
    ///
    /// # Errors
    /// When the text is malformed, or the list too short or too long.
    pub fn decode(text: &str) -> Result<Self, StatusListError> {
        Self::decode_sized(text, StatusSize::ONE)
    }

    /// Reads an `encodedList`, inflating no more than a bounded amount.
    ///
    /// # Errors
    /// When the text is malformed, or the list too short or too long.
    pub fn decode_sized(text: &str, size: StatusSize) -> Result<Self, StatusListError> {
        let encoded = text.strip_prefix('u').ok_or(StatusListError::NotMultibase)?;
        if encoded.len() > MAX_ENCODED {
            return Err(StatusListError::TooLong);
        }
        let compressed =
            URL_SAFE_NO_PAD.decode(encoded).map_err(|_| StatusListError::NotBase64Url)?;
        let list = Self { bits: inflate(&compressed, MAX_BYTES)?, size };
        if list.entries() < u64::from(STATUS_LIST_ENTRIES) {
            return Err(StatusListError::TooShort);
        }
        Ok(list)
    }
}

impl fmt::Debug for StatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entries, size) = (self.entries(), self.size.0);
        write!(f, "StatusList({entries} entries of {size} bits)")
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
    fn the_first_bit_of_an_entry_is_its_highest() {
        let mut list = StatusList::sized(0, StatusSize::new(4).unwrap());
        list.set_value(0, 0x1).unwrap();
        list.set_value(1, 0xe).unwrap();
        assert_eq!((list.bits[0], list.bits.len()), (0x1e, 65_536));
        // An entry of three bits may begin in one byte and end in the next.
        let mut list = StatusList::sized(0, StatusSize::new(3).unwrap());
        list.set_value(2, 0b101).unwrap();
        assert_eq!(list.bits[..2], [0b0000_0010, 0b1000_0000]);
        assert_eq!(list.set_value(2, 8), Err(StatusListError::ValueTooLarge(8)));
    }

    #[test]
    fn there_are_sizes_from_one_to_eight() {
        let known: Vec<u64> = (0..70).filter(|bits| StatusSize::new(*bits).is_some()).collect();
        assert_eq!(known, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(StatusSize::new(u64::MAX), None);
        assert_eq!(StatusSize::new(8).unwrap().values(), 256);
    }
}
