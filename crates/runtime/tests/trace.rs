//! Spans are in the way of nobody: not when the collector hangs, and not when the process ends.

use std::time::{Duration, Instant};

use runtime::{
    Tasks,
    config::Telemetry,
    metrics,
    trace::{self, Span, SpanKind, TraceContext, current, within},
};
use tokio::net::TcpListener;

/// More than the queue holds.
const MANY: usize = 20_000;

fn begin(parent: Option<TraceContext>) -> Option<Span> {
    Span::begin(SpanKind::Internal, parent, || "work".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_holds_up_nobody_and_what_is_lost_is_counted() {
    runtime::install_cryptography();
    assert!(begin(None).is_none() && current().is_none(), "nothing is made before it is asked for");
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", deaf.local_addr().unwrap());
    let telemetry = Telemetry {
        endpoint,
        sampled: 0.0.try_into().unwrap(),
        headers_file: None,
        headers: http::HeaderMap::new(),
    };
    let tasks = Tasks::new();
    metrics::install(&tasks).unwrap();
    trace::install(&telemetry, "test", &tasks).unwrap();

    let unsampled = begin(None).unwrap();
    assert!(!unsampled.context().sampled, "whoever begins a trace decides");
    let child = begin(Some(unsampled.context())).unwrap();
    assert_eq!(
        (child.context().trace, child.context().sampled),
        (unsampled.context().trace, false)
    );
    within(Some(&child), async { assert_eq!(current(), Some(child.context())) }).await;
    let none = Span::because_of(SpanKind::Consumer, [child.context()], || "no".to_owned());
    assert!(none.is_none(), "what is not exported is linked to by nobody");

    let wanted = TraceContext { trace: 1, span: 1, sampled: true };
    let began = Instant::now();
    for _ in 0..MANY {
        drop(begin(Some(wanted)));
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let text = metrics::render(None).await.unwrap();
    let dropped = text
        .lines()
        .find_map(|line| line.strip_prefix("laurel_trace_spans_total{outcome=\"dropped\"} "));
    let dropped: usize = dropped.expect("drops are counted").parse().unwrap();
    assert!(dropped > MANY / 4 && dropped < MANY, "{dropped}");

    let began = Instant::now();
    tasks.shutdown(Duration::from_secs(20)).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
