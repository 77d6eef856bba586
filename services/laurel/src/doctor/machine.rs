//! Questions about the machine.

use std::{fs, net::TcpListener};

use rustix::process::{Resource, getrlimit};

use super::{Answer, Ask, Ground, Probe, Severity};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "open-files",
        question: "may a process open enough files?",
        severity: Severity::Warning,
        fix: "raise the limit to 65536: LimitNOFILE in the unit, nofile in limits.conf",
        ask: Ask::Here(open_files),
    },
    Probe {
        name: "memory",
        question: "is there memory?",
        severity: Severity::Warning,
        fix: "give the machine or the container at least 512 MiB",
        ask: Ask::Here(memory),
    },
    Probe {
        name: "backlog",
        question: "does the kernel let connections queue?",
        severity: Severity::Warning,
        fix: "sysctl --write net.core.somaxconn=4096",
        ask: Ask::Here(backlog),
    },
    Probe {
        name: "address",
        question: "is the address to listen on free, or Laurel's?",
        severity: Severity::Error,
        fix: "end what listens there, or choose another address with `listen`",
        ask: Ask::Here(address),
    },
];

const FILES: u64 = 4096;

fn open_files(_: &Ground) -> Answer {
    match getrlimit(Resource::Nofile).current {
        Some(most) if most < FILES => Answer::Bad(format!("{most}")),
        Some(most) => Answer::Good(format!("{most}")),
        None => Answer::Good("without limit".to_owned()),
    }
}

/// The least memory, in KiB.
const MEMORY: u64 = 512 * 1024;

fn memory(_: &Ground) -> Answer {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    let group = number("/sys/fs/cgroup/memory.max").map(|bytes| bytes / 1024);
    match total.into_iter().chain(group).min() {
        Some(kib) if kib < MEMORY => Answer::Bad(format!("{} MiB", kib / 1024)),
        Some(kib) => Answer::Good(format!("{} MiB", kib / 1024)),
        None => Answer::Unknown("the system does not say".to_owned()),
    }
}

fn backlog(_: &Ground) -> Answer {
    match number("/proc/sys/net/core/somaxconn") {
        Some(most) if most < 1024 => Answer::Bad(format!("{most}")),
        Some(most) => Answer::Good(format!("{most}")),
        None => Answer::Unknown("the system does not say".to_owned()),
    }
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn address(ground: &Ground) -> Answer {
    let listen = ground.config.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Answer::Good(format!("{listen} is free")),
        Err(_) if ground.may_serve() => Answer::Good(format!("{listen} is in use")),
        Err(error) => Answer::Bad(format!("{listen}: {error}")),
    }
}
