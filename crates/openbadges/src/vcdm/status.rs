//! `credentialStatus` (VCDM 2.0, 4.10; Bitstring Status List, 2.1).

use serde_json::Value;

use super::faults::{Faults, Place};
use super::object::{self, Id};
use super::{has_type, url};

/// Checks the type and id of each entry, and the whole of those of a bitstring list.
pub(super) fn check(faults: &mut Faults, place: &Place, credential: &Value) {
    object::check(faults, place, credential, "credentialStatus", Id::Optional);
    let mut already_told = Faults::default();
    for (place, entry) in object::each(&mut already_told, place, credential, "credentialStatus") {
        if has_type(entry, "BitstringStatusListEntry") {
            check_bitstring(faults, &place, entry);
        }
    }
}

fn check_bitstring(faults: &mut Faults, place: &Place, entry: &Value) {
    let text = |member: &str| entry.get(member).and_then(Value::as_str);
    if text("statusPurpose").is_none_or(str::is_empty) {
        faults.add(&place.member("statusPurpose"), "must be a text");
    }
    let index = text("statusListIndex").unwrap_or_default();
    if index.is_empty() || index.len() > 32 || !index.bytes().all(|b| b.is_ascii_digit()) {
        faults.add(&place.member("statusListIndex"), "must be a whole number, written as a text");
    }
    match entry.get("statusListCredential") {
        Some(list) => url::check(faults, &place.member("statusListCredential"), list),
        None => faults.add(place, "must have a statusListCredential"),
    }
    if entry.get("id").is_some_and(|id| Some(id) == entry.get("statusListCredential")) {
        faults.add(&place.member("id"), "must not be the url of the list");
    }
    let size = match entry.get("statusSize") {
        None => 1,
        Some(size) => size.as_u64().unwrap_or_default(),
    };
    if !(1..=32).contains(&size) {
        return faults.add(&place.member("statusSize"), "must be a number of bits from 1 to 32");
    }
    check_messages(faults, place, entry, size);
    if let Some(reference) = entry.get("statusReference") {
        let place = place.member("statusReference");
        match reference {
            Value::Array(all) => all.iter().for_each(|one| url::check(faults, &place, one)),
            one => url::check(faults, &place, one),
        }
    }
}

/// One message for each value that an entry can have; required when it has more than one bit.
fn check_messages(faults: &mut Faults, place: &Place, entry: &Value, size: u64) {
    let place = place.member("statusMessage");
    match entry.get("statusMessage") {
        None if size == 1 => {}
        None => faults.add(&place, "must tell what the values of more than one bit mean"),
        Some(Value::Array(all)) => {
            if u64::try_from(all.len()).ok() != 1_u64.checked_shl(u32::try_from(size).unwrap_or(64))
            {
                faults.add(&place, "must have one message for each value");
            }
            let told = |one: &Value, member: &str| one.get(member).is_some_and(Value::is_string);
            if !all.iter().all(|one| told(one, "status") && told(one, "message")) {
                faults.add(&place, "must have a status and a message in each, written as texts");
            }
        }
        Some(_) => faults.add(&place, "must be a list of messages"),
    }
}
