//! What version 1.1 wants otherwise (VCDM 1.1, 4.6–4.9 and 5.3–5.6).

use serde_json::Value;

use super::faults::{Faults, Place};
use super::object::{self, Id};
use super::period;

/// Checks the members that 1.1 names or requires otherwise than 2.0.
pub(super) fn check(faults: &mut Faults, place: &Place, credential: &Value) {
    if credential.get("issuanceDate").is_none() {
        faults.add(place, "must have an issuanceDate");
    }
    period::check_order(faults, place, credential, ("issuanceDate", "expirationDate"));
    for member in ["credentialStatus", "credentialSchema", "refreshService"] {
        object::check(faults, place, credential, member, Id::Required);
    }
    for member in ["termsOfUse", "evidence"] {
        object::check(faults, place, credential, member, Id::Optional);
    }
}
