//! Questions about keys, log and read models.

use std::path::Path;

use eventstore::OpenError;
use keyvault::RootKey;
use readmodel::{Embedded, EmbeddedOptions, ReadModels, Slot};
use runtime::{Clock, SystemClock};

use super::{Answer, Ask, Ground, Probe, Severity};
use crate::process;

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "root-key",
        question: "is the root key there, whole, and closed to others?",
        severity: Severity::Error,
        fix: "put the 32 bytes from your copy at the path of root_key and chmod 600 it; never make a \
              new one for keys that are there already",
        ask: Ask::Here(root_key),
    },
    Probe {
        name: "root-key-fits",
        question: "is it the one that the keys were made with?",
        severity: Severity::Error,
        fix: "find the right root key: nothing can be read or signed with another",
        ask: Ask::Here(fits),
    },
    Probe {
        name: "root-key-apart",
        question: "is it apart from the data?",
        severity: Severity::Warning,
        fix: "move it out of the data folder and name it with root_key: who copies the folder has both",
        ask: Ask::Here(apart),
    },
    Probe {
        name: "log-readable",
        question: "can this software read the log?",
        severity: Severity::Error,
        fix: "use the version of Laurel that wrote it, or restore a backup into an empty folder",
        ask: Ask::Here(log),
    },
    Probe {
        name: "stores-whole",
        question: "are log and keys both there?",
        severity: Severity::Error,
        fix: "restore a backup into an empty folder: one without the other is of no use",
        ask: Ask::Here(whole),
    },
    Probe {
        name: "stores-used",
        question: "does a living process have the stores?",
        severity: Severity::Warning,
        fix: "start Laurel",
        ask: Ask::Here(|ground| match (&ground.log, ground.in_use) {
            (_, true) => Answer::Good("one serves".to_owned()),
            (Ok(_), false) => Answer::Bad("none does".to_owned()),
            (Err(_), false) => Answer::Idle("there are none"),
        }),
    },
    Probe {
        name: "read-models",
        question: "are the read models no further than the log?",
        severity: Severity::Warning,
        fix: "the log was restored without its read models: they are built anew when Laurel starts; see \
              that it is the log that you want",
        ask: Ask::Later(|ground| Box::pin(read_models(ground))),
    },
    Probe {
        name: "clock",
        question: "is the clock past the newest fact?",
        severity: Severity::Error,
        fix: "set the clock, and keep it right with chrony or systemd-timesyncd",
        ask: Ask::Here(clock),
    },
];

const ELSEWHERE: &str = "the keys are another role's";

fn root_key(ground: &Ground) -> Answer {
    if ground.config.stores.keys.url().is_some() {
        return Answer::Idle(ELSEWHERE);
    }
    let path = ground.config.root_key_file();
    if !path.exists() && !ground.vault().exists() {
        return Answer::Idle("it is made on the first start");
    }
    match RootKey::load(&path) {
        Ok(_) => Answer::Good(path.display().to_string()),
        Err(error) => Answer::Bad(chain(&error)),
    }
}

fn fits(ground: &Ground) -> Answer {
    if !ground.vault().exists() {
        return Answer::Idle("there are no keys yet");
    }
    let Ok(root) = RootKey::load(ground.config.root_key_file()) else {
        return Answer::Unknown("without a root key nobody knows".to_owned());
    };
    match keyvault::fits(&ground.vault(), &root) {
        Ok(true) => Answer::Good(String::new()),
        Ok(false) => Answer::Bad("it opens nothing".to_owned()),
        Err(error) => Answer::Unknown(chain(&error)),
    }
}

fn apart(ground: &Ground) -> Answer {
    if ground.config.stores.keys.url().is_some() {
        return Answer::Idle(ELSEWHERE);
    }
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let key = real(&ground.config.root_key_file());
    let seen = key.display().to_string();
    if key.starts_with(real(&ground.config.data)) { Answer::Bad(seen) } else { Answer::Good(seen) }
}

fn log(ground: &Ground) -> Answer {
    match &ground.log {
        Ok(log) => Answer::Good(format!("format {}, head {}", log.format, log.head)),
        Err(OpenError::Folder { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Answer::Idle("there is none yet")
        }
        Err(error) => Answer::Bad(chain(error)),
    }
}

fn whole(ground: &Ground) -> Answer {
    let stores = &ground.config.stores;
    if stores.events.url().is_some() || stores.keys.url().is_some() {
        return Answer::Idle("one of them is elsewhere");
    }
    match (ground.log.is_ok(), ground.vault().exists()) {
        (true, true) => Answer::Good(String::new()),
        (false, false) => Answer::Idle("there are none yet"),
        (true, false) => Answer::Bad("there are no keys".to_owned()),
        (false, true) => Answer::Bad("there is no log".to_owned()),
    }
}

async fn read_models(ground: &Ground) -> Answer {
    let models = ground.config.data.join("models");
    let Ok(log) = &ground.log else { return Answer::Idle("there is no log") };
    if ground.in_use {
        return Answer::Idle("a process has them: see whether it is ready");
    }
    if !models.exists() {
        return Answer::Good("they will be built".to_owned());
    }
    let store = match Embedded::open(&EmbeddedOptions::new(models)) {
        Ok(store) => store,
        Err(error) => return Answer::Bad(chain(&error)),
    };
    let mut least = log.head;
    for model in process::projections().iter().map(|it| it.model()) {
        let Ok(state) = store.state(model.name).await else {
            return Answer::Bad(format!("{} cannot be read", model.name));
        };
        // A build of another version is built anew.
        let Some((version, generation)) = state.active else { continue };
        if version != model.version {
            continue;
        }
        match store.checkpoint(Slot { model, generation }).await {
            Ok(at) if at > log.head => {
                let name = model.name;
                return Answer::Bad(format!("{name} is at {at} and the log ends at {}", log.head));
            }
            Ok(at) => least = least.min(at),
            Err(error) => return Answer::Bad(chain(&error)),
        }
    }
    Answer::Good(format!("{} facts behind at most", log.head.0 - least.0))
}

/// A clock that is this far behind the newest fact is wrong, in milliseconds.
const BEHIND: i64 = 2000;
/// The clock of a machine that never learnt the time says an earlier one: 2025.
const EPOCH: i64 = 1_735_689_600_000;

fn clock(ground: &Ground) -> Answer {
    let now = SystemClock.now();
    let newest = ground.log.as_ref().map_or(0, |log| log.written.cast_signed());
    if now.unix_millis() < EPOCH || now.unix_millis() + BEHIND < newest {
        return Answer::Bad(format!("it says {now}"));
    }
    Answer::Good(now.whole_second().to_string())
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
