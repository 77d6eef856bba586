//! What a process counts and measures, as Prometheus reads it at `/metrics` of the platform's
//! listener. Labels are names of ours (roles, methods, models, outcomes): never ids, addresses or
//! anything a caller can choose.
//!
//! To add a metric, describe it in [`install`] and record it through the macros of the `metrics`
//! crate; nothing is recorded, and nothing costs, until [`install`] was called.

mod calls;
mod process;
mod stores;

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub use calls::MeasuredCalls;
pub(crate) use calls::code;
pub(crate) use stores::{MeasuredEvents, MeasuredMailer};

use crate::{Readiness, Tasks};

/// Seconds, from a call in memory to a call that times out.
const SECONDS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// How often what was recorded is put in order.
const UPKEEP: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
static INSTALLING: Mutex<()> = Mutex::new(());

/// Begins to record; doing it twice changes nothing.
///
/// # Errors
/// When somebody else records already.
pub fn install(tasks: &Tasks) -> Result<(), BuildError> {
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if HANDLE.get().is_none() {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &SECONDS)?;
        // It was not set: nobody else may while the lock is held.
        let _ = HANDLE.set(builder.install_recorder()?);
        describe();
    }
    let ended = tasks.cancelled();
    tasks.spawn("metrics", async move {
        while !ended.is_cancelled() {
            if let Some(handle) = HANDLE.get() {
                handle.run_upkeep();
            }
            tokio::select! {
                () = ended.cancelled() => {}
                () = tokio::time::sleep(UPKEEP) => {}
            }
        }
    });
    Ok(())
}

/// Whether anything is recorded.
#[must_use]
pub fn is_on() -> bool {
    HANDLE.get().is_some()
}

/// Everything that was recorded, and how the process is now, in Prometheus's text format; none
/// before [`install`].
pub async fn render(readiness: Option<&Readiness>) -> Option<String> {
    let handle = HANDLE.get()?;
    if let Some(readiness) = readiness {
        let report = readiness.report().await;
        gauge!("laurel_ready").set(f64::from(u8::from(report.ready)));
        for check in &report.checks {
            gauge!("laurel_check_ok", "check" => check.name).set(f64::from(u8::from(check.ok)));
        }
        for progress in readiness.progress() {
            let model = progress.model.name;
            gauge!("laurel_projection_lag", "model" => model).set(float(progress.lag()));
            gauge!("laurel_projection_position", "model" => model).set(float(progress.applied.0));
            let stuck = progress.failure.is_some();
            gauge!("laurel_projection_failed", "model" => model).set(f64::from(u8::from(stuck)));
            counter!("laurel_projection_disowned_total", "model" => model)
                .absolute(progress.disowned);
            let leads = f64::from(u8::from(progress.leads));
            gauge!("laurel_projection_leads", "model" => model).set(leads);
            let building = progress.building.is_some();
            let building = f64::from(u8::from(building));
            gauge!("laurel_projection_building", "model" => model).set(building);
            gauge!("laurel_log_position").set(float(progress.head.0));
        }
    }
    process::record();
    Some(handle.render())
}

/// A count as Prometheus has them; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "positions and counts stay far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

fn describe() {
    let histograms = [
        ("laurel_grpc_server_duration_seconds", "calls of a role, by service, method and code"),
        ("laurel_http_duration_seconds", "requests of the public, by route, method and status"),
        ("laurel_append_duration_seconds", "writes to the log until they are durable, by outcome"),
        ("laurel_mail_duration_seconds", "letters until they are handed over, by outcome"),
    ];
    for (name, what) in histograms {
        describe_histogram!(name, Unit::Seconds, what);
    }
    describe_counter!("laurel_append_facts_total", "facts appended to the log");
    describe_counter!(
        "laurel_projection_disowned_total",
        "builds of a read model given up because the log does not have what they were made of"
    );
    let gauges = [
        ("laurel_ready", "whether the process can serve"),
        ("laurel_check_ok", "what readiness is made of"),
        ("laurel_projection_lag", "positions of the log that a read model has not applied"),
        ("laurel_projection_position", "how far a read model has applied the log"),
        ("laurel_projection_failed", "whether a read model stands still because of a failure"),
        ("laurel_projection_building", "whether a read model is being built anew"),
        ("laurel_projection_leads", "whether this process applies the facts of a read model"),
        ("laurel_log_position", "the newest position of the log"),
        ("laurel_uptime_seconds", "since the process began to record"),
        ("process_resident_memory_bytes", "memory that the process holds"),
        ("process_cpu_seconds_total", "CPU time that the process has used"),
        ("process_open_fds", "file descriptors that the process has open"),
    ];
    for (name, what) in gauges {
        describe_gauge!(name, what);
    }
}
