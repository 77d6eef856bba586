use std::{fmt, str::FromStr};

/// An e-mail address in canonical form: trimmed, in lower case. Addresses that differ only in case
/// are one person's, as every large mail provider has it.
///
/// Personal data: never in a log line, never in clear in a fact. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

/// The text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Nothing is there.
    #[error("the e-mail address is missing")]
    Missing,
    /// Longer than 254 bytes, or its local part longer than 64 (RFC 5321 4.5.3.1).
    #[error("the e-mail address is too long: at most 254 bytes, 64 before the @")]
    TooLong,
    /// Not of the form `name@host.domain`.
    #[error("not an e-mail address of the form name@example.org")]
    Malformed,
}

impl EmailAddress {
    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    /// Accepts what RFC 5321 calls a dot-string at a domain name, in ASCII or UTF-8 (RFC 6531);
    /// refuses quoted local parts and address literals, which no mail provider gives to people.
    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEmail::Missing);
        }
        if text.len() > 254 {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail::Malformed)?;
        if local.len() > 64 {
            return Err(InvalidEmail::TooLong);
        }
        let local_fits = local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(in_atom));
        let domain_fits = domain.contains('.') && domain.split('.').all(label);
        if local_fits && domain_fits {
            Ok(Self(text.to_lowercase()))
        } else {
            Err(InvalidEmail::Malformed)
        }
    }
}

fn in_atom(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || (!c.is_ascii() && c.is_alphanumeric())
}

fn label(label: &str) -> bool {
    let inside =
        |c: char| c == '-' || c.is_ascii_alphanumeric() || (!c.is_ascii() && c.is_alphanumeric());
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(inside)
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_surrounding_space_make_no_difference() {
        let plain: EmailAddress = "ada.lovelace+x@example.org".parse().expect("valid");
        assert_eq!(" Ada.Lovelace+x@Example.ORG\n".parse(), Ok(plain));
    }

    #[test]
    fn international_addresses_are_accepted() {
        for text in ["用户@例子.广告", "josé@correo.es", "δοκιμή@παράδειγμα.δοκιμή"]
        {
            assert!(text.parse::<EmailAddress>().is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "ada",
            "ada@",
            "@example.org",
            "a b@example.org",
            "ada@example",
            "ada@-x.org",
            "ada..b@example.org",
            ".ada@example.org",
            "ada@example..org",
            "a@b@example.org",
            "ada@exa mple.org",
            "<ada@example.org>",
            "ada@example.org\r\nBcc: x@y.org",
        ] {
            assert_eq!(text.parse::<EmailAddress>(), Err(InvalidEmail::Malformed), "{text}");
        }
        assert_eq!("  ".parse::<EmailAddress>(), Err(InvalidEmail::Missing));
        let long = format!("{}@example.org", "a".repeat(65));
        assert_eq!(long.parse::<EmailAddress>(), Err(InvalidEmail::TooLong));
    }

    #[test]
    fn an_address_never_shows_in_debug_output() {
        let address: EmailAddress = "ada@example.org".parse().expect("valid");
        assert!(!format!("{address:?}").contains("ada"));
    }
}
