//! The read model of badges: the work on them, and each version as it was published.

use design_domain::{Badge, BadgeEvent, BadgeId, BadgeKind, Content};
use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::IssuerId;
use kernel::{Aggregate, Fact, TenantId, Timestamp};
use proto::design::v1 as wire;
use readmodel::{
    Change, Key, Model, Projection, Rows, row,
    tables::{self, COUNT, LISTED},
};
use serde::{Deserialize, Serialize};

pub(crate) const MODEL: Model = Model { name: "badges", version: 1 };
const VERSIONS: &str = "version";

/// Where a badge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum Standing {
    Draft = 1,
    Published = 2,
    Archived = 3,
}

impl Standing {
    fn shown(self) -> wire::BadgeStatus {
        match self {
            Standing::Draft => wire::BadgeStatus::Draft,
            Standing::Published => wire::BadgeStatus::Published,
            Standing::Archived => wire::BadgeStatus::Archived,
        }
    }
}

/// A badge as those who work on it see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BadgeRow {
    pub(crate) issuer: IssuerId,
    standing: Standing,
    content: Content,
    /// The newest version; 0 for none.
    version: u32,
    /// What the newest version says.
    published: Option<Content>,
    created_at: Timestamp,
    published_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
}

/// A version as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VersionRow {
    pub(crate) issuer: IssuerId,
    pub(crate) content: Content,
    published_at: Timestamp,
}

impl BadgeRow {
    pub(crate) fn after(row: Option<Self>, fact: &Fact<BadgeEvent>) -> Option<Self> {
        let at = fact.envelope.at;
        if let BadgeEvent::Created(created) = &fact.event {
            return Some(Self {
                issuer: created.issuer,
                standing: Standing::Draft,
                content: created.content.clone(),
                version: 0,
                published: None,
                created_at: at,
                published_at: None,
                archived_at: None,
            });
        }
        let mut row = row?;
        match &fact.event {
            BadgeEvent::Created(_) => {}
            BadgeEvent::Updated(updated) => row.content = updated.content.clone(),
            BadgeEvent::Published(published) => {
                row.standing = Standing::Published;
                row.content = published.content.clone();
                row.version = published.version;
                row.published = Some(published.content.clone());
                row.published_at = Some(at);
            }
            BadgeEvent::Archived(_) => {
                row.standing = Standing::Archived;
                row.archived_at = Some(at);
            }
        }
        Some(row)
    }

    pub(crate) fn shown(self, id: BadgeId, tenant: TenantId) -> wire::Badge {
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        wire::Badge {
            id: id.to_string(),
            tenant_id: tenant.to_string(),
            issuer_id: self.issuer.to_string(),
            status: self.standing.shown().into(),
            version: self.version,
            has_draft: self.published.as_ref() != Some(&self.content),
            content: Some(content(self.content)),
            created_at: self.created_at.to_string(),
            published_at: moment(self.published_at),
            archived_at: moment(self.archived_at),
        }
    }

    /// The newest version, if there is one.
    pub(crate) fn newest(&self) -> Option<u32> {
        (self.version > 0).then_some(self.version)
    }

    /// The badge as it looks from one of its versions.
    pub(crate) fn shown_at(
        self,
        id: BadgeId,
        tenant: TenantId,
        version: VersionRow,
    ) -> wire::Badge {
        let published_at = Some(version.published_at);
        let published = Some(version.content.clone());
        let row = Self { content: version.content, published, published_at, ..self };
        row.shown(id, tenant)
    }
}

/// The key of a version.
pub(crate) fn version_key(tenant: TenantId, badge: BadgeId, version: u32) -> Key {
    Key::new(tenant, VERSIONS, [&badge.bytes()[..], &version.to_be_bytes()].concat())
}

/// The part of the list with the badges of that issuer and standing, of all when not given. Each
/// badge stands in four parts, and each part has its own counter.
pub(crate) fn part(issuer: Option<IssuerId>, status: wire::BadgeStatus) -> Vec<u8> {
    let issuer = issuer.map_or([0; 16], |issuer| issuer.bytes());
    let status = u8::try_from(i32::from(status)).unwrap_or_default();
    [&issuer[..], &[status]].concat()
}

fn content(content: Content) -> wire::BadgeContent {
    let (artwork_id, artwork_caption) = content
        .artwork
        .map(|artwork| (artwork.id.to_string(), artwork.caption))
        .unwrap_or_default();
    let alignments = content.alignments.into_iter().map(|alignment| wire::Alignment {
        target_name: alignment.target_name,
        target_url: alignment.target_url,
        target_code: alignment.target_code.unwrap_or_default(),
        target_framework: alignment.target_framework.unwrap_or_default(),
        target_description: alignment.target_description.unwrap_or_default(),
    });
    let achievement_type = content.achievement_type.map(|term| term.to_string());
    wire::BadgeContent {
        name: content.name,
        description: content.description,
        criteria_narrative: content.criteria.narrative.unwrap_or_default(),
        criteria_url: content.criteria.url.unwrap_or_default(),
        artwork_id,
        artwork_caption,
        tags: content.tags,
        alignments: alignments.collect(),
        achievement_type: achievement_type.unwrap_or_default(),
        expires_after_days: content.expires_after_days.unwrap_or_default(),
    }
}

/// Projects badges into their tenant, and the published ones into the platform's directory.
pub(crate) struct Badges;

impl Projection for Badges {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &[Badge::CATEGORY]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        let id = fact.stream.id().parse::<BadgeId>();
        id.map(|id| tables::row_key(fact.stream.tenant(), id)).into_iter().collect()
    }

    fn project(&self, fact: &RecordedEvent, known: &Rows) -> Result<Vec<Change>, Unreadable> {
        let tenant = fact.stream.tenant();
        let Some((id, fact)) = tables::about::<Badge, BadgeKind>(fact)? else { return Ok(vec![]) };
        let key = tables::row_key(tenant, id);
        let before: Option<BadgeRow> = known.read(&key);
        let standing = before.as_ref().map(|row| row.standing);
        let Some(row) = BadgeRow::after(before, &fact) else { return Ok(vec![]) };
        let mut changes = relist(tenant, id, &row, standing);
        changes.push(row::put(key, &row));
        if let BadgeEvent::Published(published) = &fact.event {
            let version = VersionRow {
                issuer: published.issuer,
                content: published.content.clone(),
                published_at: fact.envelope.at,
            };
            changes.push(row::put(version_key(tenant, id, published.version), &version));
            if published.version == 1 {
                changes.push(tables::direct(id, tenant));
            }
        }
        Ok(changes)
    }
}

/// Moves a badge to the parts of the list where it now belongs.
fn relist(tenant: TenantId, id: BadgeId, row: &BadgeRow, before: Option<Standing>) -> Vec<Change> {
    if before == Some(row.standing) {
        return Vec::new();
    }
    let place = tables::place(row.created_at, id);
    let counted = |part: &[u8], by| Change::Add { key: Key::new(tenant, COUNT, part), by };
    let listed = |part: &[u8]| Key::new(tenant, LISTED, [part, &place].concat());
    let mut changes = Vec::with_capacity(8);
    for issuer in [None, Some(row.issuer)] {
        if let Some(before) = before {
            let part = part(issuer, before.shown());
            changes.push(Change::Delete { key: listed(&part) });
            changes.push(counted(&part, -1));
        } else {
            let part = part(issuer, wire::BadgeStatus::Unspecified);
            changes.push(row::mark(listed(&part)));
            changes.push(counted(&part, 1));
        }
        let part = part(issuer, row.standing.shown());
        changes.push(row::mark(listed(&part)));
        changes.push(counted(&part, 1));
    }
    changes
}
