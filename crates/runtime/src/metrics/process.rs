//! What the system says of this process, where it says so in `/proc`.

use std::{fs, sync::OnceLock, time::Instant};

use metrics::gauge;

use super::float;

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// Records it as it is now.
pub(super) fn record() {
    let began = BEGAN.get_or_init(Instant::now);
    gauge!("laurel_uptime_seconds").set(began.elapsed().as_secs_f64());
    if let Some(bytes) = resident() {
        gauge!("process_resident_memory_bytes").set(float(bytes));
    }
    if let Some(ticks) = cpu() {
        // Linux tells user space of hundredths of a second, whatever it counts in itself.
        gauge!("process_cpu_seconds_total").set(float(ticks) / 100.0);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(float(open.count() as u64));
    }
}

fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// User and system time in ticks: the fourteenth and fifteenth field, counted after the name, which
/// may hold anything.
fn cpu() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after) = stat.rsplit_once(") ")?;
    let mut fields = after.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}
