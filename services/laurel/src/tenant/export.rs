use std::{
    collections::HashSet,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use eventstore::{
    Damage, EventStore, Filter, Kurrent, KurrentOptions, Moment, RecordedEvent, StreamId,
};
use issuers_domain::TenantEvent;
use kernel::{Position, TenantId};
use keyvault::{Moved, RootKey, vouch, vouched};
use runtime::{Clock, Config, FolderBlobs, SystemClock};

use super::{
    belongings::{Belongings, HOME, LOOKUPS},
    lines::{FactLine, KeyLine, PictureLine},
    package::{ARTWORK, Draft, FACTS, KEYS, Manifest},
};

/// Facts in one read of a log elsewhere.
const PAGE: usize = 500;

/// Writes a tenant into a new file. The order makes it consistent, as in a backup: the facts of one
/// moment, then the keys and the artwork, which were made before the facts that need them.
///
/// # Errors
/// When there is no such tenant, the file is there already, or the stores cannot be read.
pub async fn export(
    config: &Config,
    tenant: TenantId,
    to: &Path,
    key: &Path,
) -> anyhow::Result<Manifest> {
    ensure!(
        config.stores.keys.url().is_none(),
        "stores.keys are another role's: export where the key vault's own folder is, with stores.keys \
         = \"embedded\""
    );
    let root = RootKey::load(config.root_key_file())?;
    let transport = transport(key, &root)?;
    let at = SystemClock.now().whole_second().to_string();
    let work = Work { config: config.clone(), root, transport, to: to.to_owned(), at, tenant };
    if let Some(url) = config.stores.events.url() {
        let events = Kurrent::connect(&KurrentOptions::at(url))?;
        return work.write_from_elsewhere(&events).await;
    }
    tokio::task::spawn_blocking(move || work.write_from_here()).await?
}

/// The transport key; made where there is none.
fn transport(key: &Path, root: &RootKey) -> anyhow::Result<RootKey> {
    let transport = RootKey::load_or_create(key)?;
    let digest = [0; 32];
    ensure!(
        !vouched(root, &digest, &vouch(&transport, &digest)),
        "{} is the root key, which never travels: name another file with --key",
        key.display()
    );
    Ok(transport)
}

struct Work {
    config: Config,
    root: RootKey,
    transport: RootKey,
    to: PathBuf,
    at: String,
    tenant: TenantId,
}

impl Work {
    fn write_from_here(self) -> anyhow::Result<Manifest> {
        let log = Moment::of(&self.config.data.join("events"))?;
        let found = log.streams("tenant", &self.tenant.to_string())?;
        let facts = found.first().map(|stream| log.facts(stream)).transpose()?;
        let ours = self.belongings(facts.unwrap_or_default().first())?;
        let mut draft = Draft::create(&self.to)?;
        let mut facts = Facts::default();
        log.each(Position::START, &|stream| ours.has(stream), &mut |fact| {
            facts.write(&mut draft, fact)
        })?;
        let head = log.head();
        drop(log);
        self.finish(draft, ours, &facts, head)
    }

    /// From KurrentDB: the organisation first, then the tenant, each in the order of the log.
    async fn write_from_elsewhere(self, events: &dyn EventStore) -> anyhow::Result<Manifest> {
        let head = events.head().await?;
        let mut created = None;
        let every = Filter::every_tenant(&["tenant"]);
        let id = self.tenant.to_string();
        let mut find = |fact: RecordedEvent| {
            created = created.take().or((fact.stream.id() == id).then_some(fact));
            Ok(())
        };
        pages(events, &every, head, &mut find).await?;
        let ours = self.belongings(created.as_ref())?;
        let mut draft = Draft::create(&self.to)?;
        let mut facts = Facts::default();
        for filter in [Filter::tenant(ours.home(), &HOME), Filter::tenant(self.tenant, &[])] {
            let mut write = |fact: RecordedEvent| {
                if ours.has(&fact.stream) {
                    facts.write(&mut draft, &fact)?;
                }
                Ok(())
            };
            pages(events, &filter, head, &mut write).await?;
        }
        tokio::task::spawn_blocking(move || self.finish(draft, ours, &facts, head)).await?
    }

    /// Which organisation's the tenant is, by the fact that made it.
    fn belongings(&self, created: Option<&RecordedEvent>) -> anyhow::Result<Belongings> {
        let tenant = self.tenant;
        let Some(created) = created else {
            bail!("there is no tenant {tenant} here: see its id in the administration")
        };
        let TenantEvent::Created(created) = created.event()?;
        Ok(Belongings { tenant, organization: created.organization })
    }

    fn finish(
        self,
        mut draft: Draft,
        ours: Belongings,
        facts: &Facts,
        head: Position,
    ) -> anyhow::Result<Manifest> {
        draft.end_part(FACTS);
        let (mut keys, mut secrets) = (0, 0);
        let vault = self.config.data.join("keys/keys.sqlite");
        let unlock = (&self.root, &self.transport);
        keyvault::hand_over(&vault, unlock, &[ours.home(), ours.tenant], &LOOKUPS, &mut |moved| {
            match &moved {
                Moved::Owner { .. } => keys += 1,
                Moved::Secret { .. } => secrets += 1,
                Moved::Tenant { .. } | Moved::Lookup { .. } => {}
            }
            draft.line(&KeyLine::from(moved))
        })?;
        draft.end_part(KEYS);
        let pictures = pictures(&self.config.data.join("blobs"), ours.tenant, &mut draft)?;
        draft.end_part(ARTWORK);
        let manifest = Manifest {
            format: Manifest::FORMAT,
            laurel: env!("CARGO_PKG_VERSION").to_owned(),
            public_url: self.config.public_url.clone(),
            tenant: ours.tenant,
            organization: ours.organization,
            at: self.at,
            head,
            facts: facts.count,
            streams: facts.streams.len() as u64,
            keys,
            secrets,
            pictures,
            parts: Vec::new(),
        };
        draft.finish(&self.to, &self.transport, manifest)
    }
}

/// Everything up to a position that the filter lets through.
pub(super) async fn pages(
    events: &dyn EventStore,
    filter: &Filter,
    head: Position,
    see: &mut (dyn FnMut(RecordedEvent) -> Result<(), Damage> + Send),
) -> anyhow::Result<()> {
    let mut after = Position::START;
    loop {
        let page = events.read_all(after, filter, PAGE).await?;
        for fact in page.facts.into_iter().filter(|fact| fact.position <= head) {
            see(fact)?;
        }
        if page.at_head || page.next >= head {
            return Ok(());
        }
        after = page.next;
    }
}

/// The facts that were written.
#[derive(Default)]
struct Facts {
    count: u64,
    streams: HashSet<StreamId>,
}

impl Facts {
    fn write(&mut self, draft: &mut Draft, fact: &RecordedEvent) -> Result<(), Damage> {
        let refused = |why| Damage::Refused(fact.position, why);
        let line = FactLine::of(fact).map_err(refused)?;
        draft.line(&line).map_err(|error| refused(error.to_string()))?;
        self.count += 1;
        if fact.revision == 0 {
            self.streams.insert(fact.stream.clone());
        }
        Ok(())
    }
}

fn pictures(folder: &Path, tenant: TenantId, draft: &mut Draft) -> anyhow::Result<u64> {
    let mut count = 0;
    FolderBlobs::new(folder)
        .each(|whose, digest, path| {
            if whose != tenant {
                return Ok(());
            }
            let mut file = File::open(path)?;
            let bytes = file.metadata()?.len();
            draft.line(&PictureLine { sha256: digest.to_string(), bytes })?;
            let mut picture = Vec::new();
            io::Read::read_to_end(&mut file, &mut picture)?;
            if runtime::Digest::of(&picture) != digest || picture.len() as u64 != bytes {
                let damaged = format!("{} is damaged: restore it from a backup", path.display());
                return Err(io::Error::other(damaged));
            }
            io::Write::write_all(draft, &picture)?;
            count += 1;
            Ok(())
        })
        .context("cannot copy the artwork")?;
    Ok(count)
}
