use std::path::PathBuf;

use anyhow::ensure;
use awarding_domain::AwardEvent;
use eventstore::{Damage, Moment, RecordedEvent, Seen, StreamId};
use indicatif::{ProgressBar, ProgressStyle};
use keyvault::{RootKey, Snapshot};
use runtime::Config;

use super::{
    Check, Report,
    anchor::{self, Anchors},
    credentials::Credentials,
    lists::{Lists, created},
    sealed::Keys,
};
use crate::facts;

/// What is asked besides.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Digests of an earlier run.
    pub anchor: Option<PathBuf>,
    /// Where to write those of this one.
    pub write_anchor: Option<PathBuf>,
    /// Where the status lists are served.
    pub served: Option<String>,
}

/// Reads the log of a data folder from end to end; the answers, and what the log says about status
/// lists. The log and its vault may be in use.
///
/// # Errors
/// When there is no log, the root key is another, or a file cannot be used.
pub(super) fn examine(
    config: &Config,
    root: Option<RootKey>,
    asked: &Asked,
) -> anyhow::Result<(Report, Lists)> {
    ensure!(
        config.stores.events.url().is_none(),
        "stores.events are elsewhere: KurrentDB verifies its own files; run this where the log is"
    );
    let log = Moment::of(&config.data.join("events"))?;
    let path = config.data.join("keys/keys.sqlite");
    let vault = match root {
        Some(root) if path.exists() => {
            ensure!(
                keyvault::fits(&path, &root)?,
                "the root key is not the one that the key vault was made with: find the right one"
            );
            Some((Snapshot::of_moment(&path)?, root))
        }
        _ => None,
    };
    let anchors = Anchors::new(asked.anchor.as_deref(), asked.write_anchor.as_deref())?;
    let mut walk = Walk {
        log: &log,
        anchors,
        pages: Check::new("log"),
        facts: Check::new("facts"),
        keys: Keys::new(vault),
        credentials: Credentials::new(),
        lists: Lists::default(),
        counts: Counts::default(),
    };
    let progress = progress(log.head().0);
    let walked = log.walk(&mut |seen| {
        progress.inc(1);
        walk.see(seen)
    });
    progress.finish_and_clear();
    match walked {
        Ok(_) => {}
        // What came after is not known.
        Err(damage @ (Damage::Open(_) | Damage::Pages(_))) => walk.pages.damaged(told(&damage)),
        Err(error) => return Err(error.into()),
    }
    walk.finish()
}

/// What was met.
#[derive(Default)]
struct Counts {
    facts: u64,
    deleted: u64,
    others: u64,
}

struct Walk<'a> {
    log: &'a Moment,
    anchors: Anchors,
    pages: Check,
    facts: Check,
    keys: Keys,
    credentials: Credentials,
    lists: Lists,
    counts: Counts,
}

impl Walk<'_> {
    fn see(&mut self, seen: Seen<'_>) -> Result<(), Damage> {
        match seen {
            Seen::Damage(Damage::Fact(unreadable)) => {
                self.facts.damaged(told(&unreadable));
            }
            Seen::Damage(damage) => self.pages.damaged(told(&damage)),
            Seen::Deleted(position) => {
                self.counts.deleted += 1;
                self.digest(&anchor::Seen { position: position.0, parts: None })?;
            }
            Seen::Other(record) => {
                self.counts.others += 1;
                let revision = record.revision.to_be_bytes();
                let (id, stream) = (record.id.as_bytes(), record.stream.as_str().as_bytes());
                let kind = record.kind.as_bytes();
                let parts: [&[u8]; 6] =
                    [id, stream, &revision, kind, &record.metadata, &record.data];
                self.digest(&anchor::Seen { position: record.position.0, parts: Some(parts) })?;
            }
            Seen::Fact(fact) => {
                self.counts.facts += 1;
                let revision = fact.revision.to_be_bytes();
                let (id, stream) = (fact.id.as_bytes(), fact.stream.as_str().as_bytes());
                let parts: [&[u8]; 6] =
                    [id, stream, &revision, fact.kind.as_bytes(), &fact.metadata, &fact.data];
                self.digest(&anchor::Seen { position: fact.position.0, parts: Some(parts) })?;
                self.fact(fact);
            }
        }
        Ok(())
    }

    fn digest(&mut self, seen: &anchor::Seen<'_>) -> Result<(), Damage> {
        let failed = |error: std::io::Error| {
            Damage::Refused(kernel::Position(seen.position), error.to_string())
        };
        self.anchors.see(seen).map_err(failed)
    }

    fn fact(&mut self, fact: &RecordedEvent) {
        if let Err(error) = facts::known(fact) {
            return self.facts.damaged(told(&error));
        }
        let opened = self.keys.open(fact);
        let log = self.log;
        match fact.stream.category() {
            "issuer" => self.credentials.issuer(fact),
            "template" => self.credentials.template(fact),
            "award" => {
                if let (Some(opened), Ok(event)) = (opened, fact.shared::<AwardEvent>())
                    && let AwardEvent::Created(created) = &*event
                {
                    let read = |stream: &StreamId| log.facts(stream).ok();
                    self.credentials.award(fact, created, &opened, read);
                }
            }
            _ => {}
        }
        if let Err(error) = self.lists.note(fact, |revoked| created(log, revoked)) {
            self.facts.damaged(told(&error));
        }
    }

    fn finish(mut self) -> anyhow::Result<(Report, Lists)> {
        let Counts { facts, deleted, others } = self.counts;
        let head = self.log.head().0;
        self.pages.detail =
            format!("{facts} facts, {deleted} deleted, {others} others, up to position {head}");
        self.facts.detail = "known in their type and version, and in their own stream".into();
        let (sha256, anchored) = self.anchors.finish()?;
        let opened = self.keys.are_there();
        let mut checks = vec![self.pages, self.facts, self.keys.finish()];
        checks.push(self.credentials.finish(opened));
        checks.push(self.lists.check());
        checks.extend(anchored);
        let outcome = super::worst(&checks);
        Ok((Report { outcome, head, facts, sha256, checks }, self.lists))
    }
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A bar on a terminal, and nothing elsewhere.
fn progress(records: u64) -> ProgressBar {
    let bar = ProgressBar::new(records);
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} records, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
