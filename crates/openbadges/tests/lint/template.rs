//! A template of which there is nothing to say.

use openbadges::{Achievement, Criteria, Profile, TemplateTerms};

pub const ACHIEVEMENT: &str = "https://badges.example/b/1";

pub fn terms(issuer: &str, method: &str, list: &str) -> TemplateTerms {
    let criteria = Criteria { narrative: Some("Weld.".to_owned()), ..Criteria::default() };
    TemplateTerms {
        issuer: Profile::new(issuer, "School"),
        achievement: Achievement::new(ACHIEVEMENT, "Welding", "Can weld.", criteria),
        verification_method: method.to_owned(),
        identity_type: "emailAddress".to_owned(),
        status_list: Some(list.to_owned()),
    }
}

pub fn hash() -> String {
    openbadges::identity_hash("ada@example.org", "0123456789abcdef")
}
