use kernel::{Class, EmailAddress, Rejection};
use serde::{Deserialize, Serialize};

use crate::{InvalidName, Name};

/// How an issuer presents itself: public, and part of every credential that it issues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// What people call it.
    pub name: Name,
    /// Its own site, http or https.
    #[serde(default)]
    pub url: Option<String>,
    /// What it is, at most 2,000 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Its public contact address.
    #[serde(default)]
    pub email: Option<String>,
}

/// What is wrong with a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileRejection {
    /// The name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The site.
    #[error("the url must be an absolute http or https url of at most 2,000 characters")]
    Url,
    /// The description.
    #[error("the description must have at most 2,000 characters")]
    Description,
    /// The contact address.
    #[error("the e-mail address must have the form name@example.org")]
    Email,
}

impl Rejection for ProfileRejection {
    fn code(&self) -> &'static str {
        "INVALID_INPUT"
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn path(&self) -> Option<&'static str> {
        Some(match self {
            ProfileRejection::Name(_) => "/name",
            ProfileRejection::Url => "/url",
            ProfileRejection::Description => "/description",
            ProfileRejection::Email => "/email",
        })
    }
}

impl Profile {
    /// Checks the parts; an empty one but for the name is left out.
    ///
    /// # Errors
    /// The first part that is wrong.
    pub fn new(
        name: &str,
        url: &str,
        description: &str,
        email: &str,
    ) -> Result<Self, ProfileRejection> {
        let name = name.parse()?;
        let url = given(url);
        if url.as_deref().is_some_and(|url| !is_web_url(url)) {
            return Err(ProfileRejection::Url);
        }
        let description = given(description);
        let fits = |text: &String| text.chars().count() <= 2_000 && !text.contains('\0');
        if !description.as_ref().is_none_or(fits) {
            return Err(ProfileRejection::Description);
        }
        let email = match given(email) {
            None => None,
            Some(text) => {
                let address: EmailAddress = text.parse().map_err(|_| ProfileRejection::Email)?;
                Some(address.as_str().to_owned())
            }
        };
        Ok(Self { name, url, description, email })
    }
}

fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whether it is `http(s)://host…` without space or control characters, at most 2,000 bytes.
fn is_web_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let sound = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"\\^`{|}".contains(c);
    text.len() <= 2_000
        && text.chars().all(sound)
        && host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parts_are_left_out() {
        let profile = Profile::new("Ost", "", " ", "").unwrap();
        assert_eq!((profile.url, profile.description, profile.email), (None, None, None));
    }

    #[test]
    fn each_wrong_part_is_named() {
        let refused = |name: &str, url: &str, description: &str, email: &str| {
            Profile::new(name, url, description, email).map_err(|r| r.path()).unwrap_err()
        };
        assert_eq!(refused("", "", "", ""), Some("/name"));
        for url in [
            "ost.example",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "ftp://ost.example",
            "https://ost.example/a b",
            "https://user@ost.example/",
            "https://ost.example/\"",
        ] {
            assert_eq!(refused("Ost", url, "", ""), Some("/url"), "{url}");
        }
        assert_eq!(refused("Ost", "", &"x".repeat(2_001), ""), Some("/description"));
        assert_eq!(refused("Ost", "", "", "nobody"), Some("/email"));
    }
}
