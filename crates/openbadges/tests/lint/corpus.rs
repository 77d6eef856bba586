//! Malformed credentials, each made of the good one by one change.

use openbadges::lint::Code;
use serde_json::{Value, json};

use crate::good;

/// Where it stands, what is put there, what is found.
#[expect(clippy::too_many_lines, reason = "a table is as long as it has rows")]
pub fn corpus() -> Vec<(&'static str, Value, Code)> {
    let mut corpus = vec![
        ("/@context", json!(null), Code::ContextOrder),
        ("/@context", json!([]), Code::ContextOrder),
        ("/@context", json!("https://www.w3.org/ns/credentials/v2"), Code::ContextOrder),
        ("/@context", json!(["https://www.w3.org/ns/credentials/v2"]), Code::ContextOrder),
        (
            "/@context",
            json!([
                "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
                "https://www.w3.org/ns/credentials/v2",
                "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
            ]),
            Code::ContextOrder,
        ),
        ("/@context/0", json!("https://www.w3.org/2018/credentials/v1"), Code::ContextOrder),
        (
            "/@context/1",
            json!("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json"),
            Code::ContextOrder,
        ),
        ("/@context/-", json!("https://www.w3.org/ns/credentials/v2"), Code::ContextOrder),
        ("/@context/-", json!("https://evil.example/context"), Code::ContextUnknown),
        ("/@context/-", json!("http://www.w3.org/ns/credentials/v2"), Code::ContextUnknown),
        ("/@context/-", json!({"name": "https://evil.example/"}), Code::ContextInline),
        ("/@context/-", json!({"@vocab": "https://evil.example/"}), Code::ContextInline),
        ("/credentialSubject/@context", json!({"name": "urn:x"}), Code::ContextInline),
        ("/evidence/0/@context", json!("https://evil.example/"), Code::ContextInline),
        ("/@context/2", json!("https://www.w3.org/ns/did/v1"), Code::ContextExtensions),
        ("/id", json!(null), Code::DataModel),
        ("/type", json!(null), Code::DataModel),
        ("/type", json!("OpenBadgeCredential"), Code::DataModel),
        ("/type", json!(["OpenBadgeCredential"]), Code::DataModel),
        ("/type", json!(["VerifiableCredential"]), Code::DataModel),
        ("/type", json!(["VerifiableCredential", "EndorsementCredential"]), Code::DataModel),
        ("/name", json!(7), Code::DataModel),
        ("/name", json!({"@value": "x", "@language": "en"}), Code::DataModel),
        ("/image", json!("https://badges.example/x.png"), Code::DataModel),
        ("/image/alt", json!("x"), Code::DataModel),
        ("/issuer/type", json!("Profile"), Code::DataModel),
        ("/validFrom", json!(null), Code::DataModel),
        ("/credentialSubject", json!(null), Code::DataModel),
        ("/credentialSubject", json!([]), Code::ValueEmpty),
        ("/credentialSubject", json!([good()["credentialSubject"]]), Code::DataModel),
        ("/credentialSubject/type", json!(["Person"]), Code::DataModel),
        ("/credentialSubject/achievement", json!(null), Code::DataModel),
        ("/credentialSubject/achievement/id", json!(null), Code::DataModel),
        ("/credentialSubject/achievement/name", json!(null), Code::DataModel),
        ("/credentialSubject/achievement/criteria", json!(null), Code::DataModel),
        ("/credentialSubject/achievement/description", json!(null), Code::DataModel),
        ("/credentialSubject/achievement/achievementType", json!("Medal"), Code::DataModel),
        ("/credentialSubject/achievement/tag", json!("steel"), Code::DataModel),
        ("/credentialSubject/achievement/alignment/0/targetUrl", json!(null), Code::DataModel),
        ("/credentialSubject/achievement/alignment/0/targetType", json!("X"), Code::DataModel),
        ("/credentialSubject/achievement/inLanguage", json!("de_CH"), Code::DataModel),
        ("/credentialSubject/creditsEarned", json!("7"), Code::DataModel),
        ("/credentialSubject/result/0/status", json!("Done"), Code::DataModel),
        ("/credentialSubject/result/0/resultDescription", json!("urn:x:y"), Code::DataModel),
        ("/credentialSubject/result/1/achievedLevel", json!("urn:x:y"), Code::DataModel),
        ("/credentialSubject/activityEndDate", json!("2020-01-01T00:00:00Z"), Code::DataModel),
        ("/credentialSubject/identifier/0/identityType", json!("shoeSize"), Code::DataModel),
        ("/credentialSubject/identifier/0/type", json!(["IdentityObject"]), Code::DataModel),
        ("/credentialSubject/identifier/0/hint", json!("a***"), Code::DataModel),
        ("/evidence/0/type", json!("Evidence"), Code::DataModel),
        ("/evidence/0/type", json!(null), Code::DataModel),
        ("/evidence", good()["evidence"][0].clone(), Code::DataModel),
        ("/credentialSchema/0/id", json!(null), Code::DataModel),
        ("/refreshService/id", json!(null), Code::DataModel),
        ("/termsOfUse/0/type", json!(null), Code::DataModel),
        ("/endorsementJwt/0", json!("x"), Code::DataModel),
        ("/proof", json!([{"type": "DataIntegrityProof"}]), Code::SignedAlready),
        ("/issuer", json!(null), Code::IssuerForeign),
        ("/issuer", json!("https://mallory.example/"), Code::IssuerForeign),
        ("/issuer/id", json!("https://school.example/issuers/2"), Code::IssuerForeign),
        ("/issuer/id", json!("https://school.example/issuers/1/"), Code::IssuerForeign),
        ("/issuer/id", json!("HTTPS://school.example/issuers/1"), Code::IssuerForeign),
        ("/id", json!("http://badges.example/c/7"), Code::IdUnsafe),
        ("/id", json!("ftp://badges.example/c/7"), Code::IdUnsafe),
        ("/id", json!("/c/7"), Code::IdUnsafe),
        ("/id", json!(""), Code::IdUnsafe),
        ("/id", json!("https://ada:secret@badges.example/c/7"), Code::IdUnsafe),
        ("/id", json!("https://badges.example/c/ 7"), Code::IdUnsafe),
        ("/id", json!("https://badges.example/c/\u{0}"), Code::IdUnsafe),
        ("/id", json!(format!("https://badges.example/{}", "c".repeat(2_100))), Code::IdUnsafe),
        ("/id", json!("mailto:ada@example.org"), Code::IdUnsafe),
        ("/id", json!("urn:isbn:1"), Code::IdUnsafe),
        ("/id", json!("_:b0"), Code::IdUnsafe),
        ("/id", json!("https://"), Code::IdUnsafe),
        ("/credentialSubject/achievement/id", json!("http://b.example/7"), Code::IdUnsafe),
        ("/credentialSubject/achievement/id", json!("bridge"), Code::IdUnsafe),
        ("/credentialSubject/id", json!("mailto:ada@example.org"), Code::IdUnsafe),
        ("/credentialSubject/id", json!("https://people.example/ada"), Code::IdUnsafe),
        ("/credentialSubject/id", json!("tel:+41440000000"), Code::IdUnsafe),
        ("/id", good()["credentialSubject"]["achievement"]["id"].clone(), Code::IdRepeated),
        ("/id", good()["issuer"]["id"].clone(), Code::IdRepeated),
        ("/id", good()["evidence"][0]["id"].clone(), Code::IdRepeated),
        ("/evidence/1/id", good()["evidence"][0]["id"].clone(), Code::IdRepeated),
        ("/evidence/0/id", json!("https://badges.example/c/7"), Code::IdRepeated),
        (
            "/credentialSubject/achievement/resultDescription/2/id",
            json!("https://badges.example/b/7/results/load"),
            Code::IdRepeated,
        ),
        (
            "/credentialSubject/achievement/resultDescription/1/rubricCriterionLevel/1/id",
            json!("https://badges.example/b/7/levels/1"),
            Code::IdRepeated,
        ),
        ("/validFrom", json!("2025-01-31"), Code::DateMalformed),
        ("/validFrom", json!("2025-01-31T12:00:00"), Code::DateMalformed),
        ("/validFrom", json!("2025-01-31 12:00:00Z"), Code::DateMalformed),
        ("/validFrom", json!("2025-02-30T12:00:00Z"), Code::DateMalformed),
        ("/validFrom", json!("now"), Code::DateMalformed),
        ("/validFrom", json!("2025-01-31T12:10:00Z"), Code::DateFuture),
        ("/validFrom", json!("2025-01-31T12:00:00-01:00"), Code::DateFuture),
        ("/validFrom", json!("2999-01-01T00:00:00Z"), Code::DateFuture),
        ("/validFrom", json!("2025-01-29T12:00:00Z"), Code::DatePast),
        ("/validFrom", json!("1970-01-01T00:00:00Z"), Code::DatePast),
        ("/validUntil", json!("2025-01-31T12:00:00Z"), Code::DatePast),
        ("/validUntil", json!("2000-01-01T00:00:00Z"), Code::DatePast),
        ("/validUntil", json!("never"), Code::DateMalformed),
        ("/awardedDate", json!("2025-02-01T12:00:00Z"), Code::DateFuture),
        ("/awardedDate", json!("1815-12-10T00:00:00Z"), Code::DatePast),
        ("/awardedDate", json!("yesterday"), Code::DateMalformed),
        ("/awardedDate", json!("2025-01-30T12:00:00"), Code::DateMalformed),
        ("/description", json!([]), Code::ValueEmpty),
        ("/evidence", json!([]), Code::ValueEmpty),
        ("/credentialSubject/achievement/tag", json!([]), Code::ValueEmpty),
        ("/evidence/0", json!({"type": ["Evidence"], "name": null}), Code::ValueEmpty),
        ("/credentialSubject/achievement/criteria", json!({}), Code::CriteriaMissing),
        ("/credentialSubject/identifier/0/hashed", json!(false), Code::IdentityClear),
        ("/credentialSubject/identifier/0/hashed", json!(null), Code::IdentityClear),
        ("/credentialSubject/identifier/0/hashed", json!("true"), Code::IdentityClear),
        ("/credentialSubject/identifier/0/salt", json!(null), Code::IdentitySalt),
        ("/credentialSubject/identifier/0/salt", json!(""), Code::IdentitySalt),
        ("/credentialSubject/identifier/0/salt", json!("Kosher"), Code::IdentitySalt),
        (
            "/credentialSubject/identifier/0/salt",
            json!("salt with some spaces"),
            Code::IdentitySalt,
        ),
        ("/credentialSubject/identifier/0/salt", json!("x".repeat(300)), Code::IdentitySalt),
        ("/credentialStatus", json!(null), Code::StatusMissing),
        ("/credentialStatus/type", json!("1EdTechRevocationList"), Code::StatusKind),
        ("/credentialStatus/type", json!(null), Code::StatusKind),
        ("/credentialStatus/statusPurpose", json!("suspension"), Code::StatusKind),
        ("/credentialStatus/statusPurpose", json!(null), Code::StatusKind),
        ("/credentialStatus/statusSize", json!(2), Code::StatusKind),
        (
            "/credentialStatus/statusListCredential",
            json!("https://x.example/1"),
            Code::StatusForeign,
        ),
        ("/credentialStatus/statusListCredential", json!(null), Code::StatusForeign),
        ("/credentialStatus/statusListIndex", json!(94_567), Code::StatusIndex),
        ("/credentialStatus/statusListIndex", json!("131072"), Code::StatusIndex),
        ("/credentialStatus/statusListIndex", json!("-1"), Code::StatusIndex),
        ("/credentialStatus/statusListIndex", json!("+1"), Code::StatusIndex),
        ("/credentialStatus/statusListIndex", json!("094567"), Code::StatusIndex),
        ("/credentialStatus/statusListIndex", json!("0x1"), Code::StatusIndex),
        ("/credentialStatus/statusListIndex", json!(""), Code::StatusIndex),
        ("/credentialStatus/statusListIndex", json!("99999999999999999999"), Code::StatusIndex),
        ("/credentialStatus/id", json!("https://badges.example/status/1"), Code::StatusId),
        ("/credentialStatus/id", json!("https://badges.example/status/1#1"), Code::StatusId),
        ("/credentialStatus/id", json!(null), Code::StatusId),
        ("/more", json!("x".repeat(600_000)), Code::TooLarge),
    ];
    for hash in [
        json!(""),
        json!("ada@example.org"),
        json!("md5$900150983cd24fb0d6963f7d28e17f72"),
        json!("sha256$"),
        json!("sha256$00"),
        json!(format!("sha256${}", "g".repeat(64))),
        json!(format!("SHA256${}", "0".repeat(64))),
        json!(format!("sha1${}", "0".repeat(40))),
        json!(format!("sha256${}", "0".repeat(65))),
    ] {
        corpus.push(("/credentialSubject/identifier/0/identityHash", hash, Code::IdentityHash));
    }
    for place in [
        "/image/id",
        "/issuer/url",
        "/credentialSubject/achievement/image/id",
        "/credentialSubject/achievement/criteria/id",
        "/credentialSubject/achievement/alignment/0/targetUrl",
        "/evidence/0/id",
    ] {
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://ada:secret@x.example/",
            "https://x.example/a b",
            "x.example",
            "",
        ] {
            corpus.push((place, json!(url), Code::UrlUnsafe));
        }
    }
    let lines = [
        "/name",
        "/issuer/name",
        "/credentialSubject/achievement/name",
        "/credentialSubject/achievement/tag/0",
        "/credentialSubject/achievement/alignment/0/targetName",
        "/credentialSubject/role",
        "/evidence/0/name",
    ];
    let plain = [
        "/description",
        "/issuer/description",
        "/image/caption",
        "/credentialSubject/achievement/description",
        "/evidence/0/description",
    ];
    let markdown = [
        "/credentialSubject/narrative",
        "/credentialSubject/achievement/criteria/narrative",
        "/evidence/0/narrative",
    ];
    for place in lines.into_iter().chain(plain).chain(markdown) {
        for (text, code) in [
            (json!(""), Code::TextEmpty),
            (json!(" \t"), Code::TextEmpty),
            (json!("bell\u{7}"), Code::TextControl),
            (json!("nul\u{0}"), Code::TextControl),
            (json!("c1\u{85}"), Code::TextControl),
            (json!("exe\u{202e}gpj"), Code::TextDirection),
            (json!("a\u{2066}b\u{2069}"), Code::TextDirection),
            (json!("mark\u{fdd0}"), Code::TextNoncharacter),
            (json!("last\u{10ffff}"), Code::TextNoncharacter),
            (json!("溶".repeat(10_001)), Code::TextLong),
        ] {
            corpus.push((place, text, code));
        }
    }
    for place in lines {
        corpus.push((place, json!("two\nlines"), Code::TextControl));
        corpus.push((place, json!("x".repeat(301)), Code::TextLong));
    }
    for place in lines.into_iter().chain(plain) {
        corpus.push((place, json!("<b>bold</b>"), Code::TextMarkup));
        corpus.push((place, json!("<script>alert(1)</script>"), Code::TextMarkup));
        corpus.push((place, json!("<img src=x onerror=alert(1)>"), Code::TextMarkup));
    }
    for place in markdown {
        corpus.push((place, json!("<script>alert(1)</script>"), Code::TextActive));
        corpus.push((place, json!("[x](javascript:alert(1))"), Code::TextActive));
    }
    corpus
}
