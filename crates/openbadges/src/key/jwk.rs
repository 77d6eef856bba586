//! Public keys as JSON: JWK (RFC 7517, RFC 7518, RFC 8037) and its thumbprint (RFC 7638).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::curve::{Curve, ed25519};
use super::{Algorithm, KeyError, PublicKey};

/// How many characters a member may have: an RSA modulus of 8192 bits has 1366.
const MAX_MEMBER: usize = 1400;

/// The members that only a secret key has (RFC 7518, 6).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public JSON Web Key.
///
/// It reads and writes as JSON; what it does not know (`x5c` and the like) is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// The key itself.
    pub key: PublicKey,
    /// The member `kid`.
    pub key_id: Option<String>,
    /// The member `alg`; if it is there, it is the one of the key.
    pub algorithm: Option<Algorithm>,
    /// The member `iss`: whose key it is, in a set that many issuers share (Open Badges 3.0).
    pub issuer: Option<String>,
}

impl Jwk {
    /// Makes a JWK that has only what describes the key.
    pub fn new(key: PublicKey) -> Self {
        Self { key, key_id: None, algorithm: None, issuer: None }
    }

    /// Reads a JWK.
    ///
    /// # Errors
    /// When a member is missing or malformed, the key is of another kind, not meant for verifying
    /// signatures, or secret.
    pub fn parse(jwk: &Value) -> Result<Self, KeyError> {
        let members = jwk.as_object().ok_or(KeyError::Member("kty"))?;
        if SECRET_MEMBERS.iter().any(|secret| members.contains_key(*secret)) {
            return Err(KeyError::Secret);
        }
        let key = public_part(members)?;
        let text = |name: &'static str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= MAX_MEMBER => Ok(Some(text.as_str())),
            Some(_) => Err(KeyError::Member(name)),
        };
        let algorithm = match text("alg")? {
            None => None,
            Some(name) if name.parse() == Ok(key.algorithm()) => Some(key.algorithm()),
            Some(name) => {
                let name: String = name.chars().take(32).collect();
                return Err(KeyError::Unsupported(format!("a key for {name}")));
            }
        };
        if text("use")?.is_some_and(|purpose| purpose != "sig") {
            return Err(KeyError::Unsupported("a key that is not for signatures".to_owned()));
        }
        let issuer = text("iss")?.map(str::to_owned);
        Ok(Self { key, key_id: text("kid")?.map(str::to_owned), algorithm, issuer })
    }

    /// Gives the SHA-256 thumbprint in base64url, which names the key whatever else the JWK says.
    pub fn thumbprint(&self) -> String {
        // The members stand in the order that RFC 7638 wants, and none needs escaping.
        let members: Vec<String> = members(&self.key)
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":\"{value}\""))
            .collect();
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{{{}}}", members.join(","))))
    }
}

/// What describes a key, in lexicographic order. The coordinates of a point that is none are empty.
fn members(key: &PublicKey) -> Vec<(&'static str, String)> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let point = |curve: Curve, name: &str, sec1: &[u8]| {
        let (x, y) = curve.coordinates(sec1).unwrap_or_default();
        vec![("crv", name.to_owned()), ("kty", "EC".to_owned()), ("x", text(&x)), ("y", text(&y))]
    };
    match key {
        PublicKey::Ed25519(key) => {
            vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", text(key))]
        }
        PublicKey::P256(sec1) => point(Curve::P256, "P-256", sec1),
        PublicKey::P384(sec1) => point(Curve::P384, "P-384", sec1),
        PublicKey::P521(sec1) => point(Curve::P521, "P-521", sec1),
        PublicKey::Rsa { n, e } => vec![("e", text(e)), ("kty", "RSA".to_owned()), ("n", text(n))],
    }
}

/// Reads the members that describe a public key; others may be there.
pub(super) fn public_part(members: &Map<String, Value>) -> Result<PublicKey, KeyError> {
    let text = |name| members.get(name).and_then(Value::as_str).ok_or(KeyError::Member(name));
    match text("kty")? {
        "OKP" => match text("crv")? {
            "Ed25519" => ed25519(bytes(members, "x")?.try_into().map_err(|_| KeyError::Length)?),
            _ => Err(KeyError::Unsupported("an okp key other than ed25519".to_owned())),
        },
        "EC" => {
            let curve = match text("crv")? {
                "P-256" => Curve::P256,
                "P-384" => Curve::P384,
                "P-521" => Curve::P521,
                _ => return Err(KeyError::Unsupported("an ec key of this curve".to_owned())),
            };
            let (x, y) = (bytes(members, "x")?, bytes(members, "y")?);
            if x.len() != curve.width() || y.len() != curve.width() {
                return Err(KeyError::Length);
            }
            curve.key(&[&[4], &x[..], &y].concat())
        }
        "RSA" => rsa(bytes(members, "n")?, bytes(members, "e")?),
        _ => Err(KeyError::Unsupported("a key type other than okp, ec and rsa".to_owned())),
    }
}

/// Makes an RSA key of its numbers.
pub(super) fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<PublicKey, KeyError> {
    let [Some(first), Some(e_first)] = [n.first(), e.first()] else { return Err(KeyError::Rsa) };
    if *first == 0 || *e_first == 0 {
        return Err(KeyError::NotCanonical);
    }
    let bits = n.len() * 8 - first.leading_zeros() as usize;
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    // Four bytes hold 65537 and all other exponents that are met.
    if !(2048..=8192).contains(&bits) || e.len() > 4 || e == [1] || !odd(&n) || !odd(&e) {
        return Err(KeyError::Rsa);
    }
    Ok(PublicKey::Rsa { n, e })
}

/// Reads a member in base64url, as strictly as it is written: no padding, no other writing.
pub(super) fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let text = members.get(name).and_then(Value::as_str).ok_or(KeyError::Member(name))?;
    if text.len() > MAX_MEMBER {
        return Err(KeyError::TooLong);
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Member(name))
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let more = [
            ("kid", self.key_id.clone()),
            ("alg", self.algorithm.map(|algorithm| algorithm.as_str().to_owned())),
            ("iss", self.issuer.clone()),
        ];
        let more = more.into_iter().filter_map(|(name, value)| Some((name, value?)));
        serializer.collect_map(members(&self.key).into_iter().chain(more))
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn p256() -> Value {
        json!({
            "kty": "EC",
            "crv": "P-256",
            "x": "WfTi93YuhsQxKbD0ftnjOXJndqhnJ5kgDV-ZDGyrhBQ",
            "y": "qUd_55EjX0mjKZ6W6mF4UXVYTQ41K6jfdnYFwN5uPyk"
        })
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut jwk = p256();
        jwk[name] = value.into();
        jwk
    }

    #[test]
    fn the_key_of_rfc_8037_has_the_thumbprint_of_rfc_8037() {
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        });
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        assert_eq!(jwk.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_key_is_found_by_the_same_thumbprint_however_it_was_written() {
        let jwk = Jwk::parse(&p256()).unwrap();
        let other = with("kid", "another name");
        assert_eq!(jwk.thumbprint(), "73voMXFNmNlOEpuYCSJlh8eN0dscykoO6gBukgRS1uU");
        assert_eq!(Jwk::parse(&other).unwrap().thumbprint(), jwk.thumbprint());
        assert_eq!(serde_json::to_value(&jwk).unwrap(), p256());
        assert_eq!(serde_json::to_value(Jwk::parse(&other).unwrap()).unwrap(), other);
    }

    #[test]
    fn what_is_no_public_key_for_signatures_is_refused() {
        for secret in SECRET_MEMBERS {
            assert_eq!(Jwk::parse(&with(secret, "AA")), Err(KeyError::Secret), "{secret}");
        }
        let x = p256()["x"].as_str().unwrap().to_owned();
        for (jwk, error) in [
            (json!("z6Mk"), KeyError::Member("kty")),
            (with("kty", 1), KeyError::Member("kty")),
            (with("kid", 1), KeyError::Member("kid")),
            (with("x", "AA"), KeyError::Length),
            (with("x", format!("{x}=")), KeyError::Member("x")),
            (with("x", x.replace('-', "+")), KeyError::Member("x")),
            (with("y", x), KeyError::NotOnCurve),
            (with("y", "A".repeat(100_000)), KeyError::TooLong),
            (json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}), KeyError::Length),
            (json!({"kty": "RSA", "n": "AQ", "e": "AQAB"}), KeyError::Rsa),
            (json!({"kty": "RSA", "n": "", "e": "AQAB"}), KeyError::Rsa),
        ] {
            assert_eq!(Jwk::parse(&jwk), Err(error), "{jwk}");
        }
        for (name, value) in [
            ("kty", "oct"),
            ("crv", "secp256k1"),
            ("crv", "P-384 "),
            ("alg", "HS256"),
            ("alg", "ES384"),
            ("use", "enc"),
        ] {
            let refused = Jwk::parse(&with(name, value));
            assert!(matches!(refused, Err(KeyError::Unsupported(_))), "{name} {value}");
        }
    }

    #[test]
    fn rsa_keys_have_a_bearable_size_and_odd_numbers() {
        let n = |length: usize| {
            let mut n = vec![0xff; length];
            n[0] = 0x80;
            n
        };
        let e = vec![1, 0, 1];
        for length in [256, 384, 512, 1024] {
            assert!(rsa(n(length), e.clone()).is_ok(), "{length}");
        }
        let mut weak = n(256);
        weak[0] = 0x7f;
        let mut even = n(256);
        even[255] = 0xfe;
        for n in [weak, even, n(128), n(1025), vec![]] {
            assert_eq!(rsa(n, e.clone()), Err(KeyError::Rsa));
        }
        for e in [vec![1], vec![2], vec![], vec![1; 5]] {
            assert_eq!(rsa(n(256), e), Err(KeyError::Rsa));
        }
        assert_eq!(rsa(n(256), vec![0, 3]), Err(KeyError::NotCanonical));
        assert_eq!(rsa([&[0], &n(256)[..]].concat(), e), Err(KeyError::NotCanonical));
    }
}
