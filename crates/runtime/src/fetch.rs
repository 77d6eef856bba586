use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use auth::{ExternalIssuer, JwksSource, JwksUnavailable};
use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Response, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, LOCATION},
    redirect,
};

use crate::{config::Egress, is_public};

/// The egress door: the one way out for every URL that a stranger can influence. Addresses that are
/// not public are refused where the connection is made, so that the address that was checked is the
/// address that is dialled; size, time and redirects are bounded; TLS is a must.
#[derive(Clone)]
pub struct Fetch {
    clients: Arc<OnceLock<Clients>>,
    allow: Arc<[String]>,
}

struct Clients {
    public: Client,
    open: Client,
}

/// Documents rather than pages; pictures may carry badges.
const ACCEPT: &str = "application/json, application/vc;q=0.9, application/ld+json;q=0.9, \
                      image/png;q=0.6, image/svg+xml;q=0.6, */*;q=0.5";

/// How much one fetch may take.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// Bytes of the body.
    pub bytes: usize,
    /// From the first look-up to the last byte.
    pub time: Duration,
    /// Redirects followed, each checked like the first URL.
    pub redirects: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { bytes: 1 << 20, time: Duration::from_secs(10), redirects: 2 }
    }
}

/// What was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Where it was in the end.
    pub url: String,
    /// Its media type without parameters, in lower case; empty when the server did not say.
    pub media_type: String,
    /// The bytes.
    pub body: Bytes,
}

/// Why nothing was fetched. Says nothing that a stranger could use to look around in a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL is none, or not one that may be fetched.
    #[error("this address may not be fetched: use a public https:// URL without user or password")]
    Refused,
    /// It did not answer, or not with success.
    #[error("the address did not answer with a document: check it, or try again later")]
    Failed,
    /// It was there and is gone for good (HTTP 410), with what the answer says of it: nothing when
    /// that is too large.
    #[error("the document is gone for good")]
    Gone(Bytes),
    /// It answered with too much.
    #[error("the document is too large")]
    TooLarge,
    /// It took too long.
    #[error("the address took too long to answer: try again later")]
    TooSlow,
    /// It sent on too often.
    #[error("the address redirects too often")]
    Redirects,
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up for fetches: install the CA certificates of this machine")]
pub struct FetchSetup(#[from] reqwest::Error);

impl Fetch {
    /// The door by these settings. TLS is set up when it is first used.
    #[must_use]
    pub fn new(egress: &Egress) -> Self {
        let allow = egress.allow.iter().map(|entry| entry.to_lowercase()).collect();
        Self { clients: Arc::default(), allow }
    }

    /// Sets TLS up now, for processes that cannot do without it.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn set_up(&self) -> Result<(), FetchSetup> {
        self.clients().map(drop)
    }

    fn clients(&self) -> Result<&Clients, FetchSetup> {
        if let Some(clients) = self.clients.get() {
            return Ok(clients);
        }
        let base = || {
            Client::builder()
                .redirect(redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .connect_timeout(Duration::from_secs(5))
                .pool_max_idle_per_host(2)
                .user_agent("Laurel")
        };
        let public = base().https_only(true).dns_resolver(PublicOnly).build()?;
        let clients = Clients { public, open: base().build()? };
        Ok(self.clients.get_or_init(|| clients))
    }

    /// What is at that URL.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn get(&self, url: &str, limits: FetchLimits) -> Result<Fetched, FetchError> {
        let work = self.follow(url, limits);
        tokio::time::timeout(limits.time, work).await.map_err(|_| FetchError::TooSlow)?
    }

    async fn follow(&self, url: &str, limits: FetchLimits) -> Result<Fetched, FetchError> {
        let mut url = Url::parse(url).map_err(|_| FetchError::Refused)?;
        for _ in 0..=limits.redirects {
            let response = self.send(&url).await?;
            if response.status().is_success() {
                return read(url, response, limits.bytes).await;
            }
            if response.status() == StatusCode::GONE {
                let said = read(url, response, limits.bytes).await;
                return Err(FetchError::Gone(said.map(|said| said.body).unwrap_or_default()));
            }
            if !response.status().is_redirection() {
                return Err(FetchError::Failed);
            }
            let next = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            url = next.and_then(|to| url.join(to).ok()).ok_or(FetchError::Failed)?;
        }
        Err(FetchError::Redirects)
    }

    async fn send(&self, url: &Url) -> Result<Response, FetchError> {
        let request = self.client(url)?.get(url.clone());
        request.header("accept", ACCEPT).send().await.map_err(|error| {
            tracing::debug!(%error, "a fetch failed");
            if is_refusal(&error) { FetchError::Refused } else { FetchError::Failed }
        })
    }

    /// The client that may dial this URL.
    fn client(&self, url: &Url) -> Result<&Client, FetchError> {
        let host = url.host_str().ok_or(FetchError::Refused)?;
        let port = url.port_or_known_default().ok_or(FetchError::Refused)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Refused);
        }
        let http = matches!(url.scheme(), "http" | "https");
        let clients = || {
            self.clients().map_err(|error| {
                tracing::error!(%error, "nothing can be fetched");
                FetchError::Failed
            })
        };
        if http && self.allow.contains(&format!("{host}:{port}")) {
            return clients().map(|clients| &clients.open);
        }
        // A host that is an address is dialled without a look-up.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if url.scheme() != "https" || literal.is_ok_and(|address| !is_public(address)) {
            return Err(FetchError::Refused);
        }
        clients().map(|clients| &clients.public)
    }
}

async fn read(url: Url, mut response: Response, most: usize) -> Result<Fetched, FetchError> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(FetchError::TooLarge);
    }
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| FetchError::Failed)? {
        if body.len() + chunk.len() > most {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { url: url.into(), media_type, body: body.freeze() })
}

/// Looks names up and forgets every address that is not public.
struct PublicOnly;

/// No address of the name is public.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

fn is_refusal(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The key sets of sign-in providers, by `OpenID` discovery where the configuration names no URL.
#[async_trait::async_trait]
impl JwksSource for Fetch {
    async fn jwks(&self, issuer: &ExternalIssuer) -> Result<Vec<u8>, JwksUnavailable> {
        #[derive(serde::Deserialize)]
        struct Discovery {
            issuer: String,
            jwks_uri: String,
        }
        let limits = FetchLimits { bytes: 256 << 10, ..FetchLimits::default() };
        let failed = |error| JwksUnavailable(Box::new(error));
        let url = if let Some(url) = &issuer.jwks_url {
            url.clone()
        } else {
            let base = issuer.issuer.trim_end_matches('/');
            let at = format!("{base}/.well-known/openid-configuration");
            let found = self.get(&at, limits).await.map_err(failed)?;
            let found: Discovery = serde_json::from_slice(&found.body)
                .map_err(|error| JwksUnavailable(Box::new(error)))?;
            if found.issuer != issuer.issuer {
                return Err(JwksUnavailable("discovery names another issuer".into()));
            }
            found.jwks_uri
        };
        Ok(self.get(&url, limits).await.map_err(failed)?.body.to_vec())
    }
}
