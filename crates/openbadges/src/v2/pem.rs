//! Public keys as PEM: `SubjectPublicKeyInfo` (RFC 5280, 7468) and, for reading, PKCS #1.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::key::{KeyError, PublicKey};

/// How long a PEM may be, in bytes.
const MAX_BYTES: usize = 16 << 10;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_ID: u8 = 0x06;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// Object id, name in a JWK, bytes of a coordinate.
const CURVES: [(&[u8], &str, usize); 3] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "P-256", 32),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "P-384", 48),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "P-521", 66),
];

/// Why a text is no public key in PEM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// It has not the form.
    #[error("could not read the key: it is not the pem of an rsa, elliptic curve or ed25519 key")]
    Malformed,
    /// It has, yet is no key that can be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Reads a key.
///
/// # Errors
/// When it is malformed, or no key of a kind and size that is supported.
pub(super) fn from_pem(text: &str) -> Result<PublicKey, PemError> {
    let jwk = jwk(text).ok_or(PemError::Malformed)?;
    Ok(PublicKey::from_jwk(&jwk)?)
}

fn jwk(text: &str) -> Option<Value> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let framed = |label: &str| {
        let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let body: String = body.split_ascii_whitespace().collect();
        STANDARD.decode(body).ok()
    };
    if let Some(der) = framed("RSA PUBLIC KEY") {
        return rsa(&der);
    }
    let der = framed("PUBLIC KEY")?;
    let info = Der(&der).only(SEQUENCE)?;
    let (algorithm, rest) = Der(info).next(SEQUENCE)?;
    let [0, key @ ..] = Der(rest).only(BIT_STRING)? else { return None };
    let (kind, parameters) = Der(algorithm).next(OBJECT_ID)?;
    match kind {
        RSA => {
            Der(parameters).only(NULL).filter(|null| null.is_empty())?;
            rsa(key)
        }
        EC => {
            let name = Der(parameters).only(OBJECT_ID)?;
            let (_, curve, length) = CURVES.iter().find(|(id, ..)| *id == name)?;
            let [4, point @ ..] = key else { return None };
            let (x, y) = point.split_at_checked(*length).filter(|(_, y)| y.len() == *length)?;
            Some(json!({"kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y)}))
        }
        ED25519 if parameters.is_empty() => {
            Some(json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(key)}))
        }
        _ => None,
    }
}

fn rsa(der: &[u8]) -> Option<Value> {
    let numbers = Der(der).only(SEQUENCE)?;
    let (n, rest) = Der(numbers).next(INTEGER)?;
    let e = Der(rest).only(INTEGER)?;
    let magnitude = |number: &[u8]| match number {
        [0, rest @ ..] if !rest.is_empty() => encoded(rest),
        number => encoded(number),
    };
    let positive = |number: &[u8]| number.first().is_some_and(|first| first & 0x80 == 0);
    (positive(n) && positive(e))
        .then(|| json!({"kty": "RSA", "n": magnitude(n), "e": magnitude(e)}))
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Elements of the Distinguished Encoding Rules (X.690), one after another.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The contents of the first element, which has that tag, and what follows it.
    fn next(&self, tag: u8) -> Option<(&'a [u8], &'a [u8])> {
        let [first, length, rest @ ..] = self.0 else { return None };
        if *first != tag {
            return None;
        }
        let (length, rest) = match *length {
            short @ ..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x82 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                let length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        rest.split_at_checked(length)
    }

    /// The contents of the one element that there is.
    fn only(&self, tag: u8) -> Option<&'a [u8]> {
        self.next(tag).filter(|(_, rest)| rest.is_empty()).map(|(contents, _)| contents)
    }
}

/// Writes a key.
pub(super) fn to_pem(key: &PublicKey) -> String {
    let jwk = serde_json::to_value(key.to_jwk()).unwrap_or_default();
    let bytes = |member: &str| {
        let text = jwk.get(member).and_then(Value::as_str).unwrap_or_default();
        URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
    };
    let curve = jwk.get("crv").and_then(Value::as_str).unwrap_or_default();
    let (algorithm, key) = match jwk.get("kty").and_then(Value::as_str) {
        Some("RSA") => {
            let numbers =
                [element(INTEGER, &unsigned(bytes("n"))), element(INTEGER, &unsigned(bytes("e")))];
            ([element(OBJECT_ID, RSA), element(NULL, &[])], element(SEQUENCE, &numbers.concat()))
        }
        Some("EC") => {
            let named = CURVES.iter().find(|(_, name, _)| *name == curve);
            let id = named.map_or(&[][..], |(id, ..)| id);
            let point = [vec![4], bytes("x"), bytes("y")].concat();
            ([element(OBJECT_ID, EC), element(OBJECT_ID, id)], point)
        }
        _ => ([element(OBJECT_ID, ED25519), Vec::new()], bytes("x")),
    };
    let algorithm = element(SEQUENCE, &algorithm.concat());
    let key = element(BIT_STRING, &[vec![0], key].concat());
    let text = STANDARD.encode(element(SEQUENCE, &[algorithm, key].concat()));
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem + "-----END PUBLIC KEY-----\n"
}

fn unsigned(number: Vec<u8>) -> Vec<u8> {
    if number.first().is_some_and(|first| first & 0x80 != 0) {
        [vec![0], number].concat()
    } else {
        number
    }
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let [.., high, low] = length.to_be_bytes();
    let header = match length {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [header, contents.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RSA_2048: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA14s89+PIT/KGkyX2R/57
yGBwwdHqew6E9m6tsielGGTOoXrYnLR8xMH5OS5WBhFUx+MpxziMcgJ3lWCXiXuu
SPeIsGGu5NY4fL5ydzjtlmZWpvEOsk2guIpUkJDH8Tih67Lg3rdSxZNwW7cBwETt
bwaBsnXr+tAr/i1YqsBXrdIPpY6ZT1AiOquDrlZo5aPrcULro/gwsH+V5pJiItMP
Kh0ArMpOGHt3ymFcpOJrcWXGqMzA5XnDCCWycCwQkOizKNXmxLrhtcw9+C7SA0ps
ka61lQw3qViS+mulzN6XqJSPXwuAaTmaG15D2R5XFxTm+z2HjNra8nbaYMa3Wd28
6wIDAQAB
-----END PUBLIC KEY-----
";
    const RSA_2048_PKCS1: &str = "-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEA14s89+PIT/KGkyX2R/57yGBwwdHqew6E9m6tsielGGTOoXrYnLR8
xMH5OS5WBhFUx+MpxziMcgJ3lWCXiXuuSPeIsGGu5NY4fL5ydzjtlmZWpvEOsk2g
uIpUkJDH8Tih67Lg3rdSxZNwW7cBwETtbwaBsnXr+tAr/i1YqsBXrdIPpY6ZT1Ai
OquDrlZo5aPrcULro/gwsH+V5pJiItMPKh0ArMpOGHt3ymFcpOJrcWXGqMzA5XnD
CCWycCwQkOizKNXmxLrhtcw9+C7SA0pska61lQw3qViS+mulzN6XqJSPXwuAaTma
G15D2R5XFxTm+z2HjNra8nbaYMa3Wd286wIDAQAB
-----END RSA PUBLIC KEY-----
";
    const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdWs4MD7gWLnjKFC3VxuSUphutzoJ
Pg3gjw7KG3H7jk9BAXPWVbr6Ki75IDYllgzcBV44Yl5wNaBFoYb1kYAyxg==
-----END PUBLIC KEY-----
";
    const P384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAELiILaGkoHAzvcsgRyIR4WNjHrLUIS43v
gHkCeqcPpPD6AuMrFo3MVr2oyeeAPcMg1igHAAIMb854228YONLV2thXEIdoHlzO
cKPud/NzIz1ZAHIdbvMUGBE32CZdx61G
-----END PUBLIC KEY-----
";
    const P521: &str = "-----BEGIN PUBLIC KEY-----
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAkwvQs118OQcIEcv4F5MLPbfj62am
4bdC9XAOVwBIbsY+oEu8V6J2mLtK4q2Yqfw00BAQqyx3+/S+tao+INs2l/cBharB
nAIhbCgdNQPjb1q9xh1/Ppj8orF8dGxhFEyXtL23hp+0kUjK7jkD7ZYzJAhFr0U4
ZQmY6aJ+Wm1tl3+256s=
-----END PUBLIC KEY-----
";
    const ED25519_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA2+0xjzcE2zVVNH4V7JewYYH3Vd+90TbxfSSSdXBfXps=
-----END PUBLIC KEY-----
";

    #[test]
    fn keys_as_openssl_writes_them_are_read_and_written_back() {
        for pem in [RSA_2048, P256, P384, P521, ED25519_KEY] {
            let key = from_pem(pem).unwrap();
            assert_eq!(to_pem(&key), pem);
            assert_eq!(from_pem(&pem.replace('\n', "\r\n")).unwrap(), key);
        }
        assert_eq!(from_pem(RSA_2048_PKCS1), from_pem(RSA_2048));
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let off_curve = P256.replace("dWs4", "dWs5");
        for pem in [
            "",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            &RSA_2048.replace("MIIB", "MIIC"),
            &RSA_2048.replace("PUBLIC", "PRIVATE"),
            &off_curve,
            &"x".repeat(MAX_BYTES + 1),
        ] {
            assert!(from_pem(pem).is_err(), "{pem}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            mut der in Just(STANDARD.decode(P256.lines().skip(1).take(2).collect::<String>()).unwrap()),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in any::<prop::sample::Index>(),
        ) {
            for (at, byte) in changes {
                let at = at.index(der.len());
                der[at] = byte;
            }
            der.truncate(cut.index(der.len()) + 1);
            for label in ["PUBLIC KEY", "RSA PUBLIC KEY"] {
                let text = STANDARD.encode(&der);
                let _ = from_pem(&format!("-----BEGIN {label}-----{text}-----END {label}-----"));
            }
        }
    }
}
