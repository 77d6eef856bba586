//! CPU time, memory and latencies of a load.

use std::{fs, time::Instant};

use anyhow::Context;

use super::limits::{micros, percentile};

/// What a load cost.
#[derive(Clone, Debug)]
pub struct Load {
    /// How many operations.
    pub operations: usize,
    /// User and system time of the processes under test, in microseconds per operation.
    pub cpu_us_per_op: f64,
    /// Wall clock over operations, in microseconds.
    pub wall_us_per_op: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99th percentile of the latency in microseconds.
    pub p99_us: f64,
    /// Resident memory of the processes under test at the end, in MiB.
    pub rss_mib: f64,
    /// Who used the CPU time, in microseconds per operation; they add up to the whole.
    pub shares: Vec<(String, f64)>,
}

/// Whose clocks are read.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    this: bool,
    others: Vec<(String, u32)>,
}

impl Processes {
    /// This one.
    #[must_use]
    pub fn this() -> Self {
        Self { this: true, others: Vec::new() }
    }

    /// Others: what they are called, and their ids.
    #[must_use]
    pub fn others(others: Vec<(String, u32)>) -> Self {
        Self { this: false, others }
    }

    /// The one that is measured, by its id.
    #[must_use]
    pub fn one(pid: u32) -> Self {
        Self::others(vec![("laurel".to_owned(), pid)])
    }

    /// These and this one.
    #[must_use]
    pub fn and_this(self) -> Self {
        Self { this: true, ..self }
    }

    /// User and system time of all so far, in microseconds.
    ///
    /// # Errors
    /// When one of them is gone.
    pub fn cpu_us(&self) -> anyhow::Result<f64> {
        Ok(self.each_cpu_us()?.iter().map(|(_, used)| used).sum())
    }

    /// The same, of each.
    fn each_cpu_us(&self) -> anyhow::Result<Vec<(String, f64)>> {
        let others = self.others.iter().map(|(name, pid)| Ok((name.clone(), cpu_us(*pid)?)));
        let this = self.this.then(|| Ok(("bench".to_owned(), own_cpu_us())));
        others.chain(this).collect()
    }

    /// Resident memory of all, in MiB.
    fn rss_mib(&self) -> anyhow::Result<f64> {
        let mut sum = if self.this { rss_mib("self")? } else { 0.0 };
        for (_, pid) in &self.others {
            sum += rss_mib(&pid.to_string())?;
        }
        Ok(sum)
    }
}

/// Reads the clocks of processes, before and after.
pub struct Meter {
    processes: Processes,
    start: Instant,
    before: Vec<(String, f64)>,
}

impl Meter {
    /// Starts metering.
    ///
    /// # Errors
    /// When one of the processes is gone.
    pub fn start(processes: Processes) -> anyhow::Result<Self> {
        let before = processes.each_cpu_us()?;
        Ok(Self { processes, before, start: Instant::now() })
    }

    /// What was used since the start for operations with these latencies in microseconds.
    ///
    /// # Errors
    /// When a process is gone.
    pub fn read(&self, latencies: Vec<f64>) -> anyhow::Result<Load> {
        let operations = latencies.len();
        self.read_for(operations, latencies)
    }

    /// What was used since the start for so many operations.
    ///
    /// # Errors
    /// When a process is gone.
    pub fn read_for(&self, operations: usize, mut latencies: Vec<f64>) -> anyhow::Result<Load> {
        let wall = micros(self.start.elapsed());
        let after = self.processes.each_cpu_us()?;
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let count = operations.max(1) as f64;
        let share =
            |((name, before), (_, after)): (_, (String, f64))| (name, (after - before) / count);
        let shares: Vec<(String, f64)> =
            self.before.iter().cloned().zip(after).map(share).collect();
        Ok(Load {
            operations,
            cpu_us_per_op: shares.iter().map(|(_, share)| share).sum(),
            wall_us_per_op: wall / count,
            p50_us: percentile(&mut latencies, 0.5),
            p99_us: percentile(&mut latencies, 0.99),
            rss_mib: self.processes.rss_mib()?,
            shares,
        })
    }
}

fn own_cpu_us() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of CPU are far below 2^52")]
    return time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3;
}

fn cpu_us(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    #[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^52")]
    Ok(ticks as f64 * 1e6 / rustix::param::clock_ticks_per_second() as f64)
}

fn rss_mib(process: &str) -> anyhow::Result<f64> {
    let status =
        fs::read_to_string(format!("/proc/{process}/status")).context("the process is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    Ok(kib.and_then(|kib| kib.trim().parse::<f64>().ok()).unwrap_or_default() / 1024.0)
}
