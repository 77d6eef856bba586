//! What the machine itself allows, measured in the same run as the scenarios.

use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use ed25519_dalek::{Signer, SigningKey, Verifier};
use eventstore::{EventStore, Expected, NewEvent, StreamId, Write as Append};
use kernel::{CommandId, TenantId};
use serde::Serialize;

/// The physical limits of this machine, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// One raw Ed25519 signature.
    pub ed25519_sign_us: f64,
    /// One raw Ed25519 verification.
    pub ed25519_verify_us: f64,
    /// One 4 KiB write with `fdatasync`, median.
    pub fsync_us: f64,
    /// One durable append to the embedded store with 64 writers at once, wall clock per append.
    pub store_append_us: f64,
}

impl Limits {
    /// Measures them, in about two seconds, on the disk that holds `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub async fn measure(folder: &Path) -> anyhow::Result<Self> {
        let (ed25519_sign_us, ed25519_verify_us) = ed25519()?;
        Ok(Self {
            ed25519_sign_us,
            ed25519_verify_us,
            fsync_us: fsync(folder)?,
            store_append_us: store_append(folder).await?,
        })
    }
}

fn ed25519() -> anyhow::Result<(f64, f64)> {
    const ROUNDS: u32 = 2_000;
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = [9; 64];
    let start = Instant::now();
    let mut signature = key.sign(&message);
    for round in 1..ROUNDS {
        signature = key.sign(&[u8::try_from(round % 256)?; 64]);
    }
    let sign = start.elapsed();
    let signed = [u8::try_from((ROUNDS - 1) % 256)?; 64];
    let start = Instant::now();
    for _ in 0..ROUNDS {
        key.verifying_key().verify(&signed, &signature).context("our own signature")?;
    }
    Ok((micros(sign) / f64::from(ROUNDS), micros(start.elapsed()) / f64::from(ROUNDS)))
}

fn fsync(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("fsync-probe");
    let mut file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
    let mut times = Vec::new();
    for _ in 0..60 {
        let start = Instant::now();
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        times.push(micros(start.elapsed()));
    }
    std::fs::remove_file(&path)?;
    Ok(percentile(&mut times, 0.5))
}

async fn store_append(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("append-probe");
    let store = Arc::new(eventstore::Embedded::open(eventstore::EmbeddedOptions::at(&path))?);
    let duration = Duration::from_millis(700);
    let load = append(store.clone(), super::Processes::this(), 64, duration).await?;
    store.close().await;
    std::fs::remove_dir_all(&path)?;
    Ok(load.wall_us_per_op)
}

/// Appends of one fact of 300 bytes each, by so many writers at once, for so long; what these
/// processes used for one.
///
/// # Errors
/// When the store fails.
pub async fn append(
    store: Arc<dyn EventStore>,
    processes: super::Processes,
    writers: usize,
    duration: Duration,
) -> anyhow::Result<super::Load> {
    let end = Instant::now() + duration;
    let meter = super::Meter::start(processes)?;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let store = store.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let stream = StreamId::named(
                    "probe",
                    TenantId::PLATFORM,
                    format_args!("{writers}-{writer}-{}", times.len()),
                );
                let start = Instant::now();
                let outcome = store.append(vec![probe(stream)]).await;
                ensure!(outcome.iter().all(Result::is_ok), "an append failed: {outcome:?}");
                times.push(micros(start.elapsed()));
            }
            Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    meter.read(times)
}

/// A stream's first fact, which no role reads.
fn probe(stream: StreamId) -> Append {
    let id = CommandId::derived(&[stream.as_str().as_bytes()]).uuid();
    let data = format!("{{\"text\":\"{}\"}}", "x".repeat(288)).into_bytes();
    let kind = "probe-made.v1".into();
    let events = vec![NewEvent { id, kind, data, metadata: b"{}".to_vec() }];
    Append { stream, expected: Expected::NoStream, events }
}

/// Fills the log of a data folder with so many facts that no role reads.
///
/// # Errors
/// When the store fails.
pub async fn fill(data: &Path, facts: usize) -> anyhow::Result<()> {
    const STREAMS: usize = 1_000;
    let store = eventstore::Embedded::open(eventstore::EmbeddedOptions::at(data.join("events")))?;
    let mut made = 0;
    while made < facts {
        let writes = (made..facts.min(made + STREAMS))
            .map(|n| probe(StreamId::named("probe", TenantId::PLATFORM, n)))
            .collect::<Vec<_>>();
        made += writes.len();
        let outcomes = store.append(writes).await;
        ensure!(outcomes.iter().all(Result::is_ok), "the log could not be filled");
    }
    store.close().await;
    Ok(())
}

/// A duration in microseconds.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The value below which that share of the values lies; zero of none.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a list in memory"
    )]
    let index = ((values.len().saturating_sub(1)) as f64 * share).round() as usize;
    values.get(index).copied().unwrap_or_default()
}
