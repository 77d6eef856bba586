use std::sync::Arc;

use jsonwebtoken::Algorithm;
use kernel::{EmailAddress, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{
    AuthError,
    claims::Seconds,
    jwks::{self, PublicKey},
    parts::Parts,
};

/// An `OpenID` provider whose sign-ins are believed, by configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalIssuer {
    /// Its issuer identifier, exactly as in its tokens.
    pub issuer: String,
    /// The client id that it knows us by.
    pub audience: String,
    /// Where its keys are; found by discovery when absent.
    #[serde(default)]
    pub jwks_url: Option<String>,
}

/// Gets the key sets of providers. The one who implements it guards the network.
#[async_trait::async_trait]
pub trait JwksSource: Send + Sync + 'static {
    /// The provider's JWK set as it is now, in JSON.
    async fn jwks(&self, issuer: &ExternalIssuer) -> Result<Vec<u8>, JwksUnavailable>;
}

/// The key set could not be had.
#[derive(Debug, thiserror::Error)]
#[error("the sign-in provider's keys cannot be fetched: try again later")]
pub struct JwksUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why an external sign-in was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// The provider is not configured.
    #[error("this sign-in provider is not known here: use another")]
    UnknownIssuer,
    /// The token is not accepted.
    #[error(transparent)]
    Token(#[from] AuthError),
    /// The provider's keys cannot be had.
    #[error(transparent)]
    Keys(#[from] JwksUnavailable),
}

/// Whom a provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which provider.
    pub issuer: String,
    /// Its name for the person.
    pub subject: String,
    /// Their address, if the provider has verified it.
    pub verified_email: Option<EmailAddress>,
    /// What they are called, if the provider says it.
    pub name: Option<String>,
}

/// The configured providers and their keys.
pub struct ExternalIssuers {
    source: Arc<dyn JwksSource>,
    known: Vec<Known>,
}

struct Known {
    issuer: ExternalIssuer,
    keys: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    keys: Vec<PublicKey>,
    fetched_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

const SKEW: i64 = 60_000;
/// Keys are fetched anew after this time, in milliseconds, …
const FRESH: i64 = 10 * 60_000;
/// … used at most this long when they cannot be, …
const STALE: i64 = 60 * 60_000;
/// … and never asked for more often than this.
const PAUSE: i64 = 30_000;

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct IdToken {
    iss: String,
    aud: Audience,
    sub: String,
    exp: Seconds,
    iat: Seconds,
    #[serde(default)]
    nbf: Option<Seconds>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<bool>,
    #[serde(default)]
    name: Option<String>,
}

/// The keys of no provider.
struct Nobody;

#[async_trait::async_trait]
impl JwksSource for Nobody {
    async fn jwks(&self, _: &ExternalIssuer) -> Result<Vec<u8>, JwksUnavailable> {
        Err(JwksUnavailable("no provider is configured".into()))
    }
}

impl ExternalIssuers {
    /// Believes nobody, and needs no network to say so.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Vec::new(), Arc::new(Nobody))
    }

    /// Believes these providers, whose keys come from the source.
    #[must_use]
    pub fn new(issuers: Vec<ExternalIssuer>, source: Arc<dyn JwksSource>) -> Self {
        let known =
            issuers.into_iter().map(|issuer| Known { issuer, keys: Mutex::default() }).collect();
        Self { source, known }
    }

    /// Whom an ID token of that provider vouches for (`OpenID` Connect Core 3.1.3.7). The nonce is
    /// checked when the sign-in began with one.
    ///
    /// # Errors
    /// When the provider is unknown, its keys cannot be had, or the token is not accepted.
    pub async fn verify(
        &self,
        issuer: &str,
        id_token: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Identity, ExternalError> {
        let known = self.known.iter().find(|known| known.issuer.issuer == issuer);
        let known = known.ok_or(ExternalError::UnknownIssuer)?;
        let parts = Parts::split(id_token)?;
        let header: Header = parts.header()?;
        let typed = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        if header.crit.is_some() || !typed {
            return Err(AuthError::MalformedToken.into());
        }
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            _ => return Err(AuthError::MalformedToken.into()),
        };
        let key = self.key(known, header.kid.as_deref(), algorithm, now).await?;
        let good = jsonwebtoken::crypto::verify(parts.signature, parts.signed, &key.key, algorithm);
        if !good.unwrap_or(false) {
            return Err(AuthError::BadSignature.into());
        }
        let token: IdToken =
            serde_json::from_slice(&parts.payload()?).map_err(|_| AuthError::MalformedToken)?;
        believe(&known.issuer, &token, nonce, now)?;
        let verified = token.email.filter(|_| token.email_verified == Some(true));
        Ok(Identity {
            issuer: token.iss,
            subject: token.sub,
            verified_email: verified.and_then(|email| email.parse().ok()),
            name: token.name.filter(|name| !name.is_empty() && name.len() <= 200),
        })
    }

    /// The provider's key of that id. An id never seen fetches the set anew, but not more often
    /// than every half minute, whatever is sent.
    async fn key(
        &self,
        known: &Known,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<PublicKey, ExternalError> {
        let mut held = known.keys.lock().await;
        let age = |at: Option<Timestamp>| {
            at.map_or(i64::MAX, |at| now.unix_millis().saturating_sub(at.unix_millis()))
        };
        let found = find(&held.keys, kid, algorithm);
        let wanted = found.is_none() || age(held.fetched_at) > FRESH;
        if wanted && age(held.tried_at) > PAUSE {
            held.tried_at = Some(now);
            match self.source.jwks(&known.issuer).await.map(|json| jwks::read(&json)) {
                Ok(Some(keys)) => {
                    held.keys = keys;
                    held.fetched_at = Some(now);
                }
                Ok(None) => {
                    let issuer = &known.issuer.issuer;
                    tracing::warn!(%issuer, "the sign-in provider's key set is no JWK set");
                }
                Err(error) if age(held.fetched_at) > STALE => return Err(error.into()),
                Err(error) => {
                    let issuer = &known.issuer.issuer;
                    tracing::warn!(%issuer, %error, "older keys of the sign-in provider are used");
                }
            }
        }
        if age(held.fetched_at) > STALE {
            return Err(JwksUnavailable("the last keys are too old".into()).into());
        }
        Ok(find(&held.keys, kid, algorithm).ok_or(AuthError::BadSignature)?)
    }
}

/// The key of that id and algorithm; without an id, the only one of that algorithm.
fn find(keys: &[PublicKey], kid: Option<&str>, algorithm: Algorithm) -> Option<PublicKey> {
    let mut fitting = keys
        .iter()
        .filter(|key| key.algorithm == algorithm)
        .filter(|key| kid.is_none() || key.kid.as_deref() == kid);
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.clone())
}

fn believe(
    issuer: &ExternalIssuer,
    token: &IdToken,
    nonce: Option<&str>,
    now: Timestamp,
) -> Result<(), AuthError> {
    let ours = match &token.aud {
        Audience::One(audience) => *audience == issuer.audience,
        Audience::Many(audiences) => {
            audiences.contains(&issuer.audience)
                && (audiences.len() == 1 || token.azp.as_ref() == Some(&issuer.audience))
        }
    };
    let authorized = token.azp.as_ref().is_none_or(|party| *party == issuer.audience);
    if token.iss != issuer.issuer || !ours || !authorized {
        return Err(AuthError::WrongParty);
    }
    if token.sub.is_empty() || token.sub.len() > 255 {
        return Err(AuthError::MalformedToken);
    }
    if token.exp.0.plus_millis(SKEW) <= now {
        return Err(AuthError::ExpiredToken);
    }
    let from = token.nbf.map_or(token.iat.0, |nbf| nbf.0.max(token.iat.0));
    if from > now.plus_millis(SKEW) || token.exp <= token.iat {
        return Err(AuthError::WrongTime);
    }
    if nonce.is_some() && token.nonce.as_deref() != nonce {
        return Err(AuthError::WrongParty);
    }
    Ok(())
}
