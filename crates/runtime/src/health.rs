//! Whether the process can serve: for `/-/ready` and for gRPC's health protocol.

use std::{sync::Arc, time::Duration};

use kernel::{TenantId, Timestamp};
use readmodel::Runner;
use tonic::{Code, Request, Status};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient, health_server::HealthServer},
    server::HealthService,
};

use crate::{Stores, Tasks, Wire};

/// Looks whether the stores answer, the read models are whole, and every task lives.
#[derive(Clone)]
pub struct Readiness {
    stores: Stores,
    views: Arc<Runner>,
    tasks: Tasks,
}

/// What was found. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Whether the process can serve.
    pub ready: bool,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What: `events`, `keys`, `tasks`, or a read model.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// How far a read model lags behind the log, in facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
    /// Which facts of a read model cannot be read: of each, the tenant stands still in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<String>,
}

impl Check {
    fn new(name: &'static str, ok: bool) -> Self {
        Self { name, ok, lag: None, standing: Vec::new() }
    }
}

impl Report {
    /// How a process is that keeps one store and nothing else, by whether the store answers.
    #[must_use]
    pub fn of_store(name: &'static str, answers: bool, tasks: &Tasks) -> Self {
        let well = are_well(tasks);
        let checks = vec![Check::new(name, answers), Check::new("tasks", well)];
        Self { ready: answers && well, checks }
    }
}

/// Whether no task panicked and none is to end.
fn are_well(tasks: &Tasks) -> bool {
    tasks.panicked().is_empty() && !tasks.closing().is_cancelled()
}

impl Readiness {
    /// Looks at these.
    #[must_use]
    pub fn new(stores: Stores, views: Arc<Runner>, tasks: Tasks) -> Self {
        Self { stores, views, tasks }
    }

    /// How far each read model is.
    #[must_use]
    pub fn progress(&self) -> Vec<readmodel::Progress> {
        self.views.progress()
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.stores.clock.now()
    }

    /// How things are now. Takes at most two seconds.
    pub async fn report(&self) -> Report {
        let events = in_time(self.stores.events.head()).await;
        let keys = in_time(self.stores.vault.get(TenantId::PLATFORM, "readiness")).await;
        let tasks = are_well(&self.tasks);
        let mut checks = vec![
            Check::new("events", events),
            Check::new("keys", keys),
            Check::new("tasks", tasks),
        ];
        for progress in self.views.progress() {
            let (name, lag) = (progress.model.name, Some(progress.lag()));
            let standing = progress.standing.iter().map(ToString::to_string).collect();
            checks.push(Check { name, ok: progress.is_ready(), lag, standing });
        }
        Report { ready: checks.iter().all(|check| check.ok), checks }
    }
}

async fn in_time<T, E>(answer: impl Future<Output = Result<T, E>>) -> bool {
    matches!(tokio::time::timeout(Duration::from_secs(1), answer).await, Ok(Ok(_)))
}

/// Asks the process at the other end of a wire how it is. That it does not say is an answer too.
///
/// # Errors
/// When it does not answer, or does not know this process.
pub async fn greet(wire: Wire) -> Result<(), Status> {
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_secs(5));
    match HealthClient::new(wire).check(request).await {
        Err(status) if status.code() != Code::Unimplemented => Err(status),
        _ => Ok(()),
    }
}

/// The gRPC health service (`grpc.health.v1`): the process as a whole under the empty name, looked
/// at every second by a task.
pub fn service(readiness: Readiness, tasks: &Tasks) -> HealthServer<HealthService> {
    let reporter = tonic_health::server::HealthReporter::new();
    let service = HealthService::from_health_reporter(reporter.clone());
    let closing = tasks.closing();
    tasks.spawn("health", async move {
        loop {
            let ready = readiness.report().await.ready;
            let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
            reporter.set_service_status("", status).await;
            if closing.is_cancelled() {
                return;
            }
            tokio::select! {
                () = closing.cancelled() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    });
    HealthServer::new(service)
}
