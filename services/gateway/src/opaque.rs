//! Texts that clients carry for us without being able to read, alter or move them: cursors and
//! position tokens. What stands inside is encrypted and authenticated under one key of the
//! platform, bound to a label such as the tenant, the list and its filter.
//!
//! The construction is a synthetic IV: `tag = HMAC(key, label ‖ content)`, and the content is
//! masked with `HMAC(key, tag ‖ counter)`. Equal content gives equal text, which is what cursors
//! want; the same content under another label is refused.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const TAG: usize = 12;
/// The longest text that is looked at.
const LONGEST: usize = 512;

/// Makes and reads opaque texts.
#[derive(Clone)]
pub struct Sealer {
    seal: Hmac<Sha256>,
    mask: Hmac<Sha256>,
}

impl Sealer {
    /// A sealer under this key.
    pub fn new(key: &[u8; 32]) -> Self {
        let keyed = |purpose: &[u8]| {
            let mut hmac =
                Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
            hmac.update(purpose);
            hmac
        };
        Self { seal: keyed(b"seal"), mask: keyed(b"mask") }
    }

    /// The text that stands for the content under the label.
    pub fn seal(&self, label: &[&[u8]], content: &[u8]) -> String {
        let tag = self.tag(label, content);
        let mut bytes = Vec::with_capacity(TAG + content.len());
        bytes.extend_from_slice(&tag);
        bytes.extend_from_slice(content);
        self.apply_mask(&tag, &mut bytes[TAG..]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The content, if the text was sealed under this label.
    pub fn open(&self, label: &[&[u8]], text: &str) -> Option<Vec<u8>> {
        if text.len() > LONGEST {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        if bytes.len() < TAG {
            return None;
        }
        let mut content = bytes.split_off(TAG);
        let tag: [u8; TAG] = bytes.try_into().ok()?;
        self.apply_mask(&tag, &mut content);
        self.authenticated(label, &content).verify_truncated_left(&tag).ok()?;
        Some(content)
    }

    fn authenticated(&self, label: &[&[u8]], content: &[u8]) -> Hmac<Sha256> {
        let mut hmac = self.seal.clone();
        for part in label {
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        hmac.update(&u64::MAX.to_be_bytes());
        hmac.update(content);
        hmac
    }

    fn tag(&self, label: &[&[u8]], content: &[u8]) -> [u8; TAG] {
        let whole = self.authenticated(label, content).finalize().into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&whole[..TAG]);
        tag
    }

    fn apply_mask(&self, tag: &[u8; TAG], content: &mut [u8]) {
        for (counter, block) in (0_u32..).zip(content.chunks_mut(32)) {
            let mut hmac = self.mask.clone();
            hmac.update(tag);
            hmac.update(&counter.to_be_bytes());
            for (byte, mask) in block.iter_mut().zip(hmac.finalize().into_bytes()) {
                *byte ^= mask;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_under_its_label_only() {
        let sealer = Sealer::new(&[7; 32]);
        for length in [0, 1, 31, 32, 33, 100] {
            let content: Vec<u8> = (0..length).collect();
            let text = sealer.seal(&[b"tenant", b"awards"], &content);
            assert_eq!(sealer.open(&[b"tenant", b"awards"], &text), Some(content));
            assert_eq!(sealer.open(&[b"tenant", b"badges"], &text), None);
            assert_eq!(sealer.open(&[b"tenantawards"], &text), None);
            assert_eq!(Sealer::new(&[8; 32]).open(&[b"tenant", b"awards"], &text), None);
        }
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let sealer = Sealer::new(&[7; 32]);
        let text = sealer.seal(&[b"x"], b"a position in a list");
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert_eq!(sealer.open(&[b"x"], &URL_SAFE_NO_PAD.encode(changed)), None, "{index}");
        }
        for strange in ["", "AA", "not base64!", &"A".repeat(10_000)] {
            assert_eq!(sealer.open(&[b"x"], strange), None);
        }
    }

    #[test]
    fn the_content_does_not_show() {
        let text = Sealer::new(&[7; 32]).seal(&[b"x"], b"12345678");
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        assert!(!bytes.windows(4).any(|w| b"12345678".windows(4).any(|c| c == w)));
    }
}
