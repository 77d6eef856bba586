//! The configuration as it may be shown: passwords are masked.

use std::fmt;

use reqwest::Url;
use serde::Serializer;

use super::{Config, Mail};

/// What stands in the place of a secret.
const MASK: &str = "***";
/// Parts of names of parameters in URLs that hold secrets.
const SECRET: [&str; 4] = ["pass", "secret", "token", "key"];

impl Config {
    /// The effective settings in TOML, as a file would say them, with secrets masked.
    ///
    /// # Errors
    /// When a value has no form in TOML.
    pub fn shown(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}

/// A URL whose password nobody can read; what is no URL is masked as a whole.
#[must_use]
pub fn without_secrets(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return MASK.to_owned() };
    let secret = |name: &str| SECRET.iter().any(|part| name.to_lowercase().contains(part));
    // Neither can fail where there is a password or a parameter to replace.
    if url.password().is_some() {
        let _ = url.set_password(Some(MASK));
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| secret(name)) {
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            query.append_pair(name, if secret(name) { MASK } else { value });
        }
    }
    url.into()
}

/// An optional URL, without its secrets.
#[expect(clippy::ref_option, reason = "serde gives it so")]
pub(super) fn masked<S: Serializer>(url: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    match url {
        Some(url) => to.serialize_some(&without_secrets(url)),
        None => to.serialize_none(),
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("smtp", &self.smtp.as_deref().map(without_secrets))
            .field("smtp_file", &self.smtp_file)
            .field("from", &self.from)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_ever_shown() {
        for (url, shown) in [
            ("smtps://mailer:hush@mail.example.org:465", "smtps://mailer:***@mail.example.org:465"),
            ("redis://:hush@cache:6379/0", "redis://:***@cache:6379/0"),
            ("kurrentdb://log:2113?tls=false", "kurrentdb://log:2113?tls=false"),
            ("smtp://mail?tls=required&authToken=hush", "smtp://mail?tls=required&authToken=***"),
            ("hush", "***"),
        ] {
            assert_eq!(without_secrets(url), shown);
            let mail = Mail { smtp: Some(url.to_owned()), ..Mail::default() };
            let config = Config { mail, ..Config::default() };
            let text = config.shown().unwrap();
            assert!(text.contains("smtp = "), "{text}");
            for text in [text, format!("{config:?}")] {
                assert!(!text.contains("hush"), "{text}");
            }
        }
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let config = Config { public_url: "https://b.example.org".into(), ..Config::default() };
        let text = config.shown().unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), config, "{text}");
    }
}
