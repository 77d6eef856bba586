//! Sends spans to a collector, in batches, beside everything else: what it cannot take is dropped
//! and counted.

use std::time::Duration;

use bytes::Bytes;
use metrics::counter;
use prost::Message;
use reqwest::{Client, StatusCode, header, redirect::Policy};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{TraceError, Value, otlp};
use crate::config::Telemetry;

/// Spans that wait at most.
pub(super) const QUEUE: usize = 8192;
/// Spans of one call at most.
const BATCH: usize = 512;
/// How long a span waits for others.
const GATHER: Duration = Duration::from_secs(2);
/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a call is tried, and the first pause; it doubles.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// How long the last spans may take when the process ends.
const LAST: Duration = Duration::from_secs(2);

pub(super) struct Exporter {
    http: Client,
    url: String,
    resource: otlp::Resource,
    spans: mpsc::Receiver<otlp::Span>,
    /// What is to be sent next.
    batch: Vec<otlp::Span>,
    /// Whether it was said that nothing can be exported.
    told: bool,
}

/// Why a batch was not taken.
enum Refusal {
    /// Another try may heal it.
    ForNow(String),
    ForGood(String),
}

impl Exporter {
    pub(super) fn new(
        config: &Telemetry,
        service: &str,
        spans: mpsc::Receiver<otlp::Span>,
    ) -> Result<Self, TraceError> {
        let http = Client::builder()
            .timeout(PATIENCE)
            .redirect(Policy::none())
            .default_headers(config.headers.clone())
            .build()?;
        let instance = Uuid::from_u128(rand::random()).to_string();
        let attributes: [(&str, Value); 4] = [
            ("service.name", service.to_owned().into()),
            ("service.namespace", "laurel".into()),
            ("service.version", env!("CARGO_PKG_VERSION").into()),
            ("service.instance.id", instance.into()),
        ];
        Ok(Self {
            http,
            url: format!("{}/v1/traces", config.endpoint.trim_end_matches('/')),
            resource: otlp::Resource {
                attributes: attributes.into_iter().map(otlp::attribute).collect(),
            },
            spans,
            batch: Vec::new(),
            told: false,
        })
    }

    /// Exports until told to end, then what is left.
    pub(super) async fn run(mut self, ended: CancellationToken) {
        while ended.run_until_cancelled(self.gather()).await.is_some() {
            self.export(&ended).await;
        }
        self.spans.close();
        let leaving = async {
            while !self.batch.is_empty() || self.spans.recv_many(&mut self.batch, BATCH).await > 0 {
                self.export(&ended).await;
            }
        };
        if timeout(LAST, leaving).await.is_err() {
            count("dropped", self.batch.len() + self.spans.len());
        }
    }

    /// Waits for a span, and a little for those that come after it.
    async fn gather(&mut self) {
        self.spans.recv_many(&mut self.batch, BATCH).await;
        let until = Instant::now() + GATHER;
        while self.batch.len() < BATCH {
            let room = BATCH - self.batch.len();
            match timeout_at(until, self.spans.recv_many(&mut self.batch, room)).await {
                Ok(more) if more > 0 => {}
                _ => return,
            }
        }
    }

    /// Sends what was gathered, or gives it up. Once the process ends, one try is enough.
    async fn export(&mut self, ended: &CancellationToken) {
        let spans = std::mem::take(&mut self.batch);
        let number = spans.len();
        let (name, version) = ("laurel".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let scope = Some(otlp::Scope { name, version });
        let scope_spans = vec![otlp::ScopeSpans { scope, spans }];
        let resource = Some(self.resource.clone());
        let resource_spans = vec![otlp::ResourceSpans { resource, scope_spans }];
        let body = Bytes::from(otlp::Export { resource_spans }.encode_to_vec());
        let (mut tries, mut pause) = (1..TRIES, PAUSE);
        let why = loop {
            match self.send(body.clone()).await {
                Ok(()) => {
                    self.told = false;
                    return count("exported", number);
                }
                Err(Refusal::ForNow(why)) if ended.is_cancelled() || tries.next().is_none() => {
                    break why;
                }
                Err(Refusal::ForNow(_)) => {
                    ended.run_until_cancelled(sleep(pause)).await;
                    pause *= 2;
                }
                Err(Refusal::ForGood(why)) => break why,
            }
        };
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(error = why, "spans cannot be exported: they are dropped");
        }
        count("failed", number);
    }

    async fn send(&self, body: Bytes) -> Result<(), Refusal> {
        let request = self.http.post(&self.url);
        let request = request.header(header::CONTENT_TYPE, "application/x-protobuf").body(body);
        let answer = request.send().await;
        let status = match answer {
            Ok(answer) => answer.status(),
            Err(error) => return Err(Refusal::ForNow(error.without_url().to_string())),
        };
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(Refusal::ForNow(status.to_string())),
            status => Err(Refusal::ForGood(status.to_string())),
        }
    }
}

fn count(outcome: &'static str, spans: usize) {
    counter!("laurel_trace_spans_total", "outcome" => outcome).increment(spans as u64);
}
