//! Connections: made when they are needed, given up when they fail, made again. Every wait ends.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, ServerErrorKind, TlsCertificates, Value,
    aio::MultiplexedConnection,
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
};
use tokio::time::{Instant, timeout};

use super::{
    address::{Address, Kind},
    check,
    failure::Failure,
    scripts::Lua,
};

/// How long others make do with a failure to connect before one tries again.
const BREATHER: Duration = Duration::from_millis(100);

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) connect: Duration,
    pub(super) answer: Duration,
}

/// The way to Redis, shared by all who ask.
pub(super) struct Link {
    address: Address,
    certificates: Option<TlsCertificates>,
    patience: Patience,
    live: Mutex<Option<Live>>,
    connecting: tokio::sync::Mutex<Option<(Instant, String)>>,
}

#[derive(Clone)]
struct Live {
    identity: Arc<()>,
    connection: Connection,
}

/// A connection, cheap to clone; what is asked over it at once travels together.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    pub(super) async fn ask(&mut self, command: &Cmd) -> Result<Value, Failure> {
        let answer = match self {
            Connection::One(connection) => connection.send_packed_command(command).await,
            Connection::Cluster(connection) => command.query_async(connection).await,
        };
        match answer.map_err(Failure::from)? {
            Value::ServerError(error) => Err(Failure::Answered(error.into())),
            value => Ok(value),
        }
    }
}

impl Link {
    pub(super) fn new(
        address: Address,
        certificates: Option<TlsCertificates>,
        patience: Patience,
    ) -> Self {
        if address.tls {
            // The one provider in the tree; whoever was first installed the same.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let (live, connecting) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { address, certificates, patience, live, connecting }
    }

    fn live(&self) -> Option<Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn give_up(&self, failed: &Live) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|live| Arc::ptr_eq(&live.identity, &failed.identity)) {
            *live = None;
        }
    }

    /// Asks, over a new connection where there is none or the one there is fails.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        let mut again = true;
        loop {
            let mut live = self.connected().await?;
            match live.connection.ask(command).await {
                Err(failure) if failure.is_of_connection() => {
                    self.give_up(&live);
                    if !(again && failure.is_worth_another()) {
                        return Err(failure);
                    }
                    again = false;
                }
                answer => return answer,
            }
        }
    }

    /// Runs a script. `arguments` adds keys and what follows.
    pub(super) async fn run(
        &self,
        script: &Lua,
        keys: &[&str],
        arguments: impl Fn(&mut Cmd),
    ) -> Result<Value, Failure> {
        let command = |name: &str, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script).arg(keys.len()).arg(keys);
            arguments(&mut command);
            command
        };
        match self.ask(&command("EVALSHA", &script.hash)).await {
            Err(Failure::Answered(error))
                if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) =>
            {
                self.ask(&command("EVAL", script.code)).await
            }
            answer => answer,
        }
    }

    async fn connected(&self) -> Result<Live, Failure> {
        if let Some(live) = self.live() {
            return Ok(live);
        }
        // One connects, the others wait for what comes of it.
        let mut failed = self.connecting.lock().await;
        if let Some(live) = self.live() {
            return Ok(live);
        }
        if let Some((_, why)) = failed.as_ref().filter(|(at, _)| at.elapsed() < BREATHER) {
            return Err(Failure::Recently(why.clone()));
        }
        let connecting = self.connect().boxed();
        let connection = match timeout(self.patience.connect * 3, connecting).await {
            Ok(connection) => connection,
            Err(_) => Err(Failure::Late),
        };
        let connection = connection
            .inspect_err(|failure| *failed = Some((Instant::now(), failure.to_string())))?;
        let live = Live { identity: Arc::new(()), connection };
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
        *failed = None;
        Ok(live)
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let mut connection = match &self.address.kind {
            Kind::Standalone => Connection::One(self.one(&self.address.nodes[0]).await?),
            Kind::Sentinel(master) => Connection::One(self.master(master).await?),
            Kind::Cluster => {
                let cluster = self.cluster()?.get_async_connection().await;
                Connection::Cluster(cluster.map_err(Failure::from)?)
            }
        };
        check::usable(&mut connection).await?;
        Ok(connection)
    }

    pub(super) async fn one(&self, node: &(String, u16)) -> Result<MultiplexedConnection, Failure> {
        let mut settings = RedisConnectionInfo::default().set_db(self.address.database);
        if let Some(password) = &self.address.password {
            settings = settings.set_password(password);
        }
        if let Some(user) = &self.address.user {
            settings = settings.set_username(user);
        }
        self.open(node, settings).await
    }

    async fn open(
        &self,
        (host, port): &(String, u16),
        settings: RedisConnectionInfo,
    ) -> Result<MultiplexedConnection, Failure> {
        let (host, port) = (host.clone(), *port);
        let address = if self.address.tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        let information = address.into_connection_info()?;
        let information = information.set_redis_settings(settings);
        let client = match &self.certificates {
            Some(certificates) if self.address.tls => {
                Client::build_with_tls(information, certificates.clone())?
            }
            _ => Client::open(information)?,
        };
        let configuration = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience.connect))
            .set_response_timeout(Some(self.patience.answer));
        Ok(client.get_multiplexed_async_connection_with_config(&configuration).await?)
    }

    /// The master that the first sentinel to answer names, if it says so itself.
    pub(super) async fn master(&self, name: &str) -> Result<MultiplexedConnection, Failure> {
        let mut settings = RedisConnectionInfo::default();
        if let Some(password) = &self.address.sentinel_password {
            settings = settings.set_password(password);
        }
        if let Some(user) = &self.address.sentinel_user {
            settings = settings.set_username(user);
        }
        let mut failure = Failure::NoMaster(name.to_owned());
        for sentinel in &self.address.nodes {
            let named = async {
                let sentinel = self.open(sentinel, settings.clone()).await?;
                let mut ask = redis::cmd("SENTINEL");
                ask.arg("get-master-addr-by-name").arg(name);
                let answer = Connection::One(sentinel).ask(&ask).await?;
                redis::from_redis_value::<Option<(String, u16)>>(answer).map_err(|_| Failure::Shape)
            };
            let master = match named.await {
                Ok(Some(master)) => master,
                Ok(None) => continue,
                Err(error) => {
                    failure = error;
                    continue;
                }
            };
            let mut connection = Connection::One(self.one(&master).await?);
            let role = connection.ask(&redis::cmd("ROLE")).await?;
            let is_master = matches!(&role, Value::Array(role)
                if matches!(role.first(), Some(Value::BulkString(role)) if role == b"master"));
            match connection {
                Connection::One(connection) if is_master => return Ok(connection),
                _ => failure = Failure::Replica(format!("{}:{}", master.0, master.1)),
            }
        }
        Err(failure)
    }

    fn cluster(&self) -> Result<ClusterClient, Failure> {
        let address = &self.address;
        let node = |(host, port): &(String, u16)| {
            let (host, port) = (host.clone(), *port);
            if address.tls {
                ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
            } else {
                ConnectionAddr::Tcp(host, port)
            }
        };
        let mut builder = ClusterClientBuilder::new(address.nodes.iter().map(node))
            .connection_timeout(self.patience.connect)
            .response_timeout(self.patience.answer)
            .overall_response_timeout(Some(self.patience.answer * 3))
            .retries(4)
            .min_retry_wait(10)
            .max_retry_wait(200);
        if let Some(user) = &address.user {
            builder = builder.username(user);
        }
        if let Some(password) = &address.password {
            builder = builder.password(password);
        }
        if address.tls {
            builder = builder.tls(redis::TlsMode::Secure);
            if let Some(certificates) = &self.certificates {
                builder = builder.certs(certificates.clone());
            }
        }
        Ok(builder.build()?)
    }
}
