//! Whether the issuer signed a JWT: Open Badges 3.0, 8.2, and VC-JOSE-COSE.

use serde_json::Value;
use time::OffsetDateTime;

use super::Run;
use super::keys::{MAX_KEYS, Objection, was_good};
use super::report::{Check, CheckKind};
use super::trust::host;
use crate::did::{self, Purpose, VerificationMethod};
use crate::jose::{self, Jws};
use crate::key::{Jwk, PublicKey};

impl Run<'_> {
    /// Judges the signature of a JWT whose issuer (or holder) is `controller`.
    pub(super) fn jwt_proof(&self, jws: &Jws, controller: Option<&str>, by: Purpose) -> Check {
        const KIND: CheckKind = CheckKind::Proof;
        match self.jwt_signature(jws, controller, by) {
            Ok(evidence) => Check::valid(KIND, evidence),
            Err(Objection::Wrong(reason)) => Check::invalid(KIND, reason),
            Err(Objection::Unknown(reason)) => Check::undetermined(KIND, reason),
        }
    }

    fn jwt_signature(
        &self,
        jws: &Jws,
        controller: Option<&str>,
        by: Purpose,
    ) -> Result<String, Objection> {
        let method = self.jwt_key(jws, controller.unwrap_or_default(), by)?;
        jws.verify(&method.key).map_err(wrong)?;
        if controller.is_some_and(|controller| controller != method.controller) {
            return Err(Objection::Wrong(format!(
                "it was signed with a key of {}, which does not speak for its issuer",
                method.controller
            )));
        }
        jose::valid_at(jws, self.now).map_err(wrong)?;
        was_good(&method, signed_at(jws), self.now)?;
        Ok(format!("signed with {} by {}", jws.algorithm(), method.id))
    }

    /// Finds the key: where `kid` says, if that is its issuer's, else where the issuer publishes
    /// its keys.
    fn jwt_key(
        &self,
        jws: &Jws,
        controller: &str,
        by: Purpose,
    ) -> Result<VerificationMethod, Objection> {
        match jws.key_id() {
            Some(kid) if kid.starts_with("did:") => self.method(kid, by),
            _ if controller.starts_with("did:key:") || controller.starts_with("did:jwk:") => {
                self.method(controller, by)
            }
            Some(kid) if kid.starts_with('#') => self.method(&format!("{controller}{kid}"), by),
            Some(kid) if is_web(kid) && is_under(kid, controller) => {
                self.key_at(kid, controller, by)
            }
            Some(kid) if is_web(kid) => self.key_beside(kid, controller),
            Some(kid) if controller.starts_with("did:") => {
                self.method(&format!("{controller}#{kid}"), by)
            }
            None if controller.starts_with("did:") => {
                Err(Objection::Wrong("it does not say which key signed it".to_owned()))
            }
            kid => self.published_key(kid, jws.embedded_key(), controller),
        }
    }

    fn keys_at(&self, url: &str) -> Result<&[u8], Objection> {
        let document = self.documents.get(url).map_err(|error| {
            Objection::Unknown(format!("the keys of its issuer, at {url}, cannot be had: {error}"))
        })?;
        if document.body.len() > MAX_KEYS {
            return Err(Objection::Wrong("the document with its key is too large".to_owned()));
        }
        Ok(&document.body)
    }

    /// A key at an address that begins with the issuer's own.
    fn key_at(
        &self,
        kid: &str,
        controller: &str,
        by: Purpose,
    ) -> Result<VerificationMethod, Objection> {
        let body = self.keys_at(kid.split_once('#').map_or(kid, |(url, _)| url))?;
        match jose::jwk_in_document(body, Some(kid)) {
            Ok(jwk) => belongs(jwk, kid, controller),
            Err(_) => VerificationMethod::from_document(body, kid, by).map_err(wrong),
        }
    }

    /// A key elsewhere at the host of the issuer, which others may share: it counts if the key set
    /// of the host has it, too.
    fn key_beside(&self, kid: &str, controller: &str) -> Result<VerificationMethod, Objection> {
        if host(kid) != host(controller) || controller.starts_with("did:") {
            return Err(Objection::Wrong(format!(
                "its key is at {kid}, which is not an address of its issuer {controller}"
            )));
        }
        let body = self.keys_at(kid.split_once('#').map_or(kid, |(url, _)| url))?;
        let key = jose::key_in_document(body, Some(kid)).map_err(wrong)?;
        let thumbprint = key.to_jwk().thumbprint();
        self.published_key(Some(&thumbprint), Some(&key), controller)
    }

    /// The key set of an issuer with a web address (Open Badges 3.0 implementation guide).
    fn published_key(
        &self,
        kid: Option<&str>,
        expected: Option<&PublicKey>,
        controller: &str,
    ) -> Result<VerificationMethod, Objection> {
        let Some(url) = did::key_set_url(controller) else {
            return Err(Objection::Unknown(format!(
                "the keys of {controller} cannot be looked up"
            )));
        };
        let jwk = jose::jwk_in_document(self.keys_at(&url)?, kid)
            .map_err(|error| Objection::Wrong(format!("at {url}: {error}")))?;
        if expected.is_some_and(|expected| *expected != jwk.key) {
            return Err(Objection::Wrong(
                "its key is not the one that its issuer publishes under this name".to_owned(),
            ));
        }
        belongs(jwk, kid.unwrap_or(&url), controller)
    }
}

/// A key that says whose it is must be the issuer's.
fn belongs(jwk: Jwk, id: &str, controller: &str) -> Result<VerificationMethod, Objection> {
    if jwk.issuer.is_some_and(|issuer| issuer != controller) {
        return Err(Objection::Wrong("it was signed with a key of another issuer".to_owned()));
    }
    Ok(VerificationMethod {
        id: id.to_owned(),
        controller: controller.to_owned(),
        key: jwk.key,
        expires: None,
        revoked: None,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn wrong(error: impl ToString) -> Objection {
    Objection::Wrong(error.to_string())
}

fn is_web(id: &str) -> bool {
    id.starts_with("https://") || id.starts_with("http://")
}

/// Whether an address is the issuer's own or one below it.
fn is_under(address: &str, controller: &str) -> bool {
    is_web(controller)
        && address.strip_prefix(controller.trim_end_matches('/')).is_some_and(|rest| {
            (rest.is_empty() || rest.starts_with(['/', '#', '?'])) && !rest.contains("..")
        })
}

/// When it was signed, as it says: `iat`, else `nbf`.
fn signed_at(jws: &Jws) -> Option<OffsetDateTime> {
    let claims: Value = serde_json::from_slice(jws.payload()).ok()?;
    let seconds = ["iat", "nbf"].into_iter().find_map(|name| claims.get(name)?.as_f64())?;
    #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest integer")]
    OffsetDateTime::from_unix_timestamp(seconds as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_an_issuer_s_address_is_the_issuer_s() {
        let issuer = "https://a.example/i/1";
        for address in
            ["https://a.example/i/1", "https://a.example/i/1/keys#2", "https://a.example/i/1#k"]
        {
            assert!(is_under(address, issuer), "{address}");
        }
        for address in [
            "https://a.example/i/10/keys",
            "https://a.example/i/2/keys",
            "https://a.example/i/1/../2/keys",
            "https://a.example.evil/i/1",
            "http://a.example/i/1",
        ] {
            assert!(!is_under(address, issuer), "{address}");
        }
        assert!(!is_under("https://a.example/k", "did:web:a.example"));
    }
}
