//! Where Redis is: what the URL says.

use std::fmt;

use super::names::Bucket;

/// A cluster's rows are spread over so many buckets unless the URL says otherwise.
const CLUSTER_BUCKETS: Bucket = 256;
const MOST_BUCKETS: Bucket = 4096;

/// The URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of redis cannot be used: {0}")]
pub struct AddressError(String);

/// What kind of Redis it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Standalone,
    /// The name of the master.
    Sentinel(String),
    Cluster,
}

/// Where Redis is, and how its keys are made.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) kind: Kind,
    pub(super) tls: bool,
    /// Host and port of each server named.
    pub(super) nodes: Vec<(String, u16)>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) sentinel_user: Option<String>,
    pub(super) sentinel_password: Option<String>,
    pub(super) database: i64,
    pub(super) prefix: String,
    pub(super) buckets: Bucket,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, tls, nodes, database, prefix, buckets, .. } = self;
        f.debug_struct("Address")
            .field("kind", kind)
            .field("tls", tls)
            .field("nodes", nodes)
            .field("database", database)
            .field("prefix", prefix)
            .field("buckets", buckets)
            .finish_non_exhaustive()
    }
}

fn error<T>(what: impl Into<String>) -> Result<T, AddressError> {
    Err(AddressError(what.into()))
}

impl Address {
    /// What a URL says: `redis[s]://`, `redis[s]+sentinel://` or `redis[s]+cluster://`, then
    /// `[user:password@]host[:port][,…][/path][?prefix=…&buckets=…]`.
    pub(super) fn parse(url: &str) -> Result<Self, AddressError> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return error("write it as redis://host:port");
        };
        let (tls, kind) = match scheme {
            "redis" => (false, "standalone"),
            "rediss" => (true, "standalone"),
            "redis+sentinel" => (false, "sentinel"),
            "rediss+sentinel" => (true, "sentinel"),
            "redis+cluster" => (false, "cluster"),
            "rediss+cluster" => (true, "cluster"),
            _ => {
                return error(format!(
                    "{scheme} is none of redis, rediss, redis+sentinel, rediss+sentinel, redis+cluster and rediss+cluster"
                ));
            }
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (Some(credentials), hosts),
            None => (None, authority),
        };
        let (user, password) = match credentials.map(|it| it.split_once(':').unwrap_or((it, ""))) {
            Some((user, password)) => (decode(user)?, decode(password)?),
            None => (None, None),
        };
        let port = if kind == "sentinel" { 26379 } else { 6379 };
        let nodes: Vec<_> =
            hosts.split(',').map(|node| host(node, port)).collect::<Result<_, _>>()?;
        if kind == "standalone" && nodes.len() > 1 {
            return error(
                "several servers are a cluster (redis+cluster) or sentinels (redis+sentinel)",
            );
        }
        let (kind, database) = match kind {
            "sentinel" => {
                let (master, database) = path.split_once('/').unwrap_or((path, ""));
                let Some(master) = decode(master)? else {
                    return error(
                        "name the master behind the sentinels: redis+sentinel://host/master",
                    );
                };
                (Kind::Sentinel(master), database)
            }
            "cluster" if !path.is_empty() => {
                return error("a cluster has no databases: end it behind the hosts");
            }
            "cluster" => (Kind::Cluster, ""),
            _ => (Kind::Standalone, path),
        };
        let database = if database.is_empty() { Ok(0) } else { database.parse() };
        let Ok(database) = database else { return error("the database is a number") };
        let buckets = if kind == Kind::Cluster { CLUSTER_BUCKETS } else { 1 };
        let (sentinel_user, sentinel_password, prefix) = (None, None, "laurel".to_owned());
        let mut address = Self {
            kind,
            tls,
            nodes,
            user,
            password,
            sentinel_user,
            sentinel_password,
            database,
            prefix,
            buckets,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            address.option(pair)?;
        }
        Ok(address)
    }

    fn option(&mut self, pair: &str) -> Result<(), AddressError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "prefix" => {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
                if value.is_empty() || value.len() > 64 || !value.bytes().all(fits) {
                    return error(
                        "prefix is up to 64 letters, digits, hyphens, dots and underscores",
                    );
                }
                value.clone_into(&mut self.prefix);
            }
            "buckets" => match value.parse() {
                Ok(buckets @ 1..=MOST_BUCKETS) => self.buckets = buckets,
                _ => return error(format!("buckets is a number from 1 to {MOST_BUCKETS}")),
            },
            "sentinel_user" => self.sentinel_user = decode(value)?,
            "sentinel_password" => self.sentinel_password = decode(value)?,
            _ => {
                return error(format!(
                    "{name} is none of prefix, buckets, sentinel_user and sentinel_password"
                ));
            }
        }
        Ok(())
    }
}

fn host(node: &str, port: u16) -> Result<(String, u16), AddressError> {
    // An IPv6 address stands in brackets.
    let (host, rest) = match node.strip_prefix('[').and_then(|node| node.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => node.split_once(':').map_or((node, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return error("a host is missing");
    }
    let port = rest.map_or(Ok(port), str::parse);
    port.map(|port| (host.to_owned(), port)).or_else(|_| error("a port is a number up to 65535"))
}

/// Text in which `%41` stands for A; none when there is none.
fn decode(text: &str) -> Result<Option<String>, AddressError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        let decoded = match (first, more) {
            (b'%', [high, low, more @ ..]) => {
                rest = more;
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
                digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low)
            }
            (b'%', _) => None,
            _ => Some(*first),
        };
        let Some(byte) = decoded else { return error("% is followed by two hexadecimal digits") };
        bytes.push(byte);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(_) => error("user, password and master are UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Address {
        Address::parse(url).expect("is a URL")
    }

    #[test]
    fn a_url_says_where_redis_is() {
        let one = parsed("redis://localhost");
        assert_eq!((one.kind, one.tls, one.buckets), (Kind::Standalone, false, 1));
        assert_eq!(one.nodes, [("localhost".to_owned(), 6379)]);
        let one = parsed("rediss://laurel:p%40ss@[::1]:7000/3?prefix=test-1&buckets=4");
        assert_eq!((one.tls, one.database, one.buckets, &*one.prefix), (true, 3, 4, "test-1"));
        assert_eq!((one.user.as_deref(), one.password.as_deref()), (Some("laurel"), Some("p@ss")));
        assert_eq!(one.nodes, [("::1".to_owned(), 7000)]);
        let watched = parsed("redis+sentinel://:secret@a,b:1/main/2?sentinel_password=s");
        assert_eq!((watched.kind, watched.database), (Kind::Sentinel("main".into()), 2));
        assert_eq!(watched.nodes, [("a".to_owned(), 26379), ("b".to_owned(), 1)]);
        assert_eq!((watched.user, watched.password.as_deref()), (None, Some("secret")));
        assert_eq!(watched.sentinel_password.as_deref(), Some("s"));
        let cluster = parsed("redis+cluster://a:1,b,c");
        assert_eq!((cluster.kind, cluster.buckets, cluster.nodes.len()), (Kind::Cluster, 256, 3));
    }

    #[test]
    fn a_url_that_says_something_else_is_refused() {
        for url in [
            "localhost",
            "http://a",
            "redis://",
            "redis://a,b",
            "redis://a:99999",
            "redis://a/x",
            "redis+sentinel://a",
            "redis+cluster://a/1",
            "redis://a?colour=blue",
            "redis://a?buckets=0",
            "redis://a?prefix=",
            "redis://a?prefix=a{b}",
            "redis://%4@a",
            "redis://%ff@a",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", parsed("redis://laurel:geheim@a?sentinel_password=geheim"));
        assert!(!shown.contains("geheim"), "{shown}");
    }
}
