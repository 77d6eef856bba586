use hmac::{Hmac, KeyInit, Mac};
use kernel::{EmailAddress, SubjectId};
use sha2::Sha256;

use crate::Secret;

/// The person whom a tenant knows by this address: HMAC-SHA-256 of the canonical address under the
/// tenant's secret for `email-lookup`, its first 16 bytes. Without the secret nobody can tell whose
/// id it is, nor match people across tenants.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
pub fn subject_of(secret: &Secret, address: &EmailAddress) -> SubjectId {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose()).expect("HMAC takes a key of any length");
    mac.update(address.as_str().as_bytes());
    let digest = mac.finalize().into_bytes();
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    SubjectId::derived(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_one_person_in_one_tenant_only() {
        let address = |text: &str| text.parse::<EmailAddress>().expect("valid");
        let (a, b) = (Secret::new(vec![1; 32]), Secret::new(vec![2; 32]));
        let person = subject_of(&a, &address("Ada@Example.org"));
        assert_eq!(person, subject_of(&a, &address("ada@example.org ")));
        assert_ne!(person, subject_of(&a, &address("adb@example.org")));
        assert_ne!(person, subject_of(&b, &address("ada@example.org")));
    }
}
