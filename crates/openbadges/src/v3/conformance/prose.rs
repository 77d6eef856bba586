//! What the prose of the standard says and a schema cannot: one function for each class.

use serde_json::{Map, Value};

use super::Mode;
use super::walk::{Walk, is_v1};
use crate::timestamp::parse_timestamp;

/// Judges an object of a class; `at` is its place.
pub(super) type Rule = fn(&mut Walk, &Map<String, Value>, &str);

/// It does not end before it begins.
pub(super) fn credential(walk: &mut Walk, members: &Map<String, Value>, at: &str) {
    let ends = if is_v1(members) {
        ["issuanceDate", "expirationDate"]
    } else {
        ["validFrom", "validUntil"]
    };
    in_order(walk, members, at, ends);
}

/// The earner is identified; the results are those of this achievement.
pub(super) fn subject(walk: &mut Walk, members: &Map<String, Value>, at: &str) {
    let has_id = members.get("id").is_some_and(|id| !id.is_null());
    if !has_id && each(members.get("identifier")).next().is_none() {
        walk.fault(at, "must have an id or an identifier");
    }
    in_order(walk, members, at, ["activityStartDate", "activityEndDate"]);
    let achievement = each(members.get("achievement")).next();
    let described: Vec<&Value> =
        each(achievement.and_then(|achievement| achievement.get("resultDescription"))).collect();
    for (index, result) in each(members.get("result")).enumerate() {
        let place = match members.get("result") {
            Some(Value::Array(_)) => format!("{at}/result/{index}"),
            _ => format!("{at}/result"),
        };
        self::result(walk, result, &described, &place);
    }
}

fn result(walk: &mut Walk, result: &Value, described: &[&Value], at: &str) {
    let text = |member: &str| result.get(member).and_then(Value::as_str);
    let description = text("resultDescription")
        .and_then(|id| described.iter().find(|description| description["id"] == id));
    if text("resultDescription").is_some() && description.is_none() {
        let wrong = "must be the id of a resultDescription of this achievement";
        walk.fault(format!("{at}/resultDescription"), wrong);
    }
    let Some(description) = description else { return };
    if let Some(level) = text("achievedLevel")
        && !has_level(description.get("rubricCriterionLevel"), level)
    {
        let wrong = "must be the id of a level of its resultDescription";
        walk.fault(format!("{at}/achievedLevel"), wrong);
    }
    if description["resultType"] == "Status" && result.get("status").is_none() {
        walk.fault(at, "must have a status, as its resultDescription says");
    }
}

/// The level that is required is one of its levels.
pub(super) fn result_description(walk: &mut Walk, members: &Map<String, Value>, at: &str) {
    if let Some(level) = members.get("requiredLevel").and_then(Value::as_str)
        && !has_level(members.get("rubricCriterionLevel"), level)
    {
        walk.fault(format!("{at}/requiredLevel"), "must be the id of one of its levels");
    }
}

/// A hash says by which function it was made. Foreign badges may be careless here: then no
/// recipient matches, and no more is lost.
pub(super) fn identity(walk: &mut Walk, members: &Map<String, Value>, at: &str) {
    if walk.mode != Mode::Exact || members.get("hashed") != Some(&Value::Bool(true)) {
        return;
    }
    let hash = members.get("identityHash").and_then(Value::as_str).unwrap_or_default();
    let digits = match hash.split_once('$') {
        Some(("sha256", digits)) if digits.len() == 64 => digits,
        Some(("md5", digits)) if digits.len() == 32 => digits,
        _ => "-",
    };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        let wrong = "must be sha256$ or md5$ and the hexadecimal hash";
        walk.fault(format!("{at}/identityHash"), wrong);
    }
}

/// A proof of a credential is an assertion.
pub(super) fn proof(walk: &mut Walk, members: &Map<String, Value>, at: &str) {
    if members.get("proofPurpose").is_some_and(|purpose| purpose != "assertionMethod") {
        walk.fault(format!("{at}/proofPurpose"), "must be assertionMethod");
    }
}

fn in_order(walk: &mut Walk, members: &Map<String, Value>, at: &str, ends: [&str; 2]) {
    let moment = |name| members.get(name)?.as_str().and_then(|text| parse_timestamp(text).ok());
    if let [Some(begins), Some(finishes)] = ends.map(moment)
        && begins > finishes
    {
        walk.fault(format!("{at}/{}", ends[1]), format!("must not be before {}", ends[0]));
    }
}

fn has_level(levels: Option<&Value>, id: &str) -> bool {
    each(levels).any(|level| level["id"] == id)
}

/// The values of a set, which may be a single one.
fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let all = match value {
        Some(Value::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    all.iter().filter(|one| !one.is_null())
}
