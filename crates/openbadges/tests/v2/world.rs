//! A little web with one good issuer in it.

use std::collections::BTreeMap;

use openbadges::parse_timestamp;
use openbadges::v2::Outcome;
use openbadges::v2::{
    Assertion, BadgeClass, Criteria, Examination, Fetched, Found, IdentityObject, Linked,
    Presented, Profile, Recipient, Verification,
};
use serde_json::Value;
use time::OffsetDateTime;

pub const ASSERTION: &str = "https://good.org/a/1";
pub const BADGE: &str = "https://good.org/b/1";
pub const ISSUER: &str = "https://good.org/i/1";

pub fn now() -> OffsetDateTime {
    parse_timestamp("2025-06-01T00:00:00Z").unwrap()
}

/// A little web: statuses and documents by address.
#[derive(Clone, Default)]
pub struct World(pub BTreeMap<String, (u16, Vec<u8>)>);

impl World {
    pub fn good() -> Self {
        let issuer = Profile::issuer(ISSUER, "Good", "https://good.org/", "hello@good.org");
        let badge = BadgeClass::new(
            BADGE,
            "Goodness",
            "For being good.",
            Linked::id("https://good.org/b/1.png"),
            Linked::document(Criteria {
                narrative: Some("Be good.".into()),
                ..Criteria::default()
            }),
            Linked::id(ISSUER),
        );
        let recipient = IdentityObject::email("beth@example.org", "deadsea");
        let assertion = Assertion::new(
            ASSERTION,
            recipient,
            Linked::id(BADGE),
            Verification::hosted(),
            "2025-01-01T00:00:00Z",
        );
        let mut world = Self::default();
        world.put(ISSUER, &serde_json::to_value(issuer).unwrap());
        world.put(BADGE, &serde_json::to_value(badge).unwrap());
        world.put(ASSERTION, &serde_json::to_value(assertion).unwrap());
        world
    }

    pub fn put(&mut self, url: &str, document: &Value) {
        self.0.insert(url.to_owned(), (200, document.to_string().into_bytes()));
    }

    pub fn put_status(&mut self, url: &str, status: u16, document: &Value) {
        self.0.insert(url.to_owned(), (status, document.to_string().into_bytes()));
    }

    pub fn get(&self, url: &str) -> Value {
        serde_json::from_slice(&self.0[url].1).unwrap()
    }

    pub fn change(&mut self, url: &str, change: impl FnOnce(&mut Value)) {
        let mut document = self.get(url);
        change(&mut document);
        self.put(url, &document);
    }

    /// Fetches until nothing is wanted.
    pub fn examine(&self, presented: Presented<'_>) -> Examination {
        let mut found = Found::default();
        let recipient = Recipient { kind: "email", identifier: "beth@example.org" };
        for _ in 0..8 {
            let examination = Examination::of(presented, &found, Some(recipient), now());
            if examination.needs.is_empty() {
                return examination;
            }
            for need in examination.needs {
                let fetched = match self.0.get(&need.url) {
                    Some((status, body)) => Fetched::from_http(*status, body.clone()),
                    None => Fetched::Failed("there is no such server".to_owned()),
                };
                found.insert(need.url, fetched);
            }
        }
        panic!("it never has enough");
    }

    pub fn hosted(&self) -> Examination {
        self.examine(Presented::Address(ASSERTION))
    }
}

pub fn reason(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Valid => "",
        Outcome::Invalid(reason) | Outcome::Undetermined(reason) => reason,
    }
}
