use std::path::PathBuf;

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::{ConfigError, places};

/// Where spans are exported to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// A collector that takes OTLP over HTTP, such as `http://collector:4318`.
    pub endpoint: String,
    /// The share of traces that begin here and are exported.
    #[serde(default)]
    pub sampled: Share,
    /// A file with a line `name: value` for each header that the collector wants, such as a token.
    #[serde(default)]
    pub headers_file: Option<PathBuf>,
    /// What stands in that file.
    #[serde(skip)]
    pub headers: HeaderMap,
}

/// A share of a whole, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

/// Never NaN.
impl Eq for Share {}

/// One trace in twenty.
impl Default for Share {
    fn default() -> Self {
        Self(0.05)
    }
}

impl TryFrom<f64> for Share {
    type Error = &'static str;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        let fits = (0.0..=1.0).contains(&share);
        if fits { Ok(Self(share)) } else { Err("a share lies between 0 and 1") }
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl Share {
    /// So much of a whole.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a number is no more than the number; its last digits matter to nobody"
    )]
    pub fn of(self, whole: u64) -> u64 {
        (self.0 * whole as f64) as u64
    }
}

impl Telemetry {
    /// Reads the file that is named, and refuses what makes no sense.
    pub(super) fn complete(&mut self) -> Result<(), ConfigError> {
        let invalid = |key, problem| Err(ConfigError::Invalid { key, problem });
        let url = Url::parse(&self.endpoint).ok().filter(|url| {
            let bare = url.query().is_none() && url.fragment().is_none();
            let anonymous = url.username().is_empty() && url.password().is_none();
            matches!(url.scheme(), "http" | "https") && url.has_host() && bare && anonymous
        });
        if url.is_none() {
            let problem = "not a URL such as http://collector:4318; what the collector must not \
                           tell others goes into headers_file";
            return invalid("telemetry.endpoint", problem);
        }
        let Some(path) = &self.headers_file else { return Ok(()) };
        let key = "telemetry.headers_file";
        let text = places::read(key, path)?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let header = line.split_once(':').and_then(|(name, value)| {
                let name: HeaderName = name.trim().parse().ok()?;
                let mut value: HeaderValue = value.trim().parse().ok()?;
                value.set_sensitive(true);
                Some((name, value))
            });
            let Some((name, value)) = header else {
                return invalid(key, "each line is a header, such as authorization: Bearer …");
            };
            self.headers.insert(name, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telemetry(endpoint: &str) -> Telemetry {
        toml::from_str(&format!("endpoint = {endpoint:?}")).unwrap()
    }

    #[test]
    fn an_endpoint_is_a_bare_url_over_http() {
        for (endpoint, fits) in [
            ("http://collector:4318", true),
            ("https://otlp.example.org/some/path", true),
            ("collector:4318", false),
            ("grpc://collector:4317", false),
            ("https://user:hush@otlp.example.org", false),
            ("https://otlp.example.org?token=hush", false),
        ] {
            assert_eq!(telemetry(endpoint).complete().is_ok(), fits, "{endpoint}");
        }
    }

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        for (text, fits) in [("0", true), ("0.5", true), ("1.0", true), ("-0.1", false)] {
            let file = format!("endpoint = 'http://c:1'\nsampled = {text}");
            assert_eq!(toml::from_str::<Telemetry>(&file).is_ok(), fits, "{text}");
        }
        assert!(toml::from_str::<Telemetry>("endpoint = ''\nsampled = nan").is_err());
        assert_eq!(Share(0.25).of(1 << 63), 1 << 61);
        assert_eq!((Share(0.0).of(1 << 63), Share(1.0).of(1 << 63)), (0, 1 << 63));
    }

    #[test]
    fn headers_come_from_a_file_and_are_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headers");
        std::fs::write(&path, "authorization: Bearer hush\n\nx-scope : ours\n").unwrap();
        let mut telemetry =
            Telemetry { headers_file: Some(path.clone()), ..telemetry("http://c:4318") };
        telemetry.complete().unwrap();
        assert_eq!(telemetry.headers["authorization"], "Bearer hush");
        assert_eq!(telemetry.headers["x-scope"], "ours");
        assert!(!format!("{telemetry:?}").contains("hush"), "{telemetry:?}");
        assert!(!toml::to_string(&telemetry).unwrap().contains("hush"));
        std::fs::write(&path, "no header at all").unwrap();
        assert!(telemetry.complete().is_err());
    }
}
