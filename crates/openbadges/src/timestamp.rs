//! Points in time as credentials write them.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Why a text is no point in time.
#[derive(Debug, thiserror::Error)]
#[error("could not read {text:?} as a date and time: write it like 2025-01-31T12:00:00Z")]
pub struct TimestampError {
    text: String,
}

/// Writes a point in time as an `xsd:dateTimeStamp` in UTC, to the second.
pub fn timestamp(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// Reads an `xsd:dateTimeStamp`; where the zone is missing, UTC is meant (VCDM 2.0, 4.9).
///
/// # Errors
/// When the text is no date and time.
pub fn parse_timestamp(text: &str) -> Result<OffsetDateTime, TimestampError> {
    let error = || TimestampError { text: text.chars().take(64).collect() };
    // The standard writes a capital T and Z; the parser would also take small ones and a space.
    if text.len() > 64 || text.as_bytes().get(10) != Some(&b'T') || text.ends_with('z') {
        return Err(error());
    }
    if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(at);
    }
    let zoneless = format!("{text}Z");
    OffsetDateTime::parse(&zoneless, &Rfc3339)
        .map(|at| PrimitiveDateTime::new(at.date(), at.time()).assume_utc())
        .map_err(|_| error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_timestamp_reads_back() {
        let at = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        assert_eq!(timestamp(at), "2023-11-14T22:13:20Z");
        assert_eq!(parse_timestamp(&timestamp(at)).unwrap(), at);
    }

    #[test]
    fn a_missing_zone_means_utc_and_other_text_is_refused() {
        let utc = parse_timestamp("2010-01-01T00:00:00Z").unwrap();
        assert_eq!(parse_timestamp("2010-01-01T00:00:00").unwrap(), utc);
        assert_eq!(parse_timestamp("2010-01-01T02:00:00+02:00").unwrap(), utc);
        for text in ["", "2010-01-01", "2010-01-01 00:00:00Z", "2010-13-01T00:00:00Z", "tomorrow"] {
            assert!(parse_timestamp(text).is_err(), "{text}");
        }
    }
}
