use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use time::{
    Date, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339,
    macros::format_description,
};

use crate::text;

/// A moment in UTC, to the millisecond. Stored and shown as RFC 3339, such as
/// `2026-11-23T14:05:06.789Z` (no fraction when it is zero).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 date and time with an offset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time such as 2026-01-31T12:00:00Z")]
pub struct InvalidTimestamp;

/// The last millisecond of the year 9999: later moments have no RFC 3339 form.
const LATEST: i64 = 253_402_300_799_999;
/// The first millisecond of the year 0000.
const EARLIEST: i64 = -62_167_219_200_000;

impl Timestamp {
    /// The moment so many milliseconds after 1970-01-01T00:00:00Z, kept within years 0000 to 9999.
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Self {
        Self(millis.clamp(EARLIEST, LATEST))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The moment so many milliseconds later (or earlier, when negative).
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_unix_millis(self.0.saturating_add(millis))
    }

    /// The same moment without its fraction of a second.
    #[must_use]
    pub fn whole_second(self) -> Self {
        Self(self.unix_seconds() * 1000)
    }

    /// The UTC day it falls on.
    #[must_use]
    pub fn day(self) -> Day {
        Day(i32::try_from(self.0.div_euclid(86_400_000)).unwrap_or(i32::MAX))
    }

    /// The same moment as libraries take it, in UTC; the whole range fits.
    #[must_use]
    pub fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.date_time();
        let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
        let (hour, minute, second) = (t.hour(), t.minute(), t.second());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match t.millisecond() {
            0 => f.write_str("Z"),
            millis => write!(f, ".{millis:03}Z"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp)?;
        let nanos = moment.to_offset(UtcOffset::UTC).unix_timestamp_nanos();
        let millis = i64::try_from(nanos.div_euclid(1_000_000)).map_err(|_| InvalidTimestamp)?;
        if (EARLIEST..=LATEST).contains(&millis) { Ok(Self(millis)) } else { Err(InvalidTimestamp) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, |text| text.parse().map_err(|e: InvalidTimestamp| e.to_string()))
    }
}

/// A UTC calendar day, counted from 1970-01-01. Shown as `2026-11-23`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Day(pub i32);

impl Day {
    /// Its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_unix_millis(i64::from(self.0) * 86_400_000)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.start().date_time();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

impl FromStr for Day {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]"))
            .map_err(|_| InvalidTimestamp)?;
        let epoch = OffsetDateTime::UNIX_EPOCH.date();
        i32::try_from((date - epoch).whole_days()).map(Self).map_err(|_| InvalidTimestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_back_as_written() {
        for text in ["2026-11-23T14:05:06Z", "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(text.parse::<Timestamp>().map(|t| t.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn an_offset_is_turned_into_utc() {
        let moment: Timestamp = "2026-01-01T01:30:00+02:00".parse().expect("valid");
        assert_eq!(moment.to_string(), "2025-12-31T23:30:00Z");
        assert_eq!(moment.day().to_string(), "2025-12-31");
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }

    #[test]
    fn a_day_reads_back_as_written() {
        for text in ["1970-01-01", "2026-11-23", "1969-12-31"] {
            assert_eq!(text.parse::<Day>().map(|d| d.to_string()).as_deref(), Ok(text));
        }
    }
}
