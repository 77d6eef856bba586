//! Recipients are named by salted hashes only.

use serde_json::Value;

use super::{Code, Findings};

/// How many bytes of salt make it useless to try addresses out in advance.
const SALT: usize = 16;
/// How many it may have.
const MAX_SALT: usize = 256;

pub(super) fn check_all(findings: &mut Findings, credential: &Value) {
    let Some(all) = credential.pointer("/credentialSubject/identifier") else { return };
    for (index, identity) in
        all.as_array().map(Vec::as_slice).unwrap_or_default().iter().enumerate()
    {
        let place = format!("/credentialSubject/identifier/{index}");
        if identity.get("hashed") != Some(&Value::Bool(true)) {
            let message = "must be true: the recipient would stand there in clear";
            findings.add(Code::IdentityClear, format!("{place}/hashed"), message);
            continue;
        }
        let member = |name: &str| identity.get(name).and_then(Value::as_str).unwrap_or_default();
        check(findings, &place, member("identityHash"), member("salt"));
    }
}

pub(super) fn check(findings: &mut Findings, place: &str, hash: &str, salt: &str) {
    let digits = hash.strip_prefix("sha256$").filter(|digits| digits.len() == 64);
    if !digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit())) {
        let message = "must be sha256$ and 64 hexadecimal digits";
        findings.add(Code::IdentityHash, format!("{place}/identityHash"), message);
    }
    let sound = salt.bytes().all(|b| b.is_ascii_graphic());
    if !(SALT..=MAX_SALT).contains(&salt.len()) || !sound {
        let message = "must be a random text of at least 16 ascii letters and digits";
        findings.add(Code::IdentitySalt, format!("{place}/salt"), message);
    }
}
