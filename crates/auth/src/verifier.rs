use std::{collections::HashMap, sync::Arc};

use jsonwebtoken::{Algorithm, DecodingKey};
use kernel::Timestamp;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    AccessClaims, AuthError, Claims, Principal, Revocations, SessionClaims,
    claims::Registered,
    jwks,
    parts::{OurHeader, Parts},
};

/// Checks tokens of this deployment (RFC 8725): `EdDSA` by a known key, the explicit type of the kind
/// that is expected, issuer and audience, times, revocations.
pub struct Verifier {
    issuer: String,
    keys: HashMap<String, DecodingKey>,
    revocations: Arc<Revocations>,
    seen: Cache<[u8; 32], Seen>,
}

/// A verified token of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<C> {
    /// Whom it is about.
    pub subject: String,
    /// What it says.
    pub claims: C,
    /// From when it is.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Which token.
    pub token_id: Uuid,
}

#[derive(Clone)]
struct Seen {
    typ: &'static str,
    principal: Arc<Principal>,
}

/// How far clocks of different machines may be apart, in milliseconds.
const SKEW: i64 = 30_000;
/// Longest subject, in bytes.
const SUBJECT: usize = 200;
/// Tokens remembered.
const REMEMBERED: u64 = 10_000;

impl Verifier {
    /// Believes the Ed25519 keys of the set, from that issuer.
    #[must_use]
    pub fn of_jwks(
        jwks: &serde_json::Value,
        issuer: impl Into<String>,
        revocations: Arc<Revocations>,
    ) -> Self {
        let keys = jwks::read(jwks.to_string().as_bytes()).unwrap_or_default();
        let keys = keys.into_iter().filter(|key| key.algorithm == Algorithm::EdDSA);
        Self {
            issuer: issuer.into(),
            keys: keys.filter_map(|key| Some((key.kid?, key.key))).collect(),
            revocations,
            seen: Cache::new(REMEMBERED),
        }
    }

    /// What tokens are checked against on every use.
    #[must_use]
    pub fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// Who sends this access token.
    ///
    /// # Errors
    /// [`AuthError`] when it is not accepted.
    pub fn access(&self, token: &str, now: Timestamp) -> Result<Arc<Principal>, AuthError> {
        self.principal::<AccessClaims>(token, now, |claims| claims)
    }

    /// Whose session this is.
    ///
    /// # Errors
    /// [`AuthError`] when it is not accepted.
    pub fn session(&self, token: &str, now: Timestamp) -> Result<Arc<Principal>, AuthError> {
        self.principal::<SessionClaims>(token, now, |claims| claims.0)
    }

    /// A token that was verified before costs a hash and a look-up; its times and revocations are
    /// checked each time.
    fn principal<C: Claims>(
        &self,
        token: &str,
        now: Timestamp,
        access: fn(C) -> AccessClaims,
    ) -> Result<Arc<Principal>, AuthError> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(seen) = self.seen.get(&digest) {
            if seen.typ != C::TYP {
                return Err(AuthError::WrongKind);
            }
            let Principal { subject, issued_at, expires_at, .. } = &*seen.principal;
            let outcome = self.living(subject, (*issued_at, *issued_at, *expires_at), now);
            if outcome == Err(AuthError::ExpiredToken) {
                self.seen.invalidate(&digest);
            }
            return outcome.map(|()| seen.principal);
        }
        let verified = self.verify::<C>(token, now)?;
        let AccessClaims { kind, organization, tenant, grants } = access(verified.claims);
        let principal = Arc::new(Principal {
            subject: verified.subject,
            kind,
            organization,
            tenant,
            grants,
            issued_at: verified.issued_at,
            expires_at: verified.expires_at,
            token_id: verified.token_id,
        });
        self.seen.insert(digest, Seen { typ: C::TYP, principal: Arc::clone(&principal) });
        Ok(principal)
    }

    /// What a token of this kind says.
    ///
    /// # Errors
    /// [`AuthError`] when it is not accepted.
    pub fn verify<C: Claims>(&self, token: &str, now: Timestamp) -> Result<Verified<C>, AuthError> {
        let parts = Parts::split(token)?;
        let header: OurHeader = parts.header()?;
        if header.alg != "EdDSA" {
            return Err(AuthError::MalformedToken);
        }
        let key = self.keys.get(&header.kid).ok_or(AuthError::BadSignature)?;
        let good =
            jsonwebtoken::crypto::verify(parts.signature, parts.signed, key, Algorithm::EdDSA);
        if !good.unwrap_or(false) {
            return Err(AuthError::BadSignature);
        }
        if header.typ != C::TYP {
            return Err(AuthError::WrongKind);
        }
        let payload = parts.payload()?;
        let read: Registered =
            serde_json::from_slice(&payload).map_err(|_| AuthError::MalformedToken)?;
        let claims: C = serde_json::from_slice(&payload).map_err(|_| AuthError::MalformedToken)?;
        if read.iss != self.issuer || read.aud != self.issuer {
            return Err(AuthError::WrongParty);
        }
        if read.sub.is_empty() || read.sub.len() > SUBJECT {
            return Err(AuthError::MalformedToken);
        }
        let (issued_at, not_before, expires_at) = (read.iat.0, read.nbf.0, read.exp.0);
        let life = expires_at.unix_millis() - issued_at.unix_millis();
        if life <= 0 || life > C::LONGEST * 1000 {
            return Err(AuthError::WrongTime);
        }
        self.living(&read.sub, (issued_at, not_before, expires_at), now)?;
        Ok(Verified { subject: read.sub, claims, issued_at, expires_at, token_id: read.jti })
    }

    fn living(
        &self,
        subject: &str,
        (issued_at, not_before, expires_at): (Timestamp, Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<(), AuthError> {
        if expires_at <= now {
            return Err(AuthError::ExpiredToken);
        }
        if issued_at.max(not_before) > now.plus_millis(SKEW) {
            return Err(AuthError::WrongTime);
        }
        if self.revocations.refused(subject, issued_at) {
            return Err(AuthError::RevokedToken);
        }
        Ok(())
    }
}
