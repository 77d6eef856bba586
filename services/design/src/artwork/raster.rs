//! A PNG with nothing in it but the picture (PNG Specification, third edition, 5 and 11).

use std::io::Cursor;

use png::{Decoder, Limits};

use super::{ArtworkRejection, LARGEST_PNG};

/// The first bytes of every PNG.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The most pixels along a side.
const LONGEST: u32 = 4_096;
/// The most bytes that decoding may take.
const MOST_MEMORY: usize = 96 * 1024 * 1024;
/// Chunks that say how the picture looks; everything else (words, dates, places, animations,
/// credentials baked in) is left out.
const KEPT: [&[u8; 4]; 9] =
    [b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"IDAT", b"IEND"];

fn malformed() -> ArtworkRejection {
    ArtworkRejection::Malformed("the PNG is damaged: save it again".into())
}

fn too_large(what: &str) -> ArtworkRejection {
    ArtworkRejection::TooLarge(format!("the PNG {what}: make it smaller"))
}

/// The picture without anything beside it.
///
/// # Errors
/// When it is no whole PNG, or too large.
pub(super) fn clean(upload: &[u8]) -> Result<Vec<u8>, ArtworkRejection> {
    if upload.len() > LARGEST_PNG {
        return Err(too_large("is larger than 2 MiB"));
    }
    let safe = chunks(upload).ok_or_else(malformed)?;
    decode(&safe)?;
    Ok(safe)
}

fn chunks(upload: &[u8]) -> Option<Vec<u8>> {
    let mut rest = upload.strip_prefix(&SIGNATURE)?;
    let mut safe = Vec::with_capacity(upload.len());
    safe.extend_from_slice(&SIGNATURE);
    loop {
        let length = u32::from_be_bytes(*rest.first_chunk::<4>()?);
        // Length, type, data, checksum.
        let whole = usize::try_from(length).ok()?.checked_add(12)?;
        let chunk = rest.get(..whole)?;
        let kind: &[u8; 4] = chunk[4..].first_chunk()?;
        if KEPT.contains(&kind) {
            safe.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return Some(safe);
        }
        rest = &rest[whole..];
    }
}

/// Decodes every pixel, to know that a browser can.
fn decode(png: &[u8]) -> Result<(), ArtworkRejection> {
    let limits = Limits { bytes: MOST_MEMORY };
    let mut reader =
        Decoder::new_with_limits(Cursor::new(png), limits).read_info().map_err(|_| malformed())?;
    let info = reader.info();
    if info.width > LONGEST || info.height > LONGEST {
        return Err(too_large("has more than 4,096 pixels along a side"));
    }
    let size = reader.output_buffer_size().filter(|size| *size <= MOST_MEMORY);
    let mut pixels = vec![0; size.ok_or_else(|| too_large("has too many pixels"))?];
    reader.next_frame(&mut pixels).map_err(|_| malformed())?;
    reader.finish().map_err(|_| malformed())
}
