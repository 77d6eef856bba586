use std::sync::Arc;

use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use kernel::{CommandId, TenantId, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    AccessClaims, Claims, Grant, Kind, Principal, Revocations, Role, Scope, SessionClaims,
    Verifier,
    claims::{Registered, Seconds},
};

/// Signs the tokens of this deployment with its Ed25519 key.
pub struct Tokens {
    issuer: String,
    key: EncodingKey,
    jwk: Jwk,
    kid: String,
}

/// The 32 bytes are no Ed25519 seed.
#[derive(Debug, thiserror::Error)]
#[error("the token key cannot be made from its seed")]
pub struct InvalidSeed(#[from] jsonwebtoken::errors::Error);

/// An Ed25519 private key in PKCS #8 (RFC 8410 7) up to the seed.
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// How long a token between roles is good.
const SERVICE_MILLIS: i64 = 5 * 60 * 1000;

impl Tokens {
    /// Signs as that issuer (the public URL of the deployment, which is the audience too) with the
    /// key of that seed. The key's id is its thumbprint (RFC 7638).
    ///
    /// # Errors
    /// When the seed makes no key.
    pub fn from_seed(seed: &[u8; 32], issuer: impl Into<String>) -> Result<Self, InvalidSeed> {
        let mut der = PKCS8.to_vec();
        der.extend_from_slice(seed);
        let key = EncodingKey::from_ed_der(&der);
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { issuer: issuer.into(), key, jwk, kid })
    }

    /// The public key as a JWK set (RFC 7517 5), for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::json!(JwkSet { keys: vec![self.jwk.clone()] })
    }

    /// What verifies these tokens.
    #[must_use]
    pub fn verifier(&self, revocations: Arc<Revocations>) -> Verifier {
        Verifier::of_jwks(&self.jwks(), self.issuer.clone(), revocations)
    }

    /// An access token that says what the principal says.
    #[must_use]
    pub fn access(&self, principal: &Principal) -> String {
        self.of_principal(principal, &AccessClaims::of(principal))
    }

    /// A session token that says what the principal says.
    #[must_use]
    pub fn session(&self, principal: &Principal) -> String {
        self.of_principal(principal, &SessionClaims(AccessClaims::of(principal)))
    }

    /// An access token for a role of this system, to act in a tenant for five minutes.
    #[must_use]
    pub fn service(&self, role: &str, tenant: TenantId, now: Timestamp) -> String {
        let at = now.unix_millis().to_be_bytes();
        let id = CommandId::derived(&[b"service", role.as_bytes(), &tenant.bytes(), &at]);
        self.access(&Principal {
            subject: format!("service:{role}"),
            kind: Kind::Service,
            organization: None,
            tenant,
            grants: vec![Grant { role: Role::Owner, scope: Scope::Tenant }],
            issued_at: now,
            expires_at: now.plus_millis(SERVICE_MILLIS),
            token_id: id.uuid(),
        })
    }

    /// A token of any kind, such as [`crate::SignInClaims`] or [`crate::UploadClaims`]. It is good
    /// from `issued_at` until `expires_at`, but no longer than its kind may be.
    ///
    /// # Panics
    /// When the claims do not serialise to a JSON object: a mistake in their type.
    #[must_use]
    pub fn issue<C: Claims>(
        &self,
        subject: &str,
        claims: &C,
        (issued_at, expires_at): (Timestamp, Timestamp),
        token_id: Uuid,
    ) -> String {
        #[derive(Serialize)]
        struct All<'c, C> {
            #[serde(flatten)]
            registered: Registered,
            #[serde(flatten)]
            claims: &'c C,
        }
        let latest = issued_at.plus_millis(C::LONGEST * 1000);
        let registered = Registered {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: subject.to_owned(),
            iat: Seconds(issued_at),
            nbf: Seconds(issued_at),
            exp: Seconds(expires_at.min(latest)),
            jti: token_id,
        };
        let header = Header {
            typ: Some(C::TYP.to_owned()),
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, &All { registered, claims }, &self.key)
            .expect("the key made its public key before, and claims are JSON objects")
    }

    fn of_principal<C: Claims>(&self, principal: &Principal, claims: &C) -> String {
        let times = (principal.issued_at, principal.expires_at);
        self.issue(&principal.subject, claims, times, principal.token_id)
    }
}
