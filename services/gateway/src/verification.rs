//! Verdicts on badges, whoever issued them: one verifier, and the door through which it fetches.

use std::{
    sync::{Arc, LazyLock, OnceLock},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use moka::sync::Cache;
use openbadges::{
    jsonld::{Contexts, Processor},
    verify::{Document, Fetch, Options, Report, TrustedIssuer, Unreachable, Verifier},
};
use runtime::{Clock, Context, FetchError, FetchLimits};
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// How many verdicts are under way at once; whoever comes then is told to come again.
const AT_ONCE: usize = 64;
/// How long all fetches of one verdict may take together.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where this deployment's own documents are. The page of verdicts is not among them, or a verdict
/// could ask for a verdict.
const OWN: [&str; 5] = ["/c/", "/b/", "/i/", "/status/", "/.well-known/"];
/// How long a document is good for other verdicts.
const KEPT: Duration = Duration::from_mins(1);
/// Bytes of documents kept.
const KEPT_BYTES: u64 = 64 << 20;

/// Judges badges.
pub(crate) struct Verification {
    /// Reads its contexts when the first verdict is wanted, not when the process starts.
    verifier: LazyLock<Verifier>,
    door: Door,
    trusted: Vec<TrustedIssuer>,
    under_way: Semaphore,
    clock: Arc<dyn Clock>,
}

/// Gives the routes of this deployment, as long as it serves.
type Here = Box<dyn Fn() -> Option<Router> + Send + Sync>;

/// Too many verdicts are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl Verification {
    /// The verifier of this deployment.
    pub(crate) fn new(context: &Context) -> Self {
        let known = |known: &runtime::config::KnownIssuer| TrustedIssuer {
            issuer: known.issuer.clone(),
            name: known.name.clone(),
        };
        let kept = Cache::builder()
            .max_capacity(KEPT_BYTES)
            .weigher(|url: &String, kept: &Arc<Document>| {
                u32::try_from(url.len() + kept.body.len()).unwrap_or(u32::MAX)
            })
            .time_to_live(KEPT)
            .build();
        Self {
            verifier: LazyLock::new(|| {
                Verifier::new(Arc::new(Processor::new(Contexts::bundled())))
            }),
            door: Door {
                fetch: context.fetch.clone(),
                own: authority(&context.public_url).to_owned(),
                here: OnceLock::new(),
                kept,
                clock: Arc::clone(&context.stores.clock),
            },
            trusted: context.trusted_issuers.iter().map(known).collect(),
            under_way: Semaphore::new(AT_ONCE),
            clock: Arc::clone(&context.stores.clock),
        }
    }

    /// Answers for this deployment's own addresses from these routes, so that its own badges are
    /// judged like everybody else's, wherever it is reachable from.
    pub(crate) fn serve_own(&self, here: impl Fn() -> Option<Router> + Send + Sync + 'static) {
        // Set once, where the routes are put together.
        let _ = self.door.here.set(Box::new(here));
    }

    /// Judges what somebody handed over.
    pub(crate) async fn judge(&self, handed: &[u8], asked: Options) -> Result<Report, Busy> {
        let _turn = self.under_way.try_acquire().map_err(|_| Busy)?;
        let options = Options { trusted: self.trusted.clone(), ..asked };
        let visit = Visit { door: &self.door, until: Instant::now() + PATIENCE };
        let now = self.clock.now().date_time();
        Ok(self.verifier.verify(handed, &visit, &options, now).await)
    }
}

/// The egress door, with a memory for documents that many verdicts need.
struct Door {
    fetch: runtime::Fetch,
    /// Host and port of this deployment.
    own: String,
    here: OnceLock<Here>,
    kept: Cache<String, Arc<Document>>,
    clock: Arc<dyn Clock>,
}

/// The door during one verdict.
struct Visit<'a> {
    door: &'a Door,
    until: Instant,
}

impl Fetch for Visit<'_> {
    async fn get(&self, url: &str, most: usize) -> Result<Document, Unreachable> {
        let door = self.door;
        if let Some(path) = door.own_path(url) {
            return door.own(path, most).await;
        }
        if let Some(kept) = door.kept.get(url) {
            return if kept.body.len() <= most {
                Ok(Document::clone(&kept))
            } else {
                Err(failed(FetchError::TooLarge))
            };
        }
        let left = self.until.saturating_duration_since(Instant::now());
        let limits = FetchLimits { bytes: most, time: left, ..FetchLimits::default() };
        let fetched = door.fetch.get(url, limits).await.map_err(failed)?;
        let document = Document {
            body: fetched.body.into(),
            media_type: fetched.media_type,
            fetched_at: Some(door.clock.now().whole_second().to_string()),
        };
        door.kept.insert(url.to_owned(), Arc::new(document.clone()));
        Ok(document)
    }
}

fn failed(error: FetchError) -> Unreachable {
    match error {
        FetchError::Gone(said) => Unreachable::Gone(said.into()),
        other => Unreachable::Failed(other.to_string()),
    }
}

impl Door {
    /// The path, where the address is one of this deployment, with or without TLS before it.
    fn own_path<'u>(&self, url: &'u str) -> Option<&'u str> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        let path = rest.strip_prefix(self.own.as_str())?;
        OWN.iter().any(|start| path.starts_with(start)).then_some(path)
    }

    async fn own(&self, path: &str, most: usize) -> Result<Document, Unreachable> {
        let nothing = || Unreachable::Failed("there is no such document".to_owned());
        let routes = self.here.get().and_then(|here| here()).ok_or_else(nothing)?;
        let path = path.split('#').next().unwrap_or_default();
        let request = Request::get(path).header(header::ACCEPT, "application/json, */*;q=0.5");
        let request = request.body(Body::empty()).map_err(|_| nothing())?;
        let response = routes.oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status();
        if !matches!(status, StatusCode::OK | StatusCode::GONE) {
            return Err(nothing());
        }
        let media_type = response.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let body = to_bytes(response.into_body(), most).await;
        if status == StatusCode::GONE {
            return Err(Unreachable::Gone(body.unwrap_or_default().into()));
        }
        let body = body.map_err(|_| failed(FetchError::TooLarge))?;
        let fetched_at = Some(self.clock.now().whole_second().to_string());
        Ok(Document { body: body.into(), media_type, fetched_at })
    }
}

/// Host and port of a URL without path.
fn authority(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}
