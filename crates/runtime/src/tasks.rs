use std::{
    collections::BTreeMap,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::trace;

/// How long the last tasks may take once all others have ended.
const LAST: Duration = Duration::from_secs(3);

/// The tasks of a process: each has a name, all end when told to. The doors, at which others call,
/// end before what they need to answer: a call that has begun finds the process whole.
#[derive(Clone, Default)]
pub struct Tasks {
    doors: TaskTracker,
    closing: CancellationToken,
    tracker: TaskTracker,
    cancelled: CancellationToken,
    last: TaskTracker,
    ended: CancellationToken,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    next: u64,
    living: BTreeMap<u64, &'static str>,
    panicked: Vec<&'static str>,
}

impl Tasks {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task. It should end soon after [`Tasks::cancelled`] fires. A panic ends the task
    /// alone; it is logged, remembered, and makes the process not ready.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_on(&self.tracker, name, task);
    }

    /// Starts a task at which others call, such as a listener. It should take no more calls soon
    /// after [`Tasks::closing`] fires, and end when those that have begun are answered.
    pub fn spawn_door(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_on(&self.doors, name, task);
    }

    fn spawn_on(
        &self,
        tracker: &TaskTracker,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let number = {
            let mut book = self.book();
            book.next += 1;
            let number = book.next;
            book.living.insert(number, name);
            number
        };
        let tasks = self.clone();
        let task = trace::carried(task);
        tracker.spawn(async move {
            let ended_well = tasks.watched(name, task).await;
            let mut book = tasks.book();
            book.living.remove(&number);
            if !ended_well {
                book.panicked.push(name);
            }
        });
    }

    /// Fires when the process is to take no more calls.
    #[must_use]
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Starts a task that serves the others until the end. It should end soon after
    /// [`Tasks::ended`] fires; nobody waits for long.
    pub fn spawn_last(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let tasks = self.clone();
        self.last.spawn(async move {
            if !tasks.watched(name, task).await {
                tasks.book().panicked.push(name);
            }
        });
    }

    /// Whether the task ended without a panic.
    async fn watched(&self, name: &'static str, task: impl Future<Output = ()>) -> bool {
        let outcome = AssertUnwindSafe(task).catch_unwind().await;
        if outcome.is_err() {
            tracing::error!(task = name, "a task panicked");
        }
        outcome.is_ok()
    }

    /// Fires when all tasks but the last have ended, or nobody waits for them any longer.
    #[must_use]
    pub fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Fires when the process is to end: every call has been answered, or took too long.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }

    /// The tasks that panicked.
    #[must_use]
    pub fn panicked(&self) -> Vec<&'static str> {
        self.book().panicked.clone()
    }

    /// Closes the doors and waits until they have ended, for three quarters of the time at most;
    /// then tells all tasks to end and waits for them.
    ///
    /// # Errors
    /// The names of the tasks that still run.
    pub async fn shutdown(&self, at_most: Duration) -> Result<(), Vec<&'static str>> {
        let end = tokio::time::Instant::now() + at_most;
        self.closing.cancel();
        self.doors.close();
        // Whether they have, is told below.
        let _ = tokio::time::timeout(at_most * 3 / 4, self.doors.wait()).await;
        self.cancelled.cancel();
        self.tracker.close();
        let all = async {
            self.doors.wait().await;
            self.tracker.wait().await;
        };
        let outcome = match tokio::time::timeout_at(end, all).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.book().living.values().copied().collect()),
        };
        self.ended.cancel();
        self.last.close();
        // What they could not do by then is not worth waiting for.
        let _ = tokio::time::timeout(LAST, self.last.wait()).await;
        outcome
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_end_when_told_to() {
        let tasks = Tasks::new();
        let cancelled = tasks.cancelled();
        tasks.spawn("patient", async move { cancelled.cancelled().await });
        assert_eq!(tasks.shutdown(Duration::from_secs(5)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_call_that_has_begun_finds_the_process_whole() {
        let tasks = Tasks::new();
        let (closing, cancelled) = (tasks.closing(), tasks.cancelled());
        let answered = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&answered);
        tasks.spawn_door("door", async move {
            closing.cancelled().await;
            // The call goes on for a while after the door was closed.
            tokio::task::yield_now().await;
            *answer.lock().unwrap() = Some(cancelled.is_cancelled());
        });
        let cancelled = tasks.cancelled();
        tasks.spawn("projections", async move { cancelled.cancelled().await });
        assert_eq!(tasks.shutdown(Duration::from_secs(5)).await, Ok(()));
        assert_eq!(*answered.lock().unwrap(), Some(false), "the rest ended before the door");
    }

    #[tokio::test(start_paused = true)]
    async fn a_door_that_hangs_keeps_the_rest_from_ending_for_a_while_only() {
        let tasks = Tasks::new();
        tasks.spawn_door("deaf", std::future::pending());
        let cancelled = tasks.cancelled();
        tasks.spawn("patient", async move { cancelled.cancelled().await });
        assert_eq!(tasks.shutdown(Duration::from_secs(20)).await, Err(vec!["deaf"]));
        assert!(tasks.cancelled().is_cancelled());
    }

    #[tokio::test]
    async fn the_last_tasks_end_after_all_others() {
        let (tasks, order) = (Tasks::new(), Arc::new(Mutex::new(Vec::new())));
        let told = |name: &'static str, when: CancellationToken| {
            let order = Arc::clone(&order);
            async move {
                when.cancelled().await;
                tokio::task::yield_now().await;
                order.lock().unwrap().push(name);
            }
        };
        tasks.spawn_last("exporter", told("exporter", tasks.ended()));
        tasks.spawn("role", told("role", tasks.cancelled()));
        assert_eq!(tasks.shutdown(Duration::from_secs(5)).await, Ok(()));
        assert_eq!(*order.lock().unwrap(), ["role", "exporter"]);
    }

    #[tokio::test]
    async fn tasks_that_do_not_end_are_named() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", std::future::pending());
        assert_eq!(tasks.shutdown(Duration::from_millis(1)).await, Err(vec!["deaf"]));
    }

    #[tokio::test]
    async fn a_panic_is_remembered_and_ends_nothing_else() {
        let tasks = Tasks::new();
        tasks.spawn("clumsy", async { panic!("on purpose") });
        assert_eq!(tasks.shutdown(Duration::from_secs(5)).await, Ok(()));
        assert_eq!(tasks.panicked(), ["clumsy"]);
    }
}
