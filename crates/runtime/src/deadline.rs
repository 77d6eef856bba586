use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue};
use tonic::{Request, body::Body};

/// The header in which callers say how long they wait (gRPC over HTTP/2).
const HEADER: &str = "grpc-timeout";
/// What is left for the way back of each hop.
const WAY_BACK: Duration = Duration::from_millis(10);

/// When a caller stops waiting for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn within(patience: Duration) -> Self {
        Self(Instant::now() + patience)
    }

    /// What the caller said, counted from now; none when it did not say so readably.
    #[must_use]
    pub fn said_in(headers: &HeaderMap) -> Option<Self> {
        parse(headers.get(HEADER)?.to_str().ok()?).map(Self::within)
    }

    /// What is left of it.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Tells a call of ours how long we wait: less than we are waited for.
    pub fn tell<T>(self, request: &mut Request<T>) {
        request.set_timeout(self.left().saturating_sub(WAY_BACK).max(Duration::from_millis(1)));
    }

    /// The same in headers.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let text = format!("{}m", self.left().as_millis().clamp(1, 99_999_999));
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(HEADER, value);
        }
    }
}

/// Puts what the caller said into the request's extensions, where [`crate::call::carry`] finds it.
pub(crate) fn note(mut request: http::Request<Body>) -> http::Request<Body> {
    if let Some(deadline) = Deadline::said_in(request.headers()) {
        request.extensions_mut().insert(deadline);
    }
    request
}

/// One to eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_nothing_else() {
        for (text, millis) in [
            ("1H", 3_600_000),
            ("2M", 120_000),
            ("3S", 3_000),
            ("40m", 40),
            ("5000u", 5),
            ("6000000n", 6),
            ("0S", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "S", "1", "123456789S", "-1S", "1.5S", " 1S", "1s", "1é"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_told_is_less_than_what_was_said() {
        let mut headers = HeaderMap::new();
        Deadline::within(Duration::from_secs(5)).write(&mut headers);
        let said = Deadline::said_in(&headers).expect("was just said");
        assert!(said.left() <= Duration::from_secs(5));
        let mut request = Request::new(());
        said.tell(&mut request);
        let told = Deadline::said_in(request.metadata().as_ref()).expect("was just told");
        assert!(told < said);
    }
}
