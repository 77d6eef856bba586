//! What can be seen of a Redis from here, for whoever looks what is wrong. Nothing is written, and
//! nothing is asked that the rights of the manual do not cover.

use redis::{Cmd, Value};

use super::{
    AddressError, Redis, RedisOptions,
    address::Kind,
    failure::Failure,
    link::{Connection, Link},
    scripts::RIGHTS,
};

/// What was seen.
#[derive(Clone, Debug)]
pub struct RedisSeen {
    /// The servers that hold rows: one, or the masters of a cluster.
    pub servers: Vec<RedisServer>,
    /// Those that the URL or the cluster names and that do not answer, with the reason.
    pub silent: Vec<(String, String)>,
    /// Of a cluster: how many of its 16,384 slots somebody serves.
    pub slots: Option<u32>,
    /// The commands that this user may not call; or why nobody knows.
    pub missing_rights: Result<Vec<String>, String>,
}

/// A server, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedisServer {
    /// `host:port`.
    pub node: String,
    /// Its version; that of the Redis that it is like, when it is Valkey.
    pub version: String,
    /// `master` or `slave`.
    pub role: String,
    /// How many replicas follow it.
    pub replicas: u32,
    /// What it does when memory is short.
    pub eviction: String,
    /// The bytes that it uses, and the most that it may; zero is without a limit.
    pub memory: (u64, u64),
    /// Whether it keeps an append-only file.
    pub appends: bool,
    /// Whether the last snapshot or append failed.
    pub failing: bool,
    /// Whether it is a node of a cluster.
    pub clustered: bool,
    /// What time it has, in milliseconds since 1970.
    pub clock: Option<i64>,
}

/// Where Redis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisPlaces {
    /// Host and port of each server or sentinel named.
    pub nodes: Vec<(String, u16)>,
    /// Whether over TLS.
    pub tls: bool,
    /// Whether they are sentinels.
    pub sentinels: bool,
    /// Whether they are nodes of a cluster.
    pub cluster: bool,
}

/// Most masters of a cluster that are asked.
const MASTERS: usize = 128;
const SLOTS: u32 = 16_384;

impl Redis {
    /// Where the URL says that Redis is.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn places(options: &RedisOptions) -> Result<RedisPlaces, AddressError> {
        let address = Redis::open(options)?.address;
        Ok(RedisPlaces {
            tls: address.tls,
            sentinels: matches!(address.kind, Kind::Sentinel(_)),
            cluster: address.kind == Kind::Cluster,
            nodes: address.nodes,
        })
    }

    /// Looks at it, over connections of its own.
    pub async fn examine(&self) -> RedisSeen {
        let link = &self.store.link;
        let mut seen = RedisSeen {
            servers: Vec::new(),
            silent: Vec::new(),
            slots: None,
            missing_rights: Err("nobody answers".into()),
        };
        let mut connections = match &self.address.kind {
            Kind::Cluster => self.masters(&mut seen).await,
            Kind::Standalone => {
                let node = &self.address.nodes[0];
                found(link.one(node).await, named(node), &mut seen)
            }
            Kind::Sentinel(master) => {
                found(link.master(master).await, format!("the master {master}"), &mut seen)
            }
        };
        for (node, connection) in &mut connections {
            match server(node, connection).await {
                Ok(server) => seen.servers.push(server),
                Err(failure) => seen.silent.push((node.clone(), failure.to_string())),
            }
        }
        if let Some((_, connection)) = connections.first_mut() {
            let prefix = &self.address.prefix;
            seen.missing_rights =
                missing(connection, prefix).await.map_err(|failure| failure.to_string());
        }
        seen
    }

    /// The masters of a cluster, as the first of its nodes to answer knows them.
    async fn masters(&self, seen: &mut RedisSeen) -> Vec<(String, Connection)> {
        let link: &Link = &self.store.link;
        let mut masters = None;
        for node in &self.address.nodes {
            let asked = async {
                let mut connection = Connection::One(link.one(node).await?);
                slots(connection.ask(redis::cmd("CLUSTER").arg("SLOTS")).await?, &node.0)
            };
            match asked.await {
                Ok(told) => masters = masters.or(Some(told)),
                Err(failure) => seen.silent.push((named(node), failure.to_string())),
            }
        }
        let (covered, masters) = masters.unwrap_or_default();
        seen.slots = Some(covered);
        let mut connections = Vec::new();
        for node in masters.into_iter().take(MASTERS) {
            connections.extend(found(link.one(&node).await, named(&node), seen));
        }
        connections
    }
}

fn named((host, port): &(String, u16)) -> String {
    format!("{host}:{port}")
}

fn found(
    opened: Result<redis::aio::MultiplexedConnection, Failure>,
    node: String,
    seen: &mut RedisSeen,
) -> Vec<(String, Connection)> {
    match opened {
        Ok(connection) => vec![(node, Connection::One(connection))],
        Err(failure) => {
            seen.silent.push((node, failure.to_string()));
            Vec::new()
        }
    }
}

/// How many slots are served, and by which masters, each once. A node that does not know its own
/// name is the one that was asked.
fn slots(answer: Value, asked: &str) -> Result<(u32, Vec<(String, u16)>), Failure> {
    type Node = (Option<String>, u16);
    let Value::Array(ranges) = answer else { return Err(Failure::Shape) };
    let (mut covered, mut masters) = (0, Vec::new());
    for range in ranges {
        let Value::Array(range) = range else { return Err(Failure::Shape) };
        let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = &range[..] else {
            return Err(Failure::Shape);
        };
        let [host, port, ..] = &master[..] else { return Err(Failure::Shape) };
        let node = Value::Array(vec![host.clone(), port.clone()]);
        let (host, port): Node = redis::from_redis_value(node).map_err(|_| Failure::Shape)?;
        covered += u32::try_from(last - first + 1).unwrap_or(0);
        let host = host.filter(|host| !host.is_empty()).unwrap_or_else(|| asked.to_owned());
        if !masters.contains(&(host.clone(), port)) {
            masters.push((host, port));
        }
    }
    Ok((covered.min(SLOTS), masters))
}

async fn server(node: &str, connection: &mut Connection) -> Result<RedisServer, Failure> {
    let mut server = RedisServer { node: node.to_owned(), ..RedisServer::default() };
    for section in ["server", "memory", "persistence", "replication", "cluster"] {
        let answer = connection.ask(redis::cmd("INFO").arg(section)).await?;
        let text: String = redis::from_redis_value(answer).map_err(|_| Failure::Shape)?;
        for line in text.lines() {
            if let Some((name, value)) = line.split_once(':') {
                note(&mut server, name, value.trim());
            }
        }
    }
    Ok(server)
}

fn note(server: &mut RedisServer, name: &str, value: &str) {
    match name {
        "redis_version" => value.clone_into(&mut server.version),
        "server_time_usec" => {
            server.clock = value.parse::<i64>().ok().map(|micros| micros / 1000);
        }
        "used_memory" => server.memory.0 = value.parse().unwrap_or(0),
        "maxmemory" => server.memory.1 = value.parse().unwrap_or(0),
        "maxmemory_policy" => value.clone_into(&mut server.eviction),
        "aof_enabled" => server.appends = value == "1",
        "rdb_last_bgsave_status" | "aof_last_write_status" => server.failing |= value != "ok",
        "role" => value.clone_into(&mut server.role),
        "connected_slaves" => server.replicas = value.parse().unwrap_or(0),
        "cluster_enabled" => server.clustered = value == "1",
        _ => {}
    }
}

/// What is called, with arguments such as are sent.
const CALLED: &str = "ping; info server; role; cluster slots; asking; eval x 0; evalsha x 0; get K; \
    set K v; hget K f; hset K f v; hmget K f; hdel K f; hlen K; zrange K 0 1; zadd K 0 m; zrem K m; \
    zcard K; unlink K; rpush K v; lrange K 0 1; llen K; expire K 1; persist K";

async fn missing(connection: &mut Connection, prefix: &str) -> Result<Vec<String>, Failure> {
    let mut ask: Cmd = redis::cmd("EVAL");
    ask.arg(RIGHTS.code).arg(0);
    for called in CALLED.split(';') {
        ask.arg(called.trim().replace(" K", &format!(" {prefix}:{{b0000}}:doctor")));
    }
    let answer = connection.ask(&ask).await?;
    redis::from_redis_value(answer).map_err(|_| Failure::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_counted_and_masters_named_once() {
        let text = |text: &str| Value::BulkString(text.into());
        let range = |first, last, host: Value, port| {
            let master = vec![host, Value::Int(port), text("id")];
            Value::Array(vec![Value::Int(first), Value::Int(last), Value::Array(master)])
        };
        let answer = Value::Array(vec![
            range(0, 99, text("10.0.0.1"), 7000),
            range(200, 299, text("10.0.0.1"), 7000),
            range(100, 199, text(""), 7001),
            range(300, 16_383, Value::Nil, 7002),
        ]);
        let (covered, masters) = slots(answer, "asked").unwrap();
        assert_eq!(covered, SLOTS);
        let named: Vec<_> = masters.iter().map(named).collect();
        assert_eq!(named, ["10.0.0.1:7000", "asked:7001", "asked:7002"]);
        assert!(slots(Value::Nil, "asked").is_err());
    }
}
