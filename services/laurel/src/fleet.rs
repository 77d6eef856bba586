//! Every role in a process of its own on one machine, with the event store, the key vault and a
//! Redis beside them: what a cluster looks like, small enough to try out and to kill.

mod authority;
mod member;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use runtime::{Config, RoleName};
use tokio::process::Command;

pub use member::Member;

use authority::Authority;
use member::Running;

/// How long all of them may take to get ready.
const PATIENCE: Duration = Duration::from_mins(2);

/// Below the ports that systems give to connections.
const PORTS: Range<u16> = 10_240..24_000;

/// How a process of ours is started with these arguments of `laurel`.
pub type Starter = Box<dyn Fn(&[String]) -> std::io::Result<Command> + Send + Sync>;

/// The processes; they are killed when it is dropped.
pub struct Fleet {
    folder: PathBuf,
    starter: Starter,
    ports: BTreeMap<Member, Ports>,
    redis_password: String,
    running: BTreeMap<Member, Running>,
}

/// Where a member listens.
#[derive(Clone, Copy, Debug)]
struct Ports {
    /// Its own protocol: HTTP of the gateway, gRPC of a role, Redis.
    own: u16,
    /// The platform's.
    ops: u16,
}

impl Fleet {
    /// Starts all of them on a folder, which may hold an earlier fleet's data; the gateway listens
    /// where it is told (port 0 takes a free one). Returns when they are ready.
    ///
    /// # Errors
    /// When one cannot be started or does not get ready.
    pub async fn start(
        folder: &Path,
        listen: SocketAddr,
        starter: Starter,
    ) -> anyhow::Result<Self> {
        let folder = std::path::absolute(folder)?;
        for part in ["mesh", "config", "shared", "keyvault", "eventstore", "redis"] {
            std::fs::create_dir_all(folder.join(part))?;
        }
        let (mut ports, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for member in Member::all() {
            let own = free_port(&mut taken)?;
            ports.insert(member, Ports { own, ops: free_port(&mut taken)? });
        }
        if listen.port() != 0 {
            ports.insert(
                Member::Role(RoleName::Gateway),
                Ports { own: listen.port(), ops: free_port(&mut taken)? },
            );
        }
        let authority = Authority::open(&folder.join("mesh"))?;
        for role in RoleName::ALL {
            authority.certify(role)?;
        }
        let redis_password = format!("{:032x}", rand::random::<u128>());
        let running = BTreeMap::new();
        let mut fleet = Self { folder, starter, ports, redis_password, running };
        // What the others work with first: whoever does not find it in time ends.
        let (first, others): (Vec<_>, Vec<_>) =
            Member::all().into_iter().partition(|member| member.is_store());
        for members in [first, others] {
            for member in members {
                fleet.configure(member, listen)?;
                fleet.launch(member)?;
            }
            fleet.ready().await?;
        }
        Ok(fleet)
    }

    /// Where the public finds it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port(Member::Role(RoleName::Gateway)).own)
    }

    /// Its folder: `shared` has the outbox and the artwork.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The configuration of one more process that sees what its members see.
    ///
    /// # Errors
    /// When the configuration of the gateway does not read back.
    pub fn observer(&self) -> anyhow::Result<Config> {
        let flags = runtime::Flags {
            config: Some(self.config_of(RoleName::Gateway)),
            ..runtime::Flags::default()
        };
        Ok(Config::load(&flags)?)
    }

    /// Says something to Redis, as an operator would with `redis-cli`.
    ///
    /// # Errors
    /// When it is not understood.
    pub async fn tell_redis(&self, words: &[&str]) -> anyhow::Result<()> {
        let port = self.port(Member::Redis).own.to_string();
        let told = Command::new("redis-cli")
            .args(["-e", "-p", &port])
            .args(words)
            .env("REDISCLI_AUTH", &self.redis_password)
            .output()
            .await
            .context("redis-cli, of the package redis-tools of Debian")?;
        ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        Ok(())
    }

    /// The process of a member that runs.
    #[must_use]
    pub fn pid(&self, member: Member) -> Option<u32> {
        self.running.get(&member)?.pid()
    }

    /// Kills a member at once, with nothing flushed and nobody warned.
    ///
    /// # Errors
    /// When there is nothing to kill.
    pub async fn kill(&mut self, member: Member) -> anyhow::Result<()> {
        let running = self.running.remove(&member);
        running.with_context(|| format!("{member} does not run"))?.kill().await
    }

    /// Starts a member that was killed, as it was.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch(&mut self, member: Member) -> anyhow::Result<()> {
        let mut command = match member {
            Member::Redis => {
                let mut command = Command::new("redis-server");
                command.arg(self.folder.join("config/redis.conf"));
                command
            }
            Member::Role(role) => {
                let config = self.config_of(role).display().to_string();
                (self.starter)(&["serve".into(), role.to_string(), "--config".into(), config])?
            }
        };
        let log = self.folder.join(format!("{member}.log"));
        self.running.insert(member, Running::start(member, &mut command, &log)?);
        Ok(())
    }

    /// Returns when every member that runs says that it is ready.
    ///
    /// # Errors
    /// When one ended, or is not ready in time.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let waiting = async {
            for (member, running) in &mut self.running {
                let port = self.ports.get(member).context("every member has ports")?;
                running.ready(*member, port.ops).await?;
            }
            anyhow::Ok(())
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(outcome) => outcome,
            Err(_) => {
                bail!("not every process got ready: see the logs in {}", self.folder.display())
            }
        }
    }

    /// Tells all of them to end and waits until they have.
    ///
    /// # Errors
    /// When one does not end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        // Those that call others end before those that they call.
        for member in Member::all().into_iter().rev() {
            if let Some(running) = self.running.remove(&member) {
                running.stop(member).await?;
            }
        }
        Ok(())
    }

    fn port(&self, member: Member) -> Ports {
        self.ports.get(&member).copied().unwrap_or(Ports { own: 0, ops: 0 })
    }

    fn config_of(&self, role: RoleName) -> PathBuf {
        self.folder.join(format!("config/{role}.toml"))
    }

    /// Writes what a member reads when it starts.
    fn configure(&self, member: Member, listen: SocketAddr) -> anyhow::Result<()> {
        let Ports { own, ops } = self.port(member);
        let role = match member {
            Member::Redis => {
                let folder = self.folder.join("redis");
                let text = format!(
                    "bind 127.0.0.1\nport {own}\nrequirepass {}\ndir {}\nappendonly yes\n\
                     save \"\"\nmaxmemory-policy noeviction\n",
                    self.redis_password,
                    folder.display()
                );
                return private(&self.folder.join("config/redis.conf"), &text);
            }
            Member::Role(role) => role,
        };
        let mesh = self.folder.join("mesh");
        let file = |name: String| mesh.join(name).display().to_string();
        let mut text = String::new();
        let mut line = |key: &str, value: String| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{key} = {value:?}");
        };
        let data = match role {
            RoleName::KeyVault => "keyvault",
            RoleName::EventStore => "eventstore",
            _ => "shared",
        };
        line("data", self.folder.join(data).display().to_string());
        let gateway = self.port(Member::Role(RoleName::Gateway)).own;
        line("public_url", format!("http://localhost:{gateway}"));
        line("listen", SocketAddr::new(listen.ip(), gateway).to_string());
        line("ops.listen", format!("127.0.0.1:{ops}"));
        match role {
            RoleName::EventStore => line("eventstore.listen", format!("127.0.0.1:{own}")),
            RoleName::Gateway => {}
            _ => line("mesh.listen", format!("127.0.0.1:{own}")),
        }
        if role != RoleName::EventStore {
            line("mesh.certificate", file(format!("{role}.pem")));
            line("mesh.key", file(format!("{role}.key")));
            line("mesh.authority", file("authority.pem".to_owned()));
        }
        if RoleName::APPLICATION.contains(&role) {
            let store = self.port(Member::Role(RoleName::EventStore)).own;
            let redis = self.port(Member::Redis).own;
            line("stores.events", format!("kurrentdb://127.0.0.1:{store}?tls=false"));
            let password = &self.redis_password;
            line("stores.models", format!("redis://:{password}@127.0.0.1:{redis}"));
            let vault = self.port(Member::Role(RoleName::KeyVault)).own;
            line("stores.keys", format!("https://127.0.0.1:{vault}"));
            for other in RoleName::ALL {
                if !matches!(other, RoleName::Gateway | RoleName::EventStore) {
                    let port = self.port(Member::Role(other)).own;
                    line(&format!("mesh.roles.{other}"), format!("https://127.0.0.1:{port}"));
                }
            }
        }
        private(&self.config_of(role), &text)
    }
}

/// Writes what a role shows in a mesh of its own: its certificate, its key, and their authority.
#[cfg(test)]
pub(crate) fn certify(folder: &Path, role: RoleName) -> anyhow::Result<()> {
    Authority::open(folder)?.certify(role)
}

/// A port that nobody listens on now, and that the system gives to nobody who asks for any: a member
/// that comes back finds it free.
fn free_port(taken: &mut BTreeSet<u16>) -> anyhow::Result<u16> {
    for _ in 0..1_000 {
        let port = rand::random_range(PORTS);
        if taken.insert(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free between {} and {}", PORTS.start, PORTS.end)
}

/// Writes a file that only its owner may read.
fn private(path: &Path, text: &str) -> anyhow::Result<()> {
    crate::demo::private_file(path, text.as_bytes())
}
