//! Points: what is one, and in which form it is kept.

use ed25519_dalek::VerifyingKey;
use p256::NistP256;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, Sec1Point, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey as Point};
use p384::NistP384;
use p521::NistP521;

use super::{KeyError, PublicKey};

/// A curve of NIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// How many bytes a coordinate has.
    pub(super) fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Makes a key of a point in any form of SEC 1 but the hybrid one.
    pub(super) fn key(self, sec1: &[u8]) -> Result<PublicKey, KeyError> {
        Ok(match self {
            Self::P256 => PublicKey::P256(compress::<NistP256, 33>(sec1)?),
            Self::P384 => PublicKey::P384(compress::<NistP384, 49>(sec1)?),
            Self::P521 => PublicKey::P521(compress::<NistP521, 67>(sec1)?),
        })
    }

    /// Gives both coordinates of a point; none if it is no point, which only a key has that nobody
    /// has read.
    pub(super) fn coordinates(self, sec1: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let uncompressed = match self {
            Self::P256 => uncompress::<NistP256>(sec1),
            Self::P384 => uncompress::<NistP384>(sec1),
            Self::P521 => uncompress::<NistP521>(sec1),
        }?;
        let (x, y) = uncompressed.get(1..)?.split_at_checked(self.width())?;
        Some((x.to_vec(), y.to_vec()))
    }
}

fn point<C>(sec1: &[u8]) -> Option<Point<C>>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    // 02 and 03 begin a compressed point, 04 an uncompressed one; the identity has no place here.
    if !matches!(sec1.first(), Some(2..=4)) {
        return None;
    }
    let encoded = Sec1Point::<C>::from_bytes(sec1).ok()?;
    Point::<C>::from_sec1_point(&encoded).into_option()
}

fn compress<C, const N: usize>(sec1: &[u8]) -> Result<[u8; N], KeyError>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let point = point::<C>(sec1).ok_or(KeyError::NotOnCurve)?;
    point.to_sec1_point(true).as_bytes().try_into().map_err(|_| KeyError::Length)
}

fn uncompress<C>(sec1: &[u8]) -> Option<Vec<u8>>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    Some(point::<C>(sec1)?.to_sec1_point(false).as_bytes().to_vec())
}

/// Makes an Ed25519 key of its bytes.
pub(super) fn ed25519(bytes: [u8; 32]) -> Result<PublicKey, KeyError> {
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NotOnCurve)?;
    if key.is_weak() {
        return Err(KeyError::SmallOrder);
    }
    // Two keys that differ as text and verify the same would be one key with two names.
    if key.to_edwards().compress().to_bytes() != bytes {
        return Err(KeyError::NotCanonical);
    }
    Ok(PublicKey::Ed25519(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ed25519_points_of_small_order_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut order_two = [0xff; 32];
        order_two[0] = 0xec;
        order_two[31] = 0x7f;
        for bytes in [identity, [0; 32], order_two] {
            assert_eq!(ed25519(bytes), Err(KeyError::SmallOrder), "{bytes:?}");
        }
    }

    #[test]
    fn ed25519_points_with_a_second_writing_are_refused() {
        // Some y below 19 is a point; y + 2^255 - 19 is the same point in more than canonical form.
        let refused = (0..19_u8)
            .filter_map(|y| {
                let mut bytes = [0xff; 32];
                bytes[0] = 0xed + y;
                bytes[31] = 0x7f;
                ed25519(bytes).err()
            })
            .collect::<Vec<_>>();
        assert_eq!(refused.len(), 19);
        assert!(refused.contains(&KeyError::NotCanonical));
        let mut none = [0; 32];
        none[0] = 2;
        assert_eq!(ed25519(none), Err(KeyError::NotOnCurve));
    }

    #[test]
    fn what_is_no_point_of_a_nist_curve_is_refused() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let width = curve.width();
            let mut off = vec![4; 1 + 2 * width];
            assert_eq!(curve.key(&off), Err(KeyError::NotOnCurve));
            off.truncate(width);
            for bytes in [&off[..], &[0], &[], &vec![0xff; 1 + width], &vec![2; 2 + width]] {
                assert_eq!(curve.key(bytes), Err(KeyError::NotOnCurve), "{bytes:?}");
            }
            // An x that is not below the prime.
            let mut large = vec![0xff; 1 + width];
            large[0] = 2;
            assert_eq!(curve.key(&large), Err(KeyError::NotOnCurve));
        }
    }
}
