//! Questions about the data folder and what lies under it.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::Instant,
};

use super::{Answer, Ask, Ground, Probe, Severity};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "data-exists",
        question: "is the data folder there?",
        severity: Severity::Error,
        fix: "make the folder that `data` names, owned by the user whom Laurel runs as",
        ask: Ask::Here(|ground| {
            let data = &ground.config.data;
            let seen = data.display().to_string();
            if data.is_dir() { Answer::Good(seen) } else { Answer::Bad(seen) }
        }),
    },
    Probe {
        name: "data-writable",
        question: "can this user write to it?",
        severity: Severity::Error,
        fix: "run this command as the user whom Laurel runs as; chown the folder to that user",
        ask: Ask::Here(|ground| match flush(&ground.config.data, 1) {
            Ok(_) => Answer::Good(String::new()),
            Err(error) => Answer::Bad(error.to_string()),
        }),
    },
    Probe {
        name: "data-owner",
        question: "does everything in it belong to this user?",
        severity: Severity::Error,
        fix: "chown --recursive the folder to the user whom Laurel runs as, and run this as that user",
        ask: Ask::Here(owner),
    },
    Probe {
        name: "data-private",
        question: "can nobody else read it?",
        severity: Severity::Warning,
        fix: "chmod 700 the data folder: letters in the outbox can be read by others",
        ask: Ask::Here(private),
    },
    Probe {
        name: "disk-space",
        question: "is there room on the disk?",
        severity: Severity::Error,
        fix: "make room, or move the folder to a larger disk: a full one stops all writing",
        ask: Ask::Here(space),
    },
    Probe {
        name: "disk-files",
        question: "can the disk hold more files?",
        severity: Severity::Error,
        fix: "make a file system with more inodes and move the folder there",
        ask: Ask::Here(inodes),
    },
    Probe {
        name: "disk-kind",
        question: "is it a disk of this machine?",
        severity: Severity::Error,
        fix: "use a local file system such as ext4 or xfs: locks and flushes of the log need one",
        ask: Ask::Here(kind),
    },
    Probe {
        name: "disk-flush",
        question: "does the disk flush quickly?",
        severity: Severity::Warning,
        fix: "use a disk with a flush under 20 ms: every write waits for one",
        ask: Ask::Here(flushes),
    },
    Probe {
        name: "restore-ended",
        question: "did the last restore come to its end?",
        severity: Severity::Error,
        fix: "empty the data folder and restore again",
        ask: Ask::Here(|ground| {
            let stage = ground.config.data.join(".restoring");
            if stage.exists() {
                Answer::Bad(format!("{} is left over", stage.display()))
            } else {
                Answer::Good(String::new())
            }
        }),
    },
];

/// Writes and flushes a file a few times and removes it; the median, in microseconds.
fn flush(folder: &Path, times: usize) -> std::io::Result<u128> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let mut took = Vec::new();
    let written = File::create_new(&path).and_then(|mut file| {
        for _ in 0..times {
            let began = Instant::now();
            file.write_all(&[7; 4096])?;
            file.sync_data()?;
            took.push(began.elapsed().as_micros());
        }
        Ok(())
    });
    let removed = fs::remove_file(&path);
    written.and(removed)?;
    took.sort_unstable();
    Ok(took.get(took.len() / 2).copied().unwrap_or_default())
}

/// Slower than this is bad, in microseconds; quicker than that has not been on a disk.
const SLOW: u128 = 20_000;
const UNREAL: u128 = 15;

fn flushes(ground: &Ground) -> Answer {
    match flush(&ground.config.data, 15) {
        Ok(took) if took > SLOW => Answer::Bad(format!("{} ms", took / 1000)),
        Ok(took) if took < UNREAL => Answer::Bad(format!("{took} µs: it does not flush at all")),
        Ok(took) => Answer::Good(format!("{took} µs")),
        Err(error) => Answer::Unknown(error.to_string()),
    }
}

fn owner(ground: &Ground) -> Answer {
    use std::os::unix::fs::MetadataExt;
    let data = &ground.config.data;
    let me = rustix::process::geteuid().as_raw();
    let parts = ["", "events", "events/log.sqlite", "keys", "keys/keys.sqlite", "models", "blobs"];
    for part in parts {
        let path = data.join(part);
        let Ok(there) = fs::metadata(&path) else { continue };
        if there.uid() != me {
            let (path, uid) = (path.display(), there.uid());
            return Answer::Bad(format!("{path} belongs to user {uid}, this is user {me}"));
        }
    }
    Answer::Good(format!("user {me}"))
}

fn private(ground: &Ground) -> Answer {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(&ground.config.data) {
        Ok(there) if there.permissions().mode() & 0o007 != 0 => {
            Answer::Bad(format!("mode {:o}", there.permissions().mode() & 0o777))
        }
        Ok(there) => Answer::Good(format!("mode {:o}", there.permissions().mode() & 0o777)),
        Err(_) => Answer::Idle("there is no folder"),
    }
}

/// The least that should be free: bytes, and one part in so many.
const FREE: u64 = 1 << 30;
const PART: u64 = 20;

fn space(ground: &Ground) -> Answer {
    let Ok(disk) = rustix::fs::statvfs(&ground.config.data) else {
        return Answer::Unknown("the file system does not say".to_owned());
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let all = disk.f_blocks.saturating_mul(disk.f_frsize).max(1);
    let seen = format!("{} MiB free of {} MiB", free >> 20, all >> 20);
    if free < FREE || free < all / PART { Answer::Bad(seen) } else { Answer::Good(seen) }
}

fn inodes(ground: &Ground) -> Answer {
    match rustix::fs::statvfs(&ground.config.data) {
        Ok(disk) if disk.f_files == 0 => Answer::Idle("it has no such limit"),
        Ok(disk) if disk.f_favail < 10_000 => Answer::Bad(format!("{} left", disk.f_favail)),
        Ok(disk) => Answer::Good(format!("{} left", disk.f_favail)),
        Err(_) => Answer::Unknown("the file system does not say".to_owned()),
    }
}

/// File systems by the number that Linux gives them.
const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
const NETWORK: [u64; 5] = [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x517b, 0x0102_1997];

fn kind(ground: &Ground) -> Answer {
    let Ok(disk) = rustix::fs::statfs(&ground.config.data) else {
        return Answer::Unknown("the file system does not say".to_owned());
    };
    let kind = u64::try_from(disk.f_type).unwrap_or_default();
    if MEMORY.contains(&kind) {
        Answer::Bad("it is memory: everything is gone after a restart".to_owned())
    } else if NETWORK.contains(&kind) {
        Answer::Bad("it is on the network".to_owned())
    } else {
        Answer::Good(format!("file system {kind:#x}"))
    }
}
