//! Signatures as base58, several times as fast as digit by digit.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// How many letters are computed at once.
const AT_ONCE: usize = 5;
/// 58 to that power.
const BASE: u64 = 656_356_768;
/// So many of them hold 64 bytes: 90 letters, and no more than 88 are needed.
const DIGITS: usize = 18;

/// Appends the base58btc form (the Bitcoin alphabet) of 64 bytes.
pub(crate) fn push_base58(out: &mut String, bytes: &[u8; 64]) {
    // Least significant first, in base 58⁵.
    let mut digits = [0u64; DIGITS];
    let mut used = 0;
    for word in bytes.as_chunks::<4>().0 {
        let mut carry = u64::from(u32::from_be_bytes(*word));
        for digit in &mut digits[..used] {
            let value = (*digit << 32) | carry;
            carry = value / BASE;
            *digit = value % BASE;
        }
        while carry > 0 {
            digits[used] = carry % BASE;
            carry /= BASE;
            used += 1;
        }
    }
    let mut letters = [0; DIGITS * AT_ONCE];
    for (place, digit) in letters.as_chunks_mut::<AT_ONCE>().0.iter_mut().rev().zip(digits) {
        let mut rest = digit;
        for letter in place.iter_mut().rev() {
            *letter = (rest % 58) as u8;
            rest /= 58;
        }
    }
    // Each zero byte in front is a digit zero in front; no other stands there.
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = letters.iter().skip_while(|letter| **letter == 0);
    out.extend(std::iter::repeat_n('1', zeros));
    out.extend(significant.map(|letter| char::from(ALPHABET[usize::from(*letter)])));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_is_computed_digit_by_digit(
            bytes in any::<[[u8; 32]; 2]>(),
            zeros in prop::sample::select(vec![0, 0, 1, 2, 3, 4, 31, 60, 63, 64]),
            ones in any::<bool>(),
        ) {
            let mut bytes: [u8; 64] = bytes.concat().try_into().unwrap();
            if ones {
                bytes.fill(0xff);
            }
            bytes[..zeros].fill(0);
            let mut text = "z".to_owned();
            push_base58(&mut text, &bytes);
            prop_assert_eq!(text, format!("z{}", bs58::encode(bytes).into_string()));
        }
    }
}
