//! The frame of a PNG: chunks, each with its length, its kind and a checksum.

use super::{
    BakedCredential, BakingError, Content, Keyword, LARGEST_PICTURE, finished, orderly, text_chunk,
};

pub(super) const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];

/// Length, kind and checksum, without the data between them.
const FRAME: usize = 12;
/// Most bytes that the format allows in a chunk.
const LONGEST_CHUNK: u32 = 0x7fff_ffff;
/// Most chunks: 8 MiB of the small ones that encoders write come to a tenth.
const MOST_CHUNKS: usize = 100_000;
/// Most pixels, for the sake of whoever draws it: 8192 by 8192.
const MOST_PIXELS: u64 = 1 << 26;

/// What is wrong with a PNG. Places are counted in bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PngFault {
    /// The first bytes are nearly those of a PNG, as after a transfer as text.
    #[error("the signature of the PNG is damaged: transfer the file unchanged, as binary")]
    BadSignature,
    /// The file ends within a chunk.
    #[error("the PNG is cut off within the chunk at byte {0}")]
    Truncated(usize),
    /// The file ends between two chunks, before the last one.
    #[error("the PNG has no end: the chunk IEND is missing")]
    NoEnd,
    /// A chunk says that it is longer than any chunk may be.
    #[error("the chunk at byte {0} of the PNG claims to be longer than the format allows")]
    LengthOverflow(usize),
    /// A chunk's kind is not four letters.
    #[error("the chunk at byte {0} of the PNG is of no kind that can be")]
    BadKind(usize),
    /// A chunk's bytes do not agree with its checksum.
    #[error("the chunk at byte {0} of the PNG is damaged: its checksum is wrong")]
    BadChecksum(usize),
    /// The first chunk is not a header, or there are two.
    #[error("the PNG does not begin with one chunk IHDR of 13 bytes")]
    BadHeader,
    /// The picture is empty or larger than anyone should have to draw.
    #[error(
        "the PNG is {width} by {height} pixels: at least 1 and at most 67 million are possible"
    )]
    BadSize {
        /// The width that its header claims.
        width: u32,
        /// The height that its header claims.
        height: u32,
    },
    /// There are more chunks than a picture needs.
    #[error("the PNG has more than {MOST_CHUNKS} chunks: save it again as a plain PNG")]
    TooManyChunks,
    /// Another chunk follows the last one.
    #[error("a chunk follows the end of the PNG at byte {0}: save it again as a plain PNG")]
    ChunkAfterEnd(usize),
    /// Something else follows the last chunk: the file is another kind of file as well.
    #[error("the PNG is followed by other data at byte {0}: save it again as a plain PNG")]
    DataAfterEnd(usize),
    /// A text chunk lacks one of its parts.
    #[error("the chunk {0} of the PNG is not laid out as the format has it")]
    BadText(Keyword),
    /// A text chunk is compressed in a way that does not exist.
    #[error("the chunk {0} of the PNG is compressed in an unknown way")]
    UnknownCompression(Keyword),
    /// A compressed text cannot be read.
    #[error("the compressed text of the chunk {0} of the PNG is damaged")]
    BadCompression(Keyword),
    /// A compressed text is too long.
    #[error("the text of the chunk {0} of the PNG is longer than 8 MiB")]
    TextTooLong(Keyword),
    /// A text that has to be UTF-8 is not.
    #[error("the text of the chunk {0} of the PNG is not UTF-8")]
    NotUtf8(Keyword),
}

/// One chunk of a PNG.
struct Chunk<'p> {
    kind: [u8; 4],
    data: &'p [u8],
    /// All of it, with its frame.
    whole: &'p [u8],
}

/// The chunks of a PNG in their order, each checked; one that is wrong ends them.
struct Chunks<'p> {
    png: &'p [u8],
    at: usize,
    count: usize,
    over: bool,
}

impl<'p> Chunks<'p> {
    fn of(png: &'p [u8]) -> Result<Self, PngFault> {
        if !png.starts_with(&SIGNATURE) {
            return Err(PngFault::BadSignature);
        }
        Ok(Self { png, at: SIGNATURE.len(), count: 0, over: false })
    }

    fn read(&mut self) -> Result<Chunk<'p>, PngFault> {
        let at = self.at;
        let rest = &self.png[at..];
        if rest.is_empty() {
            return Err(PngFault::NoEnd);
        }
        let chunk = framed(rest, at)?;
        self.at += chunk.whole.len();
        self.count += 1;
        let is_header = &chunk.kind == b"IHDR";
        if is_header != (self.count == 1) {
            return Err(PngFault::BadHeader);
        }
        if is_header {
            check_header(chunk.data)?;
        }
        if self.count > MOST_CHUNKS {
            return Err(PngFault::TooManyChunks);
        }
        if &chunk.kind == b"IEND" {
            self.over = true;
            let rest = &self.png[self.at..];
            if !rest.is_empty() {
                return Err(match framed(rest, self.at) {
                    Ok(_) => PngFault::ChunkAfterEnd(self.at),
                    Err(_) => PngFault::DataAfterEnd(self.at),
                });
            }
        }
        Ok(chunk)
    }
}

impl<'p> Iterator for Chunks<'p> {
    type Item = Result<Chunk<'p>, PngFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let read = self.read();
        self.over |= read.is_err();
        Some(read)
    }
}

/// The chunk at the start of `rest`, which is at byte `at` of the file.
fn framed(rest: &[u8], at: usize) -> Result<Chunk<'_>, PngFault> {
    let cut_off = || PngFault::Truncated(at);
    let length = u32::from_be_bytes(*rest.first_chunk().ok_or_else(cut_off)?);
    if length > LONGEST_CHUNK {
        return Err(PngFault::LengthOverflow(at));
    }
    let kind: [u8; 4] = *rest[4..].first_chunk().ok_or_else(cut_off)?;
    if !kind.iter().all(u8::is_ascii_alphabetic) {
        return Err(PngFault::BadKind(at));
    }
    let whole = rest.get(..length as usize + FRAME).ok_or_else(cut_off)?;
    let (checked, checksum) = whole[4..].split_last_chunk().ok_or_else(cut_off)?;
    if crc32fast::hash(checked) != u32::from_be_bytes(*checksum) {
        return Err(PngFault::BadChecksum(at));
    }
    Ok(Chunk { kind, data: &checked[4..], whole })
}

fn check_header(header: &[u8]) -> Result<(), PngFault> {
    const LENGTH: usize = 13;
    let [w0, w1, w2, w3, h0, h1, h2, h3, ..] = *header else { return Err(PngFault::BadHeader) };
    if header.len() != LENGTH {
        return Err(PngFault::BadHeader);
    }
    let (width, height) =
        (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
    if (1..=MOST_PIXELS).contains(&(u64::from(width) * u64::from(height))) {
        Ok(())
    } else {
        Err(PngFault::BadSize { width, height })
    }
}

pub(super) fn extract(png: &[u8]) -> Result<Vec<BakedCredential>, BakingError> {
    let mut found: Vec<BakedCredential> = Vec::new();
    for chunk in Chunks::of(png)? {
        let chunk = chunk?;
        let Some((keyword, rest)) = text_chunk::baked(chunk.kind, chunk.data) else { continue };
        if found.iter().any(|earlier| earlier.keyword == keyword) {
            continue;
        }
        let text = text_chunk::text(chunk.kind, keyword, rest)?;
        found.push(BakedCredential { keyword, content: Content::of(&text, keyword)? });
    }
    Ok(found)
}

/// Bakes credentials into a PNG, in place of all that were baked into it before.
///
/// A credential is JSON or a compact JWS. It becomes an uncompressed `iTXt` chunk behind the
/// header; everything else stays as it is. Without credentials, the picture is just relieved of
/// those that it has.
///
/// # Errors
/// See [`BakingError`].
pub fn bake_png(png: &[u8], credentials: &[(Keyword, &str)]) -> Result<Vec<u8>, BakingError> {
    if png.len() > LARGEST_PICTURE {
        return Err(BakingError::TooLarge);
    }
    let credentials = orderly(credentials)?;
    let added: usize = credentials.iter().map(|(_, text, _)| text.len() + 64).sum();
    let mut baked = Vec::with_capacity(png.len() + added);
    baked.extend_from_slice(&SIGNATURE);
    for chunk in Chunks::of(png)? {
        let chunk = chunk?;
        if text_chunk::baked(chunk.kind, chunk.data).is_none() {
            baked.extend_from_slice(chunk.whole);
        }
        if &chunk.kind == b"IHDR" {
            for (keyword, text, _) in &credentials {
                write(&mut baked, *b"iTXt", &text_chunk::data(*keyword, text))?;
            }
        }
    }
    finished(baked)
}

fn write(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) -> Result<(), BakingError> {
    let length = u32::try_from(data.len()).map_err(|_| BakingError::TooLarge)?;
    png.extend_from_slice(&length.to_be_bytes());
    let checked_from = png.len();
    png.extend_from_slice(&kind);
    png.extend_from_slice(data);
    let checksum = crc32fast::hash(&png[checked_from..]);
    png.extend_from_slice(&checksum.to_be_bytes());
    Ok(())
}
