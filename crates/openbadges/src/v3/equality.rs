//! Which credentials are editions of one (Open Badges 3.0, 10).

use hex::FromHex;
use serde_json::Value;
use time::OffsetDateTime;

use crate::timestamp::parse_timestamp;
use crate::vcdm::issuer_id;

/// Tells whether two credentials are the same one, perhaps in different editions: their issuers and
/// their ids are equal once percent-encoding and surrounding space are taken away.
///
/// A credential without id or issuer is the same as no other.
pub fn is_same_credential(one: &Value, other: &Value) -> bool {
    name(one).is_some_and(|name_of_one| Some(name_of_one) == name(other))
}

/// The id and the issuer of a credential, as they are compared.
fn name(credential: &Value) -> Option<[Vec<u8>; 2]> {
    let id = credential.get("id")?.as_str()?;
    Some([bare(id), bare(issuer_id(credential)?)])
}

/// Tells whether the first of two editions of a credential is the newer one: the one that is valid
/// from a later time on. Editions whose times cannot be read are not newer than any.
pub fn is_newer_edition(one: &Value, other: &Value) -> bool {
    is_same_credential(one, other)
        && from(one).is_some_and(|at| from(other).is_none_or(|other| at > other))
}

/// From when on a credential is valid, under either version of the data model.
fn from(credential: &Value) -> Option<OffsetDateTime> {
    let date = credential.get("validFrom").or_else(|| credential.get("issuanceDate"))?;
    parse_timestamp(date.as_str()?).ok()
}

/// A URI without percent-encoding and surrounding space, as bytes: what was encoded need not be
/// UTF-8. A percent sign that begins no encoding stands for itself.
fn bare(uri: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let [first, after @ ..] = rest {
        let mut byte = *first;
        rest = after;
        if byte == b'%'
            && let Some((digits, after)) = after.split_first_chunk::<2>()
            && let Ok(decoded) = <[u8; 1]>::from_hex(digits)
        {
            (byte, rest) = (decoded[0], after);
        }
        out.push(byte);
    }
    out.trim_ascii().to_vec()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn credential(id: &str, issuer: &str, from: &str) -> Value {
        json!({"id": id, "issuer": {"id": issuer}, "validFrom": from})
    }

    #[test]
    fn credentials_of_one_id_and_issuer_are_the_same_however_they_are_written() {
        let one = credential("https://a.example/c/1", "https://a.example/i", "");
        for (id, issuer, same) in [
            ("https://a.example/c/1", "https://a.example/i", true),
            (" https://a.example/%63/1\n", "https%3A%2f%2Fa.example/i%20", true),
            ("https://a.example/c/1/", "https://a.example/i", false),
            ("https://A.example/c/1", "https://a.example/i", false),
            ("https://a.example/c/1", "https://b.example/i", false),
            ("https://a.example/c/%2531", "https://a.example/i", false),
        ] {
            let other = credential(id, issuer, "");
            assert_eq!(is_same_credential(&one, &other), same, "{other}");
            assert_eq!(is_same_credential(&other, &one), same, "{other}");
        }
        let by_text = json!({"id": "https://a.example/c/1", "issuer": "https://a.example/i"});
        assert!(is_same_credential(&one, &by_text));
        for nameless in [json!({}), json!({"id": "x"}), json!({"issuer": "x"}), json!(null)] {
            assert!(!is_same_credential(&nameless, &nameless), "{nameless}");
        }
        for odd in ["%", "%f", "%zz", "%ff", "%e9%"] {
            let odd = credential(odd, odd, "");
            assert!(is_same_credential(&odd, &odd), "{odd}");
        }
    }

    #[test]
    fn the_edition_that_is_valid_from_a_later_time_is_the_newer_one() {
        let at = |from: &str| credential("urn:x", "did:example:i", from);
        let early = at("2025-01-01T00:00:00Z");
        assert!(is_newer_edition(&at("2025-01-01T00:00:00-01:00"), &early));
        assert!(!is_newer_edition(&early, &at("2025-01-01T00:00:00-01:00")));
        assert!(!is_newer_edition(&early, &early));
        assert!(!is_newer_edition(&at("later"), &early));
        let mut old = at("");
        old["issuanceDate"] = json!("2026-01-01T00:00:00Z");
        old.as_object_mut().unwrap().remove("validFrom");
        assert!(is_newer_edition(&old, &early));
        let other = credential("urn:y", "did:example:i", "2026-01-01T00:00:00Z");
        assert!(!is_newer_edition(&other, &early));
    }
}
