//! The end of a process: the first signal drains, the second aborts.

use std::{io, time::Duration};

use crate::Tasks;

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All tasks ended by themselves.
    Drained,
    /// These tasks did not end in time.
    Late(Vec<&'static str>),
    /// A second signal came.
    Aborted,
}

/// Returns on SIGINT or SIGTERM, or Ctrl-C.
///
/// # Errors
/// When signals cannot be listened to.
pub async fn signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Tells all tasks to end and waits: at most so long, and no longer than until `again` (the second
/// [`signal`]).
pub async fn drain(
    tasks: &Tasks,
    at_most: Duration,
    again: impl Future<Output = io::Result<()>>,
) -> Ending {
    tokio::select! {
        outcome = tasks.shutdown(at_most) => match outcome {
            Ok(()) => Ending::Drained,
            Err(late) => Ending::Late(late),
        },
        Ok(()) = again => Ending::Aborted,
    }
}

/// Waits for the first signal, then drains until all tasks ended, the time is up, or the second
/// signal came.
///
/// # Errors
/// When signals cannot be listened to.
pub async fn until_signalled(tasks: &Tasks, at_most: Duration) -> io::Result<Ending> {
    signal().await?;
    tracing::info!("shutting down: a second signal aborts");
    Ok(drain(tasks, at_most, signal()).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_second_signal_aborts_the_drain() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", std::future::pending());
        assert_eq!(drain(&tasks, LONG, async { Ok(()) }).await, Ending::Aborted);
    }

    #[tokio::test]
    async fn a_drain_ends_when_all_tasks_ended() {
        let tasks = Tasks::new();
        let cancelled = tasks.cancelled();
        tasks.spawn("patient", async move { cancelled.cancelled().await });
        assert_eq!(drain(&tasks, LONG, std::future::pending()).await, Ending::Drained);
    }
}
