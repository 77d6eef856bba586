//! A template of which there is nothing to say.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use openbadges::{Achievement, CredentialTemplate, Criteria, Profile, TemplateTerms};

pub const ACHIEVEMENT: &str = "https://badges.example/b/1";

pub fn template(issuer: &str, method: &str, list: &str) -> CredentialTemplate {
    let criteria = Criteria { narrative: Some("Weld.".to_owned()), ..Criteria::default() };
    let terms = TemplateTerms {
        issuer: Profile::new(issuer, "School"),
        achievement: Achievement::new(ACHIEVEMENT, "Welding", "Can weld.", criteria),
        verification_method: method.to_owned(),
        identity_type: "emailAddress".to_owned(),
        status_list: Some(list.to_owned()),
    };
    CredentialTemplate::new(&terms).unwrap()
}

pub fn hash() -> String {
    openbadges::identity_hash("ada@example.org", "0123456789abcdef")
}
