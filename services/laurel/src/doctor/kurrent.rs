//! Questions about a log in KurrentDB. Nothing is written there: rights are tried under conditions
//! that cannot hold.

use eventstore::{KurrentLeader, KurrentRight, KurrentSeen};

use super::{Answer, Ask, Ground, Probe, Severity, certificates, ground::Seen};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "events-reachable",
        question: "does the event store answer?",
        severity: Severity::Error,
        fix: "correct stores.events: host, port, tls, tlsCaFile; or the firewall",
        ask: Ask::There(|ground| Box::pin(judged(ground, reachable))),
    },
    Probe {
        name: "events-nodes",
        question: "do all its nodes live?",
        severity: Severity::Warning,
        fix: "start these nodes, or take them out of stores.events",
        ask: Ask::There(|ground| Box::pin(judged(ground, nodes))),
    },
    Probe {
        name: "events-leader",
        question: "is it known who leads?",
        severity: Severity::Error,
        fix: "look at the cluster: without a majority of its nodes nothing can be written",
        ask: Ask::There(|ground| Box::pin(judged(ground, leader))),
    },
    Probe {
        name: "events-version",
        question: "can it do all that is needed?",
        severity: Severity::Error,
        fix: "use KurrentDB 22.10 or newer, or `laurel serve eventstore`",
        ask: Ask::There(|ground| Box::pin(of_leader(ground, version))),
    },
    Probe {
        name: "events-read",
        question: "does it know our user, who may read $all?",
        severity: Severity::Error,
        fix: "correct name and password in stores.events; give the user the rights that \
              docs/EVENT-STORE.md lists",
        ask: Ask::There(|ground| Box::pin(of_leader(ground, |leader| right("$all", &leader.read)))),
    },
    Probe {
        name: "events-write",
        question: "may it append to our streams and delete them?",
        severity: Severity::Error,
        fix: "give the user the rights that docs/EVENT-STORE.md lists",
        ask: Ask::There(|ground| Box::pin(of_leader(ground, write))),
    },
    Probe {
        name: "events-encrypted",
        question: "is the way to the event store encrypted?",
        severity: Severity::Warning,
        fix: "take tls=false out of stores.events: password and facts can be read on the way",
        ask: Ask::Here(|ground| {
            let Some(places) = ground.events_places() else { return Answer::Idle(EMBEDDED) };
            certificates::encrypted(&places)
        }),
    },
    Probe {
        name: "events-certificate",
        question: "are its certificates valid for a while?",
        severity: Severity::Error,
        fix: "renew the certificates of these nodes, and give each to its node",
        ask: Ask::There(|ground| {
            Box::pin(async {
                let Some(places) = ground.events_places() else { return Answer::Idle(EMBEDDED) };
                certificates::of(&places).await
            })
        }),
    },
    Probe {
        name: "events-clock",
        question: "do its clock and ours agree?",
        severity: Severity::Error,
        fix: "keep the clocks of all machines right with chrony or systemd-timesyncd",
        ask: Ask::There(|ground| Box::pin(of_leader(ground, |it| certificates::clocks(it.clock)))),
    },
];

const EMBEDDED: &str = "the log is in the data folder";
const SILENT: &str = "it does not answer";

async fn judged(ground: &Ground, judge: fn(&KurrentSeen) -> Answer) -> Answer {
    match ground.kurrent().await {
        Seen::Embedded => Answer::Idle(EMBEDDED),
        Seen::Unusable(why) => Answer::Bad(why.clone()),
        Seen::There(seen) => judge(seen),
    }
}

async fn of_leader(ground: &Ground, judge: fn(&KurrentLeader) -> Answer) -> Answer {
    match ground.kurrent().await {
        Seen::There(KurrentSeen { of_leader: Some(leader), .. }) => judge(leader),
        Seen::There(_) => Answer::Unknown(SILENT.to_owned()),
        Seen::Embedded => Answer::Idle(EMBEDDED),
        Seen::Unusable(why) => Answer::Bad(why.clone()),
    }
}

fn silent(seen: &KurrentSeen) -> String {
    let silent = seen.silent.iter().map(|(node, why)| format!("{node}: {why}"));
    silent.collect::<Vec<_>>().join("; ")
}

fn reachable(seen: &KurrentSeen) -> Answer {
    match (&seen.of_leader, &seen.leader) {
        (Some(_), Some(leader)) => Answer::Good(leader.clone()),
        _ if seen.silent.is_empty() => Answer::Good("its nodes".to_owned()),
        _ => Answer::Bad(silent(seen)),
    }
}

fn nodes(seen: &KurrentSeen) -> Answer {
    let dead = seen.members.iter().filter(|it| !it.alive).map(|it| it.node.clone());
    let dead: Vec<_> = dead.chain(seen.silent.iter().map(|(node, _)| node.clone())).collect();
    if !dead.is_empty() {
        return Answer::Bad(dead.join(", "));
    }
    let members = seen.members.iter().map(|it| format!("{} {}", it.node, it.state.to_lowercase()));
    Answer::Good(members.collect::<Vec<_>>().join(", "))
}

fn leader(seen: &KurrentSeen) -> Answer {
    match &seen.leader {
        Some(leader) => Answer::Good(leader.clone()),
        None if seen.members.is_empty() => Answer::Unknown(SILENT.to_owned()),
        None => Answer::Bad("no node leads".to_owned()),
    }
}

fn version(leader: &KurrentLeader) -> Answer {
    let version = leader.version.clone().unwrap_or_else(|| "it does not say".to_owned());
    if leader.lacking.is_empty() {
        return Answer::Good(version);
    }
    Answer::Bad(format!("{version}, which lacks {}", leader.lacking.join(", ")))
}

fn right(what: &str, right: &KurrentRight) -> Answer {
    match right {
        KurrentRight::Granted => Answer::Good(what.to_owned()),
        KurrentRight::Denied => Answer::Bad(format!("{what}: not allowed")),
        KurrentRight::Unknown => Answer::Bad("name or password are wrong".to_owned()),
        KurrentRight::Untried(why) => Answer::Unknown(format!("{what}: {why}")),
    }
}

fn write(leader: &KurrentLeader) -> Answer {
    match right("append", &leader.append) {
        Answer::Good(_) => match right("delete", &leader.delete) {
            Answer::Good(_) => Answer::Good(String::new()),
            other => other,
        },
        other => other,
    }
}
