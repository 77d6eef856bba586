//! Whether the process can serve: for `/-/ready` and for gRPC's health protocol.

use std::{error::Error, sync::Arc, time::Duration};

use kernel::{TenantId, Timestamp};
use readmodel::{Room, Runner, Standing};
use tonic::{Code, Request, Status};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient, health_server::HealthServer},
    server::HealthService,
};

use crate::{Context, Stands, Stores, Tasks, Wire, status};

/// Looks whether the stores answer, the read models are whole, and every task lives.
#[derive(Clone)]
pub struct Readiness {
    stores: Stores,
    views: Arc<Runner>,
    tasks: Tasks,
    stands: Stands,
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
    /// What: `events`, `keys`, `disk`, `tasks`, a read model, or a policy in which a tenant stands still.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// Why it is not, for who runs the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How far a read model lags behind the log, in facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
    /// Which facts cannot be read: of each, the tenant stands still in the read model or policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<String>,
}

impl Check {
    fn new(name: &'static str, ok: bool) -> Self {
        Self { name, ok, why: None, lag: None, standing: Vec::new() }
    }

    fn of<T>(name: &'static str, outcome: Result<T, String>) -> Self {
        Self { ok: outcome.is_ok(), why: outcome.err(), ..Self::new(name, true) }
    }

    fn of_disk(room: &Room) -> Self {
        Self::of("disk", room.look().map_err(|error| error.to_string()))
    }
}

impl Report {
    /// The same for strangers: addresses and folders are none of their business.
    #[must_use]
    pub fn for_strangers(mut self) -> Self {
        for check in &mut self.checks {
            check.why = None;
        }
        self
    }

    /// How a process is that keeps one store in a folder and nothing else, by what the store answers.
    #[must_use]
    pub fn of_store<E: Error>(
        name: &'static str,
        answer: Result<(), E>,
        room: &Room,
        tasks: &Tasks,
    ) -> Self {
        let answer = answer.map_err(|error| status::Chain(&error).to_string());
        let tasks = Check::new("tasks", are_well(tasks));
        let checks = vec![Check::of(name, answer), Check::of_disk(room), tasks];
        Self { ready: checks.iter().all(|check| check.ok), checks }
    }
}

/// Whether no task panicked and none is to end.
fn are_well(tasks: &Tasks) -> bool {
    tasks.panicked().is_empty() && !tasks.closing().is_cancelled()
}

impl Readiness {
    /// Looks at what this process works with.
    #[must_use]
    pub fn of(context: &Context) -> Self {
        let Context { stores, views, tasks, stands, .. } = context.clone();
        Self { stores, views, tasks, stands }
    }

    /// Who stands still in the policies that this process runs.
    #[must_use]
    pub fn stands(&self) -> Vec<(&'static str, Vec<Standing>)> {
        self.stands.all()
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
        let mut checks = vec![Check::of("events", events), Check::of("keys", keys)];
        checks.extend(self.stores.room.as_deref().map(Check::of_disk));
        checks.push(Check::new("tasks", are_well(&self.tasks)));
        for progress in self.views.progress() {
            let (name, lag) = (progress.model.name, Some(progress.lag()));
            let standing = progress.standing.iter().map(ToString::to_string).collect();
            let ok = progress.is_ready();
            checks.push(Check { name, ok, why: progress.failure, lag, standing });
        }
        for (name, standing) in self.stands.all() {
            if !standing.is_empty() {
                let standing = standing.iter().map(ToString::to_string).collect();
                checks.push(Check { standing, ..Check::new(name, false) });
            }
        }
        Report { ready: checks.iter().all(|check| check.ok), checks }
    }
}

async fn in_time<T, E: Error>(answer: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match tokio::time::timeout(Duration::from_secs(1), answer).await {
        Ok(answer) => answer.map_err(|error| status::Chain(&error).to_string()),
        Err(_) => Err("it did not answer within a second".to_owned()),
    }
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
