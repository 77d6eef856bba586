//! Questions about read models in Redis. Nothing is written there.

use readmodel::{RedisSeen, RedisServer};

use super::{Answer, Ask, Ground, Probe, Severity, certificates, ground::Seen};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "models-reachable",
        question: "does Redis answer, and know our user?",
        severity: Severity::Error,
        fix: "correct stores.models: host, port, user and password, rediss for TLS; or the firewall",
        ask: Ask::There(|ground| Box::pin(judged(ground, reachable))),
    },
    Probe {
        name: "models-version",
        question: "is it new enough?",
        severity: Severity::Error,
        fix: "use Redis 7.0 or newer, or Valkey",
        ask: Ask::There(|ground| Box::pin(each(ground, |it| is(major(it) >= 7, &it.version)))),
    },
    Probe {
        name: "models-eviction",
        question: "does it keep rows when memory is short?",
        severity: Severity::Error,
        fix: "set maxmemory-policy noeviction: any other policy drops rows",
        ask: Ask::There(|ground| {
            Box::pin(each(ground, |it| is(it.eviction == "noeviction", &it.eviction)))
        }),
    },
    Probe {
        name: "models-memory",
        question: "has it memory to spare?",
        severity: Severity::Warning,
        fix: "raise maxmemory: without room nothing is written, and a rebuild takes twice the room",
        ask: Ask::There(|ground| Box::pin(each(ground, memory))),
    },
    Probe {
        name: "models-persistence",
        question: "does it keep itself well?",
        severity: Severity::Warning,
        fix: "look at its log and its disk: the last save failed, and Redis takes no writes then",
        ask: Ask::There(|ground| Box::pin(each(ground, persistence))),
    },
    Probe {
        name: "models-master",
        question: "is it a master?",
        severity: Severity::Error,
        fix: "name the master, or the sentinels by redis+sentinel://, or wait for their election",
        ask: Ask::There(|ground| Box::pin(each(ground, master))),
    },
    Probe {
        name: "models-slots",
        question: "has every slot of the cluster a server?",
        severity: Severity::Error,
        fix: "look at CLUSTER SHARDS: start what is down, or assign its slots to others",
        ask: Ask::There(|ground| Box::pin(judged(ground, slots))),
    },
    Probe {
        name: "models-kind",
        question: "is it the kind that the URL says?",
        severity: Severity::Error,
        fix: "write redis+cluster:// for a cluster, and redis:// for a server alone",
        ask: Ask::There(|ground| Box::pin(kind(ground))),
    },
    Probe {
        name: "models-rights",
        question: "may our user call all that is called?",
        severity: Severity::Error,
        fix: "give the user the rights that docs/READ-MODELS.md lists",
        ask: Ask::There(|ground| Box::pin(judged(ground, rights))),
    },
    Probe {
        name: "models-encrypted",
        question: "is the way to Redis encrypted?",
        severity: Severity::Warning,
        fix: "write rediss: password and rows can be read on the way",
        ask: Ask::Here(|ground| {
            let Some(places) = ground.models_places() else { return Answer::Idle(EMBEDDED) };
            certificates::encrypted(&places)
        }),
    },
    Probe {
        name: "models-certificate",
        question: "are its certificates valid for a while?",
        severity: Severity::Error,
        fix: "renew the certificates of these servers, and give each to its server",
        ask: Ask::There(|ground| {
            Box::pin(async {
                let Some(places) = ground.models_places() else { return Answer::Idle(EMBEDDED) };
                certificates::of(&places).await
            })
        }),
    },
    Probe {
        name: "models-clock",
        question: "do its clock and ours agree?",
        severity: Severity::Warning,
        fix: "keep the clocks of all machines right with chrony or systemd-timesyncd",
        ask: Ask::There(|ground| Box::pin(each(ground, |it| certificates::clocks(it.clock)))),
    },
];

const EMBEDDED: &str = "the read models are in the data folder";
const SLOTS: u32 = 16_384;

async fn judged(ground: &Ground, judge: fn(&RedisSeen) -> Answer) -> Answer {
    match ground.redis().await {
        Seen::Embedded => Answer::Idle(EMBEDDED),
        Seen::Unusable(why) => Answer::Bad(why.clone()),
        Seen::There(seen) => judge(seen),
    }
}

/// The worst that is found of any of the servers.
async fn each(ground: &Ground, judge: fn(&RedisServer) -> Answer) -> Answer {
    let seen = match ground.redis().await {
        Seen::Embedded => return Answer::Idle(EMBEDDED),
        Seen::Unusable(why) => return Answer::Bad(why.clone()),
        Seen::There(seen) => seen,
    };
    let mut good = Vec::new();
    for server in &seen.servers {
        match judge(server) {
            Answer::Good(seen) => good.push(seen),
            Answer::Bad(seen) => return Answer::Bad(format!("{}: {seen}", server.node)),
            other => return other,
        }
    }
    good.dedup();
    if good.is_empty() {
        return Answer::Unknown("it does not answer".to_owned());
    }
    Answer::Good(good.join(", "))
}

fn is(good: bool, seen: &str) -> Answer {
    if good { Answer::Good(seen.to_owned()) } else { Answer::Bad(seen.to_owned()) }
}

fn reachable(seen: &RedisSeen) -> Answer {
    let silent = seen.silent.iter().map(|(node, why)| format!("{node}: {why}"));
    let silent: Vec<_> = silent.collect();
    let nodes: Vec<_> = seen.servers.iter().map(|server| server.node.as_str()).collect();
    is(silent.is_empty(), &if silent.is_empty() { nodes.join(", ") } else { silent.join("; ") })
}

fn major(server: &RedisServer) -> u32 {
    server.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
}

fn memory(server: &RedisServer) -> Answer {
    let (used, most) = (server.memory.0 >> 20, server.memory.1 >> 20);
    if server.memory.1 == 0 {
        return Answer::Good(format!("{used} MiB used, without a limit"));
    }
    is(used <= most / 5 * 4, &format!("{used} of {most} MiB used"))
}

fn persistence(server: &RedisServer) -> Answer {
    if server.failing {
        return Answer::Bad("the last save failed".to_owned());
    }
    // Nothing is lost either way: what Redis forgets is built anew from the log.
    Answer::Good(if server.appends {
        "an append-only file: seconds are projected again after a restart".to_owned()
    } else {
        "no append-only file: all since its last snapshot is projected again after a restart"
            .to_owned()
    })
}

fn master(server: &RedisServer) -> Answer {
    is(server.role == "master", &format!("{} with {} replicas", server.role, server.replicas))
}

fn slots(seen: &RedisSeen) -> Answer {
    match seen.slots {
        None => Answer::Idle("it is no cluster"),
        Some(_) if seen.servers.is_empty() => Answer::Unknown("it does not answer".to_owned()),
        Some(slots) => is(slots == SLOTS, &format!("{slots} of {SLOTS}")),
    }
}

async fn kind(ground: &Ground) -> Answer {
    let cluster = ground.models_places().is_some_and(|places| places.cluster);
    match ground.redis().await {
        Seen::There(seen) if seen.servers.iter().any(|it| it.clustered != cluster) => {
            Answer::Bad(if cluster { "a server alone" } else { "a node of a cluster" }.to_owned())
        }
        _ => each(ground, |_| Answer::Good(String::new())).await,
    }
}

fn rights(seen: &RedisSeen) -> Answer {
    match &seen.missing_rights {
        Ok(missing) if missing.is_empty() => Answer::Good(String::new()),
        Ok(missing) => Answer::Bad(format!("not {}", missing.join(", "))),
        Err(_) if seen.servers.is_empty() => Answer::Unknown("it does not answer".to_owned()),
        Err(why) => Answer::Bad(why.clone()),
    }
}
