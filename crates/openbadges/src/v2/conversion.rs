//! The 2.0 form of a credential of Open Badges 3.0.

use serde_json::Value;

use super::assertion::{Assertion, Verification};
use super::badge_class::BadgeClass;
use super::identity::IdentityObject;
use super::link::Linked;
use super::part::Evidence;

impl Assertion {
    /// Writes what a credential of Open Badges 3.0 says as a hosted assertion: the same recipient,
    /// times, narrative and evidence.
    ///
    /// `id` is where it is hosted. Nothing when the credential does not know its recipient by a
    /// salted hash of an e-mail address, or does not say when it was awarded.
    pub fn of_credential(
        credential: &Value,
        id: impl Into<String>,
        badge: Linked<BadgeClass>,
    ) -> Option<Self> {
        let text = |value: &Value, member: &str| value.get(member)?.as_str().map(str::to_owned);
        let subject = credential.get("credentialSubject")?;
        let identifiers = subject.get("identifier")?.as_array()?;
        let hashed_email = |identifier: &&Value| {
            identifier["identityType"] == "emailAddress" && identifier["hashed"] == true
        };
        let identifier = identifiers.iter().find(hashed_email)?;
        let recipient = IdentityObject::hashed(
            "email",
            text(identifier, "identityHash")?,
            text(identifier, "salt")?,
        );
        let issued_on =
            text(credential, "awardedDate").or_else(|| text(credential, "validFrom"))?;
        let mut assertion = Self::new(id, recipient, badge, Verification::hosted(), issued_on);
        assertion.expires = text(credential, "validUntil");
        assertion.narrative = text(subject, "narrative");
        let evidence = credential.get("evidence").and_then(Value::as_array);
        assertion.evidence = evidence
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .map(|item| {
                Linked::document(Evidence {
                    id: text(item, "id"),
                    name: text(item, "name"),
                    description: text(item, "description"),
                    narrative: text(item, "narrative"),
                    genre: text(item, "genre"),
                    audience: text(item, "audience"),
                    other: serde_json::Map::new(),
                })
            })
            .collect();
        Some(assertion)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::v2::{Recipient, faults};

    #[test]
    fn the_golden_credential_becomes_an_assertion_for_the_same_person() {
        let text = include_str!("../../tests/golden/credential.json");
        let credential: Value = serde_json::from_str(text).unwrap();
        let badge = || Linked::id("https://badges.example.org/b/1");
        let id = "https://badges.example.org/c/1/ob2.json";
        let assertion = Assertion::of_credential(&credential, id, badge()).unwrap();
        assert_eq!(faults(&serde_json::to_value(&assertion).unwrap()), []);
        let identifier = &credential["credentialSubject"]["identifier"][0];
        assert_eq!(assertion.recipient.identity, identifier["identityHash"]);
        assert_eq!(assertion.issued_on, credential["awardedDate"]);
        let other = Recipient { kind: "email", identifier: "someone@else.example" };
        assert_eq!(assertion.recipient.matches(&other), Ok(false));

        let mut nameless = credential.clone();
        nameless["credentialSubject"]["identifier"] = json!([]);
        assert!(Assertion::of_credential(&nameless, id, badge()).is_none());
        assert!(Assertion::of_credential(&json!(null), id, badge()).is_none());
    }
}
