//! The status entry is one that verifiers will find.

use serde_json::Value;

use super::{Code, Findings, ListInUse};

const PLACE: &str = "/credentialStatus";

pub(super) fn check(findings: &mut Findings, credential: &Value, list: Option<ListInUse<'_>>) {
    let entry = credential.get("credentialStatus").filter(|entry| !entry.is_null());
    let (entry, list) = match (entry, list) {
        (None, None) => return,
        (None, Some(_)) => {
            return findings.add(Code::StatusMissing, PLACE, "must be an entry of the status list");
        }
        (Some(_), None) => {
            return findings.add(Code::StatusUnexpected, PLACE, "must not be there without a list");
        }
        (Some(entry), Some(list)) => (entry, list),
    };
    let member = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    if member("type") != "BitstringStatusListEntry" || member("statusPurpose") != "revocation" {
        let message = "must be an entry of a bitstring status list for revocation";
        findings.add(Code::StatusKind, PLACE, message);
    }
    if entry.get("statusSize").is_some_and(|size| size != 1) {
        findings.add(Code::StatusKind, format!("{PLACE}/statusSize"), "must be 1");
    }
    if member("statusListCredential") != list.url {
        let place = format!("{PLACE}/statusListCredential");
        findings.add(Code::StatusForeign, place, "must be the issuer's status list");
    }
    let written = member("statusListIndex");
    match written.parse::<u64>() {
        Ok(number) if number.to_string() == written => index(findings, number, list),
        _ => findings.add(
            Code::StatusIndex,
            format!("{PLACE}/statusListIndex"),
            "must be a number in base 10, without sign or zeros before it",
        ),
    }
    if member("id") != format!("{}#{written}", list.url) {
        let message = "must be the url of the list, # and the index";
        findings.add(Code::StatusId, format!("{PLACE}/id"), message);
    }
}

pub(super) fn index(findings: &mut Findings, number: u64, list: ListInUse<'_>) {
    if number >= list.entries {
        let place = format!("{PLACE}/statusListIndex");
        findings.add(Code::StatusIndex, place, "must be less than the list has entries");
    }
}
