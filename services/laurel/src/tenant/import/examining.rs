//! What must be so before anything of an export is written.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use eventstore::{Decoded, RecordedEvent, StreamId};
use issuers_domain::TenantEvent;
use kernel::{Position, Revision};
use keyvault::{Moved, Opening, RootKey};

use super::super::{
    belongings::{Belongings, LOOKUPS},
    lines::{FactLine, KeyLine, PictureLine},
    package::{ARTWORK, FACTS, KEYS, Package},
};
use crate::facts;

/// Refuses an export with anything in it that is not the tenant's, that this software does not know,
/// that is not in its place, or that does not open.
pub(super) fn examine(package: &Package, transport: &RootKey) -> anyhow::Result<()> {
    let manifest = &package.manifest;
    let ours = Belongings { tenant: manifest.tenant, organization: manifest.organization };
    ensure!(
        ours.tenant != kernel::TenantId::PLATFORM && ours.home() != kernel::TenantId::PLATFORM,
        "the platform itself is no tenant"
    );
    let (facts, streams) = examine_facts(package, ours)?;
    let (keys, secrets) = examine_keys(package, ours, transport)?;
    let pictures = examine_pictures(package)?;
    let found = [facts, streams, keys, secrets, pictures];
    let said =
        [manifest.facts, manifest.streams, manifest.keys, manifest.secrets, manifest.pictures];
    ensure!(found == said, "the export holds {found:?} of what it says {said:?}");
    Ok(())
}

/// Facts and streams.
fn examine_facts(package: &Package, ours: Belongings) -> anyhow::Result<(u64, u64)> {
    let mut next: HashMap<StreamId, Revision> = HashMap::new();
    let (mut count, mut created) = (0, false);
    let mut lines = package.part(FACTS)?;
    while let Some(line) = lines.next::<FactLine>().context("the facts cannot be read")? {
        let stream = line.stream().with_context(|| format!("fact {count} has no stream"))?;
        ensure!(
            ours.has(&stream),
            "the export holds {stream}, which is not of {}: nothing was written",
            ours.tenant
        );
        let revision = line.revision;
        let expected = match next.entry(stream.clone()) {
            Entry::Occupied(mut there) => std::mem::replace(there.get_mut(), revision + 1),
            Entry::Vacant(free) => {
                free.insert(1);
                0
            }
        };
        ensure!(
            revision == expected,
            "fact {expected} of {stream} is missing in the export: nothing was written"
        );
        ensure!(!line.id.is_nil() && !line.kind.starts_with('$'), "a fact of {stream} is none");
        let is_first = revision == 0 && stream == ours.tenant_stream();
        let fact = recorded(stream, line);
        facts::known(&fact)?;
        if is_first {
            let TenantEvent::Created(said) = fact.event()?;
            created = said.tenant == ours.tenant && said.organization == ours.organization;
        }
        count += 1;
    }
    ensure!(created, "the export does not tell how {} came to be", ours.tenant);
    Ok((count, next.len() as u64))
}

fn recorded(stream: StreamId, line: FactLine) -> RecordedEvent {
    let revision = line.revision;
    let event = line.event();
    RecordedEvent {
        id: event.id,
        stream,
        revision,
        position: Position::START,
        kind: Arc::from(event.kind),
        data: event.data,
        metadata: event.metadata,
        decoded: Decoded::default(),
    }
}

/// Keys and secrets.
fn examine_keys(
    package: &Package,
    ours: Belongings,
    transport: &RootKey,
) -> anyhow::Result<(u64, u64)> {
    let mut opening = Opening::default();
    let (mut keys, mut secrets) = (0, 0);
    let mut lines = package.part(KEYS)?;
    while let Some(line) = lines.next::<KeyLine>().context("the keys cannot be read")? {
        let moved = Moved::from(line);
        let whose = match &moved {
            Moved::Tenant { tenant, .. } | Moved::Secret { tenant, .. } => Some(*tenant),
            Moved::Owner { owner, .. } => Some(owner.tenant),
            Moved::Lookup { purpose, .. } if LOOKUPS.contains(&purpose.as_str()) => None,
            Moved::Lookup { purpose, .. } => bail!("nobody is looked up by {purpose}"),
        };
        ensure!(
            whose.is_none_or(|whose| whose == ours.tenant || whose == ours.home()),
            "the export holds a key that is not of {}: nothing was written",
            ours.tenant
        );
        opening.open(transport, &moved)?;
        match moved {
            Moved::Owner { .. } => keys += 1,
            Moved::Secret { .. } => secrets += 1,
            Moved::Tenant { .. } | Moved::Lookup { .. } => {}
        }
    }
    Ok((keys, secrets))
}

fn examine_pictures(package: &Package) -> anyhow::Result<u64> {
    let mut count = 0;
    let mut lines = package.part(ARTWORK)?;
    while let Some(line) = lines.next::<PictureLine>().context("the artwork cannot be read")? {
        line.picture(&mut lines)?;
        count += 1;
    }
    Ok(count)
}
