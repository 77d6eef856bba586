//! Gzip of exactly one member, inflated within bounds.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

/// Why something could not be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GzipError {
    NotGzip,
    Corrupt,
    TooLong,
    Trailing,
    SecondMember,
}

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The same bytes give the same gzip.
pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).and_then(|()| gzip.finish()).expect("writing to a vector cannot fail")
}

/// At most `most` bytes; the check sum must be right and nothing may follow.
///
/// Gzip allows several members after each other. Decoders differ in whether they read the second,
/// so two of them would see different lists: only one member is taken.
pub(super) fn inflate(compressed: &[u8], most: usize) -> Result<Vec<u8>, GzipError> {
    if !compressed.starts_with(&MAGIC) {
        return Err(GzipError::NotGzip);
    }
    let mut decoder = GzDecoder::new(compressed);
    let mut bytes = Vec::new();
    (&mut decoder).take(most as u64 + 1).read_to_end(&mut bytes).map_err(|_| GzipError::Corrupt)?;
    if bytes.len() > most {
        return Err(GzipError::TooLong);
    }
    match decoder.into_inner() {
        [] => Ok(bytes),
        rest if rest.starts_with(&MAGIC) => Err(GzipError::SecondMember),
        _ => Err(GzipError::Trailing),
    }
}
