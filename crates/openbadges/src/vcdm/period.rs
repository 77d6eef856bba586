//! Points in time and their order (VCDM 2.0, 4.9 and "Representing Time").

use serde_json::Value;
use time::OffsetDateTime;

use super::faults::{Faults, Place};
use crate::timestamp::parse_timestamp;

/// Checks a member that is a `dateTimeStamp`, where there is one; gives the point in time.
///
/// A missing offset is forgiven and read as UTC, as the standard asks of readers.
pub(super) fn check(
    faults: &mut Faults,
    place: &Place,
    object: &Value,
    member: &str,
) -> Option<OffsetDateTime> {
    let value = object.get(member)?;
    let at = value.as_str().and_then(|text| parse_timestamp(text).ok());
    if at.is_none() {
        faults.add(
            &place.member(member),
            "must be a date and time with offset, such as 2025-01-31T12:00:00Z",
        );
    }
    at
}

/// Checks both ends of a period and that it does not end before it begins.
pub(super) fn check_order(
    faults: &mut Faults,
    place: &Place,
    object: &Value,
    (from, until): (&str, &str),
) {
    let begins = check(faults, place, object, from);
    let ends = check(faults, place, object, until);
    if let (Some(begins), Some(ends)) = (begins, ends)
        && begins > ends
    {
        faults.add(&place.member(until), format!("must not be before {from}"));
    }
}

/// Adds a fault when a point in time states no offset: forgiven in reading, not in writing.
pub(super) fn check_zone(faults: &mut Faults, place: &Place, text: &str) {
    let zoned = text.ends_with('Z') || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']));
    if parse_timestamp(text).is_ok() && !zoned {
        faults.add(place, "must state its offset, such as Z at the end");
    }
}
