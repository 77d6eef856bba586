//! When a credential may say that it is valid and was awarded.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::{Code, Findings, text};
use crate::timestamp::parse_timestamp;

/// How far clocks may be apart.
const SKEW: Duration = Duration::minutes(5);
/// How long ago the signing may have been begun.
const DELAY: Duration = Duration::days(1);
/// No achievement of a badge's recipient lies before.
const OLDEST: i32 = 1900;

pub(super) fn check_all(
    findings: &mut Findings,
    members: &Map<String, Value>,
    now: OffsetDateTime,
) {
    if let Some(from) = text(members, "validFrom") {
        valid_from(findings, "/validFrom", from, now);
    }
    if let Some(until) = text(members, "validUntil") {
        valid_until(findings, until, now);
    }
    if let Some(awarded) = text(members, "awardedDate") {
        awarded_date(findings, awarded, now);
    }
}

/// Now, or a little before.
pub(super) fn valid_from(findings: &mut Findings, place: &str, from: &str, now: OffsetDateTime) {
    let Some(from) = moment(findings, place, from) else { return };
    if from > now + SKEW {
        findings.add(Code::DateFuture, place, "must not lie in the future");
    } else if from < now - DELAY {
        findings.add(Code::DatePast, place, "must not lie more than a day in the past");
    }
}

pub(super) fn valid_until(findings: &mut Findings, until: &str, now: OffsetDateTime) {
    let Some(until) = moment(findings, "/validUntil", until) else { return };
    if until <= now {
        findings.add(Code::DatePast, "/validUntil", "must not lie in the past");
    }
}

pub(super) fn awarded_date(findings: &mut Findings, awarded: &str, now: OffsetDateTime) {
    let Some(awarded) = moment(findings, "/awardedDate", awarded) else { return };
    if awarded > now + SKEW {
        findings.add(Code::DateFuture, "/awardedDate", "must not lie in the future");
    } else if awarded.year() < OLDEST {
        findings.add(Code::DatePast, "/awardedDate", "must not lie before 1900");
    }
}

/// Whether a period ends before it begins.
pub(super) fn ends_early(from: &str, until: &str) -> bool {
    matches!((parse_timestamp(from), parse_timestamp(until)), (Ok(from), Ok(until)) if from > until)
}

fn moment(findings: &mut Findings, place: &str, written: &str) -> Option<OffsetDateTime> {
    let zoned = written.get(19..).is_some_and(|rest| rest.contains(['Z', '+', '-']));
    let at = parse_timestamp(written).ok().filter(|_| zoned);
    if at.is_none() {
        let message = "must be a date and time with offset, such as 2025-01-31T12:00:00Z";
        findings.add(Code::DateMalformed, place, message);
    }
    at
}
