//! Passwords as they are kept: derived slowly, with a salt of their own (PBKDF2, RFC 8018).

use std::num::NonZeroU32;

use aws_lc_rs::{
    pbkdf2::{self, PBKDF2_HMAC_SHA512},
    rand::{SecureRandom, SystemRandom},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// What is kept of a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    salt: String,
    hash: String,
    /// How often it was derived; what was kept with fewer rounds is still understood.
    rounds: NonZeroU32,
}

/// What OWASP recommends for SHA-512. Tests of what is done with passwords need not wait.
const ROUNDS: NonZeroU32 =
    NonZeroU32::new(if cfg!(test) { 1_000 } else { 210_000 }).expect("it is not zero");
/// No more is done for a record that asks for it.
const MOST_ROUNDS: NonZeroU32 = NonZeroU32::new(5_000_000).expect("it is not zero");

impl Kept {
    /// Takes a tenth of a second: not for an async thread. None when there is no randomness.
    pub fn of(password: &str) -> Option<Self> {
        let (mut salt, mut hash) = ([0; 16], [0; 64]);
        SystemRandom::new().fill(&mut salt).ok()?;
        pbkdf2::derive(PBKDF2_HMAC_SHA512, ROUNDS, &salt, password.as_bytes(), &mut hash);
        Some(Self { salt: STANDARD.encode(salt), hash: STANDARD.encode(hash), rounds: ROUNDS })
    }

    /// Whether that is the password; as slow.
    pub fn is(&self, password: &str) -> bool {
        let (Ok(salt), Ok(hash)) = (STANDARD.decode(&self.salt), STANDARD.decode(&self.hash))
        else {
            return false;
        };
        let rounds = self.rounds.min(MOST_ROUNDS);
        pbkdf2::verify(PBKDF2_HMAC_SHA512, rounds, &salt, password.as_bytes(), &hash).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let kept = Kept::of("correct horse").expect("randomness");
        assert!(kept.is("correct horse"));
        assert!(!kept.is("correct hors") && !kept.is(""));
        assert_ne!(Kept::of("correct horse").expect("randomness"), kept, "its salt is its own");
        let broken = Kept { hash: String::new(), ..kept };
        assert!(!broken.is("correct horse") && !broken.is(""));
    }
}
