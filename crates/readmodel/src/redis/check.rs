//! Whether a server can hold read models: asked once a connection.

use redis::{
    Value,
    cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo},
};

use super::{failure::Failure, link::Connection};

/// Refuses servers that are too old or that would drop rows.
pub(super) async fn usable(connection: &mut Connection) -> Result<(), Failure> {
    let one = matches!(connection, Connection::One(_));
    for section in ["server", "memory", "cluster"] {
        for text in information(connection, section).await? {
            judge(&text, one)?;
        }
    }
    Ok(())
}

/// What each server says of itself.
async fn information(connection: &mut Connection, section: &str) -> Result<Vec<String>, Failure> {
    let mut command = redis::cmd("INFO");
    command.arg(section);
    let answer = match connection {
        Connection::One(_) => connection.ask(&command).await?,
        Connection::Cluster(cluster) => {
            let masters = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
            cluster.route_command(command, masters).await?
        }
    };
    let mut texts = Vec::new();
    gather(answer, &mut texts)?;
    Ok(texts)
}

fn gather(answer: Value, texts: &mut Vec<String>) -> Result<(), Failure> {
    match answer {
        Value::Map(nodes) => nodes.into_iter().try_for_each(|(_, text)| gather(text, texts)),
        Value::BulkString(text) => {
            texts.push(String::from_utf8_lossy(&text).into_owned());
            Ok(())
        }
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => {
            texts.push(text);
            Ok(())
        }
        Value::ServerError(error) => Err(Failure::Answered(error.into())),
        _ => Err(Failure::Shape),
    }
}

fn judge(information: &str, one: bool) -> Result<(), Failure> {
    for line in information.lines() {
        match line.split_once(':') {
            // Valkey says 7.2.4 here, whatever it is.
            Some(("redis_version", version)) => {
                let major = version.split('.').next().and_then(|it| it.parse::<u32>().ok());
                if major.is_none_or(|major| major < 7) {
                    return Err(Failure::Old(version.to_owned()));
                }
            }
            Some(("maxmemory_policy", policy)) if policy != "noeviction" => {
                return Err(Failure::Evicts(policy.to_owned()));
            }
            Some(("cluster_enabled", "1")) if one => return Err(Failure::Clustered),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_are_old_or_drop_rows_are_refused() {
        assert!(judge("# Server\r\nredis_version:7.0.15\r\n", true).is_ok());
        assert!(judge("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n", true).is_ok());
        assert!(matches!(judge("redis_version:6.2.1\r\n", true), Err(Failure::Old(_))));
        let evicts = judge("maxmemory_policy:allkeys-lru\r\n", true);
        assert!(matches!(judge("cluster_enabled:1\r\n", true), Err(Failure::Clustered)));
        assert!(judge("cluster_enabled:1\r\n", false).is_ok());
        assert!(matches!(evicts, Err(Failure::Evicts(policy)) if policy == "allkeys-lru"));
    }
}
