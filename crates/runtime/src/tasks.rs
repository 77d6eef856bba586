use std::{
    collections::BTreeMap,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of a process: each has a name, all end when told to.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    cancelled: CancellationToken,
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
        let number = {
            let mut book = self.book();
            book.next += 1;
            let number = book.next;
            book.living.insert(number, name);
            number
        };
        let tasks = self.clone();
        self.tracker.spawn(async move {
            let outcome = AssertUnwindSafe(task).catch_unwind().await;
            let mut book = tasks.book();
            book.living.remove(&number);
            if outcome.is_err() {
                tracing::error!(task = name, "a task panicked");
                book.panicked.push(name);
            }
        });
    }

    /// Fires when the process is to end.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }

    /// The tasks that panicked.
    #[must_use]
    pub fn panicked(&self) -> Vec<&'static str> {
        self.book().panicked.clone()
    }

    /// Tells all tasks to end and waits for them, at most so long.
    ///
    /// # Errors
    /// The names of the tasks that still run.
    pub async fn shutdown(&self, at_most: Duration) -> Result<(), Vec<&'static str>> {
        self.cancelled.cancel();
        self.tracker.close();
        match tokio::time::timeout(at_most, self.tracker.wait()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.book().living.values().copied().collect()),
        }
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
