//! How the public's listeners close without a request being lost. A client that keeps its
//! connection would send the next request into a connection that is ending; so it is told with its
//! next answer that the connection ends there, and the listeners stay until nobody asks any more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    response::Response,
};
use runtime::Tasks;
use tokio_util::sync::CancellationToken;
use tower::util::{MapRequestLayer, MapResponseLayer};

/// Nobody asks any more when nobody has for so long.
const QUIET: Duration = Duration::from_millis(300);
/// How long the listeners stay for those who do not stop asking.
const AT_MOST: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(10);

struct Notice {
    given: AtomicBool,
    began: Instant,
    /// When the last request came, in milliseconds since it began.
    last: AtomicU64,
}

impl Notice {
    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn quiet(&self) {
        let until = Instant::now() + AT_MOST;
        let quiet = u64::try_from(QUIET.as_millis()).unwrap_or(u64::MAX);
        while Instant::now() < until
            && self.millis().saturating_sub(self.last.load(Relaxed)) < quiet
        {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Routes that tell clients when the process closes, and what fires when the listeners may.
pub(super) fn announced(routes: Router, tasks: &Tasks) -> (Router, CancellationToken) {
    let (given, last) = (AtomicBool::new(false), AtomicU64::new(0));
    let notice = Arc::new(Notice { given, began: Instant::now(), last });
    let may_end = CancellationToken::new();
    let (closing, fires, asked) = (tasks.closing(), may_end.clone(), Arc::clone(&notice));
    tasks.spawn_door("notice", async move {
        closing.cancelled().await;
        asked.given.store(true, Relaxed);
        asked.quiet().await;
        fires.cancel();
    });
    let noted = Arc::clone(&notice);
    let arrives = MapRequestLayer::new(move |request: Request| {
        noted.last.store(noted.millis(), Relaxed);
        request
    });
    let leaves = MapResponseLayer::new(move |mut response: Response| {
        if notice.given.load(Relaxed) {
            // HTTP/2 has its own way to say so, and hyper leaves this out there.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    });
    (routes.layer(arrives).layer(leaves), may_end)
}
