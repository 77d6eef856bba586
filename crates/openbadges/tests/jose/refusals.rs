//! The corpus of bad signatures. Each token is otherwise good, and signed by the right key where
//! that can be done.

use openbadges::SecretKey;
use openbadges::jose::{JoseError, Jws};
use openbadges::key::{Algorithm, KeyError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{encode, keys, raw, rsa, token};

fn key() -> SecretKey {
    SecretKey::p256(&[7; 32]).unwrap()
}

fn payload() -> Value {
    json!({"iss": "https://a.example"})
}

/// Reads a token with one more header member, signed well.
fn with(name: &str, value: impl Into<Value>) -> Result<Jws, JoseError> {
    let value: Value = value.into();
    Jws::parse(&token(&key(), &json!({name: value}), &payload()))
}

/// Verifies a good token after a change of its signature.
fn with_signature(key: &SecretKey, change: impl FnOnce(&mut Vec<u8>)) -> Result<(), JoseError> {
    let header = json!({"alg": key.algorithm().as_str()}).to_string();
    let signed = format!("{}.{}", encode(header), encode(payload().to_string()));
    let mut signature = key.sign(signed.as_bytes()).unwrap();
    change(&mut signature);
    Jws::parse(&format!("{signed}.{}", encode(signature)))?.verify(key.public_key())
}

#[test]
fn a_good_token_of_each_algorithm_is_believed() {
    for key in keys() {
        let jws = Jws::parse(&token(&key, &json!({"kid": "k"}), &payload())).unwrap();
        assert_eq!(jws.verify(key.public_key()), Ok(()));
        assert_eq!((jws.algorithm(), jws.key_id()), (key.algorithm(), Some("k")));
        assert_eq!(jws.payload(), payload().to_string().as_bytes());
        assert_eq!(jws.header()["kid"], "k");
    }
}

#[test]
fn the_algorithm_none_is_refused_however_it_is_written() {
    for none in ["none", "None", "NONE", "nOnE"] {
        assert_eq!(with("alg", none), Err(JoseError::Unsecured));
        let unsigned = format!("{}.{}.", encode(json!({"alg": none}).to_string()), encode("{}"));
        assert_eq!(Jws::parse(&unsigned), Err(JoseError::Unsecured));
    }
}

#[test]
fn a_public_key_is_no_shared_secret() {
    for name in ["HS256", "HS384", "HS512", "hs256"] {
        assert_eq!(with("alg", name), Err(JoseError::SharedSecret));
    }
}

#[test]
fn other_algorithms_are_refused() {
    for name in ["PS256", "PS512", "RS512", "RS1", "ES256K", "EdDSA2", "", "A128KW", "dir", "es256"]
    {
        assert!(matches!(with("alg", name), Err(JoseError::Algorithm(_))), "{name}");
    }
    for alg in [json!(null), json!(7), json!(["ES256"]), json!({})] {
        assert_eq!(with("alg", alg), Err(JoseError::HeaderMember("alg")));
    }
    let unnamed = raw("{}", "{}", &key());
    assert_eq!(Jws::parse(&unnamed), Err(JoseError::HeaderMember("alg")));
}

#[test]
fn pss_is_not_taken_for_pkcs_1() {
    // The header says RS256, the signature is of PSS: the paddings do not pass for one another.
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let key = {
        use aws_lc_rs::encoding::AsDer;
        SecretKey::rsa_from_pkcs8(pair.as_der().unwrap().as_ref()).unwrap()
    };
    let verdict = with_signature(&key, |signature| {
        let header = json!({"alg": "RS256"}).to_string();
        let signed = format!("{}.{}", encode(header), encode(payload().to_string()));
        let random = SystemRandom::new();
        pair.sign(&RSA_PSS_SHA256, &random, signed.as_bytes(), signature).unwrap();
    });
    assert_eq!(verdict, Err(JoseError::Mismatch));
}

#[test]
fn a_key_verifies_no_other_algorithm_than_its_own() {
    for key in keys() {
        for other in keys() {
            let jws = Jws::parse(&token(&key, &json!({}), &payload())).unwrap();
            let expected = if key.algorithm() == other.algorithm() {
                Ok(())
            } else {
                Err(JoseError::WrongKey { token: key.algorithm(), key: other.algorithm() })
            };
            assert_eq!(jws.verify(other.public_key()), expected);
        }
    }
}

#[test]
fn a_signature_with_r_or_s_of_zero_is_refused() {
    for key in [key(), SecretKey::p384(&[7; 48]).unwrap()] {
        let half = if key.algorithm() == Algorithm::Es256 { 32 } else { 48 };
        let zero = Err(JoseError::ZeroSignature);
        assert_eq!(with_signature(&key, |bytes| bytes.fill(0)), zero);
        assert_eq!(with_signature(&key, |bytes| bytes[..half].fill(0)), zero);
        assert_eq!(with_signature(&key, |bytes| bytes[half..].fill(0)), zero);
    }
    // The order of the curve is zero in other words.
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order = hex::decode(order).unwrap();
    let verdict = with_signature(&key(), |bytes| bytes.copy_from_slice(&order.repeat(2)));
    assert_eq!(verdict, Err(JoseError::Mismatch));
}

#[test]
fn the_larger_s_is_a_signature_too() {
    // n - s, computed byte by byte.
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order = hex::decode(order).unwrap();
    let verdict = with_signature(&key(), |signature| {
        let mut borrow = 0;
        for at in (0..32).rev() {
            let difference = i16::from(order[at]) - i16::from(signature[32 + at]) - borrow;
            borrow = i16::from(difference < 0);
            signature[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
        }
    });
    assert_eq!(verdict, Ok(()));
}

#[test]
fn a_signature_in_der_is_refused() {
    let verdict = with_signature(&key(), |signature| {
        let integer = |number: &[u8]| {
            let sign: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
            let length = u8::try_from(sign.len() + number.len()).unwrap();
            [&[2, length], sign, number].concat()
        };
        let body = [integer(&signature[..32]), integer(&signature[32..])].concat();
        *signature = [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat();
    });
    assert_eq!(verdict, Err(JoseError::SignatureLength(64)));
}

#[test]
fn a_signature_of_another_length_is_refused() {
    for key in keys() {
        let shorter = with_signature(&key, |signature| signature.truncate(signature.len() - 1));
        assert!(matches!(shorter, Err(JoseError::SignatureLength(_))), "{shorter:?}");
        let longer = with_signature(&key, |signature| signature.push(0));
        assert!(matches!(longer, Err(JoseError::SignatureLength(_))), "{longer:?}");
    }
}

#[test]
fn an_ed25519_key_or_commitment_of_small_order_is_refused() {
    // With a key of order one, R = identity and S = 0 verify any message where nobody looks.
    let mut identity = [0; 32];
    identity[0] = 1;
    let forged = [identity, [0; 32]].concat();
    let header = encode(json!({"alg": "EdDSA"}).to_string());
    let jws = Jws::parse(&format!("{header}.{}.{}", encode("{}"), encode(&forged))).unwrap();
    let weak = openbadges::PublicKey::Ed25519(identity);
    assert_eq!(jws.verify(&weak), Err(JoseError::ZeroSignature));
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(identity)});
    assert_eq!(openbadges::PublicKey::from_jwk(&jwk), Err(KeyError::SmallOrder));
    // The same with an honest key: R of small order.
    let honest = SecretKey::ed25519(&[7; 32]);
    let verdict = with_signature(&honest, |bytes| bytes[..32].copy_from_slice(&identity));
    assert_eq!(verdict, Err(JoseError::Mismatch));
    // S that is not below the group's order, so that one signature would have two writings.
    let verdict = with_signature(&honest, |bytes| bytes[63] |= 0xe0);
    assert_eq!(verdict, Err(JoseError::Mismatch));
}

#[test]
fn the_name_of_a_key_is_no_path_and_no_query() {
    for name in [
        "../../dev/null",
        "/etc/../passwd",
        "https://a.example/../keys",
        "..",
        "key' OR '1'='1",
        "key\"; DROP TABLE keys",
        "key\\..\\key",
        "key\u{0}",
        "key\nkey",
        "key key",
        "schlüssel",
        "|ls",
        "`ls`",
        "<key>",
        "",
    ] {
        assert_eq!(with("kid", name), Err(JoseError::KeyId), "{name}");
    }
    assert_eq!(with("kid", "k".repeat(5000)), Err(JoseError::KeyId));
    assert_eq!(with("kid", json!(["k"])), Err(JoseError::HeaderMember("kid")));
    for name in ["did:web:a.example#key-1", "https://a.example/keys?id=1#k", "2011-04-29", "a..b"] {
        assert!(with("kid", name).is_ok(), "{name}");
    }
}

#[test]
fn a_token_does_not_bring_its_own_key() {
    for name in ["jku", "x5u"] {
        let refused = JoseError::ForeignKey(if name == "jku" { "jku" } else { "x5u" });
        assert_eq!(with(name, "https://evil.example/keys"), Err(refused));
    }
    assert_eq!(with("x5c", json!(["MII"])), Err(JoseError::ForeignKey("x5c")));
    // A key in the header may be there; it verifies nothing, whoever made it.
    let (ours, theirs) = (key(), SecretKey::p256(&[8; 32]).unwrap());
    let header = json!({"jwk": theirs.public_key().to_jwk()});
    let jws = Jws::parse(&token(&theirs, &header, &payload())).unwrap();
    assert_eq!(jws.embedded_key(), Some(theirs.public_key()));
    assert_eq!(jws.verify(ours.public_key()), Err(JoseError::Mismatch));
}

#[test]
fn a_key_in_the_header_must_be_public_and_of_the_algorithm() {
    let mut secret = serde_json::to_value(key().public_key().to_jwk()).unwrap();
    secret["d"] = json!("AA");
    assert_eq!(with("jwk", secret), Err(JoseError::EmbeddedKey(KeyError::Secret)));
    let other = serde_json::to_value(rsa().public_key().to_jwk()).unwrap();
    assert_eq!(with("jwk", other), Err(JoseError::EmbeddedAlgorithm(Algorithm::Es256)));
    let shared = json!({"kty": "oct", "k": "AA"});
    assert_eq!(with("jwk", shared), Err(JoseError::EmbeddedKey(KeyError::Secret)));
    let off = json!({"kty": "EC", "crv": "P-256", "x": encode([1; 32]), "y": encode([1; 32])});
    assert_eq!(with("jwk", off), Err(JoseError::EmbeddedKey(KeyError::NotOnCurve)));
}

#[test]
fn critical_extensions_are_refused() {
    for names in [json!(["exp"]), json!(["b64"]), json!([]), json!("x"), json!(null)] {
        assert_eq!(with("crit", names), Err(JoseError::Critical));
    }
}

#[test]
fn a_payload_that_is_not_encoded_is_refused() {
    for value in [false, true] {
        assert_eq!(with("b64", value), Err(JoseError::Unencoded));
    }
}

#[test]
fn encrypted_and_compressed_tokens_are_refused() {
    assert_eq!(with("enc", "A128GCM"), Err(JoseError::Encrypted("enc")));
    assert_eq!(with("zip", "DEF"), Err(JoseError::Encrypted("zip")));
}

#[test]
fn an_empty_signature_is_refused() {
    let good = token(&key(), &json!({}), &payload());
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(Jws::parse(&format!("{signed}.")), Err(JoseError::EmptySignature));
}

#[test]
fn a_detached_payload_is_refused() {
    let good = token(&key(), &json!({}), &payload());
    let parts: Vec<&str> = good.split('.').collect();
    assert_eq!(Jws::parse(&format!("{}..{}", parts[0], parts[2])), Err(JoseError::Detached));
}

#[test]
fn members_that_stand_twice_are_refused() {
    let twice = raw(r#"{"alg":"ES256","alg":"ES256"}"#, "{}", &key());
    assert!(matches!(Jws::parse(&twice), Err(JoseError::Header(_))));
    let twice = raw(r#"{"alg":"ES256"}"#, r#"{"iss":"a","iss":"b"}"#, &key());
    let jws = Jws::parse(&twice).unwrap();
    let content = openbadges::jose::credential_in_jwt(&jws);
    assert!(matches!(content, Err(JoseError::Payload(_))), "{content:?}");
}

#[test]
fn what_is_no_token_is_refused() {
    let good = token(&key(), &json!({}), &payload());
    assert!(Jws::parse(&format!("\n {good}\r\n")).is_ok());
    for text in ["", ".", "{}", "a.b", "a.b.c.d", &good.replace('.', " "), &format!("{good}.")] {
        assert_eq!(Jws::parse(text), Err(JoseError::Parts), "{text}");
    }
    let parts: Vec<&str> = good.split('.').collect();
    for (text, part) in [
        (format!("{}=.{}.{}", parts[0], parts[1], parts[2]), "header"),
        (format!("{}.{}=.{}", parts[0], parts[1], parts[2]), "payload"),
        (format!("{}.{}.{}+", parts[0], parts[1], parts[2]), "signature"),
        (format!("{}. {}.{}", parts[0], parts[1], parts[2]), "payload"),
    ] {
        assert_eq!(Jws::parse(&text), Err(JoseError::NotBase64(part)), "{text}");
    }
    for header in ["", "{", "[]x", "\u{0}"] {
        let refused = Jws::parse(&raw(header, "{}", &key()));
        assert!(matches!(refused, Err(JoseError::Header(_))), "{refused:?}");
    }
    assert_eq!(Jws::parse(&raw("[]", "{}", &key())), Err(JoseError::HeaderMember("alg")));
    assert_eq!(Jws::parse(&"A".repeat(2 << 20)), Err(JoseError::TooLarge));
    let large = raw(&format!("{{\"x\":\"{}\"}}", "x".repeat(17 << 10)), "{}", &key());
    assert!(matches!(Jws::parse(&large), Err(JoseError::Header(_))));
}

#[test]
fn base64_has_one_writing() {
    // The last letter of 64 bytes carries four bits that are not used.
    let good = token(&key(), &json!({}), &payload());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let last = signature.chars().last().unwrap();
    let other = char::from(u8::try_from(last).unwrap() + 1);
    let changed = format!("{signed}.{}{other}", &signature[..signature.len() - 1]);
    assert_eq!(Jws::parse(&changed), Err(JoseError::NotBase64("signature")));
}

proptest! {
    #[test]
    fn nothing_that_is_read_brings_the_reader_down(text in ".*", header in ".*", payload in ".*") {
        let _ = Jws::parse(&text);
        let text = format!("{}.{}.{}", encode(&header), encode(&payload), encode("x"));
        if let Ok(jws) = Jws::parse(&text) {
            let _ = openbadges::jose::credential_in_jwt(&jws);
        }
        let header = r#"{"alg":"ES256"}"#;
        let jws = Jws::parse(&format!("{}.{}.AA", encode(header), encode(format!("0{payload}"))));
        let _ = openbadges::jose::credential_in_jwt(&jws.unwrap());
    }
}
