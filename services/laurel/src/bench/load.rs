//! A load of many requests at once.

use std::{
    future::Future,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use tokio::task::JoinSet;

use super::limits::micros;

/// Runs `operation` for 0, 1, 2 … `count` with so many in flight; the latencies in microseconds.
///
/// # Errors
/// The first error of an operation.
pub async fn many<F>(
    count: usize,
    in_flight: usize,
    operation: impl Fn(usize) -> F + Send + Sync + 'static,
) -> anyhow::Result<Vec<f64>>
where
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let (next, operation) = (Arc::new(AtomicUsize::new(0)), Arc::new(operation));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let (next, operation) = (next.clone(), operation.clone());
        workers.spawn(async move {
            let mut times = Vec::with_capacity(count / in_flight + 1);
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok::<_, anyhow::Error>(times);
                }
                let start = Instant::now();
                operation(n).await?;
                times.push(micros(start.elapsed()));
            }
        });
    }
    let mut times = Vec::with_capacity(count);
    while let Some(worker) = workers.join_next().await {
        times.extend(worker??);
    }
    Ok(times)
}
