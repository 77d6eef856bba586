//! CPU time, memory and disk.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// Microseconds of CPU that a process has used.
pub fn cpu(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("this runs on Linux");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10_000
}

/// What was used since it was made.
pub struct Meter {
    wall: Instant,
    server: Option<String>,
    before: u64,
    server_before: u64,
}

impl Meter {
    /// Of this process, and of a server.
    pub fn new(server: Option<u32>) -> Self {
        let server = server.map(|id| id.to_string());
        let server_before = server.as_deref().map_or(0, cpu);
        Self { wall: Instant::now(), server, before: cpu("self"), server_before }
    }

    fn of_server(&self) -> u64 {
        self.server.as_deref().map_or(0, cpu) - self.server_before
    }

    /// Microseconds of CPU.
    pub fn used(&self) -> u64 {
        cpu("self") - self.before + self.of_server()
    }

    /// Waits until nothing is done in the background any more.
    pub fn settle(&self) {
        let mut used = self.used();
        loop {
            std::thread::sleep(Duration::from_millis(300));
            let now = self.used();
            if now - used <= 10_000 {
                return;
            }
            used = now;
        }
    }

    /// Says what it was for each.
    pub fn report(&self, what: &str, each: u64) {
        let wall = u64::try_from(self.wall.elapsed().as_micros()).unwrap_or(u64::MAX);
        println!(
            "{what}: {:.2} us CPU, {:.2} us wall each",
            per(self.used(), each),
            per(wall, each)
        );
        if self.server.is_some() {
            println!("  of the CPU, the server's: {:.2} us", per(self.of_server(), each));
        }
    }
}

/// One of so many parts.
#[expect(clippy::cast_precision_loss, reason = "for people to read")]
pub fn per(total: u64, each: u64) -> f64 {
    total as f64 / each as f64
}

/// Mebibytes of memory that this process holds.
pub fn resident_mib() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("this runs on Linux");
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) / 256
}

/// Bytes of a folder.
pub fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).expect("the folder is ours").flatten();
    let one = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(one).sum()
}

#[cfg(feature = "redis")]
pub use server::Server;

#[cfg(feature = "redis")]
mod server {
    use std::{
        io::{BufRead, BufReader},
        net::TcpListener,
        process::{Child, Command, Stdio},
    };

    /// A Redis of its own.
    pub struct Server {
        pub port: u16,
        child: Child,
        folder: tempfile::TempDir,
    }

    impl Server {
        /// Starts it.
        pub fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("a port").port();
            drop(listener);
            let folder = tempfile::TempDir::new().expect("a folder for temporary files");
            let mut child = Command::new("redis-server")
                .args(["--port", &port.to_string(), "--save", "", "--bind", "127.0.0.1", "--dir"])
                .arg(folder.path())
                .args(std::env::var("REDIS_OPTIONS").unwrap_or_default().split_whitespace())
                .stdout(Stdio::piped())
                .spawn()
                .expect("redis-server is installed");
            let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
            assert!(lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept"))));
            std::thread::spawn(move || lines.for_each(drop));
            Self { port, child, folder }
        }

        /// Its process.
        pub fn id(&self) -> u32 {
            self.child.id()
        }

        /// Bytes that it holds.
        pub fn memory(&self) -> u64 {
            assert!(self.folder.path().exists());
            let port = self.port.to_string();
            let info = Command::new("redis-cli").args(["-p", &port, "INFO", "memory"]).output();
            let info = info.expect("redis-cli is installed").stdout;
            let info = String::from_utf8_lossy(&info).into_owned();
            let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
            used.and_then(|used| used.trim().parse().ok()).expect("it says so")
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
