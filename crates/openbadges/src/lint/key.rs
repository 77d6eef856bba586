//! Whose key signs what.

use serde_json::Value;

use super::{Code, Findings, LintContext};
use crate::key::Multikey;
use crate::vcdm;

pub(super) fn check(findings: &mut Findings, credential: &Value, context: &LintContext<'_>) {
    if vcdm::issuer_id(credential) != Some(context.issuer) {
        let message = "must be the issuer whose key signs";
        findings.add(Code::IssuerForeign, "/issuer", message);
    }
    let place = "/proof/verificationMethod";
    let (controller, fragment) =
        context.verification_method.split_once('#').unwrap_or((context.verification_method, ""));
    if controller != context.issuer {
        findings.add(Code::KeyForeign, place, "must be a key of the issuer");
    }
    let Ok(key) = fragment.parse::<Multikey>() else {
        let message = "must be the issuer's id, # and the key as multikey";
        return findings.add(Code::KeyMalformed, place, message);
    };
    let fits = match context.cryptosuite {
        "eddsa-rdfc-2022" | "eddsa-jcs-2022" => matches!(key, Multikey::Ed25519(_)),
        "ecdsa-rdfc-2019" | "ecdsa-jcs-2019" => {
            matches!(key, Multikey::P256(_) | Multikey::P384(_))
        }
        _ => false,
    };
    if !fits {
        findings.add(Code::KeySuite, "/proof/cryptosuite", "must be a suite of the key's kind");
    }
}
