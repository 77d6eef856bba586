use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{AeadInOut, Key, Nonce},
};
use kernel::{Base64, Sealed};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Owner;

/// The key of one owner in one version: seals and unseals what is theirs. Wiped from memory when
/// dropped; `Debug` shows the version only.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey {
    /// Which of the owner's keys, from 1.
    pub version: u32,
    bytes: [u8; 32],
}

/// The sealed bytes are not what this key sealed for this owner and purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed data does not belong to this key, owner and purpose")]
pub struct UnsealError;

impl DataKey {
    pub(crate) fn new(version: u32, bytes: [u8; 32]) -> Self {
        Self { version, bytes }
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Seals bytes with XChaCha20-Poly1305, bound to tenant, owner, key version and purpose. The
    /// nonce is 24 random bytes, used once.
    #[must_use]
    pub fn seal(&self, owner: &Owner, purpose: &str, plaintext: &[u8], nonce: [u8; 24]) -> Sealed {
        let bound = self.bound(owner, purpose);
        Sealed {
            subject: owner.subject.clone(),
            key_version: self.version,
            nonce: Base64(nonce.to_vec()),
            ciphertext: Base64(encrypt(&self.bytes, &nonce, &bound, plaintext)),
        }
    }

    /// The bytes that were sealed.
    ///
    /// # Errors
    /// When anything differs from what was sealed: key, tenant, owner, version, purpose, bytes.
    pub fn unseal(
        &self,
        owner: &Owner,
        purpose: &str,
        sealed: &Sealed,
    ) -> Result<Vec<u8>, UnsealError> {
        if sealed.subject != owner.subject || sealed.key_version != self.version {
            return Err(UnsealError);
        }
        let nonce: &[u8; 24] = sealed.nonce.0.as_slice().try_into().map_err(|_| UnsealError)?;
        decrypt(&self.bytes, nonce, &self.bound(owner, purpose), &sealed.ciphertext.0)
    }

    fn bound(&self, owner: &Owner, purpose: &str) -> Vec<u8> {
        let version = self.version.to_be_bytes();
        bound(
            "data",
            &[&owner.tenant.bytes(), owner.subject.as_bytes(), &version, purpose.as_bytes()],
        )
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey(version {})", self.version)
    }
}

/// Secret bytes, wiped from memory when dropped; `Debug` shows nothing of them.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Holds these bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Associated data: what the bytes are for and whose they are, each part with its length before it,
/// so that no two lists of parts run together.
pub(crate) fn bound(what: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::with_capacity(160);
    for part in std::iter::once(&what.as_bytes()).chain(parts) {
        data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

pub(crate) fn encrypt(key: &[u8; 32], nonce: &[u8; 24], bound: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(plain.len() + 16);
    buffer.extend_from_slice(plain);
    cipher(key)
        .encrypt_in_place(&Nonce::<XChaCha20Poly1305>::from(*nonce), bound, &mut buffer)
        .expect("only more than 256 GiB cannot be sealed, and memory does not hold that");
    buffer
}

pub(crate) fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; 24],
    bound: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, UnsealError> {
    let mut buffer = sealed.to_vec();
    cipher(key)
        .decrypt_in_place(&Nonce::<XChaCha20Poly1305>::from(*nonce), bound, &mut buffer)
        .map_err(|_| UnsealError)?;
    Ok(buffer)
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(<&Key<XChaCha20Poly1305>>::from(key))
}

#[cfg(test)]
mod tests {
    use kernel::TenantId;

    use super::*;

    fn owner() -> Owner {
        Owner { tenant: TenantId::PLATFORM, subject: "person_1".into() }
    }

    #[test]
    fn what_was_sealed_unseals() {
        let key = DataKey::new(1, [7; 32]);
        let sealed = key.seal(&owner(), "email", b"ada@example.org", [1; 24]);
        assert_eq!(key.unseal(&owner(), "email", &sealed).as_deref(), Ok(&b"ada@example.org"[..]));
        assert!(!sealed.ciphertext.0.windows(3).any(|part| part == b"ada"));
    }

    #[test]
    fn sealed_data_moved_elsewhere_does_not_unseal() {
        let key = DataKey::new(1, [7; 32]);
        let sealed = key.seal(&owner(), "email", b"ada@example.org", [1; 24]);
        let refused = |key: &DataKey, owner: &Owner, purpose: &str, sealed: &Sealed| {
            assert_eq!(key.unseal(owner, purpose, sealed), Err(UnsealError));
        };
        let other = TenantId::derived([9; 16]);
        refused(&key, &Owner { tenant: other, ..owner() }, "email", &sealed);
        refused(&key, &owner(), "name", &sealed);
        refused(&DataKey::new(1, [8; 32]), &owner(), "email", &sealed);
        refused(&DataKey::new(2, [7; 32]), &owner(), "email", &sealed);
        let second = Owner { subject: "person_2".into(), ..owner() };
        refused(&key, &second, "email", &sealed);
        let renamed = Sealed { subject: "person_2".into(), ..sealed.clone() };
        refused(&key, &second, "email", &renamed);
        let renumbered = Sealed { key_version: 2, ..sealed.clone() };
        refused(&DataKey::new(2, [7; 32]), &owner(), "email", &renumbered);
        for (nonce, ciphertext) in [
            (vec![], sealed.ciphertext.0.clone()),
            (vec![1; 25], sealed.ciphertext.0.clone()),
            (vec![2; 24], sealed.ciphertext.0.clone()),
            (vec![1; 24], vec![]),
            (vec![1; 24], sealed.ciphertext.0[1..].to_vec()),
        ] {
            let broken =
                Sealed { nonce: Base64(nonce), ciphertext: Base64(ciphertext), ..sealed.clone() };
            refused(&key, &owner(), "email", &broken);
        }
    }

    #[test]
    fn keys_and_secrets_never_show_in_debug_output() {
        assert_eq!(format!("{:?}", DataKey::new(3, [65; 32])), "DataKey(version 3)");
        assert_eq!(format!("{:?}", Secret::new(vec![65; 4])), "Secret(…)");
    }
}
