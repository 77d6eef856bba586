//! Writes a little web of Open Badges 2.0, good and bad ones, and what this crate says of them.
//!
//! `cargo run -p openbadges --example open_badges_2 -- BASE` prints one JSON object: `files` by
//! their path under BASE (with status and body), and `cases` with what to verify, for whom, and the
//! verdict. A web server at BASE that serves the files lets other software judge the same cases.

#![expect(clippy::unwrap_used, reason = "an example may fail by panicking")]

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openbadges::v2::{
    Alignment, Assertion, BadgeClass, Criteria, CryptographicKey, Evidence, Examination, Extension,
    Fetched, Found, IdentityObject, Linked, Presented, Profile, Recipient, RevocationList, Revoked,
    Verification, VerificationPolicy,
};
use openbadges::{SecretKey, parse_timestamp};
use serde_json::{Map, Value, json};

const EMAIL: &str = "beth@example.org";
const ISSUED: &str = "2020-01-01T00:00:00Z";

/// A key that signed nothing here.
const OTHER_KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA14s89+PIT/KGkyX2R/57
yGBwwdHqew6E9m6tsielGGTOoXrYnLR8xMH5OS5WBhFUx+MpxziMcgJ3lWCXiXuu
SPeIsGGu5NY4fL5ydzjtlmZWpvEOsk2guIpUkJDH8Tih67Lg3rdSxZNwW7cBwETt
bwaBsnXr+tAr/i1YqsBXrdIPpY6ZT1AiOquDrlZo5aPrcULro/gwsH+V5pJiItMP
Kh0ArMpOGHt3ymFcpOJrcWXGqMzA5XnDCCWycCwQkOizKNXmxLrhtcw9+C7SA0ps
ka61lQw3qViS+mulzN6XqJSPXwuAaTmaG15D2R5XFxTm+z2HjNra8nbaYMa3Wd28
6wIDAQAB
-----END PUBLIC KEY-----
";

/// A case: its documents, and what is handed over.
struct Case {
    name: &'static str,
    base: String,
    files: BTreeMap<String, (u16, Value)>,
    recipient: &'static str,
    key: SecretKey,
    signed: bool,
    tampered: bool,
}

impl Case {
    /// A hosted badge without a fault.
    fn hosted(base: &str, name: &'static str) -> Self {
        let at = |file: &str| format!("{base}/{name}/{file}.json");
        let mut issuer = Profile::issuer(
            at("issuer"),
            "An issuer",
            "https://issuer.example/",
            "hello@issuer.example",
        );
        issuer.verification = Some(VerificationPolicy::starts_with(format!("{base}/{name}/")));
        let criteria = Criteria { narrative: Some("Be *good*.".to_owned()), ..Criteria::default() };
        let mut badge = BadgeClass::new(
            at("badge"),
            "Goodness",
            "For being good.",
            Linked::id(format!("{base}/badge.png")),
            Linked::document(criteria),
            Linked::id(at("issuer")),
        );
        badge.alignment = vec![Alignment::new("Good", "https://framework.example/good")];
        badge.tags = vec!["good".to_owned(), "better".to_owned()];
        badge.version = Some("2".into());
        badge.related = vec![json!({"type": "BadgeClass", "id": at("badge-1"), "version": "1"})];
        let recipient = IdentityObject::email(EMAIL, "deadsea");
        let mut assertion = Assertion::new(
            at("assertion"),
            recipient,
            Linked::id(at("badge")),
            Verification::hosted(),
            ISSUED,
        );
        assertion.narrative = Some("She was good.".to_owned());
        assertion.evidence = vec![Linked::document(Evidence {
            id: Some("https://example.org/evidence".to_owned()),
            name: Some("Goodness seen".to_owned()),
            ..Evidence::default()
        })];
        let mut files = BTreeMap::new();
        files.insert("issuer".to_owned(), (200, serde_json::to_value(issuer).unwrap()));
        files.insert("badge".to_owned(), (200, serde_json::to_value(badge).unwrap()));
        files.insert("assertion".to_owned(), (200, serde_json::to_value(assertion).unwrap()));
        let jwk = serde_json::from_str(include_str!("../tests/sample/rsa.json")).unwrap();
        let key = SecretKey::from_jwk(&jwk).unwrap();
        let base = format!("{base}/{name}");
        Self { name, base, files, recipient: EMAIL, key, signed: false, tampered: false }
    }

    /// A signed one.
    fn signed(base: &str, name: &'static str) -> Self {
        let mut case = Self::hosted(base, name);
        let (key, issuer) = (case.at("key"), case.at("issuer"));
        let document = CryptographicKey::new(&key, issuer, case.key.public_key());
        case.files.insert("key".to_owned(), (200, serde_json::to_value(document).unwrap()));
        case.signed = true;
        case.with("issuer", |issuer| issuer["publicKey"] = json!(key)).with("assertion", |it| {
            it["id"] = json!("urn:uuid:a953081a-4bbd-4927-9653-7219bca00e3b");
            it["verification"] = json!({"type": "SignedBadge", "creator": key});
        })
    }

    fn at(&self, file: &str) -> String {
        format!("{}/{file}.json", self.base)
    }

    /// The same with a document changed.
    fn with(mut self, file: &str, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.files.get_mut(file).unwrap().1);
        self
    }

    /// A member of a document taken out.
    fn without(self, file: &str, member: &str) -> Self {
        self.with(file, |document| {
            document.as_object_mut().unwrap().remove(member);
        })
    }

    fn revoking(mut self, entries: Vec<Revoked>) -> Self {
        let list = RevocationList::new(self.at("revoked"), self.at("issuer"), entries);
        self.files.insert("revoked".to_owned(), (200, serde_json::to_value(list).unwrap()));
        let list = self.at("revoked");
        self.with("issuer", |issuer| issuer["revocationList"] = json!(list))
    }

    fn input(&self) -> String {
        let assertion = &self.files["assertion"].1;
        if !self.signed {
            return self.at("assertion");
        }
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encoded(&json!({"alg": "RS256"})), encoded(assertion));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()).unwrap());
        if self.tampered {
            let mut other = assertion.clone();
            other["narrative"] = json!("She was the best.");
            let (header, _) = message.split_once('.').unwrap();
            return format!("{header}.{}.{signature}", encoded(&other));
        }
        format!("{message}.{signature}")
    }

    fn examine(&self) -> Examination {
        let input = self.input();
        let presented =
            if self.signed { Presented::Signed(&input) } else { Presented::Address(&input) };
        let mut found = Found::default();
        for (file, (status, document)) in &self.files {
            let body = document.to_string().into_bytes();
            found.insert(self.at(file), Fetched::from_http(*status, body));
        }
        let recipient = Recipient { kind: "email", identifier: self.recipient };
        let now = parse_timestamp("2026-01-01T00:00:00Z").unwrap();
        Examination::of(presented, &found, Some(recipient), now)
    }
}

fn hosted(base: &str) -> Vec<Case> {
    let hosted = |name| Case::hosted(base, name);
    let mut gone = hosted("gone");
    let revoked = Assertion::revoked(&gone.at("assertion"), Some("in error"));
    gone.files.insert("assertion".to_owned(), (410, revoked));
    let mut other = hosted("for-another");
    other.recipient = "eve@example.org";
    let context = format!("{base}/extension/context.json");
    let members = Map::from_iter([("name".to_owned(), json!("Beth"))]);
    let extension = Extension::new(&context, "extensions:Named", members);
    vec![
        hosted("hosted"),
        hosted("md5").with("assertion", |it| {
            it["recipient"] = json!({
                "type": "email", "hashed": true, "salt": "deadsea",
                "identity": "md5$fcb69ba7911d8779b5a2949e4dcce26b",
            });
        }),
        hosted("in-clear").with("assertion", |it| {
            it["recipient"] = json!({"type": "email", "hashed": false, "identity": EMAIL});
        }),
        hosted("in-spanish").with("badge", |badge| {
            badge["@language"] = json!("es");
            badge["name"] = json!("Bondad");
        }),
        hosted("picture-inside").with("badge", |badge| {
            badge["image"] = json!("data:image/svg+xml;base64,PHN2Zy8+");
        }),
        hosted("embedded").with("assertion", |it| {
            it["badge"] = json!({"type": "BadgeClass", "id": it["badge"]});
        }),
        hosted("extended").with("assertion", |it| {
            it["extensions:named"] = serde_json::to_value(extension).unwrap();
        }),
        other,
        gone,
        hosted("says-revoked").with("assertion", |it| it["revoked"] = json!(true)),
        hosted("expired").with("assertion", |it| it["expires"] = json!("2021-01-01T00:00:00Z")),
        hosted("in-future").with("assertion", |it| it["issuedOn"] = json!("2999-01-01T00:00:00Z")),
        hosted("no-zone").with("assertion", |it| it["issuedOn"] = json!("2020-01-01T00:00:00")),
        hosted("no-recipient").without("assertion", "recipient"),
        hosted("short-hash").with("assertion", |it| {
            it["recipient"]["identity"] = json!("sha256$28d50415252ab6c6");
        }),
        hosted("no-criteria").without("badge", "criteria"),
        hosted("no-picture").without("badge", "image"),
        hosted("no-email").without("issuer", "email"),
        hosted("bad-phone").with("issuer", |issuer| issuer["telephone"] = json!("call me")),
        hosted("other-start").with("issuer", |issuer| {
            issuer["verification"]["startsWith"] = json!(format!("{base}/elsewhere/"));
        }),
        hosted("other-origin").with("issuer", |issuer| {
            issuer["verification"] =
                json!({"type": "VerificationObject", "allowedOrigins": "a.org"});
        }),
        hosted("self-described").with("badge", |badge| {
            badge["issuer"] = json!({
                "id": "urn:uuid:00000000-0000-4000-8000-000000000000",
                "type": "Issuer", "name": "Anybody", "url": "https://anybody.example/",
                "email": "any@body.example",
            });
        }),
    ]
}

fn signed(base: &str) -> Vec<Case> {
    let signed = |name| Case::signed(base, name);
    let entry =
        |id: &str| Revoked { id: id.to_owned(), revocation_reason: Some("error".to_owned()) };
    let mine = "urn:uuid:a953081a-4bbd-4927-9653-7219bca00e3b";
    let other = "urn:uuid:00000000-0000-4000-8000-000000000000";
    let mut tampered = signed("tampered");
    tampered.tampered = true;
    vec![
        signed("signed"),
        signed("not-in-list").revoking(vec![entry(other), entry(other)]),
        signed("in-list").revoking(vec![entry(other), entry(mine)]),
        signed("alone-in-list")
            .revoking(vec![])
            .with("revoked", |list| list["revokedAssertions"] = json!([mine])),
        tampered,
        signed("other-key").with("key", |key| key["publicKeyPem"] = json!(OTHER_KEY)),
        signed("key-not-listed").without("issuer", "publicKey"),
        signed("key-of-another").with("key", |key| key["owner"] = json!("https://a.org/issuer")),
        signed("signed-expired").with("assertion", |it| {
            it["expires"] = json!("2021-01-01T00:00:00Z");
        }),
    ]
}

fn main() {
    let base = std::env::args().nth(1).expect("usage: open_badges_2 BASE");
    let mut files = Map::new();
    let mut cases = Vec::new();
    for case in hosted(&base).into_iter().chain(signed(&base)) {
        let examination = case.examine();
        for (file, (status, document)) in &case.files {
            let path = format!("/{}/{file}.json", case.name);
            files.insert(path, json!({"status": status, "body": document}));
        }
        cases.push(json!({
            "name": case.name,
            "input": case.input(),
            "recipient": {"id": "_:recipient", "type": "Profile", "email": case.recipient},
            "valid": examination.is_valid(),
            "wanted": examination.needs.into_iter().map(|need| need.url).collect::<Vec<_>>(),
            "outcomes": {
                "conformance": examination.conformance,
                "proof": examination.proof,
                "validityPeriod": examination.validity_period,
                "status": examination.status,
                "recipient": examination.recipient,
            },
        }));
    }
    println!("{}", json!({"files": files, "cases": cases}));
}
