//! Redis as it is installed: one server, a cluster, or one watched by sentinels, on free ports, ended
//! with its handle.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Whether Redis is installed. Where it is not, says so, or fails when it must be.
pub fn installed() -> bool {
    let found =
        Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
    let required = std::env::var("LAUREL_TEST_REQUIRE").unwrap_or_default();
    if !found {
        let required = required.split(',').any(|it| it == "redis");
        assert!(!required, "redis-server is not installed and LAUREL_TEST_REQUIRE asks for it");
        eprintln!("NOT RUN: redis-server is not installed, so nothing here was tested");
    }
    found
}

/// A server.
pub struct Server {
    pub port: u16,
    arguments: Vec<String>,
    child: Child,
    folder: TempDir,
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    // Not from the range that outgoing connections take theirs from.
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 600).unwrap() * 16 + 20_000;
    loop {
        let port = start + NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 2000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Fails when something is not so in good time.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_mins(1), "{what} does not come to be");
        // Each look is a connection, and ports that were used rest for a minute.
        thread::sleep(Duration::from_millis(20));
    }
}

impl Server {
    /// A server with more options than a port.
    pub fn start(options: &[&str]) -> Self {
        let port = free_port();
        let mut arguments: Vec<String> = vec!["--port".into(), port.to_string()];
        arguments.extend(options.iter().map(ToString::to_string));
        Self::start_as(port, arguments, TempDir::new().unwrap())
    }

    fn start_as(port: u16, arguments: Vec<String>, folder: TempDir) -> Self {
        let child = Self::spawn(&arguments, &folder);
        Self { port, arguments, child, folder }
    }

    fn spawn(arguments: &[String], folder: &TempDir) -> Child {
        let mut child = Command::new("redis-server")
            .args(arguments)
            .args(["--bind", "127.0.0.1", "--save", "", "--repl-diskless-sync-delay", "0"])
            .arg("--dir")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept")));
        assert!(ready, "redis-server does not start");
        // So that it never waits for somebody to read.
        thread::spawn(move || lines.for_each(drop));
        child
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What it answers to a command without blanks in its arguments.
    pub fn tell(&self, command: &str) -> String {
        tell(self.port, command)
    }

    /// The strings that it answers with.
    pub fn tell_all(&self, command: &str) -> Vec<String> {
        let asked = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(command.split(' '))
            .output()
            .unwrap();
        String::from_utf8_lossy(&asked.stdout).lines().map(str::to_owned).collect()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again in its folder.
    pub fn start_again(&mut self) {
        self.child = Self::spawn(&self.arguments, &self.folder);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server answers to a command without blanks in its arguments: its first line, and the
/// second when the first is a length.
pub fn tell(port: u16, command: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    if stream.write_all(format!("{command}\r\n").as_bytes()).is_err() {
        return String::new();
    }
    let mut reader = BufReader::new(stream);
    let mut answer = String::new();
    if reader.read_line(&mut answer).is_err() {
        return String::new();
    }
    if let Some(length) = answer.strip_prefix('$').and_then(|it| it.trim().parse::<usize>().ok()) {
        let mut bytes = vec![0; length];
        return match std::io::Read::read_exact(&mut reader, &mut bytes) {
            Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::new(),
        };
    }
    answer
}

/// For a cluster in which nobody is to die.
pub const CALM: Duration = Duration::from_secs(30);

/// Three masters and a replica of each.
pub struct Cluster {
    pub servers: Vec<Server>,
}

impl Cluster {
    /// One whose nodes take each other for dead after so long. Busy machines make them do so.
    pub fn start(timeout: Duration) -> Self {
        let timeout = timeout.as_millis().to_string();
        let server = |_| {
            let bus = free_port().to_string();
            Server::start(&[
                "--cluster-enabled",
                "yes",
                "--cluster-node-timeout",
                &timeout,
                "--cluster-port",
                &bus,
            ])
        };
        let servers: Vec<Server> = (0..6).map(server).collect();
        let nodes = servers.iter().map(|it| format!("127.0.0.1:{}", it.port));
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(nodes)
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "the cluster cannot be made");
        for server in &servers {
            until("the cluster", || server.tell("CLUSTER INFO").contains("cluster_state:ok"));
        }
        let cluster = Self { servers };
        cluster.whole();
        cluster
    }

    /// Returns when each of three masters has a replica that follows it.
    pub fn whole(&self) {
        until("three replicas", || {
            let replicas = self.servers.iter().filter(|it| {
                let info = it.tell("INFO replication");
                info.contains("role:slave") && info.contains("master_link_status:up")
            });
            replicas.count() == 3
        });
        for server in &self.servers {
            until("the cluster", || server.tell("CLUSTER INFO").contains("cluster_state:ok"));
        }
    }

    pub fn url(&self) -> String {
        let nodes: Vec<_> =
            self.servers.iter().map(|it| format!("127.0.0.1:{}", it.port)).collect();
        format!("redis+cluster://{}?buckets=24", nodes.join(","))
    }

    /// Moves every slot of a master that holds rows to another.
    pub fn move_slots(&self, from: usize, to: usize) {
        let id = |n: usize| self.servers[n].tell("CLUSTER MYID");
        let at = format!("127.0.0.1:{}", self.servers[from].port);
        until("the agreement of the nodes", || {
            let mut check = Command::new("redis-cli");
            let checked = check.args(["--cluster", "check", &at]).stdout(Stdio::null()).status();
            checked.unwrap().success()
        });
        let moved = Command::new("redis-cli")
            .args(["--cluster", "reshard", &at])
            .args(["--cluster-from", &id(from), "--cluster-to", &id(to)])
            .args(["--cluster-slots", "5461", "--cluster-pipeline", "1", "--cluster-yes"])
            .stdout(Stdio::null())
            .status();
        assert!(moved.unwrap().success(), "the slots cannot be moved");
    }

    /// The servers that are masters now.
    pub fn masters(&self) -> Vec<usize> {
        let is_master =
            |n: &usize| self.servers[*n].tell("INFO replication").contains("role:master");
        (0..self.servers.len()).filter(is_master).collect()
    }
}

/// A master and a replica, watched by three sentinels.
pub struct Watched {
    pub servers: Vec<Server>,
    sentinels: Vec<(u16, Child, TempDir)>,
}

impl Watched {
    pub fn start() -> Self {
        let master = Server::start(&[]);
        let port = master.port.to_string();
        let replica = Server::start(&["--replicaof", &format!("127.0.0.1 {port}")]);
        until("the replica", || replica.tell("INFO replication").contains("master_link_status:up"));
        let sentinels: Vec<_> = (0..3).map(|_| sentinel(&port)).collect();
        let watched = Self { servers: vec![master, replica], sentinels };
        for (port, ..) in &watched.sentinels {
            until("that sentinels know each other", || {
                let known = tell(*port, "INFO sentinel");
                known.contains("slaves=1") && known.contains("sentinels=3")
            });
        }
        watched
    }

    pub fn url(&self) -> String {
        let nodes: Vec<_> =
            self.sentinels.iter().map(|(port, ..)| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}/main", nodes.join(","))
    }

    /// Which server is the master, as the first sentinel says.
    pub fn master(&self) -> Option<usize> {
        let known = tell(self.sentinels[0].0, "INFO sentinel");
        self.servers
            .iter()
            .position(|it| known.contains(&format!("address=127.0.0.1:{},", it.port)))
    }

    /// Has the sentinels make the replica the master.
    pub fn fail_over(&self) {
        let before = self.master();
        until("the failover", || {
            let told = tell(self.sentinels[0].0, "SENTINEL failover main");
            told.starts_with("+OK") || told.contains("INPROG")
        });
        until("another master", || self.master() != before);
    }
}

fn sentinel(master: &str) -> (u16, Child, TempDir) {
    let (port, folder) = (free_port(), TempDir::new().unwrap());
    let configuration = format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {master} 2\n\
         sentinel down-after-milliseconds main 30000\nsentinel failover-timeout main 3000\n"
    );
    let path = folder.path().join("sentinel.conf");
    fs::write(&path, configuration).unwrap();
    let child = Command::new("redis-sentinel").arg(path).stdout(Stdio::null()).spawn().unwrap();
    (port, child, folder)
}

impl Drop for Watched {
    fn drop(&mut self) {
        for (_, child, _) in &mut self.sentinels {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
