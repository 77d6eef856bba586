use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What people call a thing: one line of 1 to 200 characters, without surrounding space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

/// The text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name must be one line of 1 to 200 characters")]
pub struct InvalidName;

impl Name {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        let fits = !text.is_empty()
            && text.len() <= 800
            && text.chars().count() <= 200
            && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrounding_space_is_no_part_of_a_name() {
        assert_eq!(" Universität Ost ".parse::<Name>().unwrap().as_str(), "Universität Ost");
        assert!("名".repeat(200).parse::<Name>().is_ok());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "  ", "two\nlines", "nul\0", &"x".repeat(201), &"名".repeat(201)] {
            assert_eq!(text.parse::<Name>(), Err(InvalidName), "{text:?}");
        }
    }
}
