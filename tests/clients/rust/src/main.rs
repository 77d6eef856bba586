//! Runs the suites that the official Rust client was published with, unmodified, against a server.
//!
//! `official-suites CONNECTION SUITE...` with the suites `streams`, `persistent_subscriptions` and
//! `operations`. Says what it runs, and how many tests of each suite came to their end. `measure`
//! is none of theirs: it says what the server costs.

mod measure;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use kurrentdb::Client;
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{EnvFilter, Layer, layer::Context, prelude::*};

include!(concat!(env!("OUT_DIR"), "/suites.rs"));

/// Counts what the suites say of themselves: "Before test_…" and "Complete".
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Count {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("official_suites") {
            event.record(&mut Words(self));
        }
    }
}

struct Words<'a>(&'a Count);

impl Visit for Words<'_> {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let said = format!("{value:?}");
        if said == "Complete" {
            self.0.0.fetch_add(1, Ordering::Relaxed);
        } else if said.starts_with("Before test_") {
            println!("{said}");
        }
    }
}

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let connection = arguments.next().ok_or_else(|| eyre::eyre!("which server?"))?;
    let count = Count::default();
    let told = tracing_subscriber::fmt::layer().with_filter(EnvFilter::from_default_env());
    tracing_subscriber::registry().with(count.clone()).with(told).init();
    for suite in arguments {
        let client = Client::new(connection.parse()?)?;
        count.0.store(0, Ordering::Relaxed);
        println!("== {suite}");
        match suite.as_str() {
            "streams" => streams::tests(client).await?,
            "persistent_subscriptions" => persistent_subscriptions::tests(client).await?,
            "operations" => operations::tests(client).await?,
            "measure" => measure::measure(client).await?,
            other => eyre::bail!("there is no suite {other}"),
        }
        println!("{suite}: {} tests passed", count.0.load(Ordering::Relaxed));
    }
    Ok(())
}
