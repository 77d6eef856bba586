//! What a process counts and measures, as Prometheus reads it at `/metrics` of the platform's
//! listener. Labels are names of ours (roles, methods, models, outcomes): never ids, addresses or
//! anything a caller can choose.
//!
//! To add a metric, describe it in [`install`] and record it through the macros of the `metrics`
//! crate; nothing is recorded, and nothing costs, until [`install`] was called.

mod calls;
pub(crate) mod certificates;
mod process;
mod stores;

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use eventstore::Flushes;
use kernel::Timestamp;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
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

/// Records how long the flushes of an embedded log take.
#[must_use]
pub fn flushes() -> Flushes {
    Flushes::new(|took| histogram!("laurel_flush_duration_seconds").record(took))
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
            let waits = float(progress.waits_millis(readiness.now())) / 1000.0;
            gauge!("laurel_projection_lag_seconds", "model" => model).set(waits);
            gauge!("laurel_projection_position", "model" => model).set(float(progress.applied.0));
            let standing = u32::try_from(progress.standing.len()).unwrap_or(u32::MAX);
            gauge!("laurel_projection_standing", "model" => model).set(f64::from(standing));
            let stuck = progress.failure.is_some() || standing > 0;
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
    for (policy, standing) in readiness.iter().flat_map(|it| it.stands()) {
        let number = u32::try_from(standing.len()).unwrap_or(u32::MAX);
        gauge!("laurel_projection_standing", "model" => policy).set(f64::from(number));
        let stuck = f64::from(u8::from(number > 0));
        gauge!("laurel_projection_failed", "model" => policy).set(stuck);
    }
    certificates::record();
    process::record();
    Some(handle.render())
}

/// The seconds from one moment to another; none when the other came first.
#[must_use]
pub fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    let millis = to.unix_millis().saturating_sub(from.unix_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default()).as_secs_f64()
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
        ("laurel_flush_duration_seconds", "flushes of the embedded log"),
        ("laurel_graphql_duration_seconds", "operations, by type and outcome"),
    ];
    for (name, what) in histograms {
        describe_histogram!(name, Unit::Seconds, what);
    }
    let counters = [
        ("laurel_append_facts_total", "facts appended to the log"),
        (
            "laurel_projection_disowned_total",
            "builds of a read model given up because the log does not have what they were made of",
        ),
        ("laurel_graphql_unreadable_total", "documents that no operation can be made of"),
        ("laurel_throttled_total", "requests that were refused for their number, by limit"),
        ("laurel_status_lists_total", "status lists that were asked for, by outcome"),
        ("laurel_trace_spans_total", "spans that ended, by what became of them"),
    ];
    for (name, what) in counters {
        describe_counter!(name, what);
    }
    let gauges = [
        ("laurel_ready", "whether the process can serve"),
        ("laurel_check_ok", "what readiness is made of"),
        ("laurel_projection_lag", "positions of the log that a read model has not applied"),
        ("laurel_projection_lag_seconds", "how long the oldest fact waits to be applied"),
        ("laurel_projection_position", "how far a read model has applied the log"),
        ("laurel_projection_failed", "whether a read model stands still because of a failure"),
        ("laurel_projection_standing", "tenants that stand still at a fact that cannot be read"),
        ("laurel_projection_building", "whether a read model is being built anew"),
        ("laurel_projection_leads", "whether this process applies the facts of a read model"),
        ("laurel_log_position", "the newest position of the log"),
        ("laurel_certificate_expiry_timestamp_seconds", "when a certificate ends"),
        ("laurel_signing_key_age_seconds", "age of the oldest key that signs, by kind"),
        ("laurel_status_list_age_seconds", "since the oldest status list in use was signed"),
        ("laurel_status_list_valid_seconds", "until the first status list in use ends"),
        ("laurel_outbox_waiting", "facts at hand that a policy has not dealt with"),
        ("laurel_outbox_oldest_timestamp_seconds", "when the oldest of them happened; 0 when none"),
        ("laurel_allowance_used_ratio", "how much of its allowance the busiest client has spent"),
        ("laurel_uptime_seconds", "since the process began to record"),
        ("process_resident_memory_bytes", "memory that the process holds"),
        ("process_cpu_seconds_total", "CPU time that the process has used"),
        ("process_open_fds", "file descriptors that the process has open"),
    ];
    for (name, what) in gauges {
        describe_gauge!(name, what);
    }
}
