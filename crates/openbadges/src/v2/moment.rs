//! Points in time as ISO 8601 lets Open Badges 2.0 write them.

use time::OffsetDateTime;

use crate::timestamp::parse_timestamp;

/// Reads a date and time with its zone: seconds may be missing, the zone's colon or minutes too.
pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    let (date, rest) = text.split_once('T')?;
    let zone_at = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let zone = match zone.len() {
        1 | 6 => zone.to_owned(),
        3 => format!("{zone}:00"),
        5 => format!("{}:{}", &zone[..3], &zone[3..]),
        _ => return None,
    };
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    parse_timestamp(&format!("{date}T{clock}{seconds}{zone}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_and_time_with_a_zone_is_read_and_nothing_else() {
        let midnight = moment("2016-12-31T23:59:00Z").unwrap();
        for text in [
            "2016-12-31T23:59Z",
            "2016-12-31T23:59:00+00:00",
            "2016-12-31T23:59:00.000+0000",
            "2016-12-31T23:59-00",
            "2017-01-01T01:59:00+02:00",
        ] {
            assert_eq!(moment(text), Some(midnight), "{text}");
        }
        for text in [
            "",
            "2016-12-31",
            "2016-12-31T23:59:59",
            "2016-12-31 23:59:59Z",
            "2016-12-31T23:59:59+2",
            "2016-12-31T25:00:00Z",
            "2016-13-31T23:59:59Z",
            "1483228799",
            "T+",
            "2016-12-31T23:59:59\u{2212}02:00",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
